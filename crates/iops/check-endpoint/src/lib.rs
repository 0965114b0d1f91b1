//! `check-endpoint`: waits until the endpoint serves the new model, then starts its canary and watches it. Undone by
//! `end-release`, which rolls the canary back.

use capstan_core::ports::{Entropy, Workflows};
use release::{Answer, Input, Ports, ReleaseError};
use serde_json::{Value, json};

/// `Wait` while the endpoint changes and the canary is under way, `Done` once it is promoted.
pub async fn handle<P>(ports: &P, event: Value) -> Result<Value, ReleaseError>
where
    P: Ports + Workflows + Entropy,
{
    let input = Input::read(event)?;
    let mut release = release::open(ports, &input.release_id).await?;
    let answer: Answer = release::check(ports, &mut release).await?;
    Ok(json!(answer))
}
