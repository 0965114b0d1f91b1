//! What the functions of models call: releases that come to a good end and to bad ones, at every status.

use crate::calls::{Seen, watch_with};
use capstan_core::ports::ExecutionStatus;
use capstan_core::time::Millis;
use capstan_tests::lab::Lab;
use capstan_tests::releases::{ask, finish, metric, quick, report, row, until, with_incidents};
use capstan_tests::scenario::TENANT;
use serde_json::{Value, json};
use sim::SharedWorld;
use std::sync::{Arc, Mutex};

/// Releases of models on every way they go.
pub(crate) fn releases(seen: &Arc<Mutex<Seen>>) {
    let base = with_incidents(19);
    let fresh = |world: &SharedWorld| watch_with(SharedWorld::new(world.fork()), seen, &[]);
    let mut lab = fresh(base.world());
    let id = ask(&mut lab);
    assert_eq!(finish(&mut lab, &id)["status"], "COMPLETED");
    let serving = lab.world().clone();
    for path in ["/models", "/models/releases"] {
        lab.get(path);
    }
    for status in ["TRAINING", "DEPLOYING", "CANARY"] {
        for world in [base.world(), &serving] {
            stopped(&mut fresh(world), status);
        }
    }
    again_and_back(&mut fresh(&serving));
    beyond_repair(&mut fresh(&serving));
    never_begun(&mut fresh(&serving));
}

fn stopped(lab: &mut Lab, status: &str) {
    let id = ask(lab);
    until(lab, &id, |seen| seen["status"] == status);
    let path = format!("/models/releases/{id}/cancel");
    let wish = json!({"reason": "to see what this takes"});
    let viewer = json!({"sub": "vera", "role": "viewer", "tenant": TENANT});
    lab.send("POST", &path, &wish.to_string(), &viewer, &Value::Null);
    lab.call_once(&path, &wish, status);
    assert_eq!(finish(lab, &id)["status"], "ROLLED_BACK", "{status}");
}

/// An execution is gone, another one goes on; then the version before is wanted back.
fn again_and_back(lab: &mut Lab) {
    let first = lab.get("/models")["serving"].as_str().unwrap_or_default().to_owned();
    let id = ask(lab);
    until(lab, &id, |seen| seen["status"] == "DEPLOYING");
    lab.world().with(|world| {
        let running = world.executions().find(|row| row.name == id).cloned();
        let mut running = running.unwrap();
        (running.status, running.stopped_at, running.state) =
            (ExecutionStatus::Aborted, Some(world.now()), None);
        world.put_execution(running);
    });
    let event = json!({"detail-type": "Step Functions Execution Status Change", "detail": {"name": id}});
    assert_eq!(lab.out_of_order("end-release", event), None);
    assert_eq!(finish(lab, &id)["status"], "COMPLETED");
    let body = json!({"reason": "to see what this takes", "canary": quick()});
    let (_, answer) = lab.call("POST", &format!("/models/{first}/restore"), &body);
    let id = answer["releaseId"].as_str().unwrap().to_owned();
    assert_eq!(finish(lab, &id)["status"], "COMPLETED");
}

/// The endpoint fails for good while it is brought to the new model: it is deleted, and made again as it was.
fn beyond_repair(lab: &mut Lab) {
    lab.fault("sagemaker:UpdateEndpoint:1:fails");
    let id = ask(lab);
    let ended = finish(lab, &id);
    assert_eq!(ended["failure"]["name"], "EndpointFailed", "{ended}");
}

/// Nobody knows whether its execution was started; it was not, and whoever asks next finds that out.
fn never_begun(lab: &mut Lab) {
    lab.fault("states:StartExecution:1:timeout");
    let id = ask(lab);
    lab.heal();
    lab.engine().skip(Millis::minutes(3));
    let next = ask(lab);
    assert_eq!(row(lab, &id)["status"], "ROLLED_BACK");
    let now = lab.engine().now();
    report(lab, &[metric("web-1", now, false)]);
    assert_eq!(finish(lab, &next)["status"], "COMPLETED");
}
