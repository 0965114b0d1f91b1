//! Executions of the state machine, as rows. Whoever interprets the machine keeps its own state in them.

use capstan_core::ports::{ExecutionHistory, ExecutionStatus, ExecutionView, StateVisit};
use capstan_core::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// What an interpreter works with while its execution runs: asked for its stored form only when somebody wants it.
pub trait Live: fmt::Debug + Send + Sync {
    /// The stored form, as of now.
    fn stored(&self) -> Value;
    /// How the states have fared, as of now.
    fn visits(&self) -> Vec<StateVisit>;
}

/// The interpreter's own state of an execution: in its stored form, or held by the interpreter, which moves it on. A copy
/// is always in the stored form, so that what is copied stays as it is.
#[derive(Debug)]
pub enum Kept {
    /// In its stored form.
    Stored {
        /// It.
        state: Value,
        /// How the states had fared when it was copied. Not stored beside it: the interpreter makes them out of it.
        visits: Vec<StateVisit>,
    },
    /// In the interpreter's hands; it says that it has moved by [`World::moved`](crate::World::moved).
    Live(Arc<dyn Live>),
}

impl Kept {
    /// The stored form.
    pub fn value(&self) -> Cow<'_, Value> {
        match self {
            Self::Stored { state, .. } => Cow::Borrowed(state),
            Self::Live(live) => Cow::Owned(live.stored()),
        }
    }
    /// How the states have fared.
    pub fn visits(&self) -> Vec<StateVisit> {
        match self {
            Self::Stored { visits, .. } => visits.clone(),
            Self::Live(live) => live.visits(),
        }
    }
    /// Whether it is this one that the interpreter holds.
    pub fn is<L: Live>(&self, held: &Arc<L>) -> bool {
        matches!(self, Self::Live(live) if std::ptr::addr_eq(Arc::as_ptr(live), Arc::as_ptr(held)))
    }
}
impl Clone for Kept {
    fn clone(&self) -> Self {
        Self::Stored { state: self.value().into_owned(), visits: self.visits() }
    }
}
impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}
impl From<Value> for Kept {
    fn from(value: Value) -> Self {
        Self::Stored { state: value, visits: Vec::new() }
    }
}
impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(to)
    }
}
impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Value::deserialize(from).map(Self::from)
    }
}

/// An execution. A row without `state` has not been begun by any driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionRow {
    /// Its name, unique.
    pub name: String,
    /// The name of its state machine; empty for the one that a world without others has.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub machine: String,
    /// What it was started with.
    pub input: Value,
    /// Where it stands.
    #[serde(with = "status")]
    pub status: ExecutionStatus,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub stopped_at: Option<Timestamp>,
    /// The interpreter's own state; nobody else reads it.
    pub state: Option<Kept>,
    /// How the states fared, once it has ended; while it runs, `state` tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visits: Vec<StateVisit>,
    /// What it returned.
    pub output: Option<Value>,
    /// The name of the error that ended it.
    pub error: Option<String>,
    /// That error's cause.
    pub cause: Option<String>,
}

impl ExecutionRow {
    /// A new row, to be begun.
    pub const fn new(machine: String, name: String, input: Value, started_at: Timestamp) -> Self {
        Self {
            name,
            machine,
            input,
            status: ExecutionStatus::Running,
            started_at,
            stopped_at: None,
            state: None,
            visits: Vec::new(),
            output: None,
            error: None,
            cause: None,
        }
    }
    /// What `DescribeExecution` tells.
    pub const fn view(&self) -> ExecutionView {
        ExecutionView { status: self.status, stopped_at: self.stopped_at }
    }
    /// What `GetExecutionHistory` tells, summed up by state.
    pub fn history(&self) -> ExecutionHistory {
        let visits = match &self.state {
            Some(state) if self.visits.is_empty() => state.visits(),
            _ => self.visits.clone(),
        };
        ExecutionHistory { status: self.status, visits }
    }
}

/// The status in the words of Step Functions.
mod status {
    use super::ExecutionStatus;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(status: &ExecutionStatus, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(status.as_str())
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ExecutionStatus, D::Error> {
        let text = String::deserialize(from)?;
        let known = ExecutionStatus::ALL.into_iter().find(|status| status.as_str() == text);
        known.ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a status of an execution")))
    }
}
