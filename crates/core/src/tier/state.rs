//! Where a tenant's tier stands, and the one function by which its status moves.

use super::{Direction, Tier};
use crate::ids::{TenantId, TransitionId};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest cooldown that can be set, in hours.
pub const MAX_COOLDOWN_HOURS: u32 = 168;
/// The cooldown a tenant starts with, in hours (runbook §4).
pub const DEFAULT_COOLDOWN_HOURS: u32 = 24;

/// What a tenant's tier is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TransitionStatus {
    /// Nothing is under way.
    Stable,
    /// A change to a higher tier is under way.
    ScalingUp,
    /// A change to a lower tier is under way.
    ScalingDown,
    /// A change is being undone.
    RollingBack,
    /// The last change failed and was rolled back cleanly. A new request is welcome.
    Failed,
    /// A change could neither be finished nor rolled back: a person is needed.
    Stuck,
}

impl TransitionStatus {
    /// The name in the API and the tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "STABLE",
            Self::ScalingUp => "SCALING_UP",
            Self::ScalingDown => "SCALING_DOWN",
            Self::RollingBack => "ROLLING_BACK",
            Self::Failed => "FAILED",
            Self::Stuck => "STUCK",
        }
    }
    /// Whether a change is under way.
    pub const fn under_way(self) -> bool {
        matches!(self, Self::ScalingUp | Self::ScalingDown | Self::RollingBack)
    }
    /// The status after a step; an error where the step makes no sense.
    pub const fn after(self, step: StatusStep) -> Result<Self, IllegalStep> {
        use StatusStep as Step;
        let next = match (self, step) {
            (Self::Stable | Self::Failed, Step::Begin(Direction::ScalingUp)) => Self::ScalingUp,
            (Self::Stable | Self::Failed, Step::Begin(Direction::ScalingDown)) => Self::ScalingDown,
            (Self::ScalingUp | Self::ScalingDown | Self::RollingBack, Step::BeginRollback)
            | (Self::Stuck, Step::RetryRollback) => Self::RollingBack,
            (Self::ScalingUp | Self::ScalingDown, Step::Complete) | (Self::Stuck, Step::Reset) => {
                Self::Stable
            }
            (Self::RollingBack, Step::FinishRollback) => Self::Failed,
            (Self::ScalingUp | Self::ScalingDown | Self::RollingBack, Step::GiveUp) => Self::Stuck,
            (from, step) => return Err(IllegalStep { from, step }),
        };
        Ok(next)
    }
}
impl fmt::Display for TransitionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What moves a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusStep {
    /// A change starts.
    Begin(Direction),
    /// The change is finished.
    Complete,
    /// It is to be undone.
    BeginRollback,
    /// It has been undone.
    FinishRollback,
    /// It can neither be finished nor undone.
    GiveUp,
    /// A person has the rollback tried again.
    RetryRollback,
    /// A super admin declares the tier stable (the runbook's manual reset).
    Reset,
}

/// A step that makes no sense from where the tier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{step:?} makes no sense from {from}")]
pub struct IllegalStep {
    /// Where the tier is.
    pub from: TransitionStatus,
    /// The step.
    pub step: StatusStep,
}

/// The row of `cato_infrastructure_tier`: attribute names are the runbook's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierState {
    /// Whose.
    pub tenant_id: TenantId,
    /// The tier the tenant is in.
    pub current_tier: Tier,
    /// Where a change under way leads.
    pub target_tier: Option<Tier>,
    /// What is going on.
    pub transition_status: TransitionStatus,
    /// The change under way, or the one that is stuck.
    pub transition_id: Option<TransitionId>,
    /// Its execution.
    pub transition_execution_arn: Option<String>,
    /// When it was asked for.
    pub transition_started_at: Option<Timestamp>,
    /// Hours after a completed change in which no other is taken, 0 to 168.
    pub cooldown_hours: u32,
    /// Until when.
    pub next_change_allowed_at: Option<Timestamp>,
    /// Who asked for the last completed change.
    pub last_changed_by: Option<String>,
    /// When it was completed.
    pub last_changed_at: Option<Timestamp>,
    /// Moves with every write.
    pub version: u64,
}

impl TierState {
    /// A tenant never seen before: in DEV, stable (facts page, "Words").
    pub fn new(tenant_id: TenantId) -> Self {
        Self {
            tenant_id,
            current_tier: Tier::Dev,
            target_tier: None,
            transition_status: TransitionStatus::Stable,
            transition_id: None,
            transition_execution_arn: None,
            transition_started_at: None,
            cooldown_hours: DEFAULT_COOLDOWN_HOURS,
            next_change_allowed_at: None,
            last_changed_by: None,
            last_changed_at: None,
            version: 0,
        }
    }
    /// How long the cooldown still runs; zero when it is over.
    pub fn cooldown_left(&self, now: Timestamp) -> Millis {
        self.next_change_allowed_at.map_or(Millis(0), |until| until.since(now))
    }
    /// Sets the cooldown, for the running one too: it counts from the last completed change.
    pub fn set_cooldown(&mut self, hours: u32) {
        self.cooldown_hours = hours;
        self.next_change_allowed_at = self.last_changed_at.map(|at| at + Millis::hours(u64::from(hours)));
    }
    /// Takes a step of the status.
    pub fn step(&mut self, step: StatusStep) -> Result<(), IllegalStep> {
        self.transition_status = self.transition_status.after(step)?;
        Ok(())
    }
    /// Forgets the change that was under way.
    pub fn clear_transition(&mut self) {
        self.target_tier = None;
        self.transition_id = None;
        self.transition_execution_arn = None;
        self.transition_started_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [TransitionStatus; 6] = [
        TransitionStatus::Stable,
        TransitionStatus::ScalingUp,
        TransitionStatus::ScalingDown,
        TransitionStatus::RollingBack,
        TransitionStatus::Failed,
        TransitionStatus::Stuck,
    ];

    #[test]
    fn only_a_tier_at_rest_begins_a_change() {
        for status in ALL {
            let begun = status.after(StatusStep::Begin(Direction::ScalingUp));
            assert_eq!(
                begun.is_ok(),
                matches!(status, TransitionStatus::Stable | TransitionStatus::Failed),
                "{status}"
            );
        }
    }

    #[test]
    fn a_change_under_way_can_always_be_rolled_back_or_given_up() {
        for status in ALL {
            assert_eq!(status.after(StatusStep::BeginRollback).is_ok(), status.under_way(), "{status}");
            assert_eq!(status.after(StatusStep::GiveUp).is_ok(), status.under_way(), "{status}");
        }
    }

    #[test]
    fn a_change_being_undone_is_never_completed() {
        assert!(TransitionStatus::RollingBack.after(StatusStep::Complete).is_err());
    }

    #[test]
    fn a_new_cooldown_counts_from_the_last_change() {
        let mut state = TierState::new(TenantId::parse("8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b").unwrap());
        state.set_cooldown(48);
        assert_eq!(state.cooldown_left(Timestamp::from_millis(5)), Millis(0));
        state.last_changed_at = Some(Timestamp::from_millis(0));
        state.set_cooldown(1);
        assert_eq!(state.cooldown_left(Timestamp::from_millis(0)), Millis::hours(1));
        state.set_cooldown(0);
        assert_eq!(state.cooldown_left(Timestamp::from_millis(0)), Millis(0));
    }
}
