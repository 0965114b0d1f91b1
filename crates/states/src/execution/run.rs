//! One step of an execution: from an event to the point where every branch waits again.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::branch::{Branch, BranchId, Phase, Purpose, Timer};
use super::data::{self, Data};
use super::event::{Command, Event, Status, TimerId};
use super::history::{HistoryKind, object};
use super::{Execution, Outcome};
use crate::context::{Context, Identity};
use crate::failure::{DATA_LIMIT_EXCEEDED, Failure, HEARTBEAT_TIMEOUT, TIMEOUT};
use crate::machine::{Kind, Machine, State, StateId, Transition};
use crate::size::Extent;
use crate::time::Millis;
use crate::variables::{Assignment, Variables};

/// What a branch does next.
#[derive(Debug)]
pub(super) enum Move {
    /// It waits; its phase says for what.
    Park,
    /// It leaves its state with this output, and how large that is at most, where that is known.
    Leave { to: Transition, output: Value, extent: Option<Extent> },
}

/// Work for branches other than the one that runs.
#[derive(Debug)]
pub(super) enum Work {
    Enter(BranchId),
    /// A Parallel or Map state has all its results.
    Join(BranchId),
    /// A Parallel or Map state has failed.
    Fail(BranchId, Failure),
}

pub(super) struct Run<'m, 'e> {
    pub(super) exec: &'e mut Execution,
    pub(super) machine: &'m Machine,
    pub(super) queue: VecDeque<Work>,
    pub(super) commands: Vec<Command>,
    /// What the state that is being left assigns.
    pub(super) assigned: Option<Assignment>,
}

impl<'m, 'e> Run<'m, 'e> {
    pub(super) fn new(exec: &'e mut Execution, machine: &'m Machine) -> Self {
        Self { exec, machine, queue: VecDeque::new(), commands: Vec::new(), assigned: None }
    }

    /// Starts the machine.
    pub(super) fn begin(&mut self, input_fits: bool) {
        let detail = self.exec.payload("input", &self.exec.identity.input);
        self.exec.record(HistoryKind::ExecutionStarted, None, BranchId::ROOT, detail);
        if !input_fits {
            return self.fail(&Failure::new(DATA_LIMIT_EXCEEDED, "The execution's input is too large."));
        }
        if let Some(timeout) = self.machine.timeout {
            self.set_timer(self.exec.now.saturating_add(timeout), Purpose::MachineTimeout);
        }
        let input = self.exec.identity.input.clone();
        let root = Branch::new(BranchId::ROOT, None, self.machine.root.start, input, None);
        self.exec.branches.insert(BranchId::ROOT, root);
        self.queue.push_back(Work::Enter(BranchId::ROOT));
    }

    /// Takes in an event that is known to concern something alive.
    pub(super) fn take(&mut self, event: Event) {
        match event {
            Event::TaskSucceeded { task, output } => self.task_succeeded(task, output),
            Event::TaskFailed { task, error, cause } => {
                self.task_failed(task, error, cause);
            }
            Event::Heartbeat { task } => self.heartbeat(task),
            Event::TimerFired { timer } => self.timer_fired(timer),
            Event::Abort { error, cause } => {
                let result = Outcome { output: Value::Null, error: Some(error), cause: Some(cause) };
                self.end(Status::Aborted, result);
            }
        }
    }

    /// Works off the queue and hands out the commands.
    pub(super) fn finish(mut self) -> Vec<Command> {
        while let Some(work) = self.queue.pop_front() {
            match work {
                Work::Enter(id) => {
                    if let Some(mut branch) = self.exec.branches.remove(&id) {
                        let outcome = self.visit(&mut branch);
                        self.drive(branch, outcome);
                    }
                }
                Work::Join(id) => {
                    if let Some(mut branch) = self.exec.branches.remove(&id) {
                        let outcome = self.join(&mut branch);
                        self.drive(branch, outcome);
                    }
                }
                Work::Fail(id, failure) => {
                    if let Some(branch) = self.exec.branches.remove(&id) {
                        self.drive(branch, Err(failure));
                    }
                }
            }
        }
        self.commands
    }

    /// Runs a branch, taken out of the table, until it waits or ends.
    pub(super) fn drive(&mut self, mut branch: Branch, mut outcome: Result<Move, Failure>) {
        while self.exec.status == Status::Running {
            if self.exec.events > self.exec.limits.history_events {
                let cause = "The execution reached the maximum number of history events";
                return self.fail(&Failure::runtime(cause));
            }
            let next = match outcome {
                Ok(next) => next,
                Err(failure) => match self.recover(&mut branch, failure) {
                    Ok(next) => next,
                    Err(failure) => return self.branch_failed(&branch, failure),
                },
            };
            match next {
                Move::Park => {
                    self.exec.branches.insert(branch.id, branch);
                    return;
                }
                Move::Leave { to, output, extent } => {
                    let mut detail = self.exec.payload("output", &output);
                    self.set_assigned(&branch, &mut detail);
                    self.note(HistoryKind::StateExited, &branch, detail);
                    self.exec.visits.left(&branch, self.exec.now);
                    match to {
                        Transition::End => return self.branch_ended(&branch, output),
                        Transition::Next(state) => {
                            branch.state = state;
                            branch.raw = output;
                            branch.extent = extent;
                            outcome = self.visit(&mut branch);
                        }
                    }
                }
            }
        }
    }

    /// Enters the branch's state anew.
    fn visit(&mut self, branch: &mut Branch) -> Result<Move, Failure> {
        branch.entered_at = self.exec.now;
        branch.retry_count = 0;
        branch.retries.clear();
        let state = self.state(branch.state)?;
        state.name.clone_into(&mut branch.name);
        let detail = if self.exec.record_data {
            object([("input", branch.raw.clone()), ("type", state.kind.type_name().into())])
        } else {
            Value::Null
        };
        self.note(HistoryKind::StateEntered, branch, detail);
        self.exec.visits.entered(branch, self.exec.now);
        self.attempt(branch)
    }

    /// Does what the branch's state does, for the first time or again.
    pub(super) fn attempt(&mut self, branch: &mut Branch) -> Result<Move, Failure> {
        branch.phase = Phase::Ready;
        self.exec.visits.tried(branch);
        let state = self.state(branch.state)?;
        match &state.kind {
            Kind::Pass { result } => self.pass(branch, state, result.as_ref()),
            Kind::Task(task) => self.invoke(branch, state, task),
            Kind::Choice { rules, default } => self.choose(branch, state, rules, *default),
            Kind::Wait(until) => self.wait(branch, state, until),
            Kind::Succeed => self.pass_through(branch, state, Transition::End),
            Kind::Fail { error, cause } => self.fail_state(branch, state, error.as_ref(), cause.as_ref()),
            Kind::Parallel { branches } => self.fork_parallel(branch, state, branches),
            Kind::Map(map) => self.fork_map(branch, state, map),
        }
    }

    /// What a state makes of its result, which has this extent if it has been measured. On failure the branch's raw input is
    /// as it was.
    pub(super) fn settle(
        &mut self,
        branch: &mut Branch,
        state: &State,
        result: Value,
        extent: Option<Extent>,
    ) -> Result<Move, Failure> {
        self.assign(branch, state, state.assign.as_ref(), &result)?;
        let mut raw = Data { value: std::mem::take(&mut branch.raw), extent: branch.extent.take() };
        let Execution { identity, variables, entropy, limits, .. } = &mut *self.exec;
        let context = context(identity, variables, branch, state, None);
        let result = Data { value: result, extent };
        let settled = data::settle(&state.data, &mut raw, result, &context, entropy, *limits);
        (branch.raw, branch.extent) = (raw.value, raw.extent);
        settled.map(|Data { value, extent }| Move::Leave { to: state.then, output: value, extent })
    }

    pub(super) fn timer_fired(&mut self, id: TimerId) {
        let Some(timer) = self.exec.timers.remove(&id) else { return };
        match timer.purpose {
            Purpose::MachineTimeout => {
                let cause = "The execution ran longer than the machine's TimeoutSeconds.".to_owned();
                let result =
                    Outcome { output: Value::Null, error: Some(TIMEOUT.to_owned()), cause: Some(cause) };
                self.end(Status::TimedOut, result);
            }
            Purpose::Wait(id) => {
                if let Some(mut branch) = self.exec.branches.remove(&id) {
                    let outcome =
                        self.state(branch.state).and_then(|state| self.wait_over(&mut branch, state));
                    self.drive(branch, outcome);
                }
            }
            Purpose::Retry(id) => {
                if let Some(mut branch) = self.exec.branches.remove(&id) {
                    let outcome = self.attempt(&mut branch);
                    self.drive(branch, outcome);
                }
            }
            Purpose::TaskTimeout(id) => {
                self.task_timed_out(
                    id,
                    Failure::new(TIMEOUT, "The task ran longer than its TimeoutSeconds."),
                );
            }
            Purpose::Heartbeat(id) => {
                let cause = "The task sent no heartbeat for its HeartbeatSeconds.";
                self.task_timed_out(id, Failure::new(HEARTBEAT_TIMEOUT, cause));
            }
        }
    }

    pub(super) fn set_timer(&mut self, at: Millis, purpose: Purpose) -> TimerId {
        let timer = TimerId(self.exec.id());
        self.exec.timers.insert(timer, Timer { at, purpose });
        self.commands.push(Command::SetTimer { timer, at });
        timer
    }

    pub(super) fn cancel_timer(&mut self, timer: TimerId) {
        if self.exec.timers.remove(&timer).is_some() {
            self.commands.push(Command::CancelTimer { timer });
        }
    }

    /// `seconds` from now.
    pub(super) fn later(&self, seconds: i64) -> Millis {
        self.exec.now.saturating_add(seconds.saturating_mul(1000))
    }

    pub(super) fn state(&self, id: StateId) -> Result<&'m State, Failure> {
        self.machine
            .state(id)
            .ok_or_else(|| Failure::runtime("The execution names a state that is not there."))
    }

    pub(super) fn note(&mut self, kind: HistoryKind, branch: &Branch, detail: Value) {
        self.exec.record(kind, Some(&branch.name), branch.id, detail);
    }

    pub(super) fn fail(&mut self, failure: &Failure) {
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let result =
            Outcome { output: Value::Null, error: named(&failure.name), cause: named(&failure.cause) };
        self.end(Status::Failed, result);
    }

    /// The execution is over: nothing is in flight any more.
    pub(super) fn end(&mut self, status: Status, result: Outcome) {
        self.queue.clear();
        let all: Vec<BranchId> = self.exec.branches.keys().copied().collect();
        self.cancel(all);
        let timers: Vec<TimerId> = self.exec.timers.keys().copied().collect();
        for timer in timers {
            self.cancel_timer(timer);
        }
        self.exec.variables = Variables::default();
        self.exec.visits.over(self.exec.now, result.error.as_deref());
        self.exec.status = status;
        let kind = match status {
            Status::Running | Status::Succeeded => HistoryKind::ExecutionSucceeded,
            Status::Failed => HistoryKind::ExecutionFailed,
            Status::TimedOut => HistoryKind::ExecutionTimedOut,
            Status::Aborted => HistoryKind::ExecutionAborted,
        };
        let detail = match (&result.error, &result.cause) {
            (None, None) => self.exec.payload("output", &result.output),
            (error, cause) => json!({ "error": error, "cause": cause }),
        };
        self.exec.record(kind, None, BranchId::ROOT, detail);
        self.exec.result = result;
        self.commands.push(self.exec.finished());
    }
}

pub(super) fn context<'a>(
    identity: &'a Identity,
    variables: &'a Variables,
    branch: &'a Branch,
    state: &'a State,
    token: Option<&'a str>,
) -> Context<'a> {
    Context {
        identity,
        variables,
        place: branch.place(),
        state: &state.name,
        entered_at: branch.entered_at,
        retry_count: branch.retry_count,
        item: branch.item.as_ref(),
        token,
    }
}
