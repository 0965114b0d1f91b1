//! `PUT /traffic`: for which hosts the model answers, set by hand.

use crate::start::endpoint_of;
use crate::{Config, Ports, objected, reason_of, show};
use api::{Fields, Problem, Reply, Request};
use iops_records::{Share, Transaction};
use rollout::{Objection, in_service};

pub(crate) async fn set(ports: &impl Ports, config: &Config, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let mut fields = Fields::read(request)?;
    let percent = fields.whole("percent", 0, 100);
    let reason = fields.text("reason");
    let endpoint = fields.take("endpoint");
    fields.finish()?;
    let reason = reason_of(reason)?;
    let percent = percent.and_then(|percent| u8::try_from(percent).ok()).unwrap_or_default();
    let mut routing = iops_records::routing(ports).await?;
    if let Some(id) = routing.canary_id {
        return Err(objected(Objection::UnderWay(id)));
    }
    if let Some(second) = routing.second {
        return Err(objected(Objection::Comparing(second.release_id)));
    }
    let endpoint = endpoint_of(endpoint, routing.share.endpoint.as_deref().unwrap_or(&config.endpoint))?;
    routing.share = if percent == 0 {
        // Nothing has to be in service for the built-in model.
        Share { percent: 0, ..routing.share }
    } else {
        let (model, version) = in_service(ports, &endpoint).await.map_err(objected)?;
        Share { endpoint: Some(endpoint), model: Some(model), model_version: Some(version), percent }
    };
    routing.left_by = None;
    routing.since = ports.wall();
    routing.by.clone_from(&request.caller.subject);
    routing.tenant = Some(request.caller.tenant.clone());
    routing.reason = reason;
    let mut transaction = Transaction::new();
    transaction.put(&mut routing);
    transaction.commit(ports).await?;
    Ok(Reply::ok(show::routing(&routing)))
}
