//! The configurations of the tiers.

use api::{Problem, Reply, Request};
use capstan_core::ports::Store;
use capstan_core::tier::Tier;
use serde_json::json;

pub(crate) async fn all(ports: &impl Store, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let mut configs = Vec::new();
    for tier in Tier::ALL {
        configs.push(tier_records::config(ports, &request.caller.tenant, tier).await?.to_api());
    }
    Ok(Reply::ok(json!({ "configs": configs })))
}

pub(crate) async fn one(ports: &impl Store, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let named = request.path.get("tier").map_or("", String::as_str);
    let tier = Tier::parse(named)
        .ok_or_else(|| Problem::not_found("there is no such tier: the tiers are DEV, STAGING, PRODUCTION"))?;
    Ok(Reply::ok(tier_records::config(ports, &request.caller.tenant, tier).await?.to_api()))
}
