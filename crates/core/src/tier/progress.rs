//! How far a change has come, read off what its steps have really recorded.

use super::ledger::{EffectRow, EffectStatus, Subject};
use super::{Action, Change, ChangeStatus, Direction, Phase, Service, timing};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// How far a change has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The state of the workflow it is in, by its name in the state machine.
    pub current_step: String,
    /// 0 to 100; 100 only when it has ended.
    pub percent: u8,
    /// Seconds that are probably left; 0 when it has ended.
    pub estimated_seconds_remaining: u64,
    /// One row a resource of the plan.
    pub resources: Vec<ResourceProgress>,
}

/// How far one resource has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceProgress {
    /// Whose.
    pub service: Service,
    /// Its name.
    pub name: String,
    /// When it is dealt with.
    pub phase: Phase,
    /// What is happening to it.
    pub state: ResourceState,
    /// What is being waited for.
    pub waiting_for: Option<String>,
    /// The last refusal.
    pub last_error: Option<String>,
}

/// What is happening to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ResourceState {
    /// Not begun.
    Pending,
    /// Under way.
    InProgress,
    /// Done.
    Done,
    /// Being undone.
    Undoing,
    /// Undone.
    Undone,
}

/// Reads the progress off the change and its effects.
pub fn of(change: &Change, effects: &[EffectRow], now: Timestamp) -> Progress {
    let resources = change.plan.actions.iter().map(|action| resource(action, effects)).collect();
    let (done, left) = work(change, effects, now);
    let total = done + left;
    // Ninety-nine is the most that is said before the end is recorded, or of a change that was given up half-way.
    let finished = matches!(change.status, ChangeStatus::Completed | ChangeStatus::RolledBack);
    let percent = if finished {
        100
    } else {
        u8::try_from((done.0 * 100).checked_div(total.0).unwrap_or(0)).unwrap_or(99).min(99)
    };
    Progress {
        current_step: current_step(change, effects).to_owned(),
        percent,
        estimated_seconds_remaining: if change.ended() { 0 } else { left.as_seconds_ceil().max(1) },
        resources,
    }
}

fn find<'a>(action: &Action, effects: &'a [EffectRow]) -> Option<&'a EffectRow> {
    effects.iter().find(
        |row| matches!(&row.subject, Subject::Resource(acted) if acted.resource == action.resource && acted.phase == action.phase),
    )
}

fn resource(action: &Action, effects: &[EffectRow]) -> ResourceProgress {
    let row = find(action, effects);
    ResourceProgress {
        service: action.resource.kind.service(),
        name: action.resource.name.clone(),
        phase: action.phase,
        state: match row.map(|row| row.status) {
            None => ResourceState::Pending,
            Some(EffectStatus::Intended) => ResourceState::InProgress,
            Some(EffectStatus::Done) => ResourceState::Done,
            Some(EffectStatus::Undoing) => ResourceState::Undoing,
            Some(EffectStatus::Undone) => ResourceState::Undone,
        },
        waiting_for: row.and_then(|row| row.waiting_for.clone()),
        last_error: row.and_then(|row| row.last_error.clone()),
    }
}

fn current_step(change: &Change, effects: &[EffectRow]) -> &'static str {
    let at = &change.milestones;
    match change.status {
        ChangeStatus::Completed => return "TransitionComplete",
        ChangeStatus::Failed | ChangeStatus::RolledBack => return "TransitionFailed",
        ChangeStatus::Initiated => return "ValidateTransition",
        ChangeStatus::InProgress => {}
    }
    let begun = |phase| {
        change.plan.actions.iter().any(|action| action.phase == phase && find(action, effects).is_some())
    };
    let all_begun = |phase| {
        change
            .plan
            .actions
            .iter()
            .filter(|action| action.phase == phase)
            .all(|action| find(action, effects).is_some())
    };
    if at.rollback_started_at.is_some() {
        "RollbackProvisioning"
    } else if at.validated_at.is_none() {
        "ValidateTransition"
    } else if at.cleaned_at.is_some() {
        "TransitionComplete"
    } else if at.configured_at.is_some() {
        if change.plan.has_phase(Phase::Cleanup) { "CleanupResources" } else { "TransitionComplete" }
    } else if change.plan.has_phase(Phase::Provision) && at.provisioned_at.is_none() {
        if begun(Phase::Provision) && all_begun(Phase::Provision) {
            "WaitForProvisioning"
        } else {
            "ProvisionResources"
        }
    } else if change.direction == Direction::ScalingDown && at.drained_at.is_none() {
        if at.drain_started_at.is_some() { "WaitForDrain" } else { "DrainConnections" }
    } else {
        "UpdateAppConfig"
    }
}

/// Expected time of the work that is done and of the work that is left.
fn work(change: &Change, effects: &[EffectRow], now: Timestamp) -> (Millis, Millis) {
    let at = &change.milestones;
    if let Some(since) = at.rollback_started_at {
        let undone = effects.iter().filter(|row| row.status == EffectStatus::Undone).count() as u64;
        let expected = Millis::minutes(3 * effects.len() as u64);
        let done = Millis::minutes(3 * undone).max(since_capped(since, now, expected));
        return (done, Millis(expected.0 - done.0));
    }
    let mut done = Millis(0);
    let mut left = Millis(0);
    for phase in [Phase::Provision, Phase::Cleanup] {
        let passed = match phase {
            Phase::Provision => at.provisioned_at.is_some(),
            Phase::Cleanup => at.cleaned_at.is_some(),
        };
        let (phase_done, phase_left) = phase_work(change, effects, phase, now);
        let total = phase_done + phase_left;
        done = done + if passed { total } else { phase_done };
        left = left + if passed { Millis(0) } else { phase_left };
    }
    if change.direction == Direction::ScalingDown {
        let drain = Millis::minutes(1);
        if at.drained_at.is_some() { done = done + drain } else { left = left + drain }
    }
    (done, left + Millis::seconds(10))
}

/// The phase lasts as long as its slowest action: what that one has behind it and what it has left.
fn phase_work(change: &Change, effects: &[EffectRow], phase: Phase, now: Timestamp) -> (Millis, Millis) {
    let total = Millis::minutes(u64::from(timing::of_phase(phase, &change.plan.actions)));
    let left = change
        .plan
        .actions
        .iter()
        .filter(|action| action.phase == phase)
        .map(|action| {
            let expected = Millis::minutes(u64::from(timing::of_action(action)));
            match find(action, effects) {
                None => expected,
                Some(row) if row.status == EffectStatus::Intended => {
                    Millis(expected.0 - since_capped(row.intended_at, now, expected).0)
                }
                Some(_) => Millis(0),
            }
        })
        .max()
        .unwrap_or_default();
    (Millis(total.0.saturating_sub(left.0)), left)
}

/// Time since then, but at most nine tenths of what is expected: what is late is nearly done, not done.
fn since_capped(since: Timestamp, now: Timestamp, expected: Millis) -> Millis {
    now.since(since).min(Millis(expected.0 / 10 * 9))
}
