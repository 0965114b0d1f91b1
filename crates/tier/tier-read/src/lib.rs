//! `tier-read`: everything about a tier that changes nothing. Any role may.

mod configs;
mod history;
mod overview;
mod progress;
mod resources;
mod workflow;

use api::{Problem, Reply, Request};
use capstan_core::ports::{Clock, Costs, Entropy, Inventory, Store, Workflows};
use tier_steps::Settings;

/// The ports of this function.
pub trait Ports: Store + Clock + Entropy + Costs + Inventory + Workflows {}
impl<P: Store + Clock + Entropy + Costs + Inventory + Workflows> Ports for P {}

/// Answers a request.
pub async fn handle(ports: &impl Ports, settings: &Settings, request: Request) -> Result<Reply, Problem> {
    match (request.method.as_str(), request.route.as_str()) {
        ("GET", "/tier") => overview::tier(ports, &request).await,
        ("GET", "/tier/compare") => overview::compare(ports, &request).await,
        ("POST", "/tier/plan") => overview::plan(ports, settings, &request).await,
        ("GET", "/tier/transition-status") => progress::transition_status(ports, &request).await,
        ("GET", "/tier/workflow") => workflow::workflow(ports, &request).await,
        ("GET", "/tier/change-history") => history::change_history(ports, &request).await,
        ("GET", "/tier/resources") => resources::resources(ports, &request).await,
        ("GET", "/tier/orphans") => resources::orphans(ports, &request).await,
        ("GET", "/tier/configs") => configs::all(ports, &request).await,
        ("GET", "/tier/configs/{tier}") => configs::one(ports, &request).await,
        _ => Err(request.no_such_route()),
    }
}
