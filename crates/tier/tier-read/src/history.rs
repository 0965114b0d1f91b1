//! The changes of the past, newest first, by pages.

use api::{Problem, Reply, Request};
use capstan_core::ids::TransitionId;
use capstan_core::ports::Store;
use capstan_core::tier::{Change, ChangeStatus, Tier};
use capstan_core::time::Timestamp;
use serde_json::{Value, json};

const DEFAULT_LIMIT: usize = 20;
const MOST: usize = 100;
/// Changes that one request looks at, at most: what fits may be far back.
const MOST_READ: usize = 500;

/// What is asked for.
struct Wanted {
    status: Option<ChangeStatus>,
    /// Where it began or led to.
    tier: Option<Tier>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Wanted {
    fn read(request: &Request) -> Result<Self, Problem> {
        let (since, until) = request.period()?;
        let status = request.word("status", &ChangeStatus::ALL, ChangeStatus::as_str)?;
        Ok(Self { status, tier: request.word("tier", &Tier::ALL, Tier::as_str)?, since, until })
    }

    fn is_anything(&self) -> bool {
        self.status.is_none() && self.tier.is_none() && self.since.is_none() && self.until.is_none()
    }

    fn fits(&self, change: &Change) -> bool {
        self.status.is_none_or(|status| status == change.status)
            && self.tier.is_none_or(|tier| [change.from_tier, change.to_tier].contains(&tier))
            && self.until.is_none_or(|until| change.created_at <= until)
    }
}

pub(crate) async fn change_history(ports: &impl Store, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&["limit", "cursor", "status", "tier", "since", "until", "transitionId"])?;
    if let Some(id) = request.query.get("transitionId") {
        return one(ports, request, id).await;
    }
    let limit = request.whole_number("limit", DEFAULT_LIMIT, MOST)?;
    let wanted = Wanted::read(request)?;
    let after = match request.query.get("cursor") {
        None => None,
        Some(cursor) => Some(checked_cursor(ports, request, cursor).await?),
    };
    let (changes, cursor) = page(ports, request, &wanted, after, limit).await?;
    Ok(Reply::ok(json!({"changes": changes.iter().map(row).collect::<Vec<_>>(), "cursor": cursor})))
}

/// As many as fit; and the last one that was looked at, if there is more to look at.
async fn page(
    ports: &impl Store,
    request: &Request,
    wanted: &Wanted,
    mut after: Option<TransitionId>,
    limit: usize,
) -> Result<(Vec<Change>, Option<TransitionId>), Problem> {
    let (mut found, mut read) = (Vec::new(), 0);
    let at_once = if wanted.is_anything() { limit } else { MOST };
    loop {
        let (changes, more) =
            tier_records::changes(ports, &request.caller.tenant, after.as_ref(), at_once).await?;
        let mut left = changes.len();
        for change in changes {
            if wanted.since.is_some_and(|since| change.created_at < since) {
                return Ok((found, None));
            }
            (read, left) = (read + 1, left - 1);
            after = Some(change.transition_id.clone());
            if wanted.fits(&change) {
                found.push(change);
            }
            if found.len() == limit {
                return Ok((found, after.filter(|_| more || left > 0)));
            }
        }
        if !more || read >= MOST_READ {
            return Ok((found, after.filter(|_| more)));
        }
    }
}

/// One change, by its id.
async fn one(ports: &impl Store, request: &Request, id: &str) -> Result<Reply, Problem> {
    if let Some(other) = request.query.keys().find(|name| *name != "transitionId") {
        return Err(Problem::invalid_field(other, "does not go with `transitionId`, which is of one change"));
    }
    let change = by_id(ports, request, id).await?;
    Ok(Reply::ok(json!({"changes": [row(&change)], "cursor": null})))
}

/// The tenant's change of this id, which a caller gave.
pub(crate) async fn by_id(ports: &impl Store, request: &Request, id: &str) -> Result<Change, Problem> {
    let transition = TransitionId::parse(id)
        .map_err(|_| Problem::invalid_field("transitionId", "is not an id of a change"))?;
    let change = tier_records::change(ports, &request.caller.tenant, &transition).await?;
    change.ok_or_else(|| Problem::not_found("no change has this id: ids come from GET /tier/change-history"))
}

/// A cursor is the id of the last change that was looked at. One that was tampered with names no change of this tenant.
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
