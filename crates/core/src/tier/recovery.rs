//! What to do about a change whose execution may be gone: the reconciler's decision, and where a recovery goes on.

use super::Change;
use crate::ports::{ExecutionStatus, ExecutionView};
use crate::time::{Millis, Timestamp};

/// How long after its request a change without an execution is started again.
pub const START_AGAIN_AFTER: Millis = Millis::seconds(60);
/// How long a change that can't be started at all is tried.
pub const GIVE_UP_STARTING_AFTER: Millis = Millis::minutes(15);
/// How long an execution must have been over before another takes its place, and how long undoing rests after it is
/// recorded that it has begun. A Lambda that was running when its execution was stopped, or that its execution has lost
/// sight of, goes on; none runs longer than this.
pub const REST: Millis = Millis::seconds(75);
/// Recoveries that are started before a person is called.
pub const MAX_RECOVERIES: u32 = 3;

/// What the reconciler does about a change under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// It is being worked on, or is young: leave it alone.
    Leave,
    /// Its execution was never started: start it (again).
    Start,
    /// It could not be started for too long, and nothing was done: end it.
    NeverStarted,
    /// Its execution is gone: start another that finishes or undoes it.
    Recover,
    /// Recoveries have failed too often: call a person.
    GiveUp,
}

/// The decision. `execution` is that of [`Change::execution_name`].
pub fn decide(change: &Change, execution: Option<&ExecutionView>, now: Timestamp) -> Recovery {
    if change.ended() {
        return Recovery::Leave;
    }
    let Some(execution) = execution else {
        let age = now.since(change.created_at);
        return if age < START_AGAIN_AFTER {
            Recovery::Leave
        } else if age >= GIVE_UP_STARTING_AFTER
            && change.milestones.validated_at.is_none()
            && change.recoveries == 0
        {
            Recovery::NeverStarted
        } else {
            Recovery::Start
        };
    };
    match (execution.status, execution.stopped_at) {
        (ExecutionStatus::Running, _) => Recovery::Leave,
        (_, Some(stopped)) if now.since(stopped) < REST => Recovery::Leave,
        _ if change.recoveries >= MAX_RECOVERIES => Recovery::GiveUp,
        _ => Recovery::Recover,
    }
}

/// Whether a recovery finishes the change, rather than undoing it: all its effects are seen to be done, only the last
/// record is missing.
pub fn finishes(change: &Change) -> bool {
    change.milestones.cleaned_at.is_some() && change.milestones.rollback_started_at.is_none()
}
