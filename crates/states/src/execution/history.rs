//! The history of an execution: what happened, in order, for people to read.
//!
//! The engine never reads it back; a driver may drain it after every event and keep it where it likes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Millis;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEvent {
    /// Counts from 1 and has no gaps, whether or not earlier events were drained.
    pub id: u64,
    /// When, in milliseconds since the epoch.
    pub at: Millis,
    /// What.
    pub kind: HistoryKind,
    /// The state's name; `None` for events of the execution as a whole.
    pub state: Option<String>,
    /// Which branch of the execution it happened in: 0 is the machine itself, each Parallel branch and Map iteration
    /// has its own number.
    pub branch: u64,
    /// More about it, as an object; null when there is no more. Holds payloads only when the execution was started
    /// with `record_data`.
    pub detail: Value,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the service's own and say it all")]
pub enum HistoryKind {
    ExecutionStarted,
    ExecutionSucceeded,
    ExecutionFailed,
    ExecutionTimedOut,
    ExecutionAborted,
    StateEntered,
    StateExited,
    StateAborted,
    TaskScheduled,
    TaskSucceeded,
    TaskFailed,
    TaskTimedOut,
    RetryScheduled,
    ErrorCaught,
    ParallelStarted,
    ParallelSucceeded,
    ParallelFailed,
    MapStarted,
    MapSucceeded,
    MapFailed,
    IterationStarted,
    IterationSucceeded,
    IterationFailed,
}

/// An object of what is already data: `json!` would take each value apart and build it anew.
pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
