//! An execution: data in, events in, commands out.
//!
//! It is one serialisable value. Each `apply` takes the branch that the event concerns out of the table, runs it until
//! it waits again, and puts it back; what other branches must do meanwhile goes through a queue, so neither long chains
//! nor deep nesting use the stack. Serialising closures or generators instead was rejected: a stored execution should
//! be readable, and outlive a new build of this crate.

mod assign;
mod branch;
mod data;
mod event;
mod fork;
mod history;
mod plain;
mod recover;
mod run;
mod task;
mod visits;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::Identity;
use crate::entropy::Entropy;
use crate::machine::Machine;
use crate::size;
use crate::time::Millis;
use crate::variables::Variables;
use branch::{Branch, BranchId, Phase, Timer};
pub use event::{Command, Event, Ignored, Status, TaskId, TimerId};
use history::object;
pub use history::{HistoryEvent, HistoryKind};
use run::Run;
pub use visits::Visit;
use visits::Visits;

/// What an execution is started with. Everything but `at` has a usable default.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StartArgs {
    /// The data the first state gets; by default, as the specification has it, an empty object.
    pub input: Value,
    /// `$$.Execution.Name`.
    pub name: String,
    /// `$$.Execution.Id`.
    pub arn: String,
    /// `$$.Execution.RoleArn`.
    pub role_arn: String,
    /// `$$.StateMachine.Id`.
    pub state_machine_arn: String,
    /// `$$.StateMachine.Name`.
    pub state_machine_name: String,
    /// Now, in milliseconds since the epoch.
    pub at: Millis,
    /// All randomness (UUIDs, random numbers, tokens, jitter) comes from this number.
    pub seed: u64,
    /// Bounds on payloads and history.
    pub limits: Limits,
    /// Put inputs and outputs into the history.
    pub record_data: bool,
    /// Keep a history. Without one its events are only counted, for the limit.
    pub keep_history: bool,
}

impl Default for StartArgs {
    fn default() -> Self {
        Self {
            input: Value::Object(serde_json::Map::new()),
            name: String::new(),
            arn: String::new(),
            role_arn: String::new(),
            state_machine_arn: String::new(),
            state_machine_name: String::new(),
            at: 0,
            seed: 0,
            limits: Limits::default(),
            record_data: false,
            keep_history: true,
        }
    }
}

/// Bounds on an execution; the defaults are the service's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// A payload's size as JSON, in bytes: 256 KiB. Beyond it: `States.DataLimitExceeded`. Also that of one variable, and
    /// of all that one `Assign` sets.
    pub payload_bytes: usize,
    /// Events in a history: 25 000. An execution that makes more fails with `States.Runtime`, so a machine that goes
    /// round in circles ends.
    pub history_events: u64,
    /// The size of all variables together, in bytes: 10 MiB. Beyond it: `States.DataLimitExceeded`.
    #[serde(default = "variables_bytes", skip_serializing_if = "is_variables_bytes")]
    pub variables_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { payload_bytes: 256 * 1024, history_events: 25_000, variables_bytes: variables_bytes() }
    }
}

/// One run of a [`Machine`].
///
/// Store it as JSON after every event, with what [`Execution::drain_history`] gave kept elsewhere; read back, it goes on
/// as if nothing had happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Execution {
    identity: Identity,
    fingerprint: u64,
    limits: Limits,
    record_data: bool,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    keep_history: bool,
    status: Status,
    result: Outcome,
    now: Millis,
    entropy: Entropy,
    next_id: u64,
    branches: BTreeMap<BranchId, Branch>,
    #[serde(default, skip_serializing_if = "Variables::is_empty")]
    variables: Variables,
    tasks: BTreeMap<TaskId, BranchId>,
    timers: BTreeMap<TimerId, Timer>,
    events: u64,
    history: Vec<HistoryEvent>,
    #[serde(default, skip_serializing_if = "Visits::is_empty")]
    visits: Visits,
}

const fn variables_bytes() -> usize {
    10 * 1024 * 1024
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_variables_bytes(limit: &usize) -> bool {
    *limit == variables_bytes()
}

const fn yes() -> bool {
    true
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_yes(flag: &bool) -> bool {
    *flag
}

/// How it ended, as [`Command::Finished`] tells it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Outcome {
    output: Value,
    error: Option<String>,
    cause: Option<String>,
}

impl Execution {
    /// Starts an execution and runs it up to where it waits for events.
    pub fn start(machine: &Machine, args: StartArgs) -> (Self, Vec<Command>) {
        let fits = size::within(&args.input, args.limits.payload_bytes).is_some();
        let mut execution = Self {
            identity: Identity {
                arn: args.arn,
                name: args.name,
                role_arn: args.role_arn,
                state_machine_arn: args.state_machine_arn,
                state_machine_name: args.state_machine_name,
                started_at: args.at,
                input: if fits { args.input } else { Value::Null },
            },
            fingerprint: machine.fingerprint,
            limits: args.limits,
            record_data: args.record_data,
            keep_history: args.keep_history,
            status: Status::Running,
            result: Outcome::default(),
            now: args.at,
            entropy: Entropy::new(args.seed),
            next_id: 1,
            branches: BTreeMap::new(),
            variables: Variables::default(),
            tasks: BTreeMap::new(),
            timers: BTreeMap::new(),
            events: 0,
            history: Vec::new(),
            visits: Visits::default(),
        };
        let mut run = Run::new(&mut execution, machine);
        run.begin(fits);
        let commands = run.finish();
        (execution, commands)
    }

    /// Takes in one event and runs on as far as it goes. `now` never goes back: an earlier time than one already seen
    /// is taken for that one.
    ///
    /// # Errors
    /// [`Ignored`] when the event concerns nothing alive. The execution is unchanged then, and the driver has nothing
    /// to do.
    pub fn apply(&mut self, machine: &Machine, event: Event, now: Millis) -> Result<Vec<Command>, Ignored> {
        if self.fingerprint != machine.fingerprint {
            return Err(Ignored::OtherMachine);
        }
        if self.status != Status::Running {
            return Err(Ignored::Finished);
        }
        self.expect_alive(&event)?;
        self.now = self.now.max(now);
        let mut run = Run::new(self, machine);
        run.take(event);
        Ok(run.finish())
    }

    fn expect_alive(&self, event: &Event) -> Result<(), Ignored> {
        match event {
            Event::TaskSucceeded { task, .. }
            | Event::TaskFailed { task, .. }
            | Event::Heartbeat { task } => {
                if self.tasks.contains_key(task) {
                    Ok(())
                } else {
                    Err(Ignored::TaskNotAlive(*task))
                }
            }
            Event::TimerFired { timer } => {
                if self.timers.contains_key(timer) {
                    Ok(())
                } else {
                    Err(Ignored::TimerNotAlive(*timer))
                }
            }
            Event::Abort { .. } => Ok(()),
        }
    }

    /// What is outstanding, as the commands that asked for it: tasks in flight and timers that are set, or that the
    /// execution is over. A driver that comes back after a crash carries these out (again).
    pub fn pending(&self) -> Vec<Command> {
        if self.status != Status::Running {
            return vec![self.finished()];
        }
        let tasks = self.tasks.iter().filter_map(|(task, branch)| {
            let branch = self.branches.get(branch)?;
            let Phase::Task(open) = &branch.phase else { return None };
            Some(Command::InvokeTask {
                task: *task,
                state: branch.name.clone(),
                resource: open.resource.clone(),
                input: open.input.as_ref().unwrap_or(&branch.raw).clone(),
                token: open.token.clone(),
            })
        });
        let timers = self.timers.iter().map(|(id, timer)| Command::SetTimer { timer: *id, at: timer.at });
        tasks.chain(timers).collect()
    }

    fn finished(&self) -> Command {
        Command::Finished {
            status: self.status,
            output: self.result.output.clone(),
            error: self.result.error.clone(),
            cause: self.result.cause.clone(),
        }
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The output, once it has succeeded.
    pub fn output(&self) -> Option<&Value> {
        (self.status == Status::Succeeded).then_some(&self.result.output)
    }

    /// The error's name, once it has ended otherwise.
    pub fn error(&self) -> Option<&str> {
        self.result.error.as_deref()
    }

    /// The error's cause, once it has ended otherwise.
    pub fn cause(&self) -> Option<&str> {
        self.result.cause.as_deref()
    }

    /// `$$.Execution.Name`.
    pub fn name(&self) -> &str {
        &self.identity.name
    }

    /// `$$.Execution.Id`.
    pub fn arn(&self) -> &str {
        &self.identity.arn
    }

    /// The input it was started with.
    pub fn input(&self) -> &Value {
        &self.identity.input
    }

    /// When it was started.
    pub fn started_at(&self) -> Millis {
        self.identity.started_at
    }

    /// The latest time it has been told.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// The names of the states it is in now: a Parallel or Map state and whatever runs inside it are both there. In
    /// the order in which their branches began.
    pub fn active_states(&self) -> Vec<String> {
        self.branches.values().map(|branch| branch.name.clone()).collect()
    }

    /// The task in flight that has this token.
    pub fn task_with_token(&self, token: &str) -> Option<TaskId> {
        let holds = |branch: &BranchId| match self.branches.get(branch).map(|branch| &branch.phase) {
            Some(Phase::Task(open)) => open.token == token,
            _ => false,
        };
        self.tasks.iter().find(|(_, branch)| holds(branch)).map(|(task, _)| *task)
    }

    /// When the next timer is due.
    pub fn next_timer(&self) -> Option<(TimerId, Millis)> {
        self.timers.iter().map(|(id, timer)| (*id, timer.at)).min_by_key(|(id, at)| (*at, *id))
    }

    /// How each state that was entered has fared, in the order in which they were first entered.
    pub fn visits(&self) -> &[Visit] {
        self.visits.all()
    }

    /// The history since the start, or since it was last drained.
    pub fn history(&self) -> &[HistoryEvent] {
        &self.history
    }

    /// Takes the history out, so that a driver can keep it elsewhere and store a small execution.
    pub fn drain_history(&mut self) -> Vec<HistoryEvent> {
        std::mem::take(&mut self.history)
    }

    fn id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    fn record(&mut self, kind: HistoryKind, state: Option<&str>, branch: BranchId, detail: Value) {
        self.events += 1;
        if !self.keep_history {
            return;
        }
        self.history.push(HistoryEvent {
            id: self.events,
            at: self.now,
            kind,
            state: state.map(str::to_owned),
            branch: branch.0,
            detail,
        });
    }

    /// `{name: payload}` if payloads are recorded, else null.
    fn payload(&self, name: &str, payload: &Value) -> Value {
        if self.record_data { object([(name, payload.clone())]) } else { Value::Null }
    }
}
