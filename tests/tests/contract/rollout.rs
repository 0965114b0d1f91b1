//! The state machine of the canary, held against the functions, their errors and their verdicts.

use capstan_tests::asl;
use capstan_tests::template::Template;
use capstan_tests::workspace;
use rollout::{Error, Verdict};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tier_steps::StepError;

const FILE: &str = "statemachine/canary-rollout.asl.json";
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
/// What ends things need not catch: the end of the execution, and every five minutes, has the same function called.
const UNCAUGHT: [&str; 2] = ["EndCanary", "RollBackCanary"];

fn states() -> BTreeMap<String, Value> {
    let definition = workspace::json(FILE);
    definition["States"].as_object().unwrap().clone().into_iter().collect()
}

fn tasks() -> BTreeMap<String, Value> {
    states().into_iter().filter(|(_, state)| state["Type"] == "Task").collect()
}

#[test]
fn every_task_is_a_function_of_the_template() {
    let template = Template::read();
    let given = template.substitutions_of(FILE);
    let functions: BTreeMap<String, String> =
        template.functions().into_iter().map(|function| (function.logical_id, function.binary)).collect();
    let mut used = BTreeSet::new();
    for (name, task) in tasks() {
        let resource = task["Resource"].as_str().unwrap();
        let substitution = resource.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap();
        let target =
            given.get(substitution).and_then(|target| target.strip_suffix(".Arn")).unwrap_or_default();
        assert!(
            functions.contains_key(target),
            "{FILE}: {name} calls {resource}, which the template does not give"
        );
        assert_eq!(substitution, format!("{target}Arn"), "{FILE}: call the substitution after its function");
        used.insert(substitution.to_owned());
    }
    assert_eq!(used, given.into_keys().collect(), "{FILE} uses (left) what the template gives (right)");
}

#[test]
fn every_task_retries_what_may_pass_and_undoes_the_rest() {
    let wanted: BTreeSet<String> =
        StepError::RETRYABLE.into_iter().chain(PLATFORM).map(ToOwned::to_owned).collect();
    for (name, task) in tasks() {
        let retried: BTreeSet<String> =
            task["Retry"].as_array().unwrap().iter().flat_map(asl::errors).collect();
        assert_eq!(retried, wanted, "{FILE}: {name}");
        let caught: Vec<&Value> = task["Catch"].as_array().into_iter().flatten().collect();
        if UNCAUGHT.contains(&name.as_str()) {
            assert!(caught.is_empty(), "{FILE}: {name}");
            continue;
        }
        assert_eq!(caught.len(), 1, "{FILE}: {name}");
        assert_eq!(asl::errors(caught[0]), BTreeSet::from(["States.ALL".to_owned()]), "{FILE}: {name}");
        assert_eq!(
            (&caught[0]["Next"], &caught[0]["ResultPath"]),
            (&"RollBackCanary".into(), &"$.failure".into())
        );
    }
    for name in Error::NAMES {
        assert!(!wanted.contains(name), "{name} does not pass by itself");
    }
}

#[test]
fn every_verdict_leads_somewhere_and_no_other_is_waited_for() {
    let known: BTreeSet<String> = Verdict::ALL
        .into_iter()
        .map(|verdict| serde_json::to_value(verdict).unwrap()["verdict"].as_str().unwrap().to_owned())
        .collect();
    let mut named = BTreeSet::new();
    for (name, choice) in states().into_iter().filter(|(_, state)| state["Type"] == "Choice") {
        for rule in choice["Choices"].as_array().unwrap() {
            let verdict = rule["StringEquals"].as_str().unwrap().to_owned();
            assert!(known.contains(&verdict), "{FILE}: {name} waits for {verdict}, which no step answers");
            assert_eq!(rule["Variable"], "$.step.verdict", "{FILE}: {name}");
            named.insert(verdict);
        }
        let default = choice["Default"].as_str().unwrap();
        assert!(
            ["EndCanary", "CanaryRolledBack"].contains(&default),
            "{FILE}: {name} must fall back to ending"
        );
    }
    assert_eq!(named, known, "{FILE}: verdicts that are waited for (left), and answered (right)");
}

#[test]
fn an_execution_carries_an_id_alone_and_every_state_outlasts_its_function() {
    let functions = crate::functions_by_crate();
    for (name, task) in tasks() {
        let parameters: BTreeSet<&str> =
            task["Parameters"].as_object().unwrap().keys().map(String::as_str).collect();
        let more = if name == "RollBackCanary" { vec!["failure.$"] } else { vec![] };
        assert_eq!(parameters, ["canaryId.$"].into_iter().chain(more).collect(), "{FILE}: {name}");
        assert_eq!(task["ResultPath"], "$.step", "{FILE}: {name}");
        let limit = task["TimeoutSeconds"].as_u64().unwrap();
        for function in ["start-canary", "set-traffic", "judge-canary", "end-canary"] {
            assert!(limit > functions[function].timeout, "{FILE}: {name} is shorter than {function}");
        }
    }
    for (name, wait) in states().into_iter().filter(|(_, state)| state["Type"] == "Wait") {
        assert!((5..=10).contains(&wait["Seconds"].as_u64().unwrap()), "{FILE}: {name}");
    }
    assert!(!workspace::text(FILE).contains("arn:aws:"), "{FILE}: ARNs come in by substitution");
}
