//! The workflow tests: every move succeeds; fails at every step and leaves a clean slate; bears every step twice and
//! every undo twice. They run from the table of steps, so a new step is covered without being named here.
#![expect(clippy::expect_used, reason = "a test")]

use capstan_core::tier::Tier;
use capstan_core::time::Millis;
use capstan_tests::lab::{Lab, moves};
use capstan_tests::tamper::{Tamper, tampered};
use local::functions::registry;
use serde_json::json;
use std::collections::BTreeSet;
use tier_steps::workflow::{Does, STEPS};

/// The functions of the workflow, each once.
fn functions() -> BTreeSet<&'static str> {
    STEPS.iter().map(|step| step.function).collect()
}

/// The functions that only run when something has gone wrong already.
fn unwinds(function: &str) -> bool {
    STEPS.iter().any(|step| step.function == function && matches!(step.does, Does::Undoing | Does::Word))
        || function == "transition-failed"
}

#[test]
fn every_move_succeeds_within_twenty_seconds_of_its_slowest_resource() {
    for (from, to) in moves() {
        for seed in 0..3 {
            let mut lab = Lab::at(from, seed);
            let started = lab.engine().now();
            let ended = lab.go(to);
            assert_eq!(ended.status, "COMPLETED", "{from} → {to}: {}", ended.change["errors"]);
            let slowest =
                lab.world().with(|world| world.last_event()).expect("resources have changed").since(started);
            assert!(
                ended.took <= slowest + Millis::seconds(20),
                "{from} → {to} took {:?}, its slowest resource {slowest:?}",
                ended.took
            );
            assert_eq!(lab.get("/tier/orphans")["orphans"], json!([]), "{from} → {to}");
            let tier = lab.get("/tier");
            assert_eq!((&tier["currentTier"], &tier["transitionStatus"]), (&json!(to), &json!("STABLE")));
        }
    }
}

#[test]
fn there_and_back_leaves_what_was_there() {
    for (from, to) in moves() {
        let mut lab = Lab::at(from, 5);
        let before = lab.get("/tier")["config"].clone();
        let serving = |lab: &mut Lab| {
            let resources = lab.get("/tier/resources")["resources"].clone();
            let rows = resources.as_array().expect("rows").iter().filter(|row| row["state"] == "SERVING");
            let mut specs: Vec<String> =
                rows.map(|row| format!("{} {}", row["service"], row["spec"])).collect();
            specs.sort();
            specs
        };
        let specs = serving(&mut lab);
        for tier in [to, from] {
            assert_eq!(lab.go(tier).status, "COMPLETED", "{from} → {to} → {from}");
            lab.engine().skip(Millis::hours(25));
        }
        assert_eq!(lab.get("/tier")["config"], before);
        assert_eq!(serving(&mut lab), specs, "{from} → {to} → {from}");
    }
}

/// Whatever function of the workflow fails for good, whenever: the change ends, and unless the functions that undo and
/// record are themselves what fails, the slate is as it was.
#[test]
fn a_move_that_fails_at_any_step_leaves_a_clean_slate() {
    for (from, to) in moves() {
        let base = Lab::at(from, 1);
        for function in functions() {
            for tamper in [Tamper::Fails, Tamper::AnswerLost] {
                let before = base.slate();
                let mut lab = base.fork(&tampered(function, tamper));
                let ended = lab.go(to);
                let what = format!("{from} → {to}, {function} {tamper:?}");
                match ended.status.as_str() {
                    "ROLLED_BACK" => {
                        assert_eq!(lab.get("/tier")["transitionStatus"], "FAILED", "{what}");
                        assert_eq!(before.difference(&lab.slate()), "", "{what}");
                    }
                    // The function has no part in this move, or only in its undoing.
                    "COMPLETED" => assert_eq!(lab.get("/tier")["currentTier"], json!(to), "{what}"),
                    "FAILED" => {
                        assert_eq!(function, "transition-complete", "{what}: {}", ended.change["errors"]);
                        stuck_is_cured_by_one_call(&lab, &before, &what);
                    }
                    other => panic!("{what}: {other}"),
                }
                assert_eq!(lab.get("/tier/orphans")["orphans"], json!([]), "{what}");
            }
        }
    }
}

/// Once the cause is cured, the call that the notice names brings back what was there.
fn stuck_is_cured_by_one_call(lab: &Lab, before: &capstan_tests::lab::Slate, what: &str) {
    let notice = lab.world().with(|world| world.notices().last().cloned()).expect("people were told");
    assert!(notice.body.contains("capstan tier cancel"), "{what}: {}", notice.body);
    let mut cured = lab.fork(&registry());
    assert_eq!(cured.get("/tier")["transitionStatus"], "STUCK", "{what}");
    let (status, answer) =
        cured.call("POST", "/tier/cancel", &json!({"reason": "the cause is cured by now"}));
    assert_eq!((status, &answer["status"]), (200, &json!("ROLLING_BACK")), "{what}: {answer}");
    let started = cured.engine().now();
    assert_eq!(cured.finish(started).status, "ROLLED_BACK", "{what}");
    assert_eq!(before.difference(&cured.slate()), "", "{what}");
}

#[test]
fn every_step_may_run_twice() {
    for (from, to) in moves() {
        let base = Lab::at(from, 2);
        let mut clean = base.fork(&registry());
        assert_eq!(clean.go(to).status, "COMPLETED");
        for function in functions() {
            for tamper in [Tamper::Twice, Tamper::TwiceAtOnce] {
                let mut lab = base.fork(&tampered(function, tamper));
                let ended = lab.go(to);
                let what = format!("{from} → {to}, {function} {tamper:?}");
                assert_eq!(ended.status, "COMPLETED", "{what}: {}", ended.change["errors"]);
                assert_eq!(clean.slate().of_any_run().difference(&lab.slate().of_any_run()), "", "{what}");
                assert_eq!(lab.get("/tier/orphans")["orphans"], json!([]), "{what}");
            }
        }
    }
}

/// Each service refuses for good at its first change, and what undoes runs twice.
#[test]
fn every_undo_may_run_twice() {
    let services =
        ["sagemaker", "opensearch", "opensearchserverless", "elasticache", "neptune", "kinesis", "tagging"];
    for (from, to) in moves() {
        let base = Lab::at(from, 3);
        let before = base.slate();
        let mut undone = 0;
        for operation in
            mutations(&base, to).iter().filter(|(service, _)| services.contains(&service.as_str()))
        {
            for function in functions().into_iter().filter(|function| unwinds(function)) {
                for tamper in [Tamper::Twice, Tamper::TwiceAtOnce] {
                    let mut lab = base.fork(&tampered(function, tamper));
                    lab.fault(&format!("{}:{}:1:denied", operation.0, operation.1));
                    let ended = lab.go(to);
                    let what = format!("{from} → {to}, {operation:?} denied, {function} {tamper:?}");
                    assert_eq!(ended.status, "ROLLED_BACK", "{what}: {}", ended.change["errors"]);
                    assert_eq!(before.difference(&lab.slate()), "", "{what}");
                    undone += 1;
                }
            }
        }
        assert!(undone > 0, "{from} → {to}: nothing was undone");
    }
}

/// The operations that a clean move changes something by.
fn mutations(base: &Lab, to: Tier) -> BTreeSet<(String, String)> {
    let mut lab = base.fork(&registry());
    lab.world().with(sim::World::clear_records);
    lab.go(to);
    lab.world().with(|world| {
        let changing = world.calls().iter().filter(|call| call.mutates());
        changing.map(|call| (call.operation.service().to_owned(), call.operation.name().to_owned())).collect()
    })
}
