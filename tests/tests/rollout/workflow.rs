//! The four tests of every workflow, and what else may come between.

use crate::field::{Field, quick};
use capstan_core::ports::{NoticeKind, Table};
use capstan_tests::tamper::{Tamper, tampered};
use local::functions::registry;
use serde_json::{Value, json};
use sim::Behaviour;

const STEPS: [&str; 4] = ["start-canary", "set-traffic", "judge-canary", "end-canary"];
const HOSTS: u32 = 40;

fn base(seed: u64) -> Field {
    Field::new(HOSTS, seed)
}

/// What must be as it was: the routing, but for its version and who wrote it when and why.
fn slate(field: &mut Field) -> Value {
    let traffic = field.get("/traffic");
    json!([
        traffic["percent"],
        traffic["endpoint"],
        traffic["model"],
        traffic["modelVersion"],
        traffic["holdback"],
        traffic["canaryId"]
    ])
}

fn reason() -> Value {
    json!({"reason": "somebody does not like it"})
}

#[test]
fn a_quick_canary_succeeds() {
    for seed in 1..4 {
        let mut field = base(seed);
        let id = field.start(&quick());
        let canary = field.until_ended(&id, 400);
        assert_eq!(canary["status"], "PROMOTED", "{canary}");
        assert_eq!(field.notices(), [NoticeKind::CanaryPromoted]);
        let status = field.lab.world().with(|world| world.execution(&id).unwrap().status);
        assert_eq!(status, capstan_core::ports::ExecutionStatus::Succeeded);
    }
}

#[test]
fn a_canary_that_fails_at_any_step_leaves_a_clean_slate() {
    for before in [0, 30] {
        let mut start = base(11);
        if before > 0 {
            start.set_traffic(before);
        }
        let clean = slate(&mut start);
        for step in STEPS {
            for tamper in [Tamper::Fails, Tamper::AnswerLost] {
                let mut field = start.fork(&tampered(step, tamper));
                let id = field.start(&quick());
                let what = format!("{step} {tamper:?} from {before} %");
                field.ticks(20);
                // Where the function that ends things is what fails, it is cured, and the sweep ends them.
                let mut field = if step == "end-canary" { field.fork(&registry()) } else { field };
                let canary = field.until_ended(&id, 700);
                let promoted = canary["status"] == "PROMOTED";
                assert_eq!(
                    promoted,
                    (step, tamper) == ("end-canary", Tamper::AnswerLost),
                    "{what}: {canary}"
                );
                if promoted {
                    assert_eq!(field.get("/traffic")["percent"], 100, "{what}");
                } else {
                    assert_eq!(slate(&mut field), clean, "{what}");
                    assert!(canary["ended"]["text"].is_string(), "{what}");
                }
                assert!(!field.notices().is_empty(), "{what}");
            }
        }
    }
}

#[test]
fn every_step_may_run_twice() {
    for step in STEPS {
        for tamper in [Tamper::Twice, Tamper::TwiceAtOnce] {
            let mut field = base(12).fork(&tampered(step, tamper));
            let id = field.start(&quick());
            let canary = field.until_ended(&id, 500);
            let what = format!("{step} {tamper:?}: {canary}");
            assert_eq!(canary["status"], "PROMOTED", "{what}");
            assert_eq!(field.get("/traffic")["percent"], 100, "{what}");
            let told = field.notices();
            assert!(told.iter().all(|kind| *kind == NoticeKind::CanaryPromoted), "{what}");
            assert!((1..=2).contains(&told.len()), "{what}: {told:?}");
            let entered = canary["stages"].as_array().unwrap();
            assert!(entered.iter().all(|stage| stage["enteredAt"].is_string()), "{what}");
        }
    }
}

#[test]
fn every_undo_may_run_twice() {
    for tamper in [Tamper::Twice, Tamper::TwiceAtOnce] {
        for failing in ["start-canary", "set-traffic", "judge-canary"] {
            let mut functions = tampered("end-canary", tamper);
            let broken =
                tampered(failing, Tamper::Fails).into_iter().find(|one| one.name == failing).unwrap();
            *functions.iter_mut().find(|one| one.name == failing).unwrap() = broken;
            let mut field = base(13);
            let clean = slate(&mut field);
            let mut field = field.fork(&functions);
            let id = field.start(&quick());
            let canary = field.until_ended(&id, 500);
            let what = format!("{failing}, end-canary {tamper:?}: {canary}");
            assert_eq!(canary["status"], "ROLLED_BACK", "{what}");
            assert_eq!(slate(&mut field), clean, "{what}");
        }
        // And the one that a person asks for.
        let mut field = base(13);
        let clean = slate(&mut field);
        let mut field = field.fork(&tampered("canary", tamper));
        let (_, answer) = field.call(
            "POST",
            "/canary",
            &json!({"reason": "a new model is to be tried", "settings": quick()}),
        );
        // Of two at once one has it, whichever answers.
        let id = answer["canaryId"].as_str().unwrap().to_owned();
        field.ticks(3);
        field.call("POST", &format!("/canary/{id}/rollback"), &reason());
        let canary = field.until_ended(&id, 300);
        assert_eq!(
            (&canary["status"], slate(&mut field)),
            (&json!("ROLLED_BACK"), clean),
            "{tamper:?}: {canary}"
        );
    }
}

/// Whenever somebody wants it: the one call ends it at once, and no step begins it again.
#[test]
fn a_canary_is_rolled_back_at_any_time_by_one_call() {
    let mut start = base(14);
    let clean = slate(&mut start);
    let id = start.start(&quick());
    for seconds in (0..90).step_by(9) {
        let mut field = start.fork(&registry());
        field.ticks(seconds / 10);
        field.rest(seconds % 10);
        let now = field.get(&format!("/canary/{id}"))["status"].clone();
        let (status, answer) = field.call("POST", &format!("/canary/{id}/rollback"), &reason());
        if now == "PROMOTED" {
            assert_eq!((status, &answer["code"]), (409, &json!("CANARY_ENDED")));
            continue;
        }
        assert_eq!(
            (status, &answer["status"], &answer["percent"]),
            (200, &json!("ROLLED_BACK"), &json!(0)),
            "{answer}"
        );
        assert_eq!(slate(&mut field), clean, "at once, after {seconds} s");
        // The same once more is answered alike.
        assert_eq!(field.call("POST", &format!("/canary/{id}/rollback"), &reason()).0, 200);
        let canary = field.until_ended(&id, 200);
        assert_eq!((&canary["ended"]["code"], &canary["ended"]["by"]), (&json!("asked"), &json!("grace")));
        assert_eq!(slate(&mut field), clean, "and it stays so, after {seconds} s");
        assert_eq!(field.notices(), [NoticeKind::CanaryRolledBack]);
    }
}

/// A process that is killed takes with it what is in its mind, and the next one goes on where it was.
#[test]
fn a_canary_goes_on_where_it_was_after_a_kill() {
    let mut field = base(15);
    let id = field.start(&quick());
    for kill in 0..12 {
        field.ticks(1);
        field.rest(kill % 4);
        let entered = field.get(&format!("/canary/{id}"))["stages"].clone();
        field = field.fork(&registry());
        // No stage is entered anew.
        let again = field.get(&format!("/canary/{id}"))["stages"].clone();
        assert_eq!(entered, again);
    }
    let canary = field.until_ended(&id, 300);
    assert_eq!(canary["status"], "PROMOTED", "{canary}");
    assert_eq!(field.notices(), [NoticeKind::CanaryPromoted]);
}

#[test]
fn a_canary_whose_execution_is_stopped_from_outside_is_rolled_back() {
    for seconds in [1, 15, 40] {
        let mut field = base(16);
        let clean = slate(&mut field);
        let id = field.start(&quick());
        field.ticks(seconds / 10);
        field.rest(seconds % 10);
        assert!(field.lab.engine().abort(&id), "it runs");
        field.rest(5);
        let canary = field.get(&format!("/canary/{id}"));
        assert_eq!(
            (&canary["status"], &canary["ended"]["code"]),
            (&json!("ROLLED_BACK"), &json!("executionGone")),
            "{canary}"
        );
        assert_eq!(slate(&mut field), clean);
        assert_eq!(field.notices(), [NoticeKind::CanaryRolledBack]);
    }
}

#[test]
fn a_canary_whose_execution_could_not_be_started_is_started_later_or_not_at_all() {
    let mut field = base(17);
    field.lab.fault("states:StartExecution:1:error");
    let id = field.start(&quick());
    assert!(!field.lab.engine().running().any(|name| name == id));
    let canary = field.until_ended(&id, 700);
    assert_eq!(canary["status"], "PROMOTED", "{canary}");

    let mut field = base(17);
    let clean = slate(&mut field);
    field.lab.fault("states:StartExecution:1:denied");
    let (status, _) = field.call("POST", "/canary", &reason());
    assert_eq!((status, slate(&mut field)), (503, clean));
    field.rest(600);
    assert_eq!(field.get("/canary")["canaries"][0]["status"], "ROLLED_BACK");
    assert_eq!(field.notices(), [NoticeKind::CanaryRolledBack]);
}

/// Each call of a whole canary fails once, or kills who makes it: it ends well all the same, or is rolled back and says why.
#[test]
fn whatever_call_goes_wrong_the_canary_comes_to_an_end() {
    for fault in [
        "dynamodb:GetItem:4:throttled",
        "dynamodb:GetItem:9:crash",
        "dynamodb:TransactWriteItems:3:stale",
        "dynamodb:TransactWriteItems:3:timeout-after",
        "dynamodb:TransactWriteItems:4:crash-after",
        "dynamodb:Query:2:error",
        "sns:Publish:1:timeout",
        "sns:Publish:1:crash-after",
        "sagemaker-runtime:InvokeEndpoint:1:throttled",
        "sagemaker-runtime:InvokeEndpoint:2:crash",
        "sagemaker:DescribeEndpoint:2:error",
        "states:StartExecution:1:timeout-after",
    ] {
        let mut field = base(18);
        let id = field.start(&quick());
        field.lab.fault(fault);
        let canary = field.until_ended(&id, 900);
        let traffic = field.get("/traffic");
        let percent = if canary["status"] == "PROMOTED" { 100 } else { 0 };
        assert_eq!(
            (&traffic["percent"], &traffic["canaryId"]),
            (&json!(percent), &Value::Null),
            "{fault}: {canary}"
        );
        assert!(!field.notices().is_empty(), "{fault}");
    }
}

/// A sample counts once, however often its batch is handed over.
#[test]
fn what_is_measured_is_measured_once() {
    let counted = |tamper: Option<Tamper>| {
        let field = base(19);
        let functions = tamper.map_or_else(registry, |tamper| tampered("analyze-metrics", tamper));
        let mut field = field.fork(&functions);
        let id = field.start(&json!({}));
        field.ticks(6);
        let stored = field.get(&format!("/canary/{id}/measurements"));
        let rollout: judge::Rollout = serde_json::from_value(stored).unwrap();
        let sum: u64 = rollout.intervals.iter().map(|it| it.canary.requests() + it.baseline.requests()).sum();
        (sum, id)
    };
    let (once, _) = counted(None);
    assert_eq!(once, u64::from(HOSTS) * 6);
    assert_eq!(counted(Some(Tamper::Twice)).0, once);
    assert_eq!(counted(Some(Tamper::TwiceAtOnce)).0, once);
}

/// A rollback needs no endpoint, and gives back what was in force before the canary, whatever that was.
#[test]
fn what_was_in_force_before_is_in_force_again() {
    let mut field = base(20);
    field.set_traffic(40);
    let clean = slate(&mut field);
    field.behave(Behaviour::Failing);
    let id = field.start(&quick());
    field.ticks(4);
    let (status, _) = field.call("POST", &format!("/canary/{id}/rollback"), &reason());
    assert_eq!((status, slate(&mut field)), (200, clean));
    // The row of the routing is one, and the canary's is another: nothing else is left in force.
    let left = field
        .lab
        .world()
        .with(|world| world.items(Table::IopsControl).filter(|row| row["subject"] == "routing").count());
    assert_eq!(left, 1);
}
