//! The state machine of restores: the same agreements as that of tiers has.

use capstan_tests::asl;
use capstan_tests::workspace;
use iops_restoring::Step;
use serde_json::Value;
use states::Machine;
use std::collections::BTreeSet;
use tier_steps::StepError;

const FILE: &str = "statemachine/table-restore.asl.json";
const STEPS: [Step; 8] = [
    Step::Restore,
    Step::Await,
    Step::Prepare,
    Step::Verify,
    Step::Swap,
    Step::Complete,
    Step::Undo,
    Step::Fail,
];

fn states() -> Vec<(String, Value)> {
    let definition = workspace::json(FILE);
    let states = definition["States"].as_object().unwrap();
    states.iter().map(|(name, body)| (name.clone(), body.clone())).collect()
}

fn of_type(kind: &str) -> Vec<(String, Value)> {
    states().into_iter().filter(|(_, body)| body["Type"] == kind).collect()
}

#[test]
fn every_step_is_a_task_and_every_task_a_step() {
    let given: BTreeSet<String> = of_type("Task")
        .iter()
        .map(|(_, body)| body["Parameters"]["step"].as_str().unwrap().to_owned())
        .collect();
    let known = STEPS.iter().map(|step| serde_json::to_value(step).unwrap().as_str().unwrap().to_owned());
    assert_eq!(given, known.collect::<BTreeSet<_>>(), "{FILE}");
}

#[test]
fn every_task_retries_what_may_pass_and_catches_the_rest() {
    for (name, body) in of_type("Task") {
        let retried: BTreeSet<String> =
            body["Retry"].as_array().unwrap().iter().flat_map(asl::errors).collect();
        for error in StepError::RETRYABLE {
            assert!(retried.contains(error), "{FILE}: {name} must retry {error}");
        }
        for error in retried.iter().filter(|error| !error.contains('.')) {
            assert!(StepError::RETRYABLE.contains(&error.as_str()), "{FILE}: {name} retries {error} in vain");
        }
        let step = body["Parameters"]["step"].as_str().unwrap();
        let caught = body["Catch"].as_array().map_or(&[][..], Vec::as_slice);
        let wanted = match step {
            // Where even the end can't be recorded, `end-restore` finds the restore.
            "FAIL" => None,
            "UNDO" => Some("CouldNotBeUndone"),
            _ => Some("UndoFailed"),
        };
        let next = caught.first().map(|rule| {
            assert_eq!(
                (&rule["ErrorEquals"][0], &rule["ResultPath"]),
                (&"States.ALL".into(), &"$.failure".into())
            );
            rule["Next"].as_str().unwrap()
        });
        assert_eq!(next, wanted, "{FILE}: {name}");
        assert!(body["TimeoutSeconds"].as_u64().is_some_and(|limit| limit > 60), "{FILE}: {name}");
        assert_eq!(body["ResultPath"], "$.verdict", "{FILE}: {name}");
    }
}

#[test]
fn every_verdict_is_looked_for_and_what_is_unknown_is_undone() {
    for (name, body) in of_type("Choice") {
        let wanted = if name == "IsUndone" { "RestoreFailed" } else { "UndoRestore" };
        assert_eq!(body["Default"], wanted, "{FILE}: {name}");
    }
    let named = |choice: &str| -> BTreeSet<String> {
        let all = states();
        let (_, body) = all.iter().find(|(name, _)| name == choice).unwrap();
        let rules = body["Choices"].as_array().unwrap().iter();
        rules.map(|rule| rule["StringEquals"].as_str().unwrap().to_owned()).collect()
    };
    let sources = workspace::entries(&workspace::root().join("crates/iops/restoring/src"));
    for (choice, function) in
        [("IsRestored", "wait"), ("IsPrepared", "prepare"), ("IsVerified", "verify"), ("IsSwapped", "swap")]
    {
        let text = sources.iter().find_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            let begins = text.find(&format!("pub async fn {function}("))?;
            let rest = &text[begins..];
            Some(rest[..rest.find("\n}\n").unwrap()].to_owned())
        });
        let text = text.unwrap();
        for (answer, verdict) in [("Done", "DONE"), ("Wait", "WAIT"), ("Advance", "ADVANCE")] {
            let given = text.contains(&format!("Answer::{answer}"));
            assert_eq!(
                given,
                named(choice).contains(verdict),
                "{FILE}: {choice} and {verdict} of {function}"
            );
        }
    }
}

#[test]
fn it_can_be_run_and_its_run_outlasts_its_own_limit() {
    let definition = workspace::json(FILE);
    let machine = Machine::parse(&definition).unwrap_or_else(|problems| panic!("{FILE}: {problems:?}"));
    assert_eq!(machine.state_names().count(), states().len());
    let limit = definition["TimeoutSeconds"].as_u64().unwrap();
    assert!(
        limit > 2 * capstan_core::iops::RESTORE_LIMIT.as_seconds_ceil() - 1,
        "{FILE}: undoing needs time too"
    );
    let text = workspace::text(FILE);
    for word in ["QueryLanguage", "MaxDelaySeconds", "JitterStrategy", "arn:aws:", "SecondsPath"] {
        assert!(!text.contains(word), "{FILE}: {word}");
    }
}
