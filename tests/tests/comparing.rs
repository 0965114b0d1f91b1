//! Two versions that are compared: hosts keep to theirs, both are measured, nothing else is begun meanwhile, and one call has
//! everything as it was; also where a step fails or runs twice.

use capstan_core::ports::Table;
use capstan_core::time::Millis;
use capstan_tests::lab::Lab;
use capstan_tests::releases::{ask, finish, metric, report, serving, slate};
use capstan_tests::tamper::{Tamper, tampered};
use local::engine::Options;
use local::functions::registry;
use serde_json::{Value, json};
use sim::{Behaviour, SharedWorld};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Two versions have come through their canaries; the later one serves.
static TWO: LazyLock<SharedWorld> = LazyLock::new(|| {
    let mut lab = serving(91);
    let id = ask(&mut lab);
    let ended = finish(&mut lab, &id);
    assert_eq!(ended["status"], "COMPLETED", "{ended}");
    lab.world().clone()
});

fn fork() -> Lab {
    Lab::on(SharedWorld::new(TWO.fork()), &registry(), Options::default())
}

/// Both versions, the one that serves first.
fn versions(lab: &mut Lab) -> (String, String) {
    let models = lab.get("/models");
    let of = |name: &str| models[name].as_str().unwrap_or_default().to_owned();
    (of("serving"), of("former"))
}

fn wish(first: &str, second: &str, weight: u32) -> Value {
    let arm = |version: &str, weight: u32| json!({"version": version, "weight": weight});
    json!({"models": [arm(first, 100 - weight), arm(second, weight)], "reason": "which of them is better"})
}

/// Begins to compare the version that serves with the one before; the release's id.
fn begin(lab: &mut Lab, weight: u32) -> String {
    let (first, second) = versions(lab);
    let (status, answer) = lab.call("PUT", "/models/ab", &wish(&first, &second, weight));
    assert_eq!(status, 202, "{answer}");
    answer["releaseId"].as_str().unwrap_or_default().to_owned()
}

/// Goes on until the release is in this state.
fn until(lab: &mut Lab, id: &str, status: &str) -> Value {
    let by = lab.engine().now() + Millis::hours(4);
    loop {
        let seen = lab.get(&format!("/models/releases/{id}"));
        if seen["status"] == status && lab.engine().running().next().is_none() {
            return seen;
        }
        assert!(lab.engine().now() < by, "it does not become {status}: {seen}");
        let moment = lab.engine().now() + Millis::seconds(20);
        lab.engine().run_until(moment, |_| false);
    }
}

/// Has hosts report that are well, so many times.
fn hosts_report(lab: &mut Lab, times: u32) {
    for _ in 0..times {
        let now = lab.engine().now();
        let metrics: Vec<Value> = (0..120).map(|host| metric(&format!("web-{host}"), now, false)).collect();
        report(lab, &metrics);
        let moment = lab.engine().now() + Millis::seconds(10);
        lab.engine().run_until(moment, |_| false);
    }
}

fn stop(lab: &mut Lab, id: &str) -> Value {
    let (status, answer) = lab.call("DELETE", "/models/ab?reason=we-know-enough-now", &Value::Null);
    assert_eq!(status, 202, "{answer}");
    until(lab, id, "ROLLED_BACK")
}

#[test]
fn two_versions_answer_for_their_hosts_and_one_call_has_all_as_it_was() {
    let mut lab = fork();
    let before = slate(&lab);
    let (first, second) = versions(&mut lab);
    let id = begin(&mut lab, 30);
    until(&mut lab, &id, "COMPARING");
    let traffic = lab.get("/traffic");
    assert_eq!((&traffic["percent"], &traffic["second"]["percent"]), (&json!(100), &json!(30)), "{traffic}");
    hosts_report(&mut lab, 12);
    let seen = lab.get("/models/ab");
    let arms = &seen["models"];
    assert_eq!((&arms[0]["modelVersion"], &arms[1]["modelVersion"]), (&json!(first), &json!(second)));
    assert_eq!((&arms[0]["weight"], &arms[1]["weight"]), (&json!(70), &json!(30)));
    let requests = |arm: &Value| arm["requests"].as_u64().expect("a number");
    let (of_first, of_second) = (requests(&arms[0]), requests(&arms[1]));
    assert!(of_second > 100 && of_first > of_second, "{seen}");
    // A host is one group for ever: what each has answered for are whole hosts, as many times as they have reported.
    assert_eq!((of_first % 12, of_second % 12), (0, 0), "{seen}");
    assert_eq!(seen["text"], "neither is shown to be worse than the other");
    let ended = stop(&mut lab, &id);
    assert_eq!(ended["cancellation"]["reason"], "we-know-enough-now", "{ended}");
    assert_eq!(slate(&lab), before);
    assert_eq!(lab.get("/traffic")["second"], Value::Null);
    // What was measured stays to be looked at.
    let over = lab.get(&format!("/models/ab?releaseId={id}"));
    assert_eq!(requests(&over["models"][1]), of_second, "{over}");
    assert_eq!(lab.call("GET", "/models/ab", &Value::Null).0, 404);
}

#[test]
fn traffic_that_was_set_by_hand_meanwhile_stands() {
    let mut lab = fork();
    let id = begin(&mut lab, 30);
    until(&mut lab, &id, "COMPARING");
    let (status, answer) = lab.call("DELETE", "/models/ab?reason=we-know-enough-now", &Value::Null);
    assert_eq!(status, 202, "{answer}");
    let off = json!({"percent": 0, "reason": "an emergency: the built-in model for all"});
    let (status, answer) = lab.call("PUT", "/traffic", &off);
    assert_eq!(status, 200, "{answer}");
    until(&mut lab, &id, "ROLLED_BACK");
    let traffic = lab.get("/traffic");
    assert_eq!((&traffic["percent"], &traffic["reason"]), (&json!(0), &off["reason"]), "{traffic}");
}

#[test]
fn an_endpoint_that_was_scaled_stays_so_there_and_back() {
    let mut lab = fork();
    let wish = json!({"resource": "endpoint", "wanted": {"instances": 2, "scaling": null}, "reason": "the model is slow now"});
    let (status, answer) = lab.call("POST", "/scale", &wish);
    assert_eq!(status, 202, "{answer}");
    let hour = lab.engine().now() + Millis::hours(1);
    lab.engine().run_until(hour, |_| false);
    let instances = |lab: &mut Lab| {
        let resources = lab.get("/scale")["resources"].clone();
        let all = resources.as_array().expect("resources").clone();
        all.iter().find(|one| one["resource"] == "endpoint").expect("the endpoint")["setting"]["instances"]
            .clone()
    };
    assert_eq!(instances(&mut lab), json!(2));
    let id = begin(&mut lab, 30);
    until(&mut lab, &id, "COMPARING");
    assert_eq!(instances(&mut lab), json!(2), "while two versions answer");
    stop(&mut lab, &id);
    assert_eq!(instances(&mut lab), json!(2), "once it is undone");
}

#[test]
fn a_canary_is_not_begun_while_a_release_brings_its_own() {
    let mut lab = fork();
    let id = ask(&mut lab);
    let (status, answer) = lab.call("POST", "/canary", &json!({"reason": "at the same time as a release"}));
    assert_eq!(
        (status, &answer["code"], &answer["releaseId"]),
        (409, &json!("RELEASE_UNDER_WAY"), &json!(id)),
        "{answer}"
    );
    assert_eq!(finish(&mut lab, &id)["status"], "COMPLETED");
}

#[test]
fn both_are_asked_and_where_the_endpoint_fails_both_are_counted() {
    let mut lab = fork();
    let id = begin(&mut lab, 50);
    until(&mut lab, &id, "COMPARING");
    lab.world().with(|world| world.set_behaviour("iops-model", Behaviour::Failing));
    hosts_report(&mut lab, 3);
    let seen = lab.get("/models/ab");
    for arm in seen["models"].as_array().expect("two") {
        assert!(arm["errors"].as_u64() > Some(0), "{seen}");
    }
    // Insights name the model that has scored them.
    lab.world().with(|world| world.set_behaviour("iops-model", Behaviour::Healthy));
    let now = lab.engine().now();
    let broken: Vec<Value> = (0..40).map(|host| metric(&format!("bad-{host}"), now, true)).collect();
    report(&mut lab, &broken);
    let moment = lab.engine().now() + Millis::seconds(20);
    lab.engine().run_until(moment, |_| false);
    let mut by: BTreeMap<String, u32> = BTreeMap::new();
    lab.world().with(|world| {
        let models = world.items(Table::IopsInsights).filter(|row| {
            row["source"] == "sagemaker"
                && row["hostname"].as_str().is_some_and(|host| host.starts_with("bad-"))
        });
        for row in models {
            *by.entry(row["model"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
    });
    assert_eq!(by.len(), 2, "{by:?}");
}

#[test]
fn other_weights_are_one_write_and_only_add_hosts_to_one_side() {
    let mut lab = fork();
    let (first, second) = versions(&mut lab);
    let id = begin(&mut lab, 10);
    until(&mut lab, &id, "COMPARING");
    let endpoint = lab.world().with(|world| world.snapshot());
    let (status, answer) = lab.call("PUT", "/models/ab", &wish(&first, &second, 60));
    assert_eq!((status, &answer["releaseId"]), (200, &json!(id)), "{answer}");
    assert_eq!(lab.get("/traffic")["second"]["percent"], 60);
    assert_eq!(lab.get("/models/ab")["models"][1]["weight"], 60);
    assert_eq!(lab.world().with(|world| world.snapshot()), endpoint);
    let acts = lab.world().with(|world| {
        let acts = world.items(Table::IopsControl).filter(|row| row["subject"] == "acts");
        acts.map(|row| (row["kind"].clone(), row["outcome"].clone())).collect::<Vec<_>>()
    });
    let outcome = json!("the second one has 60 of 100 hosts, and had 10");
    assert_eq!(acts, [(json!("WEIGHTS_MOVED"), outcome)]);
}

#[test]
fn nothing_else_is_begun_meanwhile_and_it_is_not_begun_while_something_else_is() {
    let mut lab = fork();
    let (first, second) = versions(&mut lab);
    let refused = |lab: &mut Lab, method: &str, path: &str, body: &Value| {
        let (status, answer) = lab.call(method, path, body);
        (status, answer["code"].as_str().unwrap_or_default().to_owned())
    };
    let reason = "something else meanwhile";
    let canary = json!({"reason": reason});
    let (status, answer) = lab.call("PUT", "/traffic", &json!({"percent": 0, "reason": reason}));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(lab.call("POST", "/canary", &canary).0, 202);
    let both = wish(&first, &second, 50);
    assert_eq!(refused(&mut lab, "PUT", "/models/ab", &both), (409, "CANARY_UNDER_WAY".to_owned()));
    let mut lab = fork();
    let id = begin(&mut lab, 50);
    assert_eq!(refused(&mut lab, "PUT", "/models/ab", &both), (409, "RELEASE_UNDER_WAY".to_owned()));
    until(&mut lab, &id, "COMPARING");
    let other = wish(&second, &first, 50);
    for (method, path, body, code) in [
        ("POST", "/canary", &canary, "COMPARISON_UNDER_WAY"),
        ("PUT", "/traffic", &json!({"percent": 50, "reason": reason}), "COMPARISON_UNDER_WAY"),
        ("POST", "/models/releases", &json!({"reason": reason}), "RELEASE_UNDER_WAY"),
        ("PUT", "/models/ab", &other, "RELEASE_UNDER_WAY"),
    ] {
        assert_eq!(refused(&mut lab, method, path, body), (409, code.to_owned()), "{method} {path}");
    }
    stop(&mut lab, &id);
    let unknown = wish(&first, "20200101-000000-000", 50);
    assert_eq!(lab.call("PUT", "/models/ab", &unknown).0, 404);
}

#[test]
fn what_fails_leaves_a_clean_slate_and_every_step_may_run_twice() {
    for function in ["export-training-data", "deploy-model", "check-endpoint"] {
        let before = slate(&fork());
        let functions = tampered(function, Tamper::Fails);
        let mut lab = Lab::on(SharedWorld::new(TWO.fork()), &functions, Options::default());
        let id = begin(&mut lab, 50);
        let ended = until(&mut lab, &id, "ROLLED_BACK");
        assert!(ended["failure"]["message"].is_string(), "{function}: {ended}");
        assert_eq!(slate(&lab), before, "{function}");
    }
    for function in ["export-training-data", "deploy-model", "check-endpoint", "end-release"] {
        for tamper in [Tamper::Twice, Tamper::TwiceAtOnce] {
            let before = slate(&fork());
            let mut lab =
                Lab::on(SharedWorld::new(TWO.fork()), &tampered(function, tamper), Options::default());
            let id = begin(&mut lab, 50);
            until(&mut lab, &id, "COMPARING");
            stop(&mut lab, &id);
            assert_eq!(slate(&lab), before, "{function} {tamper:?}");
        }
    }
}
