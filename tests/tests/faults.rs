//! Every call of every move is made to fail, in every way, one at a time: the change ends, completed as a clean one or
//! undone to what was there, and nothing is orphaned. Reads that are repeated while something is waited for are
//! tried for their first three times.
#![expect(clippy::panic, reason = "a test")]

use capstan_core::tier::Tier;
use capstan_core::time::Millis;
use capstan_tests::lab::{Lab, Slate};
use local::functions::registry;
use serde_json::json;
use std::collections::BTreeMap;

const KINDS: [&str; 11] = [
    "throttled",
    "error",
    "denied",
    "quota",
    "busy",
    "timeout",
    "timeout-after",
    "slow=20",
    "crash",
    "crash-after",
    "fails",
];

fn every_single_fault(from: Tier, to: Tier) {
    let base = Lab::at(from, 7);
    let before = base.slate();
    let mut clean = base.fork(&registry());
    clean.world().with(sim::World::clear_records);
    assert_eq!(clean.go(to).status, "COMPLETED");
    let completed = clean.slate().of_any_run();
    let calls = clean.world().with(|world| world.calls().to_vec());
    let first = calls.first().map_or(0, |call| call.index);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls {
        let times = seen.entry(call.operation.name().to_owned()).or_default();
        *times += 1;
        if !call.mutates() && *times > 3 {
            continue;
        }
        for kind in KINDS {
            // Not every operation can fail in every way: what reads has no life cycle to fail.
            let fault = format!("*:*:@{}:{kind}", call.index - first + 1);
            let what = format!("{from} → {to}, {fault} ({} {})", call.operation.name(), call.resource);
            let mut lab = base.fork(&registry());
            lab.fault(&fault);
            *ends.entry(end_of(&mut lab, to, &before, &completed, &what)).or_default() += 1;
        }
    }
    println!("{from} → {to}: {ends:?}");
    assert!(ends.contains_key("ROLLED_BACK"), "no fault was grave enough to be undone: {ends:?}");
}

fn end_of(lab: &mut Lab, to: Tier, before: &Slate, completed: &Slate, what: &str) -> &'static str {
    let started = lab.engine().now();
    let answer = lab.ask(to);
    let ended = if answer["status"] == "INITIATED" {
        lab.finish(started)
    } else {
        // The request itself was hit. Whatever came of it must come to an end, and then the same request works.
        lab.heal();
        assert!(lab.settle(), "{what}: no end after a failed request");
        if lab.get("/tier")["currentTier"] == json!(to) {
            assert_eq!(completed.difference(&lab.slate().of_any_run()), "", "{what}");
            return "COMPLETED";
        }
        lab.go(to)
    };
    lab.heal();
    assert_eq!(lab.get("/tier/orphans")["orphans"], json!([]), "{what}");
    let tier = lab.get("/tier");
    match ended.status.as_str() {
        "COMPLETED" => {
            assert_eq!(tier["transitionStatus"], "STABLE", "{what}");
            assert_eq!(completed.difference(&lab.slate().of_any_run()), "", "{what}");
            "COMPLETED"
        }
        "ROLLED_BACK" => {
            assert_eq!(tier["transitionStatus"], "FAILED", "{what}");
            assert_eq!(before.difference(&lab.slate()), "", "{what}");
            "ROLLED_BACK"
        }
        other => panic!("{what}: {other}: {}", ended.change["errors"]),
    }
}

#[test]
fn dev_to_staging() {
    every_single_fault(Tier::Dev, Tier::Staging);
}
#[test]
fn dev_to_production() {
    every_single_fault(Tier::Dev, Tier::Production);
}
#[test]
fn staging_to_production() {
    every_single_fault(Tier::Staging, Tier::Production);
}
#[test]
fn staging_to_dev() {
    every_single_fault(Tier::Staging, Tier::Dev);
}
#[test]
fn production_to_staging() {
    every_single_fault(Tier::Production, Tier::Staging);
}
#[test]
fn production_to_dev() {
    every_single_fault(Tier::Production, Tier::Dev);
}

/// Cancelled at any moment, a change is undone, unless it is done already.
#[test]
fn cancelled_at_any_moment() {
    for (from, to) in capstan_tests::lab::moves() {
        let base = Lab::at(from, 11);
        let before = base.slate();
        for seconds in (0..2_000).step_by(35) {
            let mut lab = base.fork(&registry());
            let started = lab.engine().now();
            assert_eq!(lab.ask(to)["status"], "INITIATED");
            lab.engine().run_until(started + Millis::seconds(seconds), |_| false);
            let (status, answer) =
                lab.call("POST", "/tier/cancel", &json!({"reason": "it was a mistake after all"}));
            let ended = lab.finish(started);
            let what = format!("{from} → {to}, cancelled after {seconds} s: {status} {answer}");
            if status == 200 {
                assert_eq!(ended.status, "ROLLED_BACK", "{what}");
                assert_eq!(before.difference(&lab.slate()), "", "{what}");
                assert!(ended.change["errors"][0]["name"] == "TransitionCancelled", "{what}");
            } else {
                assert_eq!((status, ended.status.as_str()), (409, "COMPLETED"), "{what}");
            }
        }
    }
}

/// An execution that somebody stops at any moment is found by the reconciler, and the change is undone or finished.
#[test]
fn stopped_from_outside_at_any_moment() {
    for (from, to) in capstan_tests::lab::moves() {
        let base = Lab::at(from, 13);
        let before = base.slate();
        let mut undone = 0;
        for seconds in (5..1_500).step_by(45) {
            let mut lab = base.fork(&registry());
            let started = lab.engine().now();
            let answer = lab.ask(to);
            let name = answer["transitionId"].as_str().expect("an id").to_owned();
            lab.engine().run_until(started + Millis::seconds(seconds), |_| false);
            if !lab.engine().abort(&name) {
                continue;
            }
            let ended = lab.finish(started);
            let what = format!("{from} → {to}, stopped after {seconds} s");
            assert_eq!(ended.status, "ROLLED_BACK", "{what}");
            assert_eq!(before.difference(&lab.slate()), "", "{what}");
            undone += 1;
        }
        assert!(undone > 5, "{from} → {to}: {undone}");
    }
}
