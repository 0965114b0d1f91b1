//! What a month of IOps costs in AWS: counted calls by list prices.
//!
//! The counts come from runs of the system (`tests/tests/iops_cost.rs`); what no run on one machine can tell (how long a
//! function runs in Lambda, how much of its log the service adds) is an assumption that stands in [`Assumed`] by its name.
//! Prices are data (`data/iops-prices.json`, with source and date).

use crate::money::Usd;
use serde::Deserialize;
use std::sync::LazyLock;

/// Minutes of a month of thirty days: metrics of one host at one a minute.
pub const MINUTES: f64 = 43_200.0;
/// Hours that metrics are kept, to days: what is stored at any time.
const DAYS_KEPT: f64 = 30.0;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Prices {
    date: String,
    source: String,
    write_unit_million: f64,
    read_unit_million: f64,
    read_capacity_hour: f64,
    write_capacity_hour: f64,
    storage_gb_month: f64,
    recovery_gb_month: f64,
    api_request_million: f64,
    lambda_request_million: f64,
    lambda_gb_second: f64,
    log_gb: f64,
    trace_million: f64,
    alarm_metric_month: f64,
    composite_alarm_month: f64,
    dashboard_month: f64,
}

#[expect(clippy::expect_used, reason = "the list is compiled in; a test reads it")]
static PRICES: LazyLock<Prices> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/iops-prices.json")).expect("a list of prices")
});

/// USD a month of a table whose units are kept ready, by the service's month of 730 hours, in whole cents.
pub fn provisioned_month(read: u32, write: u32) -> Usd {
    let hour = f64::from(read) * PRICES.read_capacity_hour + f64::from(write) * PRICES.write_capacity_hour;
    Usd::from_f64(hour * 730.0).unwrap_or_default().to_cents()
}

/// Where the prices come from and of what day they are.
pub fn provenance() -> (&'static str, &'static str) {
    (&PRICES.source, &PRICES.date)
}

/// What one metric takes, counted and divided by the metrics of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerMetric {
    /// Requests to the API; each also runs the authorizer and `ingest-metrics` once.
    pub requests: f64,
    /// Runs of `analyze-metrics`.
    pub analyses: f64,
    /// Write units of the table of metrics.
    pub metric_writes: f64,
    /// Write units of what analysis keeps, insights included; a transaction takes two for one.
    pub analysis_writes: f64,
    /// Read units; a consistent read takes one for 4 KB.
    pub reads: f64,
    /// Bytes that stay in the tables while the metric is kept.
    pub bytes: f64,
}

/// What no run on one machine can tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumed {
    /// How long a request takes in the authorizer and `ingest-metrics`, in seconds, each.
    pub request_seconds: f64,
    /// How long a run of `analyze-metrics` takes, in seconds.
    pub analysis_seconds: f64,
    /// Bytes of log of one run, those that Lambda adds included, and of the access log of one request.
    pub log_bytes: f64,
    /// Shares of runs that X-Ray records: 5 of 100, by its rule when nothing else is set.
    pub traced: f64,
}

impl Default for Assumed {
    fn default() -> Self {
        Self { request_seconds: 0.01, analysis_seconds: 0.05, log_bytes: 700.0, traced: 0.05 }
    }
}

/// What costs the same however many hosts there are: counted in the template.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fixed {
    /// Metrics in alarms about IOps.
    pub alarm_metrics: usize,
    /// Composite alarms about IOps.
    pub composites: usize,
    /// Dashboards.
    pub dashboards: usize,
}

/// A line of the bill.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What for.
    pub what: &'static str,
    /// How many units.
    pub units: f64,
    /// What one million of them, or one, costs.
    pub price: Usd,
    /// What they cost a month.
    pub cost: Usd,
}

fn usd(amount: f64) -> Usd {
    Usd::from_f64(amount).unwrap_or(Usd::ZERO)
}

fn million(what: &'static str, units: f64, price: f64) -> Line {
    Line { what, units, price: usd(price), cost: usd(units / 1e6 * price) }
}

fn each(what: &'static str, units: f64, price: f64) -> Line {
    Line { what, units, price: usd(price), cost: usd(units * price) }
}

/// The lines of a month's bill for so many hosts at one metric a minute.
pub fn month(hosts: f64, counted: &PerMetric, assumed: &Assumed, fixed: &Fixed) -> Vec<Line> {
    #[expect(clippy::cast_precision_loss, reason = "a few alarms")]
    let fixed_of = |count: usize| count as f64;
    let metrics = hosts * MINUTES;
    let (requests, analyses) = (metrics * counted.requests, metrics * counted.analyses);
    // The authorizer has 128 MB as every function, ingest-metrics 256, analyze-metrics 512.
    let gb_seconds =
        requests * assumed.request_seconds * (0.125 + 0.25) + analyses * assumed.analysis_seconds * 0.5;
    let runs = 2.0 * requests + analyses;
    let stored = metrics / 30.0 * DAYS_KEPT * counted.bytes / 1e9;
    let p = &*PRICES;
    vec![
        million("DynamoDB, writes of metrics", metrics * counted.metric_writes, p.write_unit_million),
        million("DynamoDB, writes of the analysis", metrics * counted.analysis_writes, p.write_unit_million),
        million("DynamoDB, reads", metrics * counted.reads, p.read_unit_million),
        each("DynamoDB, GB stored", stored, p.storage_gb_month),
        each("DynamoDB, GB that can be brought back", stored, p.recovery_gb_month),
        million("API Gateway, requests", requests, p.api_request_million),
        million("Lambda, runs", runs, p.lambda_request_million),
        each("Lambda, GB-seconds", gb_seconds, p.lambda_gb_second),
        each("CloudWatch, GB of logs", (runs + requests) * assumed.log_bytes / 1e9, p.log_gb),
        million(
            "X-Ray, traces",
            requests.mul_add(assumed.traced, analyses * assumed.traced),
            p.trace_million,
        ),
        each("CloudWatch, metrics in alarms", fixed_of(fixed.alarm_metrics), p.alarm_metric_month),
        each("CloudWatch, composite alarms", fixed_of(fixed.composites), p.composite_alarm_month),
        each("CloudWatch, dashboards", fixed_of(fixed.dashboards), p.dashboard_month),
    ]
}

/// What all of it costs.
pub fn sum(lines: &[Line]) -> Usd {
    lines.iter().map(|line| line.cost).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_is_counts_by_prices() {
        let counted = PerMetric {
            requests: 1.0,
            analyses: 0.5,
            metric_writes: 1.0,
            analysis_writes: 2.0,
            reads: 4.0,
            bytes: 200.0,
        };
        let fixed = Fixed { alarm_metrics: 30, composites: 1, dashboards: 1 };
        let lines = month(200.0, &counted, &Assumed::default(), &fixed);
        let of = |what: &str| lines.iter().find(|line| line.what.contains(what)).unwrap();
        assert!((of("writes of metrics").units - 8_640_000.0).abs() < 1.0);
        assert_eq!(of("writes of metrics").cost, Usd::micros(5_400_000));
        assert_eq!(of("API Gateway").cost, Usd::micros(30_240_000));
        assert_eq!(of("GB stored").cost, Usd::micros(432_000));
        assert_eq!(of("metrics in alarms").cost, Usd::dollars(3));
        assert_eq!(sum(&lines), lines.iter().map(|line| line.cost).sum());
        let none = month(0.0, &counted, &Assumed::default(), &fixed);
        assert_eq!(sum(&none), Usd::micros(6_500_000), "what is there costs without hosts, too");
    }
}
