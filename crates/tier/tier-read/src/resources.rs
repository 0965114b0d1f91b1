//! What the tenant has, and what nobody knows of.

use api::{Problem, Reply, Request};
use capstan_core::money::Usd;
use capstan_core::ports::{Inventory, Store};
use capstan_core::tier::ledger::Registered;
use capstan_core::tier::{Desired, prices};
use serde_json::{Value, json};
use tier_steps::orphans as orphans_of;

pub(crate) async fn resources(ports: &impl Store, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let register = tier_records::register(ports, &request.caller.tenant).await?;
    let hourly: Usd = register.iter().map(hourly).sum();
    let rows: Vec<Value> = register.iter().map(row).collect();
    Ok(Reply::ok(json!({"resources": rows, "hourlyCost": hourly})))
}

fn hourly(entry: &Registered) -> Usd {
    entry.desired.spec().map_or(Usd::ZERO, prices::hourly)
}

fn row(entry: &Registered) -> Value {
    let (state, stamp, delete_after) = match &entry.desired {
        Desired::Absent => ("ABSENT", None, None),
        Desired::Serving { stamp, .. } => ("SERVING", Some(stamp), None),
        Desired::Retired { stamp, delete_after, .. } => ("RETIRED", Some(stamp), Some(delete_after)),
    };
    json!({
        "service": entry.resource.kind.service(),
        "kind": entry.resource.kind,
        "name": entry.resource.name,
        "state": state,
        "settled": entry.settled,
        "tier": stamp.map(|stamp| stamp.tier),
        "transitionId": stamp.map(|stamp| stamp.transition_id.clone()),
        "spec": entry.desired.spec(),
        "hourlyCost": hourly(entry),
        "madeAt": entry.made_at,
        "madeBy": entry.made_by,
        "deleteAfter": delete_after,
    })
}

pub(crate) async fn orphans(ports: &(impl Store + Inventory), request: &Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let found = orphans_of::of_tenant(ports, &request.caller.tenant).await?;
    let rows: Vec<Value> = found
        .iter()
        .map(|found| json!({"service": found.resource.kind.service(), "kind": found.resource.kind, "name": found.resource.name, "tags": found.tags}))
        .collect();
    Ok(Reply::ok(json!({ "orphans": rows })))
}
