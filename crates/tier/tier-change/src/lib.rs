//! `tier-change`: starts, confirms, stops and resets changes of a tier.
//!
//! Starting is one transaction: the tier's state under its version, the change with its plan, the index row by which the
//! reconciler finds it, the audit, and the confirmation token if there was one. Only then is the execution started; if
//! that fails, the reconciler starts it, because the change is recorded and its execution's name is its id.

mod cancel;
mod change;
mod confirm;
mod reset;

use api::{Problem, Reply, Request};
use capstan_core::ports::{Clock, Entropy, Store, Workflows};
use tier_steps::Settings;

/// The ports of this function.
pub trait Ports: Store + Clock + Entropy + Workflows {}
impl<P: Store + Clock + Entropy + Workflows> Ports for P {}

/// Answers a request.
pub async fn handle(ports: &impl Ports, settings: &Settings, request: Request) -> Result<Reply, Problem> {
    if request.method != "POST" {
        return Err(request.no_such_route());
    }
    request.only_query(&[])?;
    match request.route.as_str() {
        "/tier/change" => change::request(ports, settings, &request, false).await,
        "/tier/bypass-cooldown" => change::request(ports, settings, &request, true).await,
        "/tier/confirm" => confirm::confirm(ports, settings, &request).await,
        "/tier/cancel" => cancel::cancel(ports, &request).await,
        "/tier/reset" => reset::reset(ports, settings, &request).await,
        _ => Err(request.no_such_route()),
    }
}
