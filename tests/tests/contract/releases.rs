//! The state machine of releases of models, held against the functions, their errors and their verdicts.

use capstan_tests::asl;
use capstan_tests::template::Template;
use capstan_tests::workspace;
use release::workflow::STEPS;
use release::{Answer, ReleaseError};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tier_steps::StepError;

const FILE: &str = "statemachine/model-release.asl.json";
/// What Step Functions and Lambda themselves fail with, and is tried again, as for tiers.
const PLATFORM: [&str; 9] = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
];

fn states() -> BTreeMap<String, Value> {
    let definition = workspace::json(FILE);
    definition["States"].as_object().unwrap().clone().into_iter().collect()
}

fn of_type(kind: &str) -> BTreeMap<String, Value> {
    states().into_iter().filter(|(_, state)| state["Type"] == kind).collect()
}

#[test]
fn every_task_is_a_step_of_the_table_and_a_function_of_the_template() {
    let template = Template::read();
    let given = template.substitutions_of(FILE);
    let functions: BTreeMap<String, String> =
        template.functions().into_iter().map(|function| (function.logical_id, function.binary)).collect();
    let mut used = BTreeSet::new();
    let mut in_machine = BTreeSet::new();
    for (name, task) in of_type("Task") {
        let resource = task["Resource"].as_str().unwrap();
        let substitution = resource.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap();
        let target =
            given.get(substitution).and_then(|target| target.strip_suffix(".Arn")).unwrap_or_default();
        let function = functions.get(target);
        let function = function
            .unwrap_or_else(|| panic!("{FILE}: {name} calls {resource}, which the template does not give"));
        assert_eq!(substitution, format!("{target}Arn"), "{FILE}: call the substitution after its function");
        used.insert(substitution.to_owned());
        in_machine.insert((name, function.clone()));
    }
    assert_eq!(used, given.into_keys().collect(), "{FILE} uses (left) what the template gives (right)");
    let in_rust = STEPS.iter().map(|step| (step.state.to_owned(), step.function.to_owned())).collect();
    assert_eq!(in_machine, in_rust, "{FILE} (left), and STEPS in crates/release/src/workflow.rs (right)");
}

#[test]
fn every_task_retries_what_may_pass_and_has_the_rest_undone() {
    let wanted: BTreeSet<String> =
        StepError::RETRYABLE.into_iter().chain(PLATFORM).map(ToOwned::to_owned).collect();
    for (name, task) in of_type("Task") {
        let retried: BTreeSet<String> =
            task["Retry"].as_array().unwrap().iter().flat_map(asl::errors).collect();
        assert_eq!(retried, wanted, "{FILE}: {name}");
        let caught = task["Catch"].as_array().unwrap();
        assert_eq!(caught.len(), 1, "{FILE}: {name}");
        assert_eq!(asl::errors(&caught[0]), BTreeSet::from(["States.ALL".to_owned()]), "{FILE}: {name}");
        let next = if name == "UndoRelease" { "ReleaseStuck" } else { "UndoRelease" };
        assert_eq!(
            (&caught[0]["Next"], &caught[0]["ResultPath"]),
            (&next.into(), &"$.failure".into()),
            "{FILE}: {name}"
        );
    }
    for name in ReleaseError::OWN {
        assert!(!wanted.contains(name), "{name} does not pass by itself");
    }
}

#[test]
fn every_verdict_that_is_given_leads_somewhere() {
    let written =
        |answer: Answer| serde_json::to_value(answer).unwrap()["verdict"].as_str().unwrap().to_owned();
    let known: BTreeSet<String> = Answer::ALL.into_iter().map(written).collect();
    let mut named = BTreeSet::new();
    for (name, choice) in of_type("Choice") {
        let before: Vec<Value> =
            of_type("Task").into_values().filter(|task| task["Next"] == name.as_str()).collect();
        assert_eq!(before.len(), 1, "{FILE}: {name} follows one task");
        for rule in choice["Choices"].as_array().unwrap() {
            let verdict = rule["StringEquals"].as_str().unwrap().to_owned();
            assert!(known.contains(&verdict), "{FILE}: {name} waits for {verdict}, which no step answers");
            let kept = format!("{}.verdict", before[0]["ResultPath"].as_str().unwrap());
            assert_eq!(rule["Variable"], kept.as_str(), "{FILE}: {name} must look where the answer is");
            named.insert(verdict);
        }
        let default = choice["Default"].as_str().unwrap();
        assert!(
            ["UndoRelease", "ReleaseStuck"].contains(&default),
            "{FILE}: {name} must fall back to undoing"
        );
    }
    // What can't be undone is what is left where nothing else fits.
    named.insert(written(Answer::Stuck));
    assert_eq!(named, known, "{FILE}: verdicts that are waited for (left), and answered (right)");
}

#[test]
fn every_state_outlasts_its_function_and_what_was_lost_sight_of_is_over_before_it_is_begun_again() {
    let functions = crate::functions_by_crate();
    for step in STEPS {
        let task = &of_type("Task")[step.state];
        let (limit, function) = (task["TimeoutSeconds"].as_u64().unwrap(), functions[step.function].timeout);
        assert!(
            limit > function,
            "{FILE}: {} ({limit} s) is shorter than {} ({function} s)",
            step.state,
            step.function
        );
        let lost = task["Retry"][0]["IntervalSeconds"].as_u64().unwrap();
        assert!(lost > function, "{FILE}: {} is begun again while it may still run", step.state);
    }
    for (name, wait) in of_type("Wait") {
        assert!((5..=10).contains(&wait["Seconds"].as_u64().unwrap()), "{FILE}: {name}");
    }
    assert!(!workspace::text(FILE).contains("arn:aws:"), "{FILE}: ARNs come in by substitution");
    let limit = workspace::json(FILE)["TimeoutSeconds"].as_u64().unwrap();
    assert!(limit > 2 * release::LONGEST.as_seconds_ceil(), "{FILE}: a release gives up by itself first");
}
