//! `POST /canary`.

use crate::config::is_endpoint;
use crate::{Config, Ports, objected, reason_of, show};
use api::{Fields, Problem, Reply, Request};
use rollout::Wish;
use serde_json::{Value, json};

pub(crate) async fn start(ports: &impl Ports, config: &Config, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let mut fields = Fields::read(request)?;
    let reason = fields.text("reason");
    let endpoint = endpoint_of(fields.take("endpoint"), &config.endpoint);
    let settings = fields.take("settings");
    fields.finish()?;
    let reason = reason_of(reason)?;
    let settings =
        rollout::settings(settings).map_err(|message| Problem::invalid_field("settings", message))?;
    let wish = Wish {
        endpoint: endpoint?,
        settings,
        reason,
        by: request.caller.subject.clone(),
        tenant: request.caller.tenant.clone(),
    };
    // One that compares two models is refused below, by what the routing says.
    let comparing = iops_records::routing(ports).await?.second.is_some();
    if let Some(id) = iops_records::models::serving(ports).await?.under_way.filter(|_| !comparing) {
        let words = format!(
            "release {id} is under way and brings a canary of its own: let it end, or stop it (POST /models/releases/{id}/cancel)"
        );
        let mut problem = Problem::conflict("RELEASE_UNDER_WAY", words);
        problem.more.insert("releaseId".to_owned(), json!(id));
        return Err(problem);
    }
    let canary = rollout::begin(ports, wish).await.map_err(objected)?;
    Ok(Reply::ok(show::whole(&canary)).with_status(202))
}

/// The endpoint that is named, or else the default.
pub(crate) fn endpoint_of(given: Option<Value>, default: &str) -> Result<String, Problem> {
    match given {
        None => Ok(default.to_owned()),
        Some(Value::String(name)) if is_endpoint(&name) => Ok(name),
        Some(other) => {
            let shown: String = other.to_string().chars().take(64).collect();
            Err(Problem::invalid_field("endpoint", format!("{shown} is not the name of an endpoint")))
        }
    }
}
