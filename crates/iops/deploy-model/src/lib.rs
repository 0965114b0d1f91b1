//! `deploy-model`: takes hosts off the endpoint, makes model and configuration, and brings the endpoint to them. Undone by
//! `end-release`, which brings back what was there.

use release::{Answer, Input, Ports, ReleaseError, Settings};
use serde_json::{Value, json};

/// Makes what can be made now. `Wait`: the endpoint takes no change now. `Done`: it is on its way.
pub async fn handle(ports: &impl Ports, settings: &Settings, event: Value) -> Result<Value, ReleaseError> {
    let input = Input::read(event)?;
    let mut release = release::open(ports, &input.release_id).await?;
    let answer: Answer = release::deploy(ports, settings, &mut release).await?;
    Ok(json!(answer))
}
