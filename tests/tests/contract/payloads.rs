//! Upgrades with changes under way: an execution keeps the definition it began with, and its functions are exchanged
//! beneath it. So a function takes what the machine before handed over, and a machine may hand over more than a function
//! knows. What was handed over is in `tests/payloads/<version>/<function>.json`, one payload of each shape, taken from runs
//! of the simulated system (docs/decisions/0013-upgrades-with-changes-under-way.md).

use capstan_core::tier::Tier;
use capstan_core::time::Millis;
use capstan_tests::lab::Lab;
use capstan_tests::workspace;
use local::engine::Options;
use local::functions::{Env, Function, Handler, registry};
use serde_json::{Value, json};
use sim::SharedWorld;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tier_steps::StepInput;

/// Versions of what is handed over, oldest first. What no execution can run on any more goes: a day after a deployment,
/// since a run is cut off after six hours.
const VERSIONS: [&str; 1] = ["v1"];
/// The functions that the state machine does not call. Those of the canary are called by another one, with an id and nothing
/// else (contract/rollout.rs).
const NO_STEPS: [&str; 36] = [
    "authorizer",
    "console",
    "tier-read",
    "tier-change",
    "tier-configs",
    "read-audit",
    "seal-audit",
    "find-orphans",
    "reap-retired",
    "reconcile-transitions",
    "ingest-metrics",
    "analyze-metrics",
    "read-metrics",
    "read-insights",
    "restore-table",
    "end-restore",
    "restores",
    "scale-resource",
    "scales",
    "canary",
    "start-canary",
    "set-traffic",
    "judge-canary",
    "end-canary",
    "check-health",
    "check-cost",
    "manage-subscriptions",
    "test-alarm",
    "models",
    "export-training-data",
    "start-training",
    "check-training",
    "register-model",
    "deploy-model",
    "check-endpoint",
    "end-release",
];

type Handed = BTreeMap<&'static str, BTreeMap<BTreeSet<String>, Value>>;

fn stored(version: &str, function: &str) -> Vec<Value> {
    let file = workspace::json(&format!("tests/payloads/{version}/{function}.json"));
    file.as_array().cloned().unwrap_or_else(|| panic!("tests/payloads/{version}/{function}.json is a list"))
}

fn steps() -> Vec<&'static str> {
    registry().iter().map(|function| function.name).filter(|name| !NO_STEPS.contains(name)).collect()
}

#[test]
fn every_step_takes_what_machines_before_handed_over() {
    for version in VERSIONS {
        for function in steps() {
            for payload in stored(version, function) {
                let read = StepInput::read(payload.clone());
                let read =
                    read.unwrap_or_else(|error| panic!("{function} refuses {version}: {error}: {payload}"));
                let more = StepInput::read(with_more(&payload));
                assert_eq!(
                    more.ok(),
                    Some(read),
                    "{function}: a field it does not know must make no difference"
                );
            }
        }
    }
}

#[test]
fn what_is_handed_over_today_is_in_the_newest_version() {
    let newest = VERSIONS[VERSIONS.len() - 1];
    for (function, payloads) in handed_over() {
        let known: Vec<BTreeSet<String>> = stored(newest, function).iter().map(shape).collect();
        for (shape, payload) in payloads {
            assert!(
                known.contains(&shape),
                "{function} is handed over what tests/payloads/{newest}/{function}.json lacks. If that version has been \
                 deployed, make the next one; add there: {payload}"
            );
        }
    }
}

/// It looks at nothing of what it is called with, so that no event can keep it from its round.
#[test]
fn the_reconciler_takes_any_event() {
    let lab = Lab::new(3);
    for version in VERSIONS {
        for event in stored(version, "reconcile-transitions") {
            for event in [with_more(&event), event, Value::Null] {
                assert_eq!(lab.out_of_order("reconcile-transitions", event), None);
            }
        }
    }
}

/// Another field in every object there is.
fn with_more(payload: &Value) -> Value {
    match payload {
        Value::Object(members) => {
            let mut more: serde_json::Map<String, Value> =
                members.iter().map(|(name, value)| (name.clone(), with_more(value))).collect();
            more.insert("ofALaterVersion".to_owned(), json!({"a": [1, "b"]}));
            Value::Object(more)
        }
        Value::Array(items) => items.iter().map(with_more).collect(),
        other => other.clone(),
    }
}

/// Its fields, by their paths.
fn shape(payload: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, path: &str, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    walk(value, &format!("{path}.{name}"), into);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, &format!("{path}[]"), into)),
            _ => drop(into.insert(path.to_owned())),
        }
    }
    let mut fields = BTreeSet::new();
    walk(payload, "", &mut fields);
    fields
}

/// What steps are called with on the ways that changes go, one payload of each shape.
fn handed_over() -> Handed {
    let handed = Arc::new(Mutex::new(Handed::new()));
    let fresh = |lab: &Lab| {
        let functions: Vec<Function> =
            registry().into_iter().map(|function| listening(function, &handed)).collect();
        Lab::on(SharedWorld::new(lab.world().fork()), &functions, Options::default())
    };
    for (from, to) in
        [(Tier::Dev, Tier::Staging), (Tier::Staging, Tier::Production), (Tier::Production, Tier::Dev)]
    {
        let start = Lab::at(from, 31);
        fresh(&start).go(to);
        let mut stopped = fresh(&start);
        stopped.ask(to);
        let until = stopped.engine().now() + Millis::minutes(8);
        stopped.engine().run_until(until, |_| false);
        stopped.call("POST", "/tier/cancel", &json!({"reason": "to see what is handed over"}));
        stopped.settle();
    }
    let start = Lab::at(Tier::Staging, 31);
    for (fault, to) in [
        ("opensearch:UpdateDomainConfig:*:denied", Tier::Dev),
        ("neptune:CreateDBInstance:*:quota", Tier::Production),
    ] {
        let mut lab = fresh(&start);
        lab.ask(to);
        lab.fault(fault);
        lab.settle();
    }
    let handed = handed.lock().unwrap_or_else(PoisonError::into_inner);
    handed.clone()
}

fn listening(mut function: Function, handed: &Arc<Mutex<Handed>>) -> Function {
    let (build, handed, name) = (Arc::clone(&function.build), Arc::clone(handed), function.name);
    if NO_STEPS.contains(&name) {
        return function;
    }
    function.build = Arc::new(move |env: &Env| {
        let (inner, handed) = (build(env)?, Arc::clone(&handed));
        let handler: Handler = Box::new(move |ports, event| {
            let mut handed = handed.lock().unwrap_or_else(PoisonError::into_inner);
            handed.entry(name).or_default().entry(shape(&event)).or_insert_with(|| event.clone());
            inner(ports, event)
        });
        Ok(handler)
    });
    function
}
