//! `read-metrics`: what a host reported, by pages; and one series of it with what was expected.

mod range;
mod series;

use api::{Problem, Reply, Request};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use capstan_core::iops::{Hostname, Metric};
use capstan_core::ports::{Clock, Store};
use range::second;
use serde_json::{Value, json};

const DEFAULT_LIMIT: usize = 100;
const MOST: usize = 1_000;

/// Answers a request.
pub async fn handle(ports: &(impl Store + Clock), request: Request) -> Result<Reply, Problem> {
    match (request.method.as_str(), request.route.as_str()) {
        ("GET", "/metrics") => metrics(ports, &request).await,
        ("GET", "/metrics/series") => series::series(ports, &request).await,
        _ => Err(request.no_such_route()),
    }
}

async fn metrics(ports: &(impl Store + Clock), request: &Request) -> Result<Reply, Problem> {
    request.only_query(&["hostname", "since", "until", "order", "limit", "cursor"])?;
    let host = host(request)?;
    let limit = request.whole_number("limit", DEFAULT_LIMIT, MOST)?;
    let (since, until) = (second(request, "since")?, second(request, "until")?);
    let descending = match request.query.get("order").map(String::as_str) {
        None | Some("newest") => true,
        Some("oldest") => false,
        Some(_) => return Err(Problem::invalid_field("order", "is neither `newest` nor `oldest`")),
    };
    let from = match request.query.get("cursor") {
        Some(cursor) => Some(read_cursor(cursor)?),
        // The ends of the range count.
        None if descending => until.map(|until| until + 1),
        None => since.map(|since| since.saturating_sub(1)),
    };
    let (mut metrics, mut next) =
        iops_records::metrics_of(ports, host.as_str(), from, descending, limit).await?;
    let within = |at: u64| since.is_none_or(|since| at >= since) && until.is_none_or(|until| at <= until);
    // Beyond the other end of the range nothing comes any more.
    if metrics.last().is_some_and(|last| !within(last.at)) {
        next = None;
    }
    metrics.retain(|metric| within(metric.at));
    let shown: Vec<Value> = metrics.iter().map(Metric::to_api).collect();
    let cursor = next.map(|next| URL_SAFE_NO_PAD.encode(format!("{next:010}")));
    Ok(Reply::ok(json!({"hostname": host, "asOf": ports.wall(), "metrics": shown, "cursor": cursor})))
}

fn host(request: &Request) -> Result<Hostname, Problem> {
    let host = request.query.get("hostname").map(String::as_str).unwrap_or_default();
    Hostname::parse(host).map_err(|message| Problem::invalid_field("hostname", message))
}

fn read_cursor(cursor: &str) -> Result<u64, Problem> {
    let decoded = (cursor.len() <= 64).then(|| URL_SAFE_NO_PAD.decode(cursor).ok()).flatten();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let second = text.filter(|text| text.len() == 10).and_then(|text| text.parse().ok());
    second.ok_or_else(|| {
        Problem::invalid_field("cursor", "is not one that this API gave out: start again without a cursor")
    })
}
