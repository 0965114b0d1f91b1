//! What goes wrong between Step Functions, Lambda and `EventBridge`, on demand: steps delivered more than once, executions
//! that run out of time, schedules that fire when they like.
//!
//! Faults of calls are the simulated cloud's own affair (`sim::Fault`); these are of the machinery around functions, which
//! the engine plays.

use super::Engine;
use super::agenda::Due;
use capstan_core::time::{Millis, Timestamp};
use serde_json::Value;
use states::{Event, TaskId};

/// How a step is delivered once more than its workflow asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Twice, one after the other.
    Duplicate,
    /// Twice at the same time, in turns from call to call.
    AtOnce,
    /// A second time so much later, wherever the workflow is by then.
    Late(Millis),
}

/// What is planned, and what has happened.
#[derive(Debug, Default)]
pub(super) struct Mishaps {
    /// Tasks that were begun so far.
    tasks: u64,
    planned: Vec<(u64, Delivery)>,
    /// Batches of streams that were handed over so far, and which of them are to be once more.
    batches: u64,
    planned_batches: Vec<(u64, Delivery)>,
    at_once: Option<Timestamp>,
    happened: Vec<Delivery>,
    /// Nobody reads what is said of events that are dropped.
    pub(super) hushed: bool,
}

impl Mishaps {
    /// Whether what is due now is to be run in turns.
    pub(super) fn at_once(&self, at: Timestamp) -> bool {
        self.at_once == Some(at)
    }
}

impl Engine {
    /// Plans that a step is delivered once more than it should be: the `nth` to be begun from now on, from 1.
    pub fn misdeliver(&mut self, nth: u64, delivery: Delivery) {
        self.mishaps.planned.push((self.mishaps.tasks + nth, delivery));
    }

    /// Plans that a batch of a stream is handed over once more than it should be: the `nth` from now on, from 1. At once means
    /// directly afterwards.
    pub fn misfeed(&mut self, nth: u64, delivery: Delivery) {
        self.mishaps.planned_batches.push((self.mishaps.batches + nth, delivery));
    }

    /// Counts a batch, and says how it is to be handed over once more, if it is.
    pub(super) fn batch_amiss(&mut self) -> Option<Delivery> {
        self.mishaps.batches += 1;
        let nth = self.mishaps.batches;
        let at = self.mishaps.planned_batches.iter().position(|(planned, _)| *planned == nth)?;
        let (_, delivery) = self.mishaps.planned_batches.swap_remove(at);
        self.mishaps.happened.push(delivery);
        Some(delivery)
    }

    /// Says nothing on the error output from now on.
    pub const fn hush(&mut self) {
        self.mishaps.hushed = true;
    }

    /// The deliveries too many that there were.
    pub fn misdelivered(&self) -> &[Delivery] {
        &self.mishaps.happened
    }

    /// Ends an execution as if its time had run out. False if no such execution is running.
    pub fn time_out(&mut self, execution: &str) -> bool {
        let Some(timer) = self.agenda.first_timer(execution) else { return false };
        let running = self.live.contains_key(execution);
        self.agenda.cancel_timer(execution, timer);
        self.apply(execution, Event::TimerFired { timer });
        running
    }

    /// Runs what a schedule runs, besides the times at which it is due. False if there is no such schedule.
    pub fn fire(&mut self, schedule: usize) -> bool {
        let system = self.system.clone();
        let Some(schedule) = system.description().schedules.get(schedule) else { return false };
        self.run_again(&schedule.function, Value::Null);
        true
    }

    /// Counts a step that is begun, and has it delivered once more where that is planned.
    pub(super) fn deliver_amiss(&mut self, execution: &str, task: TaskId, function: &str, input: &Value) {
        self.mishaps.tasks += 1;
        let nth = self.mishaps.tasks;
        let Some(at) = self.mishaps.planned.iter().position(|(planned, _)| *planned == nth) else { return };
        let (_, delivery) = self.mishaps.planned.swap_remove(at);
        self.mishaps.happened.push(delivery);
        let (now, function, input) = (self.now(), function.to_owned(), input.clone());
        match delivery {
            Delivery::Duplicate => self.agenda.add(now, Due::Again { function, input }),
            Delivery::Late(by) => self.agenda.add(now + by, Due::Again { function, input }),
            Delivery::AtOnce => {
                self.mishaps.at_once = Some(now);
                self.agenda.add(now, Due::Invoke { execution: execution.to_owned(), task, function, input });
            }
        }
    }

    pub(super) fn run_again(&mut self, function: &str, input: Value) {
        // Nobody waits for what it answers. It runs through in one go: a second run that nobody knows of, and that stands
        // still, is more than Lambda does to a workflow (docs/decisions/0025).
        drop(self.system.invoke(function, input));
        self.look = true;
    }
}
