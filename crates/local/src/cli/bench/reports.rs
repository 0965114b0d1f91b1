//! What hosts report: how many metrics a second are stored and analysed, how long one report takes, what it takes of memory,
//! and how long it is from a report to the insight.

use super::load::{self, Latency};
use super::{Figure, bearer, memory, start};
use crate::cli::Failure;
use crate::clock::{self, Stopwatch};
use crate::drill;
use crate::fleet::Fleet;
use capstan_core::iops::Metric;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;

const HOSTS: u32 = 2_000;
const BATCH: usize = 100;
/// Connections that send batches, and how many each.
const SENDERS: usize = 8;
const BATCHES: usize = 150;
/// Connections that send one metric at a time, and how many each.
const AGENTS: u32 = 20;
const SINGLES: u32 = 100;
/// Hosts by which it is seen that all is analysed: there is one in every lane of the stream, most likely.
const MARKERS: u32 = 32;
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) fn figures(folder: &Path) -> Result<Vec<Figure>, Failure> {
    let token = bearer(folder, &drill::tenant())?;
    let (running, _) = start(folder, &[])?;
    let to = running.address;
    let now = clock::wall().as_millis() / 1_000;
    let fleet = Fleet::new(HOSTS, 1);
    let watch = Stopwatch::start();
    let batches = load::once(to, batches(to, fleet, now))?;
    // Those of the batches are all before them in their lanes.
    let markers: Vec<Value> = (0..MARKERS).filter_map(|host| broken(fleet, host, now)).collect();
    load::once(to, vec![vec![load::report(to, &json!(markers).to_string())]])?;
    found(to, &token, MARKERS)?;
    let analysed = watch.elapsed();
    let (resident, most) = (memory(running.child.id(), "VmRSS:")?, memory(running.child.id(), "VmHWM:")?);
    let singles = singles(to, fleet, now)?;
    let watch = Stopwatch::start();
    let one = broken(fleet, HOSTS - 1, now).unwrap_or_default();
    load::once(to, vec![vec![load::report(to, &one.to_string())]])?;
    found(to, &token, MARKERS + 1)?;
    let to_insight = watch.millis();
    let figure = |name, value, target, unit| Figure { name, value, target, unit };
    let sent = f64::from(u32::try_from(SENDERS * BATCHES * BATCH).unwrap_or(u32::MAX));
    Ok(vec![
        figure("metrics stored a second, batches of 100", batches.per_second * 100.0, None, "1/s"),
        figure("metrics stored and analysed a second", sent / analysed.as_secs_f64(), None, "1/s"),
        figure("POST of 100 metrics, p99, 8 connections", batches.p99, None, "ms"),
        figure("POST of one metric, p50, 20 connections", singles.p50, None, "ms"),
        figure("POST of one metric, p99, 20 connections", singles.p99, Some(10.0), "ms"),
        figure("from a report to its insight", to_insight, Some(1_000.0), "ms"),
        figure("memory after 120 000 metrics", resident, None, "MB"),
        figure("memory at most, with 120 000 metrics", most, None, "MB"),
    ])
}

/// Every metric of another second or host, oldest first, each host on one connection.
fn batches(to: SocketAddr, fleet: Fleet, now: u64) -> Vec<Vec<String>> {
    let own = HOSTS / u32::try_from(SENDERS).unwrap_or(1);
    let senders = (0..SENDERS).map(|sender| {
        let first = u32::try_from(sender).unwrap_or(0) * own;
        let mut metrics = (0..).flat_map(|second| (first..first + own).map(move |host| (host, second)));
        let batch = || {
            let some = metrics.by_ref().take(BATCH);
            let some: Vec<Value> = some
                .filter_map(|(host, second)| fleet.metric(host, now - 3_600 + second * 10, None))
                .map(|metric| shown(&metric))
                .collect();
            load::report(to, &json!(some).to_string())
        };
        std::iter::repeat_with(batch).take(BATCHES).collect()
    });
    senders.collect()
}

fn singles(to: SocketAddr, fleet: Fleet, now: u64) -> Result<Latency, Failure> {
    let agents = (0..AGENTS).map(|agent| {
        let metrics = (0..u64::from(SINGLES))
            .filter_map(|second| fleet.metric(MARKERS + agent, now - 600 + second, None));
        metrics.map(|metric| load::report(to, &shown(&metric).to_string())).collect()
    });
    load::once(to, agents.collect())
}

/// A metric that breaks thresholds of 90 points.
fn broken(fleet: Fleet, host: u32, at: u64) -> Option<Value> {
    let mut metric = shown(&fleet.metric(host, at, None)?);
    for (series, value) in [("iops", 200_000), ("latency", 80), ("errorRate", 9), ("queueDepth", 500)] {
        metric[series] = json!(value);
    }
    Some(metric)
}

fn shown(metric: &Metric) -> Value {
    let mut shown = metric.to_api();
    if let Value::Object(fields) = &mut shown {
        fields.remove("metricId");
    }
    shown
}

/// Waits until so much that is critical has been found.
fn found(to: SocketAddr, token: &str, wanted: u32) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    while watch.elapsed() < PATIENCE {
        let answer = load::read_one(to, &load::look_at(to, token, "/insights/summary"))?;
        let body: Value = answer
            .split("\r\n\r\n")
            .nth(1)
            .and_then(|body| serde_json::from_str(body).ok())
            .unwrap_or_default();
        if body["bySeverity"]["critical"].as_u64().is_some_and(|found| found >= u64::from(wanted)) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Err(Failure::failed("what was reported was not analysed in time"))
}
