//! `ingest-metrics`: takes in what hosts report, one metric or up to 500 (runbook, "Test API Endpoint").
//!
//! Each metric is looked at for itself: good ones are stored though others are not, and each has its answer. What is answered
//! as stored is durable. The same metric sent again is the same row, and is answered alike.

mod body;

use api::{Problem, Reply, Request};
use body::Body;
use capstan_core::iops::{Metric, MetricError, Raw};
use capstan_core::ports::{Clock, Store, StoreError};
use capstan_core::time::{Millis, Timestamp};
use iops_records::{Unput, put_metrics};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Answers a request. `pause` waits before something is sent to the store again, longer each time.
pub async fn handle<F: Future<Output = ()> + Send>(
    ports: &(impl Store + Clock),
    pause: impl Fn(u32) -> F + Sync,
    request: Request,
) -> Result<Reply, Problem> {
    match (request.method.as_str(), request.route.as_str()) {
        ("POST", "/metrics") => {}
        _ => return Err(request.no_such_route()),
    }
    request.only_query(&[])?;
    // What hosts tell is told in the time in which people live.
    let now = ports.wall();
    match Body::read(request.body.as_deref().unwrap_or_default())? {
        Body::One(raw) => one(ports, pause, &raw, now).await,
        Body::Many(raw) => many(ports, pause, &raw, now).await,
    }
}

async fn one<F: Future<Output = ()> + Send>(
    store: &impl Store,
    pause: impl Fn(u32) -> F + Sync,
    raw: &Raw,
    now: Timestamp,
) -> Result<Reply, Problem> {
    let metric = Metric::read(raw, now).map_err(|MetricError(errors)| Problem::invalid(&errors))?;
    match put_metrics(store, std::slice::from_ref(&metric), pause).await.into_iter().next() {
        None => Ok(Reply::ok(json!({"message": "Metric stored successfully", "metricId": metric.id()}))),
        Some(Unput { error, .. }) => Err(not_stored(&error)),
    }
}

/// The same metric may be sent again whatever became of it.
fn not_stored(error: &StoreError) -> Problem {
    let detail = "the store did not take it, or did not say so: send it again, it is stored once";
    match error {
        StoreError::Throttled => Problem::new(429, "THROTTLED", detail).after(Millis::seconds(1)),
        _ => Problem::new(503, "UNAVAILABLE", detail).after(Millis::seconds(1)),
    }
}

/// What becomes of one metric of several.
enum Fate {
    /// Its place among those put, or what it is the same as.
    Put(usize),
    Refused(MetricError),
}

async fn many<F: Future<Output = ()> + Send>(
    store: &impl Store,
    pause: impl Fn(u32) -> F + Sync,
    raw: &[Raw],
    now: Timestamp,
) -> Result<Reply, Problem> {
    let (metrics, fates) = sorted(raw, now);
    let unput: BTreeMap<usize, Unput> =
        put_metrics(store, &metrics, pause).await.into_iter().map(|unput| (unput.index, unput)).collect();
    let (mut stored, mut refused, mut failed) = (0, 0, 0);
    let mut results: Vec<Value> = Vec::with_capacity(fates.len());
    for (index, fate) in fates.into_iter().enumerate() {
        results.push(match fate {
            Fate::Refused(error) => {
                refused += 1;
                json!({"index": index, "status": "refused", "reason": error.to_string(), "errors": error.0})
            }
            Fate::Put(place) if unput.contains_key(&place) => {
                failed += 1;
                let reason = "the store did not take it: send it again";
                json!({"index": index, "status": "failed", "metricId": metrics[place].id(), "reason": reason})
            }
            Fate::Put(place) => {
                stored += 1;
                json!({"index": index, "status": "stored", "metricId": metrics[place].id()})
            }
        });
    }
    let message = match (stored, refused, failed) {
        (_, 0, 0) => "Metrics stored successfully".to_owned(),
        _ => format!(
            "{stored} of {} metrics stored, {refused} refused, {failed} to be sent again",
            results.len()
        ),
    };
    let body = json!({"message": message, "stored": stored, "refused": refused, "failed": failed, "results": results});
    match (stored, refused, failed) {
        (_, 0, 0) => Ok(Reply::ok(body)),
        (0, _, 0) => Err(problem(422, "NOTHING_STORED", body)),
        (0, _, _) => Err(problem(503, "UNAVAILABLE", body)),
        _ => Ok(Reply::ok(body).with_status(207)),
    }
}

/// Nothing was stored: the same body, as a problem.
fn problem(status: u16, code: &'static str, mut body: Value) -> Problem {
    let mut problem = Problem::new(status, code, body["message"].as_str().unwrap_or_default());
    if let Value::Object(members) = &mut body {
        problem.more.append(members);
    }
    problem
}

/// The metrics to put, no two of one host and second, and what becomes of each that was sent.
fn sorted(raw: &[Raw], now: Timestamp) -> (Vec<Metric>, Vec<Fate>) {
    let mut metrics: Vec<Metric> = Vec::with_capacity(raw.len());
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut fates = Vec::with_capacity(raw.len());
    for raw in raw {
        fates.push(match Metric::read(raw, now) {
            Err(error) => Fate::Refused(error),
            Ok(metric) => match places.get(&metric.id()) {
                Some(place) if metrics[*place] == metric => Fate::Put(*place),
                Some(_) => {
                    let message = "another metric of this host and second is in this request";
                    let error = capstan_core::tier::edit::FieldError {
                        field: "timestamp".to_owned(),
                        message: message.to_owned(),
                    };
                    Fate::Refused(MetricError(vec![error]))
                }
                None => {
                    places.insert(metric.id(), metrics.len());
                    metrics.push(metric);
                    Fate::Put(metrics.len() - 1)
                }
            },
        });
    }
    (metrics, fates)
}
