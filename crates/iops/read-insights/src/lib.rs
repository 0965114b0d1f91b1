//! `read-insights`: the hosts at a glance; what was found, by pages, counted, one by one; and what people did about it.

mod hosts;
mod list;
mod range;
mod review;
mod summary;

use api::{Problem, Reply, Request};
use capstan_core::iops::{Insight, InsightId};
use capstan_core::ports::{Clock, Store};

/// Answers a request.
pub async fn handle(ports: &(impl Store + Clock), request: Request) -> Result<Reply, Problem> {
    match (request.method.as_str(), request.route.as_str()) {
        ("GET", "/hosts") => hosts::hosts(ports, &request).await,
        ("GET", "/insights") => list::list(ports, &request).await,
        ("GET", "/insights/summary") => summary::summary(ports, &request).await,
        ("GET", "/insights/{insightId}") => {
            request.only_query(&[])?;
            Ok(Reply::ok(one(ports, &request).await?.to_api()))
        }
        ("POST", "/insights/{insightId}/acknowledge" | "/insights/{insightId}/dismiss") => {
            review::review(ports, &request).await
        }
        _ => Err(request.no_such_route()),
    }
}

/// The insight that the path names. 404 if there is none.
async fn one(store: &impl Store, request: &Request) -> Result<Insight, Problem> {
    let given = request.path.get("insightId").map(String::as_str).unwrap_or_default();
    let none = || Problem::not_found("no insight has this id: ids come from GET /insights");
    let id = InsightId::parse(given).ok_or_else(none)?;
    iops_records::insight(store, id).await?.ok_or_else(none)
}
