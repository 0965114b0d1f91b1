//! How far the change under way has come.

use api::{Problem, Reply, Request};
use capstan_core::ports::{Clock, Store};
use capstan_core::tier::{Change, TransitionStatus, progress};
use serde_json::{Value, json};

pub(crate) async fn transition_status(
    ports: &(impl Store + Clock),
    request: &Request,
) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let tenant = &request.caller.tenant;
    let state = tier_records::state(ports, tenant).await?;
    let (latest, _) = tier_records::changes(ports, tenant, None, 1).await?;
    let current = match &state.transition_id {
        Some(transition) => tier_records::change(ports, tenant, transition).await?,
        None => None,
    };
    let last = latest.first().filter(|change| change.ended()).map(outcome);
    let Some(change) = current else {
        return Ok(Reply::ok(json!({
            "status": state.transition_status,
            "transitionId": null,
            "executionArn": null,
            "startedAt": null,
            "currentStep": null,
            "progressPercent": null,
            "estimatedSecondsRemaining": 0,
            "resources": [],
            "lastChange": last,
            "next": next_step(state.transition_status),
        })));
    };
    let effects = tier_records::effects(ports, tenant, &change.transition_id).await?;
    let seen = progress::of(&change, &effects, ports.now());
    Ok(Reply::ok(json!({
        "status": state.transition_status,
        "transitionId": change.transition_id,
        "executionArn": state.transition_execution_arn,
        "fromTier": change.from_tier,
        "toTier": change.to_tier,
        "startedAt": change.created_at,
        "currentStep": seen.current_step,
        "progressPercent": seen.percent,
        "estimatedSecondsRemaining": seen.estimated_seconds_remaining,
        "resources": seen.resources,
        "cancellation": change.cancellation,
        "errors": change.errors,
        "lastChange": last,
        "next": next_step(state.transition_status),
    })))
}

fn outcome(change: &Change) -> Value {
    json!({
        "transitionId": change.transition_id,
        "fromTier": change.from_tier,
        "toTier": change.to_tier,
        "status": change.status,
        "completedAt": change.completed_at,
        "durationSeconds": change.duration_seconds,
        "errors": change.errors,
    })
}

/// The next safe thing to do.
const fn next_step(status: TransitionStatus) -> &'static str {
    match status {
        TransitionStatus::Stable => "nothing is under way",
        TransitionStatus::ScalingUp | TransitionStatus::ScalingDown => {
            "wait, or stop it and have it undone: POST /tier/cancel"
        }
        TransitionStatus::RollingBack => "wait: what was begun is being undone",
        TransitionStatus::Failed => "the last change was undone cleanly: cure its cause and ask again",
        TransitionStatus::Stuck => {
            "cure the cause and retry the rollback: POST /tier/cancel; as a last resort a super admin resets: POST /tier/reset"
        }
    }
}
