//! A change of tier from request to end: the row of `cato_tier_change_log`.

use super::{Plan, Tier};
use crate::ids::{TenantId, TransitionId};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Up or down the tiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Direction {
    /// To a higher tier.
    ScalingUp,
    /// To a lower tier.
    ScalingDown,
}

impl Direction {
    /// From one tier to another; `None` if they are the same.
    pub fn between(from: Tier, to: Tier) -> Option<Self> {
        match from.cmp(&to) {
            std::cmp::Ordering::Less => Some(Self::ScalingUp),
            std::cmp::Ordering::Greater => Some(Self::ScalingDown),
            std::cmp::Ordering::Equal => None,
        }
    }
}

/// How a change stands. `Failed` means: could not be rolled back either (the tier is `STUCK`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeStatus {
    /// Taken and recorded; its execution has not begun work.
    Initiated,
    /// Under way.
    InProgress,
    /// Come to its good end.
    Completed,
    /// Given up half-way.
    Failed,
    /// Undone.
    RolledBack,
}

impl ChangeStatus {
    /// All there are.
    pub const ALL: [Self; 5] =
        [Self::Initiated, Self::InProgress, Self::Completed, Self::Failed, Self::RolledBack];

    /// As the API has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initiated => "INITIATED",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::RolledBack => "ROLLED_BACK",
        }
    }
}

/// When the change passed which stage; all empty at first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestones {
    /// The plan was found to still hold.
    pub validated_at: Option<Timestamp>,
    /// Everything to be made or grown is there, counts and all.
    pub provisioned_at: Option<Timestamp>,
    /// The application was told to drain.
    pub drain_started_at: Option<Timestamp>,
    /// Connections ran out, or their time was up.
    pub drained_at: Option<Timestamp>,
    /// The application points at the new resources.
    pub configured_at: Option<Timestamp>,
    /// Everything to be shrunk, retired or deleted is.
    pub cleaned_at: Option<Timestamp>,
    /// The change is being undone since.
    pub rollback_started_at: Option<Timestamp>,
}

/// Why a change failed, or a step of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The closed name, such as `CapacityRefused`.
    pub name: String,
    /// For people: what happened.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// A wish to stop the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// A change: attribute names are the runbook's where it has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Whose.
    pub tenant_id: TenantId,
    /// Its id; also the name of its execution.
    pub transition_id: TransitionId,
    /// From which tier.
    pub from_tier: Tier,
    /// To which.
    pub to_tier: Tier,
    /// Up or down.
    pub direction: Direction,
    /// How it stands.
    pub status: ChangeStatus,
    /// Who asked for it.
    pub changed_by: String,
    /// Who confirmed it, where that was asked for.
    #[serde(default)]
    pub confirmed_by: Option<String>,
    /// Why.
    pub reason: String,
    /// Whether the cooldown was bypassed.
    pub bypassed_cooldown: bool,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When work on it began.
    pub started_at: Option<Timestamp>,
    /// When it ended, in whatever way.
    pub completed_at: Option<Timestamp>,
    /// Seconds from `created_at` to `completed_at`.
    pub duration_seconds: Option<u64>,
    /// What went wrong, in order.
    pub errors: Vec<Failure>,
    /// Resources made or grown.
    pub resources_provisioned: Vec<String>,
    /// Resources shrunk, retired or deleted.
    pub resources_cleaned_up: Vec<String>,
    /// What it set out to do. It never changes, and is shared by all copies of the change.
    pub plan: Arc<Plan>,
    /// How far it has come.
    pub milestones: Milestones,
    /// Somebody wants it stopped.
    pub cancellation: Option<Cancellation>,
    /// When, if it is not done, it is rolled back.
    pub deadline: Timestamp,
    /// Executions started after the first, to finish or undo what an execution that is gone left behind.
    pub recoveries: u32,
    /// Moves with every write.
    pub version: u64,
}

impl Change {
    /// How long a change may take before it is rolled back: three times what is expected, at least an hour. The state
    /// machine's own limit lies well beyond (`statemachine/tier-transition.asl.json`, `TimeoutSeconds`).
    pub fn time_allowed(expected_minutes: u32) -> Millis {
        Millis::minutes(u64::from(expected_minutes) * 3).max(Millis::hours(1))
    }
    /// Whether it has come to an end.
    pub const fn ended(&self) -> bool {
        matches!(self.status, ChangeStatus::Completed | ChangeStatus::Failed | ChangeStatus::RolledBack)
    }
    /// The execution that works on it now: the first bears the id, recoveries a suffix.
    pub fn execution_name(&self) -> String {
        if self.recoveries == 0 {
            self.transition_id.to_string()
        } else {
            format!("{}-r{}", self.transition_id, self.recoveries)
        }
    }
    /// Ends it.
    pub fn end(&mut self, status: ChangeStatus, now: Timestamp) {
        self.status = status;
        self.completed_at = Some(now);
        self.duration_seconds = Some(now.since(self.created_at).0 / 1_000);
    }
    /// Notes a failure once: the same name and message in a row are one.
    pub fn note_failure(&mut self, name: &str, message: &str, at: Timestamp) {
        let known = self.errors.iter().any(|failure| failure.name == name && failure.message == message);
        if !known {
            self.errors.push(Failure { name: name.to_owned(), message: message.to_owned(), at });
        }
    }
}
