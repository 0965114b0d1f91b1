//! `drain-connections`: has the application drain, and counts the connections that are left.
//!
//! The first call asks (the application reads `draining` in its configuration and opens nothing new); every call counts
//! what is left on the resources that are about to shrink or go. Undone by `rollback-provisioning`: the former
//! configuration, not draining, is restored.

use capstan_core::ports::{Clock, Store, Traffic};
use capstan_core::tier::timing::LONGEST_DRAIN;
use capstan_core::tier::{Change, Phase};
use tier_steps::{Answer, StepError, StepInput, Turn, app_config, guard, in_turn, open};

/// Answers `Wait` or `Configure`.
pub async fn handle(ports: &(impl Store + Clock + Traffic), input: &StepInput) -> Result<Answer, StepError> {
    let mut change = open(ports, input).await?;
    guard(&change, ports)?;
    in_turn(&change, Turn::Drain)?;
    if change.milestones.drain_started_at.is_none() {
        app_config::drain(ports, &mut change).await?;
    }
    let since = change.milestones.drain_started_at.unwrap_or_else(|| ports.now());
    let left = connections_left(ports, &change).await?;
    if left > 0 && ports.now().since(since) < LONGEST_DRAIN {
        return Ok(Answer::Wait);
    }
    let now = ports.now();
    tier_records::update_change(ports, &change.tenant_id, &change.transition_id, |change| {
        let news = change.milestones.drained_at.is_none();
        change.milestones.drained_at.get_or_insert(now);
        news
    })
    .await?;
    Ok(Answer::Configure)
}

/// Connections on what is about to shrink or go. Nothing is counted where the application was never told where to go.
async fn connections_left(ports: &impl Traffic, change: &Change) -> Result<u64, StepError> {
    if change.plan.app_config_before.is_none() {
        return Ok(0);
    }
    let mut left = 0;
    for action in
        change.plan.actions.iter().filter(|action| action.phase == Phase::Cleanup && action.before.serves())
    {
        left += ports.connections(&action.resource).await.map_err(StepError::of_cloud)?;
    }
    Ok(left)
}
