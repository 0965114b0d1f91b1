//! The ledger: the register of what exists, and the effects each change has had.
//!
//! Intent is written before an effect, outcome after. An effect with intent and no outcome may have happened or not;
//! both doing and undoing look at the resource first, so either is safe.

use super::{Action, Desired, ResourceRef};
use crate::ids::{TenantId, TransitionId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A resource of a tenant, as the register has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Whose.
    pub tenant_id: TenantId,
    /// Sort key: `resource#<kind>/<name>`.
    pub entry: String,
    /// Which.
    pub resource: ResourceRef,
    /// The state it is in, or being brought to.
    pub desired: Desired,
    /// Whether it has come there.
    pub settled: bool,
    /// When it was first asked for.
    pub made_at: Timestamp,
    /// The change that made it.
    pub made_by: TransitionId,
    /// When the capacity mode of a stream was switched, lately (Kinesis allows two switches in 24 hours).
    #[serde(default)]
    pub mode_switched_at: Vec<Timestamp>,
    /// When the shards of a stream were counted anew, lately, or at the latest (Kinesis allows ten calls in 24 hours).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resharded_at: Vec<Timestamp>,
    /// Moves with every write.
    pub version: u64,
}

/// What an effect acts on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "nearly all subjects are resources; the other is one a change")]
pub enum Subject {
    /// A resource of the plan.
    Resource(Action),
    /// The application's configuration: drained or switched.
    AppConfig,
}

/// How far an effect has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EffectStatus {
    /// Intent written; under way.
    Intended,
    /// Done and seen to be so.
    Done,
    /// Being undone.
    Undoing,
    /// Undone and seen to be so.
    Undone,
}

/// One effect of a change: a row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectRow {
    /// Whose.
    pub tenant_id: TenantId,
    /// Sort key: `effect#<transition>#<subject>`.
    pub entry: String,
    /// Which change.
    pub transition_id: TransitionId,
    /// On what.
    pub subject: Subject,
    /// How far.
    pub status: EffectStatus,
    /// When intent was written.
    pub intended_at: Timestamp,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// When it was undone.
    pub undone_at: Option<Timestamp>,
    /// What is being waited for, for people.
    pub waiting_for: Option<String>,
    /// The last refusal, for people.
    pub last_error: Option<String>,
    /// How often in a row undoing was refused in a way that repeating does not cure.
    #[serde(default)]
    pub refusals: u32,
    /// Moves with every write.
    pub version: u64,
}

/// Sort key of a resource in the ledger.
pub fn resource_entry(resource: &ResourceRef) -> String {
    format!("resource#{resource}")
}
/// What all resources' sort keys begin with.
pub const RESOURCE_ENTRIES: &str = "resource#";

/// Sort key of an effect in the ledger.
pub fn effect_entry(transition: &TransitionId, subject: &Subject) -> String {
    match subject {
        Subject::Resource(action) => format!("effect#{transition}#{}", action.resource),
        Subject::AppConfig => format!("effect#{transition}#app-config"),
    }
}
/// What the sort keys of one change's effects begin with.
pub fn effect_entries(transition: &TransitionId) -> String {
    ["effect#", transition.as_str(), "#"].concat()
}
