//! Changes of scale on the simulated cloud: functions, tables, the endpoint, the usage plan; done, failed at every call, done twice,
//! undone. What must hold is in [`settings`]: how every resource is set.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use capstan_core::ports::{NoticeKind, Table};
use capstan_core::time::Millis;
use capstan_tests::lab::Lab;
use local::functions::{Env, Function, Handler, registry};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const REASON: &str = "hosts report ten times as often";

fn lab() -> Lab {
    let lab = Lab::new(11);
    lab.world().with(|world| local::seedling::plant(world, "iops-model")).unwrap();
    lab
}

fn rest(lab: &mut Lab, length: Millis) {
    let until = lab.engine().now() + length;
    lab.engine().run_until(until, |_| false);
}

fn on_demand() -> Value {
    json!({"capacity": {"mode": "onDemand"}, "scaling": null})
}

fn provisioned() -> Value {
    let range = |min: u32, max: u32| json!({"min": min, "max": max});
    json!({
        "capacity": {"mode": "provisioned", "read": 100, "write": 50},
        "scaling": {"read": range(5, 500), "write": range(5, 250), "target": 70},
    })
}

/// Of each kind one resource and a setting that it does not have.
fn wishes() -> [(&'static str, Value); 4] {
    let scaled = json!({"min": 1, "max": 5, "scaleInCooldown": 300});
    [
        ("function/analyze-metrics", json!({"reserved": 200})),
        ("table/metrics", provisioned()),
        ("endpoint", json!({"instances": 3, "scaling": scaled})),
        ("usage-plan", json!({"rate": 10_000, "burst": 5_000})),
    ]
}

fn wish(resource: &str, wanted: &Value) -> Value {
    json!({"resource": resource, "wanted": wanted, "reason": REASON})
}

fn ask(lab: &mut Lab, resource: &str, wanted: &Value) -> String {
    let (status, answer) = lab.call("POST", "/scale", &wish(resource, wanted));
    assert!([200, 202].contains(&status), "{resource}: {status} {answer}");
    answer["scaleId"].as_str().unwrap().to_owned()
}

fn undo(lab: &mut Lab, id: &str) -> (u64, Value) {
    lab.call("POST", &format!("/scale/{id}/undo"), &json!({"reason": "the flood of reports is over"}))
}

fn seen(lab: &mut Lab, id: &str) -> Value {
    lab.get(&format!("/scale/{id}"))
}

/// How every resource is set, by what the API shows.
fn settings(lab: &mut Lab) -> BTreeMap<String, Value> {
    let all = lab.get("/scale");
    let resources = all["resources"].as_array().unwrap();
    for one in resources {
        assert_eq!(one["problem"], Value::Null, "{one}");
    }
    resources
        .iter()
        .map(|one| (one["resource"].as_str().unwrap().to_owned(), one["setting"].clone()))
        .collect()
}

fn held(lab: &Lab) -> bool {
    lab.world().with(|world| world.items(Table::IopsControl).any(|row| row["subject"] == "scaling"))
}

/// The id of the change that was recorded, if one was; no call of the API is spent on this.
fn recorded(lab: &Lab) -> Option<String> {
    lab.world().with(|world| {
        let row = world.items(Table::IopsControl).find(|row| row["subject"] == "scale");
        row.and_then(|row| row["entry"].as_str().map(str::to_owned))
    })
}

#[test]
fn every_kind_of_resource_is_scaled_and_put_back_by_one_call() {
    let mut lab = lab();
    let before = settings(&mut lab);
    let mut done = Vec::new();
    for (resource, wanted) in wishes() {
        let id = ask(&mut lab, resource, &wanted);
        rest(&mut lab, Millis::hours(1));
        let ended = seen(&mut lab, &id);
        assert_eq!(ended["status"], "COMPLETED", "{ended}");
        assert_eq!(ended["former"], before[resource], "{ended}");
        assert_eq!((&ended["requestedBy"], &ended["reason"]), (&json!("grace"), &json!(REASON)));
        assert_eq!(settings(&mut lab)[resource], wanted, "{resource}");
        done.push(id);
    }
    assert!(!held(&lab));
    // A table that was on demand from its beginning may go back at once; the day begins with that.
    for id in &done {
        let (status, answer) = undo(&mut lab, id);
        assert!([200, 202].contains(&status), "{answer}");
        rest(&mut lab, Millis::hours(1));
        assert_eq!(seen(&mut lab, id)["status"], "UNDONE");
        // Once more changes nothing.
        let (status, answer) = undo(&mut lab, id);
        assert_eq!((status, &answer["status"]), (200, &json!("UNDONE")), "{answer}");
    }
    assert_eq!(settings(&mut lab), before);
    assert!(!held(&lab));
}

#[test]
fn what_can_be_done_at_once_is_done_when_the_answer_comes() {
    let mut lab = lab();
    for (resource, wanted) in wishes() {
        let (status, answer) = lab.call("POST", "/scale", &wish(resource, &wanted));
        let at_once = resource.starts_with("function") || resource == "usage-plan";
        assert_eq!(status, if at_once { 200 } else { 202 }, "{answer}");
        assert_eq!(answer["status"], if at_once { "COMPLETED" } else { "RUNNING" }, "{answer}");
    }
}

#[test]
fn a_dry_run_shows_the_plan_and_does_nothing() {
    let mut lab = lab();
    let before = (settings(&mut lab), lab.world().with(|world| world.items(Table::IopsControl).count()));
    let mut shown = BTreeMap::new();
    for (resource, wanted) in wishes() {
        let (status, answer) =
            lab.call("POST", "/scale", &json!({"resource": resource, "wanted": wanted, "dryRun": true}));
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["former"], before.0[resource]);
        shown.insert(resource, answer);
    }
    assert_eq!(
        shown["table/metrics"]["steps"],
        json!([
            "keep 100 read and 50 write units a second ready",
            "scale reads from 5 to 500 and writes from 5 to 250 units, at 70 of 100 in use"
        ])
    );
    assert_eq!(shown["table/metrics"]["wantedMonthlyUsd"], json!(33.22));
    assert_eq!(shown["endpoint"]["steps"], json!(["ask for 3 instances", "scale from 1 to 5 instances"]));
    let after = (settings(&mut lab), lab.world().with(|world| world.items(Table::IopsControl).count()));
    assert_eq!(before, after);
}

#[test]
fn limits_are_said_before_anything_is_done() {
    let mut lab = lab();
    let refused = |lab: &mut Lab, resource: &str, wanted: &Value| {
        let (status, answer) = lab.call("POST", "/scale", &wish(resource, wanted));
        (status, answer["code"].as_str().unwrap_or_default().to_owned(), answer)
    };
    let before = settings(&mut lab);
    let (status, code, answer) = refused(&mut lab, "function/analyze-metrics", &json!({"reserved": 901}));
    assert_eq!((status, code.as_str()), (409, "CONCURRENCY_LIMIT"), "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("give at most 900"), "{answer}");
    for (resource, wanted) in [
        ("function/analyze-metrics", json!({"reserved": 0})),
        ("function/analyze-metrics", json!({})),
        ("function/authorizer", json!({"reserved": 1})),
        ("table/control", on_demand()),
        ("table/metrics", json!({"capacity": {"mode": "provisioned", "read": 0, "write": 1}})),
        ("endpoint", json!({"instances": 0})),
        ("usage-plan", json!({"rate": 0, "burst": 1})),
        ("usage-plan", json!({"rate": 1})),
    ] {
        let (status, code, answer) = refused(&mut lab, resource, &wanted);
        assert_eq!((status, code.as_str()), (422, "INVALID_FIELDS"), "{resource} {wanted}: {answer}");
    }
    let (status, code, answer) = refused(&mut lab, "table/metrics", &on_demand());
    assert_eq!((status, code.as_str()), (409, "NOTHING_TO_CHANGE"), "{answer}");
    assert_eq!(settings(&mut lab), before);

    // To units, back to the request, to units again: the second way back is too early, and says until when.
    let first = ask(&mut lab, "table/metrics", &provisioned());
    rest(&mut lab, Millis::hours(1));
    let back = ask(&mut lab, "table/metrics", &on_demand());
    rest(&mut lab, Millis::hours(1));
    assert_eq!(seen(&mut lab, &back)["status"], "COMPLETED");
    let (status, code, answer) = {
        let (status, answer) = undo(&mut lab, &first);
        (status, answer["code"].as_str().unwrap_or_default().to_owned(), answer)
    };
    assert_eq!((status, code.as_str()), (409, "CHANGED_SINCE"), "{answer}");
    let again = ask(&mut lab, "table/metrics", &provisioned());
    rest(&mut lab, Millis::hours(1));
    let (status, answer) = undo(&mut lab, &again);
    assert_eq!((status, &answer["code"]), (409, &json!("SWITCHED_TODAY")), "{answer}");
    assert!(answer["againAt"].is_string(), "{answer}");
    let (status, code, _) = refused(&mut lab, "table/metrics", &on_demand());
    assert_eq!((status, code.as_str()), (409, "SWITCHED_TODAY"));
    rest(&mut lab, Millis::hours(24));
    let (status, answer) = undo(&mut lab, &again);
    assert_eq!(status, 202, "{answer}");
    rest(&mut lab, Millis::hours(1));
    assert_eq!(settings(&mut lab), before);
}

#[test]
fn a_resource_is_changed_by_one_at_a_time() {
    let mut lab = lab();
    let id = ask(&mut lab, "table/metrics", &provisioned());
    let other = json!({"capacity": {"mode": "provisioned", "read": 7, "write": 7}});
    let (status, answer) = lab.call("POST", "/scale", &wish("table/metrics", &other));
    assert_eq!(status, 409, "{answer}");
    assert!(["SCALE_UNDER_WAY", "RESOURCE_BUSY"].contains(&answer["code"].as_str().unwrap()), "{answer}");
    // Another resource is none of its business.
    ask(&mut lab, "table/insights", &other);
    rest(&mut lab, Millis::hours(1));
    assert_eq!(seen(&mut lab, &id)["status"], "COMPLETED");
    assert_eq!(settings(&mut lab)["table/metrics"], provisioned());
}

/// Every call to a service that changes a resource, or looks at it, there and back.
fn calls_of(resource: &str, wanted: &Value) -> Vec<String> {
    let mut lab = lab();
    lab.world().with(sim::World::clear_records);
    let id = ask(&mut lab, resource, wanted);
    rest(&mut lab, Millis::hours(1));
    undo(&mut lab, &id);
    rest(&mut lab, Millis::hours(1));
    let mut counts: BTreeMap<sim::Operation, u32> = BTreeMap::new();
    lab.world().with(|world| {
        let calls = world.calls().iter().map(|call| {
            let count = counts.entry(call.operation).or_default();
            *count += 1;
            (call.operation, *count)
        });
        // Of the schedule's looks at nothing the first few stand for all.
        let calls = calls.filter(|(operation, count)| operation.mutates() || *count <= 12);
        calls
            .map(|(operation, count)| format!("{}:{}:{count}", operation.service(), operation.name()))
            .collect()
    })
}

/// Holds what must hold of any end: it is as wanted, or as before, and nobody is locked out.
fn is_well_ended(
    lab: &mut Lab,
    resource: &str,
    wanted: &Value,
    before: &BTreeMap<String, Value>,
    what: &str,
) -> String {
    let listed = lab.get("/scale");
    let now = settings(lab);
    let status = listed["changes"][0]["status"].as_str().unwrap_or("NONE").to_owned();
    match status.as_str() {
        "COMPLETED" => {
            assert_eq!(&now[resource], wanted, "{what}: {listed}");
            let mut others = now;
            others.insert(resource.to_owned(), before[resource].clone());
            assert_eq!(&others, before, "{what}");
        }
        "UNDONE" | "ROLLED_BACK" | "NONE" => assert_eq!(&now, before, "{what}: {listed}"),
        _ => panic!("{what}: it ended {status}: {listed}"),
    }
    assert!(!held(lab), "{what}: {resource} can't be scaled again");
    status
}

#[test]
fn whatever_call_fails_it_is_as_wanted_or_as_before() {
    let start = lab();
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for (resource, wanted) in wishes() {
        let before = settings(&mut start.fork(&registry()));
        let calls = calls_of(resource, &wanted);
        assert!(calls.len() > 10, "{calls:?}");
        for call in &calls {
            for kind in ["error", "denied", "timeout-after", "crash-after"] {
                let mut lab = start.fork(&registry());
                let what = format!("{resource} {call}:{kind}");
                lab.fault(&format!("{call}:{kind}"));
                lab.call("POST", "/scale", &wish(resource, &wanted));
                rest(&mut lab, Millis::hours(1));
                let id = recorded(&lab);
                if let Some(id) = &id {
                    undo(&mut lab, id);
                    rest(&mut lab, Millis::hours(1));
                }
                lab.heal();
                rest(&mut lab, Millis::minutes(5));
                let end = is_well_ended(&mut lab, resource, &wanted, &before, &what);
                *ends.entry(format!("{kind} {end}")).or_default() += 1;
            }
        }
    }
    for end in ["denied ROLLED_BACK", "denied UNDONE", "error UNDONE", "crash-after UNDONE"] {
        assert!(ends.contains_key(end), "{end}: {ends:?}");
    }
}

/// The functions that change scales, run twice at each call.
fn twice() -> Vec<Function> {
    let doubled = |mut function: Function| {
        if function.name == "scale-resource" || function.name == "scales" {
            let build = Arc::clone(&function.build);
            function.build = Arc::new(move |env: &Env| {
                let inner: Arc<Handler> = Arc::new(build(env)?);
                let handler: Handler = Box::new(move |ports, event| {
                    let inner = Arc::clone(&inner);
                    Box::pin(async move {
                        let first = inner(ports.clone(), event.clone()).await;
                        drop(inner(ports, event).await);
                        first
                    })
                });
                Ok(handler)
            });
        }
        function
    };
    registry().into_iter().map(doubled).collect()
}

#[test]
fn every_round_and_every_undo_done_twice_does_nothing_more() {
    let start = lab();
    let changed = |lab: &Lab| {
        lab.world().with(|world| {
            let log = world.log().iter().map(|effect| (effect.operation, effect.resource.clone()));
            log.filter(|(operation, _)| {
                operation.service() != "dynamodb" || operation.name() == "UpdateTable"
            })
            .filter(|(operation, _)| !["sns", "states"].contains(&operation.service()))
            .collect::<Vec<_>>()
        })
    };
    for (resource, wanted) in wishes() {
        let run = |functions: &[Function]| {
            let mut lab = start.fork(functions);
            lab.world().with(sim::World::clear_records);
            let id = ask(&mut lab, resource, &wanted);
            rest(&mut lab, Millis::hours(1));
            let there = settings(&mut lab)[resource].clone();
            undo(&mut lab, &id);
            rest(&mut lab, Millis::hours(1));
            (there, settings(&mut lab), seen(&mut lab, &id)["status"].clone(), changed(&lab))
        };
        let (once, again) = (run(&registry()), run(&twice()));
        assert!(!once.3.is_empty(), "{resource}");
        assert_eq!(once, again, "{resource}");
    }
}

#[test]
fn it_can_be_turned_round_at_any_time() {
    let start = lab();
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for (resource, wanted) in [wishes()[1].clone(), wishes()[2].clone()] {
        for seconds in (0..600).step_by(20) {
            let mut lab = start.fork(&registry());
            let before = settings(&mut lab);
            let id = ask(&mut lab, resource, &wanted);
            rest(&mut lab, Millis::seconds(seconds));
            let (status, answer) = undo(&mut lab, &id);
            assert!([200, 202].contains(&status), "{resource} after {seconds} s: {answer}");
            rest(&mut lab, Millis::hours(2));
            let what = format!("{resource} after {seconds} s");
            *ends.entry(is_well_ended(&mut lab, resource, &wanted, &before, &what)).or_default() += 1;
        }
    }
    assert_eq!(ends.keys().collect::<Vec<_>>(), ["UNDONE"], "{ends:?}");
}

/// Has the table paid for otherwise, and refuses the way back.
fn stuck(lab: &mut Lab) -> String {
    let id = ask(lab, "table/metrics", &provisioned());
    rest(lab, Millis::hours(1));
    lab.fault("dynamodb:UpdateTable:*:denied");
    let (status, answer) = undo(lab, &id);
    assert_eq!(status, 202, "{answer}");
    rest(lab, Millis::hours(1));
    id
}

#[test]
fn what_is_stuck_is_not_undone_over_what_somebody_else_has_set_since() {
    let mut lab = lab();
    let id = stuck(&mut lab);
    assert_eq!(seen(&mut lab, &id)["status"], "STUCK");
    lab.heal();
    let more = json!({"capacity": {"mode": "provisioned", "read": 33, "write": 33}, "scaling": null});
    let later = ask(&mut lab, "table/metrics", &more);
    rest(&mut lab, Millis::hours(1));
    assert_eq!(seen(&mut lab, &later)["status"], "COMPLETED");
    let (status, answer) = undo(&mut lab, &id);
    assert_eq!((status, &answer["code"]), (409, &json!("CHANGED_SINCE")), "{answer}");
    assert_eq!(settings(&mut lab)["table/metrics"], more);
}

#[test]
fn what_is_refused_is_undone_and_what_can_not_be_undone_calls_a_person() {
    let mut lab = lab();
    let before = settings(&mut lab);
    // The second of two things is refused: the first one is taken back.
    lab.fault("application-autoscaling:RegisterScalableTarget:*:denied");
    let id = ask(&mut lab, "table/metrics", &provisioned());
    rest(&mut lab, Millis::hours(1));
    let ended = seen(&mut lab, &id);
    assert_eq!(
        (&ended["status"], &ended["failure"]["error"]),
        (&json!("ROLLED_BACK"), &json!("AccessDenied")),
        "{ended}"
    );
    assert_eq!(settings(&mut lab), before);
    lab.heal();
    rest(&mut lab, Millis::hours(24));
    // Undoing is refused too.
    let id = stuck(&mut lab);
    let stuck = seen(&mut lab, &id);
    assert_eq!(stuck["status"], "STUCK", "{stuck}");
    assert_eq!(stuck["nextCommand"], json!(format!("capstan scale undo {id} --reason '…'")));
    let told =
        lab.world().with(|world| world.notices().iter().filter(|it| it.kind == NoticeKind::Stuck).count());
    assert_eq!(told, 1);
    assert!(!held(&lab));
    lab.heal();
    undo(&mut lab, &id);
    rest(&mut lab, Millis::hours(1));
    assert_eq!(seen(&mut lab, &id)["status"], "UNDONE");
    assert_eq!(settings(&mut lab), before);
}

#[test]
fn a_change_is_not_turned_round_where_the_way_back_is_shut_for_the_day() {
    let mut lab = lab();
    let provisioned = |units: u32| json!({"capacity": {"mode": "provisioned", "read": units, "write": units}, "scaling": null});
    for wanted in [provisioned(7), on_demand()] {
        ask(&mut lab, "table/metrics", &wanted);
        rest(&mut lab, Millis::hours(1));
    }
    let id = ask(&mut lab, "table/metrics", &provisioned(9));
    let (status, answer) = undo(&mut lab, &id);
    assert_eq!((status, &answer["code"]), (409, &json!("SWITCHED_TODAY")), "{answer}");
    assert!(answer["againAt"].is_string(), "{answer}");
    rest(&mut lab, Millis::hours(1));
    assert_eq!(seen(&mut lab, &id)["status"], "COMPLETED");
}

/// A restart of one machine keeps what was set.
#[test]
fn what_was_set_is_stored() {
    let mut lab = lab();
    for (resource, wanted) in wishes() {
        ask(&mut lab, resource, &wanted);
    }
    rest(&mut lab, Millis::hours(1));
    let dump = lab.world().with(|world| world.dump());
    for part in [
        "table-scaling/iops-metrics-local",
        "usage-plan/iops-api-local",
        "function/iops-analyze-metrics-local",
    ] {
        assert!(dump.contains_key(&format!("cloud/{part}")), "{part}: {:?}", dump.keys());
    }
}
