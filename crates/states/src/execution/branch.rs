//! One thread of control: the machine itself, a Parallel branch, or a Map iteration.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::event::{TaskId, TimerId};
use crate::context::MapItem;
use crate::machine::StateId;
use crate::size::Extent;
use crate::time::Millis;
use crate::variables::Place;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct BranchId(pub(super) u64);

impl BranchId {
    /// The machine itself.
    pub(super) const ROOT: Self = Self(0);
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Branch {
    pub(super) id: BranchId,
    pub(super) parent: Option<BranchId>,
    pub(super) state: StateId,
    /// The state's name: so that a stored execution can be read, and answer for itself.
    pub(super) name: String,
    /// The state's raw input; kept while the state lasts, for retries and for `ResultPath`.
    pub(super) raw: Value,
    /// How large `raw` is at most, once somebody measured it. A stored execution is measured anew.
    #[serde(skip)]
    pub(super) extent: Option<Extent>,
    pub(super) entered_at: Millis,
    pub(super) retry_count: u32,
    /// How often each retrier of the state was used.
    pub(super) retries: Vec<u32>,
    /// In a Map iteration, and in all that runs inside one.
    pub(super) item: Option<MapItem>,
    /// The innermost of the branches around it that have variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) outer: Option<u64>,
    pub(super) phase: Phase,
}

impl Branch {
    pub(super) fn new(
        id: BranchId,
        parent: Option<BranchId>,
        state: StateId,
        raw: Value,
        item: Option<MapItem>,
    ) -> Self {
        Self {
            id,
            parent,
            state,
            name: String::new(),
            raw,
            extent: None,
            entered_at: 0,
            retry_count: 0,
            retries: Vec::new(),
            item,
            outer: None,
            phase: Phase::Ready,
        }
    }

    /// Where its variables are.
    pub(super) fn place(&self) -> Place {
        Place { own: self.id.0, outer: self.outer }
    }
}

/// What a branch waits for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Phase {
    /// Its turn in the queue. Never seen from outside.
    Ready,
    /// A task in flight.
    Task(OpenTask),
    /// A Wait state's time.
    Waiting(TimerId),
    /// The pause before a retry.
    Backoff(TimerId),
    /// Its own branches or iterations.
    Fork(Fork),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OpenTask {
    pub(super) task: TaskId,
    pub(super) resource: String,
    /// The effective input where it is not, as mostly, the branch's raw input.
    #[serde(default, deserialize_with = "there", skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<Value>,
    pub(super) token: String,
    pub(super) timeout: Option<TimerId>,
    pub(super) heartbeat: Option<Heartbeat>,
}

/// A value that is there is one, null too.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Heartbeat {
    pub(super) timer: TimerId,
    pub(super) every: Millis,
}

/// A Parallel or Map state at work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Fork {
    /// The branches that run, and the place of their output in the result.
    pub(super) running: BTreeMap<BranchId, usize>,
    pub(super) done: BTreeMap<usize, Value>,
    /// How many outputs make the result.
    pub(super) total: usize,
    pub(super) map: Option<Iterations>,
}

/// What only a Map has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Iterations {
    /// The elements not yet begun, last first.
    pub(super) waiting: Vec<Value>,
    /// How many have begun.
    pub(super) begun: usize,
    /// What `ItemSelector` is applied to; null without one.
    pub(super) input: Value,
    /// How many iterations may run at once.
    pub(super) concurrency: usize,
    /// How many may fail; `None` when the first failure is the Map's own.
    pub(super) tolerated: Option<usize>,
    pub(super) failed: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Timer {
    pub(super) at: Millis,
    pub(super) purpose: Purpose,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Purpose {
    MachineTimeout,
    Wait(BranchId),
    Retry(BranchId),
    TaskTimeout(BranchId),
    Heartbeat(BranchId),
}
