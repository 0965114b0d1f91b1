//! `end-release`: records a version as serving, or undoes its release. Called by the state machine at the end of either way,
//! and on every change of an execution's status: a release whose execution is gone is begun again, and ends.

use capstan_core::ids::ReleaseId;
use capstan_core::ports::{Notifier, TrainingJobs, Workflows};
use iops_records::models;
use release::{Input, Ports, ReleaseError, Word};
use serde_json::{Value, json};

/// Ends a release, or looks after one whose execution has ended.
pub async fn handle<P>(ports: &P, event: Value) -> Result<Value, ReleaseError>
where
    P: Ports + TrainingJobs + Notifier + Workflows,
{
    if event.get("detail-type").is_some() {
        return look_after(ports, &event).await;
    }
    let input = Input::read(event)?;
    let mut release = release::open(ports, &input.release_id).await?;
    let failure = input.failure.map(|caught| (caught.error.clone(), caught.words()));
    let answer = release::end(ports, &mut release, failure).await?;
    Ok(json!(answer))
}

/// An execution has ended. Its name is the release's, with a number behind it where it was not the first.
async fn look_after<P>(ports: &P, event: &Value) -> Result<Value, ReleaseError>
where
    P: Ports + Notifier + Workflows,
{
    let name = event.pointer("/detail/name").and_then(Value::as_str).unwrap_or_default();
    let Ok(id) = ReleaseId::parse(name.get(..36).unwrap_or_default()) else {
        return Ok(json!({ "recovered": 0, "stuck": 0 }));
    };
    let Some(mut release) = models::release(ports, &id).await? else {
        return Ok(json!({ "recovered": 0, "stuck": 0 }));
    };
    let word = release::recover(ports, &mut release).await?;
    Ok(json!({
        "recovered": u8::from(word == Word::Recovered),
        "stuck": u8::from(word == Word::Stuck),
    }))
}
