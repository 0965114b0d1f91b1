//! One metric line an invocation, in `CloudWatch`'s embedded metric format.

use aws::Machine;
use capstan_core::ports::Clock;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const NAMESPACE: &str = "Capstan";

/// An invocation under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "how long an invocation took is measured, and decides nothing"
        )]
        let now = Instant::now();
        Self(now)
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Writes the line. `environment` keeps apart what shares an account; `outcome` has few values: `ok`, the name of an
/// error, a class of statuses.
#[expect(clippy::print_stdout, reason = "CloudWatch takes metrics from lines on standard output")]
pub(crate) fn emit(environment: &str, function: &str, outcome: &str, took: Duration) {
    println!("{}", line(environment, function, outcome, took, Machine.now().as_millis()));
}

fn line(environment: &str, function: &str, outcome: &str, took: Duration, at_millis: u64) -> Value {
    json!({
        "_aws": {
            "Timestamp": at_millis,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["environment", "function"], ["environment", "function", "outcome"]],
                "Metrics": [
                    {"Name": "Duration", "Unit": "Milliseconds"},
                    {"Name": "Invocations", "Unit": "Count"},
                ],
            }],
        },
        "environment": environment,
        "function": function,
        "outcome": outcome,
        "Duration": took.as_secs_f64() * 1e3,
        "Invocations": 1,
    })
}

/// Writes what was counted of an arm of a canary.
#[expect(clippy::print_stdout, reason = "CloudWatch takes metrics from lines on standard output")]
pub(crate) fn emit_arm(environment: &str, arm: &str, requests: u64, errors: u64, latencies: &[f64]) {
    println!("{}", arm_line(environment, arm, requests, errors, latencies, Machine.now().as_millis()));
}

/// A list of values is one metric with that many samples; a hundred is the most.
fn arm_line(
    environment: &str,
    arm: &str,
    requests: u64,
    errors: u64,
    latencies: &[f64],
    at_millis: u64,
) -> Value {
    let latencies = &latencies[..latencies.len().min(100)];
    json!({
        "_aws": {
            "Timestamp": at_millis,
            "CloudWatchMetrics": [{
                "Namespace": "Capstan/IOps",
                "Dimensions": [["Arm"], ["Environment", "Arm"]],
                "Metrics": [
                    {"Name": "Requests", "Unit": "Count"},
                    {"Name": "Errors", "Unit": "Count"},
                    {"Name": "Latency", "Unit": "Milliseconds"},
                ],
            }],
        },
        "Environment": environment,
        "Arm": arm,
        "Requests": requests,
        "Errors": errors,
        "Latency": latencies,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arm_s_metrics_and_dimensions_are_there() {
        let line = arm_line("dev", "canary", 7, 2, &[31.5; 150], 1_763_700_000_123);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(!line[metric["Name"].as_str().unwrap()].is_null(), "{metric}");
        }
        assert_eq!(directive["Dimensions"], json!([["Arm"], ["Environment", "Arm"]]));
        assert_eq!((line["Arm"].as_str(), line["Latency"].as_array().unwrap().len()), (Some("canary"), 100));
    }

    #[test]
    fn every_metric_and_dimension_named_is_there() {
        let line =
            line("dev", "provision-kinesis", "Throttled", Duration::from_millis(12), 1_763_700_000_123);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        let metrics =
            directive["Metrics"].as_array().unwrap().iter().map(|metric| metric["Name"].as_str().unwrap());
        let dimensions =
            directive["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap());
        for name in metrics.chain(dimensions.map(|name| name.as_str().unwrap())) {
            assert!(!line[name].is_null(), "{name}");
        }
        assert_eq!(line["Duration"], 12.0);
    }
}
