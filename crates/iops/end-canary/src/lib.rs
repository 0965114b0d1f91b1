//! `end-canary`: the last step of a canary, and the undoing of every other.
//!
//! The state machine calls it with ids. `EventBridge` calls it with its own events, on every change of an execution's status and
//! every five minutes: then it looks for canaries that nobody carries out any more.

use capstan_core::ports::{Clock, Notifier, Store, Workflows};
use rollout::{Error, Input};
use serde_json::{Value, json};

/// Handles a step's input or an event. `PROMOTED` or `ROLLED_BACK`; a report for an event.
pub async fn handle<P>(ports: &P, event: Value) -> Result<Value, Error>
where
    P: Store + Clock + Workflows + Notifier,
{
    if event.get("detail-type").is_some() {
        return Ok(rollout::sweep(ports).await?.to_json());
    }
    Ok(json!(rollout::end(ports, &Input::read(event)?).await?))
}
