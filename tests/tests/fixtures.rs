//! Every event of `events/`, fed to its function in its world; the answer is a snapshot.
//!
//! Run one function's: `cargo test -p capstan-tests --test fixtures tier_change`.

#![expect(clippy::panic, reason = "what is wrong is a failed test, and says what to do")]

use capstan_core::audit::{Act, HEAD};
use capstan_core::ports::Table;
use capstan_tests::cases::{self, Case, Outcome};
use capstan_tests::scenario::Scenario;
use capstan_tests::workspace;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tier_records::AUDIT_UNSEALED;

/// What came of an event, in a form for people: the body of an HTTP answer as JSON, and what was done to the cloud.
fn come_of(case: &Case, scenario: &Scenario, event: Value) -> Value {
    let before = scenario.records();
    let told_before = scenario.world().with(|world| {
        world.clear_records();
        world.notices().len()
    });
    let mut seen = match scenario.call(case.function(), event) {
        Ok(answer) => check_answer(case, answer),
        Err(error) => {
            let expected = matches!(case.outcome, Outcome::Failure(name) if name == error.name);
            assert!(
                expected,
                "events/{}.json should give {:?}, and fails by {error}: correct its case in tests/src/cases, or the function",
                case.file, case.outcome
            );
            json!({"errorType": error.name, "errorMessage": error.message})
        }
    };
    let (done, notices) = scenario.world().with(|world| {
        let log = world.log().iter();
        let done: Vec<_> =
            log.map(|entry| format!("{} {}", entry.operation.name(), entry.resource)).collect();
        (json!(done), json!(world.notices()[told_before..]))
    });
    if changes_nothing(case) {
        let (before, _) = without_denials(before);
        let (after, denials) = without_denials(scenario.records());
        assert_eq!(before, after, "events/{}.json: nothing may be written", case.file);
        // What the console itself refuses, the API was not asked.
        let asked = case.function() != "console";
        let denied = usize::from(asked && case.outcome == Outcome::Status(403));
        assert_eq!(
            denials, denied,
            "events/{}.json: a denial is recorded once, and nothing else as one",
            case.file
        );
        assert_eq!(
            (&done, &notices),
            (&json!([]), &json!([])),
            "events/{}.json: nothing may be done",
            case.file
        );
    }
    for (name, value) in [("effects", done), ("notices", notices)] {
        if value != json!([]) {
            seen[name] = value;
        }
    }
    seen
}

/// The records without the audit's entries of denials, with what every entry moves (the head, and that it is to be sealed), and
/// without what is kept under a request's key; and how many denials there are.
fn without_denials(mut records: Value) -> (Value, usize) {
    let mut denials = 0;
    for table in records["tables"].as_array_mut().into_iter().flatten() {
        let Some(rows) = table[1].as_array_mut() else { continue };
        rows.retain(|row| {
            let denied = row["action"] == Act::RequestDenied.name();
            denials += usize::from(denied);
            !denied && row["entry"] != HEAD && row["index_name"] != AUDIT_UNSEALED
        });
        if table[0] == Table::TierRequest.name() {
            table[1] = json!([]);
        }
    }
    (records, denials)
}

/// Whoever only looks, is refused, or has sent what makes no sense leaves everything as it was.
fn changes_nothing(case: &Case) -> bool {
    match case.outcome {
        Outcome::Status(status) => {
            status >= 400
                || ["tier-read", "read-audit", "read-metrics", "check-health", "check-cost", "console"]
                    .contains(&case.function())
        }
        Outcome::Failure(name) => [
            "Unauthorized",
            "BadInput",
            "NoSuchTransition",
            "TransitionEnded",
            "TransitionCancelled",
            "NoSuchRelease",
            "ReleaseEnded",
            "ReleaseCancelled",
            "OutOfTurn",
        ]
        .contains(&name),
        Outcome::Verdict(_) | Outcome::Answer => false,
    }
}

fn check_answer(case: &Case, mut answer: Value) -> Value {
    let wrong = "correct its case in tests/src/cases, or the function";
    match case.outcome {
        Outcome::Failure(name) => {
            panic!("events/{}.json should fail by {name}, and gives {answer}: {wrong}", case.file)
        }
        Outcome::Answer => {}
        Outcome::Verdict(verdict) => {
            assert_eq!(answer, json!({"verdict": verdict}), "events/{}.json: {wrong}", case.file);
        }
        Outcome::Status(status) => {
            let body = answer["body"].as_str().unwrap_or_default().to_owned();
            assert_eq!(answer["statusCode"], status, "events/{}.json: {body}: {wrong}", case.file);
            assert!(status < 500, "events/{}.json: no input may be answered by {status}", case.file);
            if case.function() == "console" {
                return check_page(case, answer, &body);
            }
            answer["body"] = serde_json::from_str(&body).unwrap_or_else(|error| {
                panic!("events/{}.json: the body is not JSON ({error}): {body}", case.file)
            });
            let problem = answer["headers"]["Content-Type"] == "application/problem+json";
            let rejected = answer["body"]["status"] == "REJECTED";
            assert_eq!(
                problem,
                status >= 400 && !rejected,
                "events/{}.json: errors are problem JSON",
                case.file
            );
            if problem || rejected {
                assert!(
                    answer["body"]["code"].is_string(),
                    "events/{}.json: an error has a stable code",
                    case.file
                );
            }
        }
    }
    answer
}

/// Of a page, the title is enough here: what stands on it is the matter of the console's own tests.
fn check_page(case: &Case, mut answer: Value, body: &str) -> Value {
    assert_eq!(
        answer["headers"]["Content-Security-Policy"],
        console::POLICY,
        "events/{}.json: an answer without the policy",
        case.file
    );
    let title = body.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    answer["body"] = json!(title.map_or(body, |(title, _)| title));
    if let Some(tag) = answer["headers"].get_mut("ETag") {
        *tag = json!("…");
    }
    answer
}

/// A step's payload must be what the state machine hands over there, or nobody knows whether it ever comes in like that.
fn check_passed(case: &Case, scenario: &Scenario, event: &Value) {
    let function = case.function();
    let next = scenario.next();
    let due = next.iter().find(|next| next.function == function).unwrap_or_else(|| {
        panic!(
            "events/{}.json: {function} is not called next there, but {next:?}: correct its case",
            case.file
        )
    });
    assert_eq!(
        due.input, *event,
        "events/{}.json is not what {} hands over (left): put that into the file",
        case.file, due.state
    );
}

fn feed(function: &str) {
    let cases: Vec<Case> = cases::all().into_iter().filter(|case| case.function() == function).collect();
    assert!(!cases.is_empty(), "tests/src/cases has nothing for {function}");
    // All of them, so that one run shows everything that is wrong.
    let fails = |case: &&Case| catch_unwind(AssertUnwindSafe(|| feed_one(case))).is_err();
    let failed: Vec<&str> = cases.iter().filter(fails).map(|case| case.file).collect();
    assert!(failed.is_empty(), "see above for what is wrong with {failed:?}");
}

fn feed_one(case: &Case) {
    let event = workspace::json(&format!("events/{}.json", case.file));
    let scenario = (case.place)();
    if case.as_passed {
        check_passed(case, &scenario, &event);
    }
    let seen = come_of(case, &scenario, event);
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_json_snapshot!(case.file.replace('/', "__"), seen);
    });
}

macro_rules! feed {
    ($($test:ident $function:literal,)*) => {
        const FED: &[&str] = &[$($function),*];
        $(
            #[test]
            fn $test() {
                feed($function);
            }
        )*
    };
}

feed! {
    analyze_metrics "analyze-metrics",
    authorizer "authorizer",
    canary "canary",
    check_endpoint "check-endpoint",
    check_training "check-training",
    check_cost "check-cost",
    check_health "check-health",
    console "console",
    cleanup_elasticache "cleanup-elasticache",
    cleanup_failed_alert "cleanup-failed-alert",
    cleanup_kinesis "cleanup-kinesis",
    cleanup_neptune "cleanup-neptune",
    cleanup_opensearch "cleanup-opensearch",
    cleanup_sagemaker "cleanup-sagemaker",
    deploy_model "deploy-model",
    drain_connections "drain-connections",
    end_canary "end-canary",
    end_release "end-release",
    export_training_data "export-training-data",
    find_orphans "find-orphans",
    ingest_metrics "ingest-metrics",
    end_restore "end-restore",
    restore_table "restore-table",
    restores "restores",
    scale_resource "scale-resource",
    scales "scales",
    judge_canary "judge-canary",
    models "models",
    manage_subscriptions "manage-subscriptions",
    provision_elasticache "provision-elasticache",
    provision_kinesis "provision-kinesis",
    provision_neptune "provision-neptune",
    provision_opensearch "provision-opensearch",
    provision_sagemaker "provision-sagemaker",
    read_audit "read-audit",
    read_insights "read-insights",
    read_metrics "read-metrics",
    reap_retired "reap-retired",
    reconcile_transitions "reconcile-transitions",
    register_model "register-model",
    rollback_provisioning "rollback-provisioning",
    seal_audit "seal-audit",
    set_traffic "set-traffic",
    start_canary "start-canary",
    start_training "start-training",
    tier_change "tier-change",
    tier_configs "tier-configs",
    tier_read "tier-read",
    test_alarm "test-alarm",
    transition_complete "transition-complete",
    transition_failed "transition-failed",
    update_app_config "update-app-config",
    validate_transition "validate-transition",
    verify_provisioning "verify-provisioning",
}

#[test]
fn every_function_is_fed() {
    let fed: BTreeSet<String> = FED.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(fed, workspace::functions(), "tests/tests/fixtures.rs: `feed!` must list every function");
}

#[test]
fn every_event_has_one_case_and_every_case_its_event() {
    let mut cases = BTreeSet::new();
    for case in cases::all() {
        assert!(cases.insert(case.file.to_owned()), "tests/src/cases has {} twice: take one out", case.file);
    }
    let events = workspace::events();
    let unused: Vec<_> = events.difference(&cases).collect();
    assert!(
        unused.is_empty(),
        "events without a case: add them to tests/src/cases, or delete them: {unused:?}"
    );
    let missing: Vec<_> = cases.difference(&events).collect();
    assert!(missing.is_empty(), "cases without an event: add the files to events/: {missing:?}");
}

#[test]
fn every_snapshot_has_its_event() {
    let folder = workspace::root().join("tests/tests/snapshots");
    let expected: BTreeSet<String> = cases::all().iter().map(|case| case.file.replace('/', "__")).collect();
    let files = workspace::entries(&folder).into_iter().map(|path| workspace::file_name(&path));
    let names = files.filter_map(|file| file.strip_suffix(".snap").map(ToOwned::to_owned));
    let of_no_event = |name: &String| name.contains("__") && !expected.contains(name);
    let stale: Vec<String> = names.filter(of_no_event).collect();
    assert!(stale.is_empty(), "snapshots that nothing makes any more: delete them: {stale:?}");
}

#[test]
fn every_event_is_written_as_it_is_read() {
    for event in workspace::events() {
        let read = workspace::json(&format!("events/{event}.json"));
        let again: Value = serde_json::from_str(&read.to_string()).unwrap();
        assert_eq!(read, again, "events/{event}.json");
    }
}

/// What each kind of event has in the cloud, whether a function looks at it or not.
#[test]
fn every_event_has_the_whole_shape_that_the_cloud_sends() {
    const PROXY: [&str; 12] = [
        "resource",
        "path",
        "httpMethod",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "requestContext",
        "body",
        "isBase64Encoded",
    ];
    const AUTHORIZER: [&str; 12] = [
        "type",
        "methodArn",
        "resource",
        "path",
        "httpMethod",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "requestContext",
    ];
    const EVENT: [&str; 9] =
        ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"];
    const RECORD: [&str; 7] =
        ["eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb", "eventSourceARN"];
    for file in workspace::events() {
        let event = workspace::json(&format!("events/{file}.json"));
        let fields: BTreeSet<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
        let shape: BTreeSet<&str> = if fields.contains("httpMethod") {
            if fields.contains("type") { AUTHORIZER.into() } else { PROXY.into() }
        } else if fields.contains("Records") {
            for record in event["Records"].as_array().unwrap() {
                let fields: BTreeSet<&str> = record.as_object().unwrap().keys().map(String::as_str).collect();
                assert_eq!(fields, RECORD.into(), "events/{file}.json: see events/README.md");
            }
            BTreeSet::from(["Records"])
        } else if fields.contains("detail-type") {
            EVENT.into()
        } else {
            let of_a_tenant = fields.contains("tenantId") && fields.contains("transitionId");
            assert!(
                of_a_tenant
                    || fields.contains("canaryId")
                    || fields.contains("releaseId")
                    || fields.contains("restoreId") && fields.contains("step"),
                "events/{file}.json is of no known kind"
            );
            continue;
        };
        assert_eq!(
            fields, shape,
            "events/{file}.json has not the fields that the cloud sends: see events/README.md"
        );
    }
}
