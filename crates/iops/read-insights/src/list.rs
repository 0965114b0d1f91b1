//! Insights by pages, the latest first.
//!
//! Hours without insights are known by their counts and not asked. The cursor is the last insight of the page before, so
//! a page goes on where the other ended whatever comes in meanwhile.

use crate::range::Range;
use api::{Problem, Reply, Request};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use capstan_core::iops::{
    Hostname, Insight, InsightId, InsightStatus, InsightType, Severity, hour_of, shard_of,
};
use capstan_core::ports::{Clock, Store};
use capstan_core::together;
use iops_records::{Hour, busy_hours, insights_of};
use serde_json::{Value, json};

const DEFAULT_LIMIT: usize = 20;
const MOST: usize = 100;
/// Insights looked at for one page; a page may end there with fewer than asked for, and a cursor.
const MOST_READ: usize = 5_000;
/// Insights read of a shard at once.
const PAGE: usize = 200;

/// Which insights are wanted.
struct Wanted {
    range: Range,
    host: Option<Hostname>,
    kind: Option<InsightType>,
    severity: Option<Severity>,
    status: Option<InsightStatus>,
}

impl Wanted {
    fn fits(&self, insight: &Insight) -> bool {
        (self.range.since..=self.range.until).contains(&insight.timestamp)
            && self.host.as_ref().is_none_or(|host| *host == insight.hostname)
            && self.kind.is_none_or(|kind| kind == insight.kind)
            && self.severity.is_none_or(|severity| severity == insight.severity)
            && self.status.is_none_or(|status| status == insight.status)
    }
}

pub(crate) async fn list(ports: &(impl Store + Clock), request: &Request) -> Result<Reply, Problem> {
    request.only_query(&["since", "until", "hostname", "type", "severity", "status", "limit", "cursor"])?;
    let limit = request.whole_number("limit", DEFAULT_LIMIT, MOST)?;
    let mut wanted = Wanted {
        range: Range::read(ports, request)?,
        host: host(request)?,
        kind: request.word("type", &InsightType::ALL, InsightType::as_str)?,
        severity: request.word("severity", &Severity::ALL, Severity::as_str)?,
        status: request.word("status", &InsightStatus::ALL, InsightStatus::as_str)?,
    };
    let from = request.query.get("cursor").map(|cursor| read_cursor(cursor)).transpose()?;
    if let Some(from) = from {
        wanted.range.until = wanted.range.until.min(from.at());
        wanted.range.since = wanted.range.since.min(wanted.range.until);
    }
    let (insights, next) = page(ports, &wanted, from, limit).await?;
    let shown: Vec<Value> = insights.iter().map(Insight::to_api).collect();
    let cursor = next.map(|next| URL_SAFE_NO_PAD.encode(next.to_string()));
    Ok(Reply::ok(json!({"asOf": ports.wall(), "insights": shown, "cursor": cursor})))
}

/// The insights of a range that nobody has seen to, and whether these are all: as many as may be looked at.
pub(crate) async fn open_insights(store: &impl Store, range: Range) -> Result<(Vec<Insight>, bool), Problem> {
    let status = Some(InsightStatus::Open);
    let wanted = Wanted { range, host: None, kind: None, severity: None, status };
    let (insights, next) = page(store, &wanted, None, MOST_READ).await?;
    Ok((insights, next.is_none()))
}

/// The insights wanted after one, and the last that was looked at, if there may be more.
async fn page(
    store: &impl Store,
    wanted: &Wanted,
    from: Option<InsightId>,
    limit: usize,
) -> Result<(Vec<Insight>, Option<InsightId>), Problem> {
    let mut found = Vec::new();
    let mut read = 0;
    let mut last = None;
    for day in wanted.range.days() {
        for hour in busy_hours(store, &day, wanted.host.as_ref().map(shard_of)).await? {
            if hour.hour > hour_of(wanted.range.until) {
                continue;
            }
            if hour.hour < hour_of(wanted.range.since) {
                return Ok((found, None));
            }
            // An hour is read whole before it is left, in the order of all its shards.
            for insight in of_hour(store, &hour, from).await? {
                if found.len() == limit || read >= MOST_READ {
                    return Ok((found, last));
                }
                read += 1;
                last = Some(insight.insight_id);
                if wanted.fits(&insight) {
                    found.push(insight);
                }
            }
        }
    }
    Ok((found, None))
}

/// The insights of an hour, the latest first, after the one given.
async fn of_hour(store: &impl Store, hour: &Hour, from: Option<InsightId>) -> Result<Vec<Insight>, Problem> {
    let from = from.filter(|from| hour_of(from.at()) == hour.hour);
    let shards = hour.shards.iter().map(|counts| async move {
        let mut all: Vec<Insight> = Vec::new();
        let mut before = None;
        loop {
            let page = insights_of(store, &hour.hour, counts.shard, before, PAGE).await?;
            let more = page.len() == PAGE;
            all.extend(page);
            match all.last() {
                Some(last) if more && all.len() < MOST_READ => before = Some(last.entry.clone()),
                _ => return Ok::<_, Problem>(all),
            }
        }
    });
    let mut insights = Vec::new();
    for shard in together(shards).await {
        insights.extend(shard?);
    }
    insights.retain(|insight| from.is_none_or(|from| insight.insight_id < from));
    insights.sort_by_key(|insight| std::cmp::Reverse(insight.insight_id));
    Ok(insights)
}

fn host(request: &Request) -> Result<Option<Hostname>, Problem> {
    let host = request.query.get("hostname").map(|host| Hostname::parse(host));
    host.transpose().map_err(|message| Problem::invalid_field("hostname", message))
}

fn read_cursor(cursor: &str) -> Result<InsightId, Problem> {
    let decoded = (cursor.len() <= 128).then(|| URL_SAFE_NO_PAD.decode(cursor).ok()).flatten();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref().and_then(InsightId::parse).ok_or_else(|| {
        Problem::invalid_field("cursor", "is not one that this API gave out: start again without a cursor")
    })
}
