//! What goes into an execution and what comes out: events, commands, and the ids they share.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Millis;

/// One attempt of one Task state. Never used twice in an execution: a retry is a new task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u64);

/// One timer. Never used twice in an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimerId(pub u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.0)
    }
}

impl fmt::Display for TimerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timer {}", self.0)
    }
}

/// Something that happened outside, told to [`Execution::apply`](crate::Execution::apply).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The task's work is done. For a `.waitForTaskToken` resource: its token came back with success; that the
    /// invocation itself went through is not an event.
    TaskSucceeded {
        /// Which task.
        task: TaskId,
        /// Its result.
        output: Value,
    },
    /// The task failed: its invocation, its work, or its token came back with a failure.
    TaskFailed {
        /// Which task.
        task: TaskId,
        /// The error's name, as `ErrorEquals` may match it.
        error: String,
        /// What is known about it, for people.
        cause: String,
    },
    /// The task is alive; its heartbeat timer starts anew.
    Heartbeat {
        /// Which task.
        task: TaskId,
    },
    /// A timer set by [`Command::SetTimer`] is due. The driver's word is taken for it: firing a timer early is how
    /// a test skips a wait.
    TimerFired {
        /// Which timer.
        timer: TimerId,
    },
    /// Somebody stops the execution.
    Abort {
        /// A name for the reason.
        error: String,
        /// The reason, for people.
        cause: String,
    },
}

/// Something the driver is to do. Commands come in the order in which they were decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Start the work, and report with [`Event::TaskSucceeded`] or [`Event::TaskFailed`].
    InvokeTask {
        /// To report under; also a good idempotency key, with the execution's name.
        task: TaskId,
        /// The state's name.
        state: String,
        /// The `Resource` as the definition has it. A suffix `.waitForTaskToken` means that the task stays open after
        /// its invocation, until somebody brings the token back.
        resource: String,
        /// The effective input.
        input: Value,
        /// An opaque token, unique to this task. The state itself sees it as `$$.Task.Token` only when its resource
        /// waits for it.
        token: String,
    },
    /// Nobody waits for the task any more; what it still reports is ignored.
    CancelTask {
        /// Which task.
        task: TaskId,
    },
    /// Report [`Event::TimerFired`] at the given time.
    SetTimer {
        /// To report under.
        timer: TimerId,
        /// When, in milliseconds since the epoch; may be in the past.
        at: Millis,
    },
    /// Nobody waits for the timer any more.
    CancelTimer {
        /// Which timer.
        timer: TimerId,
    },
    /// The execution is over. Always the last command.
    Finished {
        /// How it ended; never [`Status::Running`].
        status: Status,
        /// The output when it succeeded, else null.
        output: Value,
        /// The error's name when it did not succeed and has one.
        error: Option<String>,
        /// The error's cause, likewise.
        cause: Option<String>,
    },
}

/// Where an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It waits for events.
    Running,
    /// It reached its end.
    Succeeded,
    /// A Fail state or an error nobody caught ended it.
    Failed,
    /// The machine's `TimeoutSeconds` ran out.
    TimedOut,
    /// [`Event::Abort`] ended it.
    Aborted,
}

/// Why an event changed nothing. Not a fault: a driver that may report twice, or late, meets these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// It has ended, was cancelled, timed out, or never was.
    #[error("{0} is not in flight")]
    TaskNotAlive(TaskId),
    /// It has fired, was cancelled, or never was.
    #[error("{0} is not set")]
    TimerNotAlive(TimerId),
    /// The execution is over.
    #[error("the execution is over")]
    Finished,
    /// The execution was started with another definition; continuing it with this one would make no sense.
    #[error("the execution belongs to another definition")]
    OtherMachine,
}
