//! Where a tenant's tier stands, how the tiers compare, and what a change would do.

use crate::Ports;
use api::{Fields, Problem, Reply, Request};
use capstan_core::ports::{Clock, Entropy, Store};
use capstan_core::tier::request::{ChangeRequest, features, objections};
use capstan_core::tier::{Tier, Verb, prices};
use capstan_core::time::Millis;
use serde_json::{Map, Value, json};
use tier_steps::{Settings, planning};

pub(crate) async fn tier(ports: &impl Ports, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let tenant = &request.caller.tenant;
    let now = ports.now();
    let state = tier_records::state(ports, tenant).await?;
    let config = tier_records::config(ports, tenant, state.current_tier).await?;
    // A bill that can't be had does not hide the tier; it is said to be unknown, not zero.
    let (spent, spent_error) = match ports.month_to_date(tenant, now).await {
        Ok(spent) => (json!(spent.to_cents()), Value::Null),
        Err(error) => (Value::Null, json!(error.message)),
    };
    Ok(Reply::ok(json!({
        "currentTier": state.current_tier,
        "targetTier": state.target_tier,
        "transitionStatus": state.transition_status,
        "transitionId": state.transition_id,
        "transitionExecutionArn": state.transition_execution_arn,
        "lastChangedAt": state.last_changed_at,
        "lastChangedBy": state.last_changed_by,
        "cooldownHours": state.cooldown_hours,
        "nextChangeAllowedAt": state.next_change_allowed_at,
        "cooldownActive": state.cooldown_left(now) > Millis(0),
        "estimatedMonthlyCost": config.config.estimated_monthly_cost(config.tier),
        "actualMtdCost": spent,
        "actualMtdCostError": spent_error,
        "config": config.to_api(),
    })))
}

pub(crate) async fn compare(ports: &impl Store, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let tenant = &request.caller.tenant;
    let state = tier_records::state(ports, tenant).await?;
    let mut tiers = Vec::new();
    for tier in Tier::ALL {
        let config = tier_records::config(ports, tenant, tier).await?.config;
        let breakdown: Map<String, Value> = prices::breakdown(tier, &config)
            .into_iter()
            .map(|part| (part.part, json!(part.monthly)))
            .collect();
        let (features, limitations) = features(tier, &config);
        tiers.push(json!({
            "tier": tier,
            "displayName": config.display_name,
            "estimatedMonthlyCost": config.estimated_monthly_cost(tier),
            "costBreakdown": breakdown,
            "features": features,
            "limitations": limitations,
        }));
    }
    let (source, date) = prices::provenance();
    Ok(Reply::ok(json!({
        "currentTier": state.current_tier,
        "tiers": tiers,
        "prices": {"source": source, "date": date},
    })))
}

pub(crate) async fn plan(
    ports: &(impl Store + Clock + Entropy),
    settings: &Settings,
    request: &Request,
) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let mut fields = Fields::read(request)?;
    let target = fields.tier("targetTier");
    fields.finish()?;
    let Some(target) = target else { return Err(request.no_such_route()) };
    let state = tier_records::state(ports, &request.caller.tenant).await?;
    if state.transition_status.under_way() {
        return Err(Problem::conflict(
            "CHANGE_UNDER_WAY",
            "a change is under way, so what a plan would be made from is moving: GET /tier/transition-status says when it ends",
        ));
    }
    let transition = planning::new_transition_id(ports)?;
    let Some(planned) = planning::plan(ports, settings, &state, target, &transition).await? else {
        return Err(Problem::invalid_field("targetTier", format!("the tenant is in {target} already")));
    };
    let wish = ChangeRequest { target, reason: "a plan needs no reason", bypass: false };
    let mut body = json!(planned.plan);
    if let Value::Object(body) = &mut body {
        for verb in [Verb::Create, Verb::Resize, Verb::Switch, Verb::Retire, Verb::Keep] {
            let of_verb = planned.plan.items.iter().filter(|item| item.action == verb);
            let lines: Vec<&str> = of_verb.map(|item| item.summary.as_str()).collect();
            if let Some(name) = json!(verb).as_str() {
                body.insert(name.to_owned(), json!(lines));
            }
        }
        let mut objections = objections(&state, &wish, ports.now());
        objections.extend(planned.objection);
        body.insert("objections".to_owned(), json!(objections));
    }
    Ok(Reply::ok(body))
}
