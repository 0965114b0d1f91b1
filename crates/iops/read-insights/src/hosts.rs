//! The hosts at a glance, the worst first.
//!
//! What it costs, however many hosts there are: one query of each of the 16 shards' lists of hosts (250 rows each at
//! most), the open insights of the last 24 hours as `GET /insights` reads them (5 000 at most), and the heads of 500 hosts
//! at most, which tell their last samples to the second. Nothing is scanned.
//!
//! Lists are written once an hour. Of more than 500 hosts the heads are read of those that are the worst by insights and
//! lists; one that has been silent for less than an hour may then be missing, and the answer says that it is not complete.

use crate::list::open_insights;
use crate::range::Range;
use api::{Problem, Reply, Request};
use capstan_core::iops::{Hostname, Insight, Severity};
use capstan_core::ports::{Clock, Store};
use capstan_core::time::Timestamp;
use capstan_core::together;
use iops_records::LISTED_EVERY;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BTreeMap;

const DEFAULT_LIMIT: usize = 50;
const MOST: usize = 200;
/// How far back hosts and insights are looked at, in seconds.
const LOOKED_BACK: u64 = 86_400;
/// A host that has reported nothing for so long has fallen silent, in seconds.
const SILENT_AFTER: u64 = 300;
/// Heads read for one answer.
const MOST_HEADS: usize = 500;
/// Of which so many at once.
const AT_ONCE: usize = 50;

/// What is known of a host.
#[derive(Debug, Default)]
struct Known {
    /// The time of its last sample, in seconds since 1970.
    last: u64,
    /// How far behind that may be, in seconds: a list is an hour behind, a head is not.
    behind: u64,
    worst: Option<Insight>,
    open: BTreeMap<Severity, u64>,
}

impl Known {
    fn add(&mut self, insight: Insight) {
        *self.open.entry(insight.severity).or_default() += 1;
        self.last = self.last.max(insight.last_seen);
        let badness = |insight: &Insight| (insight.severity, insight.risk_score, insight.last_seen);
        if self.worst.as_ref().is_none_or(|worst| badness(worst) < badness(&insight)) {
            self.worst = Some(insight);
        }
    }

    fn silent(&self, now: u64) -> bool {
        now.saturating_sub(self.last) >= SILENT_AFTER + self.behind
    }

    /// The worst first: by the severity of its worst insight, whether it is silent, that insight's score.
    fn rank(&self, now: u64) -> impl Ord + use<> {
        let worst = self.worst.as_ref();
        let severity = worst.map(|worst| worst.severity);
        (Reverse(severity), Reverse(self.silent(now)), Reverse(worst.map(|worst| worst.risk_score)))
    }

    fn to_api(&self, host: &Hostname, now: u64) -> Value {
        let at = |second: u64| Timestamp::from_millis(second * 1_000);
        let open = |severity: Severity| self.open.get(&severity).copied().unwrap_or_default();
        let open: BTreeMap<&str, u64> =
            Severity::ALL.iter().map(|severity| (severity.as_str(), open(*severity))).collect();
        let worst = self.worst.as_ref().map(|worst| {
            json!({
                "insightId": worst.insight_id,
                "type": worst.kind.as_str(),
                "severity": worst.severity.as_str(),
                "message": worst.message,
                "riskScore": worst.risk_score,
                "timestamp": at(worst.timestamp),
                "lastSeen": at(worst.last_seen),
            })
        });
        json!({
            "hostname": host,
            "lastReportAt": at(self.last),
            "silent": self.silent(now),
            "open": open,
            "worst": worst,
        })
    }
}

pub(crate) async fn hosts(ports: &(impl Store + Clock), request: &Request) -> Result<Reply, Problem> {
    request.only_query(&["limit"])?;
    let limit = request.whole_number("limit", DEFAULT_LIMIT, MOST)?;
    let asked = ports.wall();
    let now = asked.as_millis() / 1_000;
    let range = Range::last(ports, LOOKED_BACK);
    let mut known: BTreeMap<Hostname, Known> = BTreeMap::new();
    let (listed, all_listed) = iops_records::listed(ports).await?;
    for row in listed.into_iter().filter(|row| row.position >= range.since) {
        known.insert(row.entry, Known { last: row.position, ..Known::default() });
    }
    let (insights, all_read) = open_insights(ports, range).await?;
    for insight in insights {
        known.entry(insight.hostname.clone()).or_default().add(insight);
    }
    let total = known.len();
    let mut ranked: Vec<(Hostname, Known)> = known.into_iter().collect();
    for (_, known) in &mut ranked {
        known.behind = LISTED_EVERY;
    }
    // By name already; the order stays where ranks are equal.
    ranked.sort_by_key(|(_, known)| known.rank(now));
    ranked.truncate(MOST_HEADS);
    for some in ranked.chunks_mut(AT_ONCE) {
        let heads = together(some.iter().map(|(host, _)| iops_records::head(ports, host))).await;
        for ((_, known), head) in some.iter_mut().zip(heads) {
            known.last = known.last.max(head?.map_or(0, |head| head.position));
            known.behind = 0;
        }
    }
    ranked.sort_by(|(one, a), (other, b)| a.rank(now).cmp(&b.rank(now)).then_with(|| one.cmp(other)));
    ranked.truncate(limit);
    let shown: Vec<Value> = ranked.iter().map(|(host, known)| known.to_api(host, now)).collect();
    Ok(Reply::ok(json!({
        "asOf": asked,
        "since": Timestamp::from_millis(range.since * 1_000),
        "hosts": shown,
        "total": total,
        "complete": all_listed && all_read && total <= MOST_HEADS,
    })))
}
