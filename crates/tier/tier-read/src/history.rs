//! The changes of the past, newest first, by pages.

use api::{Problem, Reply, Request};
use capstan_core::ids::TransitionId;
use capstan_core::ports::Store;
use capstan_core::tier::Change;
use serde_json::{Value, json};

const DEFAULT_LIMIT: usize = 20;
const MOST: usize = 100;

pub(crate) async fn change_history(ports: &impl Store, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&["limit", "cursor"])?;
    let limit = match request.query.get("limit") {
        None => DEFAULT_LIMIT,
        Some(text) => text.parse().ok().filter(|limit| (1..=MOST).contains(limit)).ok_or_else(|| {
            let shown: String = text.chars().take(32).collect();
            Problem::invalid_field("limit", format!("`{shown}` is not a whole number from 1 to {MOST}"))
        })?,
    };
    let after = match request.query.get("cursor") {
        None => None,
        Some(cursor) => Some(checked_cursor(ports, request, cursor).await?),
    };
    let (changes, more) = tier_records::changes(ports, &request.caller.tenant, after.as_ref(), limit).await?;
    let cursor = changes.last().filter(|_| more).map(|change| change.transition_id.clone());
    Ok(Reply::ok(json!({"changes": changes.iter().map(row).collect::<Vec<_>>(), "cursor": cursor})))
}

/// A cursor is the id of the last change of the page before. One that was tampered with names no change of this tenant.
async fn checked_cursor(
    ports: &impl Store,
    request: &Request,
    cursor: &str,
) -> Result<TransitionId, Problem> {
    let invalid = || {
        Problem::invalid_field("cursor", "is not one that this API gave out: start again without a cursor")
    };
    let transition = TransitionId::parse(cursor).map_err(|_| invalid())?;
    match tier_records::change(ports, &request.caller.tenant, &transition).await? {
        Some(_) => Ok(transition),
        None => Err(invalid()),
    }
}

fn row(change: &Change) -> Value {
    json!({
        "id": change.transition_id,
        "fromTier": change.from_tier,
        "toTier": change.to_tier,
        "direction": change.direction,
        "status": change.status,
        "changedBy": change.changed_by,
        "confirmedBy": change.confirmed_by,
        "reason": change.reason,
        "bypassedCooldown": change.bypassed_cooldown,
        "createdAt": change.created_at,
        "startedAt": change.started_at,
        "completedAt": change.completed_at,
        "durationSeconds": change.duration_seconds,
        "errors": change.errors,
        "resources": {"provisioned": change.resources_provisioned, "cleanedUp": change.resources_cleaned_up},
        "cancellation": change.cancellation,
    })
}
