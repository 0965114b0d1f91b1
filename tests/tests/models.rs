//! The workflow tests of releases of models: one succeeds; fails at every step and leaves a clean slate; bears every step twice
//! and every undo twice; is cancelled at any time; goes on when its execution is gone. They run from the table of steps.

use capstan_core::ports::ExecutionStatus;
use capstan_core::time::Millis;
use capstan_tests::lab::Lab;
use capstan_tests::releases::{ask, finish, metric, report, row, serving, slate, until, with_incidents};
use capstan_tests::tamper::{Tamper, tampered};
use local::engine::Options;
use local::functions::{Function, registry};
use release::workflow::STEPS;
use serde_json::{Value, json};
use sim::{ExecutionRow, SharedWorld, World};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Hosts have had incidents, and no model serves.
static FIRST: LazyLock<SharedWorld> = LazyLock::new(|| with_incidents(81).world().clone());
/// A version serves.
static SECOND: LazyLock<SharedWorld> = LazyLock::new(|| serving(82).world().clone());

fn functions() -> BTreeSet<&'static str> {
    STEPS.iter().map(|step| step.function).collect()
}

fn fork(base: &SharedWorld) -> Lab {
    with(base, &registry())
}

fn with(base: &SharedWorld, functions: &[Function]) -> Lab {
    Lab::on(SharedWorld::new(base.fork()), functions, Options::default())
}

#[test]
fn a_release_trains_deploys_and_records_what_serves() {
    let mut lab = fork(&FIRST);
    let id = ask(&mut lab);
    let ended = finish(&mut lab, &id);
    assert_eq!(ended["status"], "COMPLETED", "{ended}");
    assert!(ended["data"]["learnRows"].as_u64().expect("rows") >= 200, "{ended}");
    assert!(ended["measured"]["accuracy"].as_f64() > ended["measured"]["majority"].as_f64(), "{ended}");
    assert_eq!(ended["servingMeasured"], Value::Null);
    let models = lab.get("/models");
    assert_eq!(models["serving"], ended["modelVersion"]);
    assert_eq!(models["underWay"], Value::Null);
    let version = &models["versions"][0];
    assert_eq!(
        (&version["state"], &version["deployedBy"], &version["data"], &version["measured"]),
        (&json!("SERVING"), &json!("grace"), &ended["data"], &ended["measured"])
    );
    let traffic = lab.get("/traffic");
    assert_eq!((&traffic["percent"], &traffic["canaryId"]), (&json!(100), &Value::Null), "{traffic}");
    assert_eq!(
        traffic["model"],
        format!("iops-model-{}", ended["modelVersion"].as_str().expect("a version"))
    );
}

#[test]
fn the_next_one_is_held_against_what_serves_and_the_one_before_is_one_call_away() {
    let mut lab = fork(&SECOND);
    let first = lab.get("/models")["serving"].clone();
    let id = ask(&mut lab);
    let ended = finish(&mut lab, &id);
    assert_eq!(ended["status"], "COMPLETED", "{ended}");
    assert!(ended["servingMeasured"]["meanError"].is_number(), "{ended}");
    assert_eq!(lab.get("/models")["former"], first);
    let back = json!({"reason": "the one before was better", "canary": capstan_tests::releases::quick()});
    let path = format!("/models/{}/restore", first.as_str().expect("a version"));
    let (status, answer) = lab.call("POST", &path, &back);
    assert_eq!(status, 202, "{answer}");
    let ended = finish(&mut lab, answer["releaseId"].as_str().expect("an id"));
    assert_eq!(ended["status"], "COMPLETED", "{ended}");
    let models = lab.get("/models");
    assert_eq!(models["serving"], first);
    let stands: Vec<&str> = models["versions"]
        .as_array()
        .expect("versions")
        .iter()
        .filter_map(|one| one["state"].as_str())
        .collect();
    assert_eq!(stands, ["FORMER", "SERVING"]);
}

/// Whatever function fails for good, whenever: the release ends, and unless the one that undoes is itself what fails, the slate
/// is as it was.
#[test]
fn a_release_that_fails_at_any_step_leaves_a_clean_slate() {
    for base in [&*FIRST, &*SECOND] {
        for function in functions() {
            for tamper in [Tamper::Fails, Tamper::AnswerLost] {
                let before = slate(&fork(base));
                let mut lab = with(base, &tampered(function, tamper));
                let id = ask(&mut lab);
                let what = format!("{function} {tamper:?}");
                if (function, tamper) == ("end-release", Tamper::Fails) {
                    left_alone_and_cured(lab, &id);
                    continue;
                }
                let ended = finish(&mut lab, &id);
                match ended["status"].as_str().unwrap_or_default() {
                    "ROLLED_BACK" => assert_eq!(before, slate(&lab), "{what}"),
                    "COMPLETED" => {
                        assert_eq!((function, tamper), ("end-release", Tamper::AnswerLost), "{what}");
                    }
                    _ => panic!("{what}: {ended}"),
                }
            }
        }
    }
}

/// What records ends fails whatever happens; once it does no more, one call ends what was left alone.
fn left_alone_and_cured(mut lab: Lab, id: &str) {
    let alone = until(&mut lab, id, |seen| seen["promotedAt"].is_string());
    assert_eq!(alone["status"], "CANARY", "{alone}");
    let until = lab.engine().now() + Millis::hours(1);
    lab.engine().run_until(until, |_| false);
    let mut cured = Lab::on(lab.world().clone(), &registry(), Options::default());
    let wish = json!({"reason": "the cause is cured by now"});
    let (status, answer) = cured.call("POST", &format!("/models/releases/{id}/cancel"), &wish);
    assert_eq!(status, 202, "{answer}");
    let ended = finish(&mut cured, id);
    assert_eq!(ended["status"], "COMPLETED", "{ended}");
    assert_eq!(cured.get("/models")["serving"], ended["modelVersion"]);
}

#[test]
fn every_step_may_run_twice() {
    let mut clean = fork(&SECOND);
    let id = ask(&mut clean);
    assert_eq!(finish(&mut clean, &id)["status"], "COMPLETED");
    for function in functions() {
        for tamper in [Tamper::Twice, Tamper::TwiceAtOnce] {
            let mut lab = with(&SECOND, &tampered(function, tamper));
            let id = ask(&mut lab);
            let ended = finish(&mut lab, &id);
            assert_eq!(ended["status"], "COMPLETED", "{function} {tamper:?}: {ended}");
            assert_eq!(slate(&clean), slate(&lab), "{function} {tamper:?}");
        }
    }
}

/// Each call that changes something is refused for good once, and what undoes runs twice.
#[test]
fn every_undo_may_run_twice() {
    let before = slate(&fork(&SECOND));
    for call in ["CreateTrainingJob", "CreateModel", "CreateEndpointConfig", "UpdateEndpoint"] {
        for tamper in [Tamper::Twice, Tamper::TwiceAtOnce] {
            let mut lab = with(&SECOND, &tampered("end-release", tamper));
            lab.fault(&format!("sagemaker:{call}:1:denied"));
            let id = ask(&mut lab);
            let ended = finish(&mut lab, &id);
            let what = format!("{call} denied, {tamper:?}: {ended}");
            assert_eq!(
                (&ended["status"], &ended["failure"]["name"]),
                (&json!("ROLLED_BACK"), &json!("AccessDenied")),
                "{what}"
            );
            assert_eq!(before, slate(&lab), "{what}");
        }
    }
}

#[test]
fn a_release_can_be_cancelled_at_any_time() {
    for base in [&*FIRST, &*SECOND] {
        let before = slate(&fork(base));
        for status in ["EXPORTING", "TRAINING", "REGISTERING", "DEPLOYING", "CANARY"] {
            let mut lab = fork(base);
            let id = ask(&mut lab);
            let seen = until(&mut lab, &id, |seen| seen["status"] == status);
            // Steps that take no time are passed between two looks.
            if seen["status"] != status {
                continue;
            }
            let wish = json!({"reason": "it was not to be today"});
            let (code, answer) = lab.call("POST", &format!("/models/releases/{id}/cancel"), &wish);
            assert_eq!(code, 202, "{status}: {answer}");
            let ended = finish(&mut lab, &id);
            assert_eq!(ended["status"], "ROLLED_BACK", "{status}: {ended}");
            assert_eq!(ended["failure"]["name"], "ReleaseCancelled", "{status}: {ended}");
            assert_eq!(before, slate(&lab), "{status}");
        }
    }
}

/// Ends what runs, as somebody may who has the console open.
fn abort(lab: &Lab, id: &str) {
    lab.world().with(|world| {
        let name = |row: &&ExecutionRow| row.name.starts_with(id) && row.status == ExecutionStatus::Running;
        let running: Vec<ExecutionRow> = world.executions().filter(name).cloned().collect();
        assert!(!running.is_empty(), "nothing runs");
        for mut row in running {
            row.status = ExecutionStatus::Aborted;
            row.stopped_at = Some(world.now());
            row.state = None;
            world.put_execution(row);
        }
    });
}

/// What EventBridge says of an execution's end, to the function that looks after releases.
fn execution_ended(lab: &Lab, name: &str) -> Option<String> {
    let detail = json!({"name": name, "status": "ABORTED"});
    let event = json!({"detail-type": "Step Functions Execution Status Change", "source": "aws.states", "detail": detail});
    lab.out_of_order("end-release", event)
}

/// The execution is stopped from outside, at every status: another one goes on where it was.
#[test]
fn a_release_whose_execution_is_gone_goes_on_where_it_was() {
    for status in ["TRAINING", "DEPLOYING", "CANARY"] {
        let mut lab = fork(&SECOND);
        let id = ask(&mut lab);
        assert_eq!(until(&mut lab, &id, |seen| seen["status"] == status)["status"], status);
        abort(&lab, &id);
        // A new process of the engine, as after a restart: it knows nothing of what ran.
        let mut lab = Lab::on(lab.world().clone(), &registry(), Options::default());
        assert_eq!(execution_ended(&lab, &id), None);
        let ended = finish(&mut lab, &id);
        assert_eq!(
            (&ended["status"], &ended["recoveries"]),
            (&json!("COMPLETED"), &json!(1)),
            "{status}: {ended}"
        );
        let jobs = lab.world().with(|world| {
            let calls = world.log().iter().filter(|effect| effect.operation.name() == "CreateTrainingJob");
            calls
                .filter(|effect| effect.resource.contains(ended["modelVersion"].as_str().unwrap_or("?")))
                .count()
        });
        assert_eq!(jobs, 1, "{status}: what was trained is not trained again");
    }
}

/// Executions fail again and again: then a person is told, and one call undoes it.
#[test]
fn what_can_not_be_ended_is_stuck_and_cured_by_one_call() {
    let before = slate(&fork(&SECOND));
    let mut lab = fork(&SECOND);
    let id = ask(&mut lab);
    until(&mut lab, &id, |seen| seen["status"] == "CANARY");
    let wish = json!({"reason": "it was not to be today"});
    lab.call("POST", &format!("/models/releases/{id}/cancel"), &wish);
    lab.fault("sagemaker:UpdateEndpoint:*:denied");
    let stuck = finish(&mut lab, &id);
    assert_eq!(stuck["status"], "STUCK", "{stuck}");
    let notice = lab.world().with(|world| world.notices().last().cloned()).expect("people were told");
    assert!(notice.body.contains(&format!("capstan model cancel {id}")), "{}", notice.body);
    let (status, answer) = lab.call("POST", "/models/releases", &json!({"reason": "another one meanwhile"}));
    assert_eq!((status, &answer["code"]), (409, &json!("RELEASE_UNDER_WAY")), "{answer}");
    lab.heal();
    let (status, answer) = lab.call("POST", &format!("/models/releases/{id}/cancel"), &wish);
    assert_eq!((status, &answer["status"]), (202, &json!("ROLLING_BACK")), "{answer}");
    let ended = until(&mut lab, &id, |seen| seen["status"] == "ROLLED_BACK");
    assert_eq!(ended["status"], "ROLLED_BACK");
    assert_eq!(before, slate(&lab));
}

/// The process dies before, or after, each call that a release makes, and another one takes up the world as it was stored.
#[test]
fn a_process_that_dies_at_any_call_loses_nothing() {
    let mut clean = fork(&FIRST);
    clean.world().with(sim::World::clear_records);
    let id = ask(&mut clean);
    finish(&mut clean, &id);
    let calls: BTreeSet<String> = clean.world().with(|world| {
        let of =
            world.calls().iter().filter(|call| call.mutates() && call.operation.service() == "sagemaker");
        of.map(|call| call.operation.name().to_owned()).collect()
    });
    assert!(calls.len() >= 4, "{calls:?}");
    for call in &calls {
        for crash in ["crash", "crash-after"] {
            let mut lab = fork(&FIRST);
            lab.fault(&format!("sagemaker:{call}:1:{crash}"));
            let id = ask(&mut lab);
            let ended = finish(&mut lab, &id);
            assert_eq!(ended["status"], "COMPLETED", "{call} {crash}: {ended}");
        }
    }
    for status in ["TRAINING", "DEPLOYING", "CANARY"] {
        let mut lab = fork(&FIRST);
        let id = ask(&mut lab);
        until(&mut lab, &id, |seen| seen["status"] == status);
        let (config, stored) = lab.world().with(|world| (world.config().clone(), world.dump()));
        let world = World::load(config, stored).expect("what was stored");
        let mut lab = Lab::on(SharedWorld::new(world), &registry(), Options::default());
        let ended = finish(&mut lab, &id);
        assert_eq!(ended["status"], "COMPLETED", "{status}: {ended}");
    }
}

#[test]
fn a_model_that_is_worse_than_the_one_that_serves_is_not_deployed() {
    let before = slate(&fork(&SECOND));
    let mut lab = fork(&SECOND);
    // Somebody calls what was found earlier nothing, all but the first: what is left teaches too little, and what serves has
    // learnt from all of it.
    let page = lab.get("/insights?limit=100");
    let insights = page["insights"].as_array().expect("insights");
    let mut found: Vec<(&str, &str)> = insights
        .iter()
        .filter_map(|insight| Some((insight["timestamp"].as_str()?, insight["insightId"].as_str()?)))
        .filter(|(at, _)| *at < "2026-11-21T02:08:00")
        .collect();
    found.sort_unstable();
    assert!(found.len() >= 10, "{page}");
    for (_, id) in &found[1..] {
        let path = format!("/insights/{id}/dismiss");
        assert_eq!(lab.call("POST", &path, &json!({"note": "a planned load test"})).0, 200);
    }
    let id = ask(&mut lab);
    let ended = finish(&mut lab, &id);
    assert_eq!(ended["failure"]["name"], "ModelRefused", "{ended}");
    assert_eq!(ended["former"], Value::Null, "nothing was deployed: {ended}");
    assert!(
        ended["measured"]["meanError"].as_f64() > ended["servingMeasured"]["meanError"].as_f64(),
        "{ended}"
    );
    assert_eq!(before, slate(&lab));
}

#[test]
fn what_can_not_be_trained_on_is_refused_with_what_to_do() {
    let mut lab = Lab::new(83);
    let before = slate(&lab);
    let id = ask(&mut lab);
    let ended = finish(&mut lab, &id);
    assert_eq!(
        (&ended["status"], &ended["failure"]["name"]),
        (&json!("ROLLED_BACK"), &json!("TooLittleData")),
        "{ended}"
    );
    assert!(
        ended["failure"]["message"].as_str().is_some_and(|text| text.contains("take more days")),
        "{ended}"
    );
    assert_eq!(before, slate(&lab));
    for (body, status, word) in [
        (json!({}), 422, "reason"),
        (json!({"reason": "short"}), 422, "reason"),
        (json!({"reason": "long enough it is", "days": 0}), 422, "days"),
        (json!({"reason": "long enough it is", "days": 91}), 422, "days"),
        (json!({"reason": "long enough it is", "days": "many"}), 422, "days"),
        (json!({"reason": "long enough it is", "canary": {"stages": []}}), 422, "canary"),
        (json!({"reason": "long enough it is", "image": "x"}), 422, "image"),
    ] {
        let (code, answer) = lab.call("POST", "/models/releases", &body);
        assert_eq!(code, status, "{body}: {answer}");
        assert!(answer["detail"].as_str().is_some_and(|detail| detail.contains(word)), "{body}: {answer}");
    }
    let reason = json!({"reason": "long enough it is"});
    for path in ["/models/20261121-030000-000/restore", "/models/x/restore", "/models/releases/x/cancel"] {
        assert_eq!(lab.call("POST", path, &reason).0, 404, "{path}");
    }
}

#[test]
fn a_stack_without_an_image_says_what_to_set() {
    let mut lab =
        Lab::with(fork(&FIRST).world().clone(), &registry(), Options::default(), &[("IopsModelImage", "")]);
    let (status, answer) = lab.call("POST", "/models/releases", &json!({"reason": "long enough it is"}));
    assert_eq!((status, &answer["code"]), (409, &json!("NOT_CONFIGURED")), "{answer}");
    assert!(answer["detail"].as_str().is_some_and(|detail| detail.contains("ModelImage")), "{answer}");
}

/// Somebody stops a release whose canary has been promoted, and which has not heard of it yet: no host is left on what is taken
/// away.
#[test]
fn a_release_that_is_stopped_as_its_canary_is_promoted_leaves_no_host_behind() {
    for base in [&*FIRST, &*SECOND] {
        let before = slate(&fork(base));
        let mut lab = fork(base);
        let id = ask(&mut lab);
        until(&mut lab, &id, |seen| seen["status"] == "CANARY" && seen["canaryId"].is_string());
        let canary = format!("/canary/{}", row(&mut lab, &id)["canaryId"].as_str().expect("an id"));
        let mut seconds = 0;
        while lab.get(&canary)["status"] != "PROMOTED" {
            if seconds % 10 == 0 {
                let now = lab.engine().now();
                let metrics: Vec<Value> =
                    (0..80).map(|host| metric(&format!("web-{host}"), now, false)).collect();
                report(&mut lab, &metrics);
            }
            seconds += 1;
            assert!(seconds < 1_000, "{}", lab.get(&canary));
            let until = lab.engine().now() + Millis::seconds(1);
            lab.engine().run_until(until, |_| false);
        }
        assert_eq!(row(&mut lab, &id)["promotedAt"], Value::Null, "it has not heard of it yet");
        let wish = json!({"reason": "it was not to be today"});
        assert_eq!(lab.call("POST", &format!("/models/releases/{id}/cancel"), &wish).0, 202);
        let ended = finish(&mut lab, &id);
        assert_eq!(ended["status"], "ROLLED_BACK", "{ended}");
        assert_eq!(before, slate(&lab));
    }
}
