//! Canaries through the whole system on virtual time: hosts report, are routed, measured and judged. A model that is no worse is
//! promoted; one that is slow, wrong or failing is rolled back by itself, with the reason. And the four tests of every workflow,
//! with what else may come between: a kill, a rollback by hand, an execution that is stopped.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

#[path = "rollout/field.rs"]
mod field;
#[path = "rollout/refusals.rs"]
mod refusals;
#[path = "rollout/workflow.rs"]
mod workflow;

use capstan_core::ports::NoticeKind;
use field::Field;
use serde_json::{Value, json};
use sim::Behaviour;

const HOSTS: u32 = 200;

#[test]
fn a_healthy_model_is_promoted() {
    let mut field = Field::new(HOSTS, 1);
    let id = field.start(&json!({}));
    let canary = field.until_ended(&id, 1_200);
    assert_eq!(canary["status"], "PROMOTED", "{canary}");
    assert_eq!(canary["ended"]["code"], "shownGood");
    let entered: Vec<bool> =
        canary["stages"].as_array().unwrap().iter().map(|stage| stage["enteredAt"].is_string()).collect();
    assert_eq!(entered, [true; 3]);
    let traffic = field.get("/traffic");
    assert_eq!(
        (&traffic["percent"], &traffic["holdback"], &traffic["canaryId"]),
        (&json!(100), &json!(false), &Value::Null)
    );
    assert_eq!(traffic["model"], "iops-model-seedling");
    assert_eq!(field.notices(), [NoticeKind::CanaryPromoted]);
    // What was measured says the same to whoever replays it.
    let stored = field.get(&format!("/canary/{id}/measurements"));
    let rollout: judge::Rollout = serde_json::from_value(stored).unwrap();
    let end = rollout.intervals.last().unwrap().end() + 10;
    assert_eq!(rollout.judge(end).unwrap().decide(end).verdict, judge::Verdict::Promote);
    let requests = |stage: &dyn Fn(u8) -> bool| -> (u64, u64) {
        let of = rollout.intervals.iter().filter(|interval| stage(interval.percent));
        of.fold((0, 0), |(one, two), it| (one + it.canary.requests(), two + it.baseline.requests()))
    };
    let (canary, baseline) = requests(&|percent| percent == 10);
    assert!(canary * 5 < baseline && canary > 100, "{canary} of {baseline} at 10 %");
    let (canary, baseline) = requests(&|percent| percent == 100);
    assert!(baseline * 10 < canary && baseline > 100, "{canary} and {baseline} held back at 100 %");
    // And hosts that have trouble are found by the model now.
    field.trouble();
    let insights = field.get("/insights?limit=100");
    let found: Vec<&Value> = insights["insights"].as_array().unwrap().iter().collect();
    assert!(found.iter().any(|insight| insight["source"] == "sagemaker"), "{found:?}");
}

#[test]
fn a_model_that_is_slow_wrong_failing_or_garbled_is_rolled_back_by_itself() {
    for (behaviour, criterion) in [
        (Behaviour::Slow, "slower than"),
        (Behaviour::Wrong, "another severity"),
        (Behaviour::Failing, "errors"),
        (Behaviour::Garbled, "errors"),
    ] {
        let mut field = Field::new(HOSTS, 2);
        field.behave(behaviour);
        let id = field.start(&json!({}));
        let canary = field.until_ended(&id, 900);
        let what = format!("{behaviour:?}: {canary}");
        assert_eq!(
            (&canary["status"], &canary["ended"]["code"]),
            (&json!("ROLLED_BACK"), &json!("canaryWorse")),
            "{what}"
        );
        assert_eq!(
            canary["stages"][1]["enteredAt"],
            Value::Null,
            "it never got past the first stage: {what}"
        );
        assert!(canary["ended"]["text"].as_str().unwrap().contains(criterion), "{what}");
        let traffic = field.get("/traffic");
        assert_eq!((&traffic["percent"], &traffic["canaryId"]), (&json!(0), &Value::Null), "{what}");
        assert_eq!(field.notices(), [NoticeKind::CanaryRolledBack], "{what}");
        // Nobody asks it any more, once what instances knew of the routing is five seconds old.
        field.rest(6);
        let asked = field.asked();
        field.ticks(3);
        assert_eq!(field.asked(), asked, "{what}");
    }
}

/// A model that falls ill late is not protected by its good past.
#[test]
fn a_model_that_falls_ill_in_the_last_stage_is_rolled_back() {
    let mut field = Field::new(HOSTS, 3);
    let id = field.start(&json!({}));
    for _ in 0..120 {
        field.ticks(1);
        if field.get("/traffic")["percent"] == 100 {
            break;
        }
    }
    assert_eq!(field.get("/traffic")["percent"], 100);
    field.behave(Behaviour::Failing);
    let canary = field.until_ended(&id, 600);
    assert_eq!(
        (&canary["status"], &canary["ended"]["code"]),
        (&json!("ROLLED_BACK"), &json!("canaryWorse")),
        "{canary}"
    );
    assert_eq!(field.get("/traffic")["percent"], 0);
}

/// While a model fails, what it was asked about is answered all the same, and the insight says why by another.
#[test]
fn where_the_model_fails_the_built_in_one_answers_and_says_so() {
    let mut field = Field::new(20, 4);
    field.set_traffic(100);
    field.ticks(3);
    field.behave(Behaviour::Garbled);
    field.trouble();
    let insights = field.get("/insights?limit=100");
    let found = insights["insights"].as_array().unwrap();
    assert!(!found.is_empty());
    for insight in found {
        assert_eq!(insight["source"], "builtin", "{insight}");
        assert!(insight["modelFailure"].as_str().unwrap().contains("not a score"), "{insight}");
    }
}

#[test]
fn without_hosts_that_report_nothing_is_rolled_out() {
    let mut field = Field::new(0, 5);
    let id = field.start(&json!({}));
    assert_eq!(field.get(&format!("/canary/{id}"))["text"], "Waits for a request of the baseline.");
    let canary = field.until_ended(&id, 400);
    assert_eq!(canary["status"], "ROLLED_BACK");
    assert!(canary["ended"]["text"].as_str().unwrap().starts_with("NoBaseline: "), "{canary}");
    assert_eq!(canary["stages"][0]["enteredAt"], Value::Null);
}

/// Hosts that stop reporting in the middle: no data is neither success nor failure, and not for ever.
#[test]
fn a_canary_without_data_is_held_and_then_rolled_back() {
    let mut field = Field::new(HOSTS, 6);
    let id = field.start(&json!({"holdLimitSeconds": 60}));
    field.ticks(6);
    field.rest(100);
    let canary = field.get(&format!("/canary/{id}"));
    assert_eq!(
        (&canary["status"], &canary["report"]["verdict"]),
        (&json!("RUNNING"), &json!("hold")),
        "{canary}"
    );
    let canary = field.until_ended_in_silence(&id, 200);
    assert_eq!(canary["ended"]["code"], "noVerdictPossible", "{canary}");
    assert_eq!(field.get("/traffic")["percent"], 0);
}
