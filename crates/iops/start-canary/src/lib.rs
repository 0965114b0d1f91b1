//! `start-canary`: sees that the endpoint is in service and that a baseline is measured.
//!
//! Undone by `end-canary`: no host is routed to the model yet.

use capstan_core::ports::{Clock, EndpointConfigs, Endpoints, Store};
use rollout::{Error, Input, Verdict};

/// `WAIT` until a request of the baseline is measured; then `NEXT`.
pub async fn handle<P>(ports: &P, input: &Input) -> Result<Verdict, Error>
where
    P: Store + Clock + Endpoints + EndpointConfigs,
{
    rollout::start(ports, input).await
}
