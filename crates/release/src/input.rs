//! What a step is called with, and what it answers.

use crate::ReleaseError;
use capstan_core::ids::ReleaseId;
use rollout::Caught;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tier_steps::StepError;

/// What a step is called with: the id, and what a state before failed with. Fields it does not know are no concern of its.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// Which release.
    pub release_id: ReleaseId,
    /// What a state before failed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Caught>,
}

impl Input {
    /// Reads a payload.
    pub fn read(payload: Value) -> Result<Self, ReleaseError> {
        serde_json::from_value(payload).map_err(|error| StepError::BadInput(error.to_string()).into())
    }
}

/// What a step answers: a verdict for the Choice that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Answer {
    /// Nothing can be done yet.
    Wait,
    /// All that this step was to do is done.
    Done,
    /// There is nothing to train: go on to the deployment.
    Deploy,
    /// All is as it was.
    Undone,
    /// It can't be undone.
    Stuck,
}

impl Answer {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Wait, Self::Done, Self::Deploy, Self::Undone, Self::Stuck];
}
