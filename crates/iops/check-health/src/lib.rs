//! `check-health`: how every part of the system is, what was seen of it, and what to do about it.
//!
//! What can't be looked at is `UNKNOWN` and never well. All looks are under way at once, and one that fails spoils no other.

mod checks;
mod verdict;

use api::{Problem, Reply, Request};
use capstan_core::ports::{Alarms, Clock, Endpoints, Store, Subscriptions, Vitals};
use serde_json::json;
use std::collections::BTreeMap;
use tier_steps::{Environment, SettingError};
pub use verdict::{Check, Verdict, overall};

/// What the environment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whose parts are looked at.
    pub environment: String,
    /// The endpoint that a model is served by, if there is to be one.
    pub endpoint: Option<String>,
}

impl Config {
    /// Reads `ENVIRONMENT` and `IOPS_ENDPOINT` (empty: none).
    pub fn read(environment: &Environment) -> Result<Self, SettingError> {
        let missing = || SettingError {
            name: "ENVIRONMENT",
            problem: "is missing: give dev, staging or prod".to_owned(),
        };
        let name = environment.get("ENVIRONMENT").filter(|name| !name.is_empty()).ok_or_else(missing)?;
        let endpoint = environment.get("IOPS_ENDPOINT").filter(|name| !name.is_empty()).cloned();
        Ok(Self { environment: name.clone(), endpoint })
    }
}

/// Answers a request.
pub async fn handle(
    ports: &(impl Vitals + Alarms + Subscriptions + Endpoints + Store + Clock),
    config: &Config,
    request: Request,
) -> Result<Reply, Problem> {
    if (request.method.as_str(), request.route.as_str()) != ("GET", "/health") {
        return Err(request.no_such_route());
    }
    request.only_query(&[])?;
    let checks = checks::all(ports, config).await;
    let overall = overall(&checks);
    let mut counts: BTreeMap<&str, usize> = Verdict::ALL.iter().map(|one| (one.as_str(), 0)).collect();
    for check in &checks {
        *counts.entry(check.verdict.as_str()).or_default() += 1;
    }
    Ok(Reply::ok(json!({
        "asOf": ports.wall(),
        "environment": config.environment,
        "verdict": overall.as_str(),
        "counts": counts,
        "checks": checks,
    })))
}
