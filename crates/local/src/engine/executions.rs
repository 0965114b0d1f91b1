//! Executions: from a row to a run, and back after every event.
//!
//! The row holds the interpreter's state, so that a process that is gone loses at most the answer of a function that
//! has run; that task is pending in the row, and is run again. Steps are made for that.

use super::Engine;
use super::agenda::Due;
use crate::digest;
use crate::functions::Answer;
use crate::system::{Invoked, Workflow};
use capstan_core::ports::{ExecutionStatus, StateVisit, VisitStatus};
use capstan_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sim::ExecutionRow;
use states::{Command, Event, Execution, Limits, StartArgs, Status, TaskId};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An execution that is running, and its row without the interpreter's state.
#[derive(Debug)]
pub(super) struct Live {
    held: Arc<Held>,
    row: ExecutionRow,
}

/// What the interpreter works with. The row in the world has hold of it too, so that the stored form is made only when
/// somebody wants it: a journal, or who copies the world.
#[derive(Debug)]
struct Held {
    definition: String,
    execution: Mutex<Execution>,
}

impl Held {
    fn new(definition: &str, execution: Execution) -> Arc<Self> {
        Arc::new(Self { definition: definition.to_owned(), execution: Mutex::new(execution) })
    }

    fn lock(&self) -> MutexGuard<'_, Execution> {
        self.execution.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl sim::Live for Held {
    fn stored(&self) -> Value {
        json!({ "running": { "definition": self.definition, "execution": *self.lock() } })
    }

    fn visits(&self) -> Vec<StateVisit> {
        visits(&self.lock())
    }
}

/// How the states have fared.
fn visits(execution: &Execution) -> Vec<StateVisit> {
    let seen = |visit: &states::Visit| StateVisit {
        state: visit.state.clone(),
        status: match visit.left_at {
            None => VisitStatus::Running,
            Some(_) if visit.failed => VisitStatus::Failed,
            Some(_) => VisitStatus::Succeeded,
        },
        visits: visit.visits,
        entered_at: timestamp(visit.entered_at),
        exited_at: visit.left_at.map(timestamp),
        attempts: visit.attempts,
        error: visit.error.clone(),
    };
    execution.visits().iter().map(seen).collect()
}

impl Live {
    pub(super) fn active_states(&self) -> Vec<String> {
        self.held.lock().active_states()
    }
}

/// What is kept in a row for the engine itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kept {
    /// It runs.
    Running {
        /// The definition it belongs to.
        definition: String,
        /// The interpreter's state.
        execution: Box<Execution>,
    },
    /// It has ended, and that is still to be announced.
    Unannounced,
}

/// The ARN of an execution of a state machine.
pub(super) fn execution_arn(workflow: &Workflow, name: &str) -> String {
    format!("{}:{name}", workflow.spec.arn.replacen(":stateMachine:", ":execution:", 1))
}

pub(super) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}

fn timestamp(at: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(at).unwrap_or(0))
}

impl Engine {
    /// Goes on with what the world has under way.
    pub(super) fn restore(&mut self) {
        let rows: Vec<ExecutionRow> = self
            .system
            .world()
            .with(|world| world.executions().filter(|row| row.state.is_some()).cloned().collect());
        let system = self.system.clone();
        for mut row in rows {
            let name = row.name.clone();
            let workflow = system.workflow(&row.machine);
            match row.state.take().map(|state| serde_json::from_value(state.value().into_owned())) {
                Some(Ok(Kept::Unannounced)) => {
                    self.agenda.add(self.now(), Due::Announce { execution: name });
                }
                Some(Ok(Kept::Running { definition, execution }))
                    if workflow.is_some_and(|workflow| definition == workflow.fingerprint) =>
                {
                    let commands = execution.pending();
                    let held = Held::new(&definition, *execution);
                    self.live.insert(name.clone(), Live { held, row });
                    self.store(&name);
                    self.obey(&name, commands);
                }
                _ => self.give_up(row),
            }
        }
    }

    /// An execution of another definition can't be gone on with. It ends, and whoever watches over it takes the matter
    /// from there.
    fn give_up(&mut self, mut row: ExecutionRow) {
        row.status = ExecutionStatus::Aborted;
        row.error = Some("DefinitionChanged".to_owned());
        row.cause =
            Some("the state machine's definition was changed while the execution was under way".to_owned());
        self.end(row);
    }

    /// Starts the executions that have a row and nothing else, if anything may have made one.
    pub(super) fn begin_new(&mut self) {
        if !std::mem::take(&mut self.look) {
            return;
        }
        self.look_at_streams();
        let system = self.system.clone();
        let new = |row: &&ExecutionRow| row.status == ExecutionStatus::Running && row.state.is_none();
        let rows: Vec<ExecutionRow> = system.world().with(|world| {
            let rows = world.executions().filter(new);
            rows.filter(|row| !self.live.contains_key(&row.name)).cloned().collect()
        });
        for row in rows {
            let Some(workflow) = system.workflow(&row.machine) else { continue };
            let name = row.name.clone();
            let args = StartArgs {
                input: row.input.clone(),
                name: name.clone(),
                arn: execution_arn(workflow, &name),
                role_arn: String::new(),
                state_machine_arn: workflow.spec.arn.clone(),
                state_machine_name: workflow.spec.name.clone(),
                at: millis(self.now()),
                seed: digest::number(&[&self.options.seed.to_be_bytes(), name.as_bytes()]),
                // Nobody reads it here; it would only grow.
                keep_history: false,
                limits: limits(self.options.speed),
                ..StartArgs::default()
            };
            let (execution, commands) = Execution::start(&workflow.machine, args);
            let held = Held::new(&workflow.fingerprint, execution);
            self.live.insert(name.clone(), Live { held, row: row.clone() });
            self.store(&name);
            self.say_started(&row);
            self.obey(&name, commands);
        }
    }

    /// Tells an execution of an event. One that comes too late concerns nobody.
    pub(super) fn apply(&mut self, name: &str, event: Event) {
        let system = self.system.clone();
        let Some(live) = self.live.get_mut(name) else { return };
        let Some(workflow) = system.workflow(&live.row.machine) else { return };
        let now = millis(system.world().now());
        let mut execution = live.held.lock();
        let Ok(commands) = execution.apply(&workflow.machine, event, now) else { return };
        let running = execution.status() == Status::Running;
        drop(execution);
        if running {
            self.store(name);
        }
        self.obey(name, commands);
    }

    /// Writes the execution into its row.
    fn store(&mut self, name: &str) {
        let Some(live) = self.live.get(name) else { return };
        self.system.world().with(|world| {
            if !world.moved(name, &live.held) {
                let held: Arc<Held> = Arc::clone(&live.held);
                let state = Some(sim::Kept::Live(held));
                world.put_execution(ExecutionRow { state, ..live.row.clone() });
            }
        });
    }

    fn obey(&mut self, name: &str, commands: Vec<Command>) {
        let now = self.now();
        for command in commands {
            match command {
                Command::InvokeTask { task, resource, input, .. } => {
                    let execution = name.to_owned();
                    // Every resource was looked up at the start.
                    let function = self.system.function_at(&resource).unwrap_or(&resource).to_owned();
                    self.deliver_amiss(&execution, task, &function, &input);
                    self.agenda.add(now, Due::Invoke { execution, task, function, input });
                }
                Command::SetTimer { timer, at } => {
                    let due = Due::Timer { execution: name.to_owned(), timer };
                    self.agenda.add(timestamp(at), due);
                }
                Command::CancelTimer { timer } => self.agenda.cancel_timer(name, timer),
                // A function that has been invoked goes on; what it answers concerns nobody any more.
                Command::CancelTask { .. } => {}
                Command::Finished { status, output, error, cause } => {
                    let Some(live) = self.live.remove(name) else { continue };
                    let mut row = live.row;
                    row.status = match status {
                        Status::Succeeded => ExecutionStatus::Succeeded,
                        Status::TimedOut => ExecutionStatus::TimedOut,
                        Status::Aborted => ExecutionStatus::Aborted,
                        Status::Running | Status::Failed => ExecutionStatus::Failed,
                    };
                    row.visits = visits(&live.held.lock());
                    row.output = (status == Status::Succeeded).then_some(output);
                    (row.error, row.cause) = (error, cause);
                    self.end(row);
                }
            }
        }
    }

    /// Records the end first, then says so.
    fn end(&mut self, mut row: ExecutionRow) {
        let name = row.name.clone();
        row.stopped_at = Some(self.now());
        row.state = serde_json::to_value(Kept::Unannounced).ok().map(sim::Kept::from);
        self.system.world().with(|world| world.put_execution(row));
        self.agenda.add(self.now(), Due::Announce { execution: name });
    }

    /// What a task's function answered; the execution hears of it when its time is over.
    pub(super) fn report(&mut self, execution: String, task: TaskId, invoked: Invoked) {
        if invoked.latency == Millis(0) {
            self.complete(&execution, task, invoked.answer);
        } else {
            let at = self.now() + invoked.latency;
            self.agenda.add(at, Due::Completed { execution, task, answer: invoked.answer });
        }
    }

    pub(super) fn complete(&mut self, execution: &str, task: TaskId, answer: Answer) {
        let event = match answer {
            Ok(output) => Event::TaskSucceeded { task, output },
            Err(error) => {
                let cause: Value = json!({ "errorType": error.name, "errorMessage": error.message });
                Event::TaskFailed { task, error: error.name, cause: cause.to_string() }
            }
        };
        self.apply(execution, event);
    }
}

/// Those of the service, for as long as it takes in people's time.
fn limits(speed: u32) -> Limits {
    let limits = Limits::default();
    Limits { history_events: limits.history_events.saturating_mul(u64::from(speed.max(1))), ..limits }
}
