//! Releases of models in a lab: hosts that have had incidents, a release asked for, and hosts that go on reporting until it
//! has come to its end.

use crate::lab::Lab;
use capstan_core::ports::Table;
use capstan_core::time::{Millis, Timestamp};
use serde_json::{Map, Value, json};

/// How many hosts report while a canary is under way.
const HOSTS: u64 = 80;
/// Hours within which every release must have come to its end.
const PATIENCE: u64 = 12;

/// A metric of a host.
pub fn metric(host: &str, at: Timestamp, broken: bool) -> Value {
    let mut metric = json!({
        "timestamp": at, "hostname": host, "cpuUsage": 31, "memoryUsage": 52, "diskIO": 110, "networkIO": 75,
        "iops": 900, "latency": 2.5, "errorRate": 0, "queueDepth": 3,
    });
    if broken {
        let trouble =
            json!({"cpuUsage": 96, "iops": 200_000, "latency": 80, "errorRate": 9, "queueDepth": 500});
        metric.as_object_mut().expect("an object").extend(trouble.as_object().cloned().unwrap_or_default());
    }
    metric
}

/// Has hosts report, and everything that follows happen.
pub fn report(lab: &mut Lab, metrics: &[Value]) {
    for some in metrics.chunks(500) {
        let (status, answer) = lab.call("POST", "/metrics", &json!(some));
        assert_eq!(status, 200, "{answer}");
        let by = lab.engine().now() + Millis::seconds(1);
        lab.engine().run_until(by, |_| false);
    }
}

/// A world in which eight hosts have reported for four hours, each with two incidents of its own.
pub fn with_incidents(seed: u64) -> Lab {
    let mut lab = Lab::new(seed);
    let now = lab.engine().now();
    for host in 0..8_u64 {
        let metrics: Vec<Value> = (0..240_u64)
            .map(|minute| {
                let begun = [40 + host * 9, 150 + host * 10];
                let broken = begun.iter().any(|begun| (*begun..begun + 9).contains(&minute));
                metric(&format!("db-{host}"), now - Millis::minutes(240 - minute), broken)
            })
            .collect();
        report(&mut lab, &metrics);
    }
    lab
}

/// Stages that are over soon, and margins that few requests can show.
pub fn quick() -> Value {
    json!({
        "stages": [{"percent": 50, "seconds": 20}], "minimumRequests": 40, "noisyGroups": 0, "holdLimitSeconds": 200,
        "errors": {"share": 0.45, "tolerated": 0.01, "marginRatio": 3, "margin": 0.2},
        "disagreement": {"share": 0.1, "tolerated": 0.2, "margin": 0.3},
    })
}

/// Asks for a release; its id.
pub fn ask(lab: &mut Lab) -> String {
    let body = json!({"days": 2, "reason": "a test of releasing a model", "canary": quick()});
    let (status, answer) = lab.call("POST", "/models/releases", &body);
    assert_eq!(status, 202, "{answer}");
    answer["releaseId"].as_str().expect("an id").to_owned()
}

/// The row of a release.
pub fn row(lab: &mut Lab, id: &str) -> Value {
    lab.get(&format!("/models/releases/{id}"))
}

/// Lets a moment pass, in which hosts report if a canary is under way.
pub fn moment(lab: &mut Lab, id: &str) {
    let status = row(lab, id)["status"].clone();
    let length = if status == "CANARY" { 10 } else { 30 };
    if status == "CANARY" {
        let now = lab.engine().now();
        let metrics: Vec<Value> = (0..HOSTS).map(|host| metric(&format!("web-{host}"), now, false)).collect();
        report(lab, &metrics);
    }
    let until = lab.engine().now() + Millis::seconds(length);
    lab.engine().run_until(until, |_| false);
}

/// Goes on until this holds of the release, or it has come to its end and nothing runs; the row.
pub fn until(lab: &mut Lab, id: &str, stop: impl Fn(&Value) -> bool) -> Value {
    let by = lab.engine().now() + Millis::hours(PATIENCE);
    loop {
        let seen = row(lab, id);
        let ended = ["COMPLETED", "ROLLED_BACK", "STUCK"].iter().any(|end| seen["status"] == *end);
        if stop(&seen) || ended && lab.engine().running().next().is_none() {
            return seen;
        }
        assert!(lab.engine().now() < by, "the release comes to no end: {seen}");
        moment(lab, id);
    }
}

/// Goes on to the end.
pub fn finish(lab: &mut Lab, id: &str) -> Value {
    until(lab, id, |_| false)
}

/// A world in which a version serves all hosts.
pub fn serving(seed: u64) -> Lab {
    let mut lab = with_incidents(seed);
    let id = ask(&mut lab);
    let ended = finish(&mut lab, &id);
    assert_eq!(ended["status"], "COMPLETED", "{ended}");
    lab
}

/// What a release that is undone must leave as it was: endpoints, their configurations, models, routing, and which version
/// serves. Who last moved what, and when, goes on.
pub fn slate(lab: &Lab) -> Value {
    lab.world().with(|world| {
        let rows = |subject: &str, keep: &[&str]| -> Vec<Value> {
            let of = world.items(Table::IopsControl).filter(|row| row["subject"] == subject);
            of.map(|row| {
                let kept = row.iter().filter(|(name, _)| keep.contains(&name.as_str()));
                Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
            })
            .collect()
        };
        let models: Vec<&str> = world.models().map(|model| model.name.as_str()).collect();
        let serving = rows("models", &["entry", "serving", "former", "under_way"]);
        let serving = serving.into_iter().find(|row| row["entry"] == "serving");
        // Without a row it is as with one that says that there is nothing.
        let none = json!({"entry": "serving", "serving": null, "former": null, "under_way": null});
        let routing = rows("routing", &["share", "holdback", "canaryId"]).into_iter().next();
        let built_in = json!({
            "share": {"endpoint": null, "model": null, "modelVersion": null, "percent": 0},
            "holdback": false, "canaryId": null,
        });
        json!({
            "cloud": world.snapshot(),
            "configs": world.endpoint_configs(),
            "models": models,
            "routing": routing.unwrap_or(built_in),
            "serving": serving.unwrap_or(none),
        })
    })
}
