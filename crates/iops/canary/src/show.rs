//! Canaries and the routing as the API shows them.

use api::{Problem, Reply, Request};
use capstan_core::ports::Store;
use capstan_core::time::Timestamp;
use iops_records::{Canary, CanaryStatus, Routing};
use serde_json::{Value, json};

/// So many are listed where nobody says how many.
const LISTED: usize = 10;
const MOST_LISTED: usize = 50;

/// How far a canary has come, for a sentence.
pub(crate) const fn word(canary: &Canary) -> &'static str {
    match canary.status {
        CanaryStatus::Waiting => "waiting",
        CanaryStatus::Running => "running",
        CanaryStatus::Promoted => "promoted",
        CanaryStatus::RolledBack => "rolled back",
    }
}

/// What is to be said of it in a line.
fn text(canary: &Canary) -> String {
    let outcome = canary.outcome.as_ref().map(|outcome| outcome.because.text.clone());
    let judged = || canary.report.as_ref().and_then(|report| report["text"].as_str()).map(str::to_owned);
    let waits = || match canary.status {
        CanaryStatus::Waiting => "Waits for a request of the baseline.".to_owned(),
        _ => "Not judged yet.".to_owned(),
    };
    outcome.or_else(judged).unwrap_or_else(waits)
}

/// The percentage in force.
fn percent(canary: &Canary) -> u8 {
    match canary.status {
        CanaryStatus::Promoted => 100,
        CanaryStatus::Waiting | CanaryStatus::RolledBack => 0,
        CanaryStatus::Running => {
            let stage = canary.entered.len().checked_sub(1);
            stage.and_then(|stage| canary.settings.stages.get(stage)).map_or(0, |stage| stage.percent)
        }
    }
}

fn brief(canary: &Canary) -> Value {
    json!({
        "canaryId": canary.entry,
        "status": canary.status,
        "endpoint": canary.endpoint,
        "model": canary.model,
        "modelVersion": canary.model_version,
        "percent": percent(canary),
        "reason": canary.reason,
        "by": canary.by,
        "tenant": canary.tenant,
        "askedAt": canary.asked_at,
        "endedAt": canary.ended_at,
        "text": text(canary),
    })
}

/// One canary with its stages, the last report with the numbers of both arms, and how it ended.
pub(crate) fn whole(canary: &Canary) -> Value {
    let stages: Vec<Value> = canary
        .settings
        .stages
        .iter()
        .enumerate()
        .map(|(index, stage)| {
            let entered = canary.entered.get(index).map(|at| Timestamp::from_millis(at * 1_000));
            json!({"percent": stage.percent, "seconds": stage.seconds, "enteredAt": entered})
        })
        .collect();
    let mut shown = brief(canary);
    shown["stages"] = json!(stages);
    shown["settings"] = json!(canary.settings);
    shown["judgedAt"] = json!(canary.judged_at);
    shown["report"] = json!(canary.report);
    shown["ended"] =
        json!(canary.outcome.as_ref().filter(|_| canary.ended()).map(|outcome| &outcome.because));
    shown
}

/// `GET /canary`: the one that is under way, and the last ones.
pub(crate) async fn list(store: &impl Store, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&["limit"])?;
    let limit = request.whole_number("limit", LISTED, MOST_LISTED)?;
    let canaries = iops_records::canaries(store, limit).await?;
    let running = canaries.iter().find(|canary| !canary.ended()).map(whole);
    let all: Vec<Value> = canaries.iter().map(brief).collect();
    Ok(Reply::ok(json!({"running": running, "canaries": all})))
}

/// `GET /canary/{canaryId}/measurements`, in the form that `capstan canary replay` reads.
pub(crate) async fn measurements(store: &impl Store, canary: &Canary) -> Result<Reply, Problem> {
    let mut rollout = rollout::stored(store, canary).await?;
    rollout.intervals = judge::merged(rollout.intervals);
    Ok(Reply::ok(json!(rollout)))
}

/// The routing.
pub(crate) fn routing(routing: &Routing) -> Value {
    let since = (routing.version > 0).then_some(routing.since);
    let mut shown = json!({
        "percent": routing.share.percent,
        "endpoint": routing.share.endpoint,
        "model": routing.share.model,
        "modelVersion": routing.share.model_version,
        "holdback": routing.holdback,
        "canaryId": routing.canary_id,
        "since": since,
        "by": routing.by,
        "tenant": routing.tenant,
        "reason": routing.reason,
        "version": routing.version,
    });
    if let Some(second) = &routing.second {
        shown["second"] = json!(second);
    }
    shown
}
