//! What a step is called with, what it answers, and the change it is about.

use crate::StepError;
use capstan_core::ids::{TenantId, TransitionId};
use capstan_core::ports::{Clock, Store};
use capstan_core::tier::{Change, Direction, Phase};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// What a step is called with: ids, and what earlier states of this execution have left for it. Fields it does not know
/// are no concern of its.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepInput {
    /// Whose.
    pub tenant_id: TenantId,
    /// Which change.
    pub transition_id: TransitionId,
    /// What the branches of the Parallel before came to; those that failed have `failedStep`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<Branch>,
    /// What a state before failed with, as Step Functions hands it over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Caught>,
}

/// What one branch came to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Branch {
    /// The state that failed; absent where the branch went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_step: Option<String>,
    /// The error's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// The error's cause.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
}

/// A caught error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Caught {
    /// Its name.
    #[serde(rename = "Error")]
    pub error: String,
    /// Its cause: for a Lambda's error, JSON with `errorMessage`.
    #[serde(rename = "Cause", default)]
    pub cause: String,
}

/// What a step answers: a verdict for the Choice that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Answer {
    /// Go and make what is to be made.
    Provision,
    /// Have the application drain.
    Drain,
    /// Point the application at the new resources.
    Configure,
    /// Go and take away what is to go.
    Cleanup,
    /// Record the good end.
    Complete,
    /// Some service is ready for its next call.
    Advance,
    /// Nothing can be done yet.
    Wait,
    /// All that this step was to do is done.
    Done,
    /// It failed.
    Failed,
    /// Undo it.
    RollBack,
    /// Everything is undone.
    RolledBack,
    /// It can't be undone.
    Stuck,
}

impl StepInput {
    /// Reads a payload.
    pub fn read(payload: Value) -> Result<Self, StepError> {
        serde_json::from_value(payload).map_err(|error| StepError::BadInput(error.to_string()))
    }
}

impl Caught {
    /// The cause in plain words.
    pub fn message(&self) -> String {
        message_of(&self.cause)
    }
}
impl Branch {
    /// The cause in plain words.
    pub fn message(&self) -> String {
        message_of(&self.cause)
    }
}

fn message_of(cause: &str) -> String {
    let parsed: Option<Value> = serde_json::from_str(cause).ok();
    let message = parsed.as_ref().and_then(|cause| cause.get("errorMessage")).and_then(Value::as_str);
    message.unwrap_or(cause).to_owned()
}

/// The change a step is called about.
pub async fn open(store: &impl Store, input: &StepInput) -> Result<Change, StepError> {
    tier_records::change(store, &input.tenant_id, &input.transition_id)
        .await?
        .ok_or_else(|| StepError::NoSuchTransition(input.transition_id.to_string()))
}

/// The same, for a step that only looks at it: a row that was read before is not copied.
pub async fn look(store: &impl Store, input: &StepInput) -> Result<Arc<Change>, StepError> {
    tier_records::shared_change(store, &input.tenant_id, &input.transition_id)
        .await?
        .ok_or_else(|| StepError::NoSuchTransition(input.transition_id.to_string()))
}

/// Refuses to do a step before what must come before it, so that a call out of turn does nothing.
pub fn in_turn(change: &Change, turn: Turn) -> Result<(), StepError> {
    let at = &change.milestones;
    let provisioned = at.provisioned_at.is_some() || !change.plan.has_phase(Phase::Provision);
    let drained = at.drained_at.is_some() || change.direction == Direction::ScalingUp;
    let missing = match turn {
        Turn::Provision if at.validated_at.is_none() => "the plan has not been validated",
        Turn::Drain | Turn::Configure if at.validated_at.is_none() || !provisioned => {
            "not everything is provisioned yet"
        }
        Turn::Configure if !drained => "connections have not been drained yet",
        Turn::Cleanup if at.configured_at.is_none() => "the application still uses what would be taken away",
        Turn::Complete if at.cleaned_at.is_none() => "not everything is cleaned up yet",
        _ => return Ok(()),
    };
    Err(StepError::OutOfTurn(missing))
}

/// What a step is about to do, where order matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Make and grow.
    Provision,
    /// Have the application drain.
    Drain,
    /// Point the application at the new resources.
    Configure,
    /// Shrink, retire and delete.
    Cleanup,
    /// Record the good end.
    Complete,
}

/// Refuses to work forward on a change that has ended, is being undone, is to stop, or has run out of time.
pub fn guard(change: &Change, clock: &impl Clock) -> Result<(), StepError> {
    if change.ended() || change.milestones.rollback_started_at.is_some() {
        return Err(StepError::TransitionEnded);
    }
    if let Some(wish) = &change.cancellation {
        return Err(StepError::TransitionCancelled { by: wish.by.clone(), reason: wish.reason.clone() });
    }
    if clock.now() > change.deadline {
        return Err(StepError::TransitionTimedOut(change.deadline));
    }
    Ok(())
}
