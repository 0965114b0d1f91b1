//! Runs of functions, and those of them that stand still half-way while everything else goes on.
//!
//! A function of which a call hangs, or whose process is frozen, has done a part of its work and does the rest later,
//! whatever has become of the world by then. It never lives past its time limit: that is when Lambda kills it.

use super::Engine;
use super::agenda::Due;
use super::hands::Hands;
use crate::functions::{Answer, FunctionError};
use crate::system::Invoked;
use capstan_core::time::{Millis, Timestamp};
use serde_json::Value;
use sim::{Outcome, Stepper};
use states::TaskId;
use std::fmt;

/// The error by which a task fails whose function cannot be asked any more what became of it.
const LOST: &str = "Lambda.Unknown";

/// Who waits for what a function answers.
#[derive(Debug, Clone)]
pub(super) enum Waiting {
    /// A task of an execution.
    Task { execution: String, task: TaskId },
    /// A lane of a stream, which goes on from what it answers.
    Feed { stream: usize, lane: usize },
    /// Nobody, but a failure has the event handed over again.
    Event { event: Value, attempt: u32 },
    /// Nobody.
    Nobody,
}

/// A run of a function.
pub(super) struct Run {
    pub(super) function: String,
    pub(super) stepper: Stepper<'static, Answer>,
    pub(super) began: Timestamp,
    pub(super) waiting: Waiting,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("function", &self.function)
            .field("began", &self.began)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Runs a function to its end, or to where it stands still.
    pub(super) fn run(&mut self, function: &str, event: Value, waiting: Waiting) {
        self.look = true;
        let began = self.now();
        let function = function.to_owned();
        let Some(stepper) = self.system.begin(&function, event) else {
            let error = FunctionError {
                name: "Lambda.ResourceNotFoundException".to_owned(),
                message: format!("there is no function {function}"),
            };
            return self.over(&function, waiting, Invoked { answer: Err(error), latency: Millis(0) });
        };
        self.go_on(Run { function, stepper, began, waiting });
    }

    fn go_on(&mut self, mut run: Run) {
        match self.system.go_on(&mut run.stepper) {
            Some(outcome) => self.ended(run, outcome),
            None => self.put_aside(run),
        }
    }

    /// Takes back what others have run.
    pub(super) fn gather(&mut self) {
        while let Some((run, outcome)) = self.hands.as_ref().and_then(Hands::ended) {
            match outcome {
                Some(outcome) => self.ended(run, outcome),
                None => self.put_aside(run),
            }
        }
    }

    /// Hands on what a run came to.
    pub(super) fn ended(&mut self, run: Run, outcome: Outcome<Answer>) {
        self.look = true;
        let mut invoked = self.system.ended(&run.function, outcome, run.stepper.invocation());
        // Some of it has passed already, while it stood still.
        let passed = self.now().since(run.began);
        invoked.latency = Millis(invoked.latency.0.saturating_sub(passed.0));
        self.over(&run.function, run.waiting, invoked);
    }

    fn over(&mut self, function: &str, waiting: Waiting, invoked: Invoked) {
        match waiting {
            Waiting::Task { execution, task } => self.report(execution, task, invoked),
            Waiting::Event { event, attempt } => self.delivered(function, event, attempt, invoked),
            Waiting::Feed { stream, lane } => self.fed(stream, lane, invoked),
            Waiting::Nobody => {}
        }
    }

    /// Leaves a run where it stands still, to go on when its time has come.
    pub(super) fn put_aside(&mut self, mut run: Run) {
        let invocation = run.stepper.invocation().clone();
        if invocation.take_halt() == Some(true) {
            let waiting = std::mem::replace(&mut run.waiting, Waiting::Nobody);
            let message = format!("{}: the connection was lost", run.function);
            let error = FunctionError { name: LOST.to_owned(), message };
            self.over(&run.function, waiting, Invoked { answer: Err(error), latency: Millis(0) });
        }
        self.stood_still += 1;
        self.agenda.add(run.began + invocation.latency(), Due::GoOn { run: self.stood_still });
        self.standing.insert(self.stood_still, run);
    }

    /// Goes on with a run that stood still; time may have made a leap past its limit.
    pub(super) fn take_up(&mut self, number: u64) {
        let Some(run) = self.standing.remove(&number) else { return };
        let invocation = run.stepper.invocation();
        invocation.caught_up();
        if self.now().since(run.began) > invocation.time_limit() {
            invocation.time_out();
        }
        self.go_on(run);
    }
}
