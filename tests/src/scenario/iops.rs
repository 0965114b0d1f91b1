//! Hosts that have reported, and what was found.

use super::{GRACE, Scenario, instants_later, shifted};
use capstan_core::time::Millis;
use serde_json::{Value, json};

/// A metric of a host, so many minutes after the start, with these optional readings.
fn metric(host: &str, minute: u64, more: &Value) -> Value {
    let mut metric = json!({
        "timestamp": instants_later(&format!("2026-01-01T00:{minute:02}:00Z"), shifted::shift()), "hostname": host,
        "cpuUsage": 40.5, "memoryUsage": 60, "diskIO": 120.25, "networkIO": 80,
    });
    if let (Value::Object(metric), Value::Object(more)) = (&mut metric, more) {
        metric.extend(more.clone());
    }
    metric
}

impl Scenario {
    /// Has hosts report, and everything that follows happen.
    fn report(mut self, metrics: &[Value]) -> Self {
        let (status, answer) =
            self.request(GRACE, "POST", "/metrics", &Value::Null, &json!({ "metrics": metrics }));
        assert_eq!(status, 200, "a report is a step of a scenario and must go well: {answer}");
        let by = self.now() + super::PATIENCE;
        assert!(self.engine.run_until_idle(by), "the analysis comes to no end");
        self
    }
}

/// Two hosts have reported that all is well.
pub fn reported() -> Scenario {
    let calm = json!({"iops": 900, "latency": 2.5, "errorRate": 0});
    let metrics: Vec<Value> = (0..3).map(|minute| metric("web-1", minute, &calm)).collect();
    Scenario::empty().report(&metrics).report(&[metric("db-1", 1, &calm)])
}

/// One of them then has trouble with its disk, and another, later, a little.
pub fn found() -> Scenario {
    let bad = json!({"iops": 120_000, "latency": 48, "errorRate": 3.5, "queueDepth": 300});
    let slow = json!({"latency": 14.5, "queueDepth": 65});
    reported()
        .report(&[metric("db-1", 3, &bad), metric("db-1", 4, &bad)])
        .report(&[metric("web-1", 4, &slow)])
}

/// The one with the worse trouble then reports nothing any more, and the other goes on.
pub fn fallen_silent() -> Scenario {
    let calm = json!({"iops": 900, "latency": 2.5, "errorRate": 0});
    found().skip(Millis::minutes(20)).report(&[metric("web-1", 19, &calm), metric("web-1", 20, &calm)])
}

/// Somebody sees to the worse of the two.
pub fn acknowledged() -> Scenario {
    let scenario = found();
    let id = json!({"insightId": super::iops_insight("db-1", 3)});
    let note = json!({"note": "the volume is being exchanged"});
    let (status, answer) =
        scenario.request(super::ADA, "POST", "/insights/{insightId}/acknowledge", &id, &note);
    assert_eq!(status, 200, "{answer}");
    scenario
}

/// The rows of the metrics are being restored to what they were an hour before.
pub fn restoring() -> Scenario {
    let scenario = reported();
    let wish = json!({"table": "metrics", "pointInTime": scenario.now() - Millis::hours(1), "reason": "rows of db-1 were deleted by mistake"});
    let (status, answer) = scenario.request(super::ADA, "POST", "/restores", &Value::Null, &wish);
    assert_eq!(status, 202, "{answer}");
    scenario
}

/// The table of the metrics is on its way to provisioned capacity.
pub fn scaling() -> Scenario {
    scale("table/metrics", &json!({"capacity": {"mode": "provisioned", "read": 100, "write": 50}}), 202)
}

/// Concurrency is kept for the analysis.
pub fn scaled() -> Scenario {
    scale("function/analyze-metrics", &json!({"reserved": 200}), 200)
}

fn scale(resource: &str, wanted: &Value, wanted_status: u64) -> Scenario {
    let scenario = reported();
    let wish = json!({"resource": resource, "wanted": wanted, "reason": "hosts report ten times as often"});
    let (status, answer) = scenario.request(super::ADA, "POST", "/scale", &Value::Null, &wish);
    assert_eq!(status, wanted_status, "{answer}");
    scenario
}

/// The id of what began on this host in this minute.
pub fn iops_insight(host: &str, minute: u64) -> String {
    let host = capstan_core::iops::Hostname::parse(host).expect("a host");
    capstan_core::iops::InsightId::of(&host, 1_767_225_600 + shifted::shift().0 / 1_000 + minute * 60)
        .to_string()
}
