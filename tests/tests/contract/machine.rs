//! The state machine: its functions, its errors, its shape, its dialect.

use capstan_tests::asl::{self, FILE, State};
use capstan_tests::scenario::Scenario;
use capstan_tests::template::Template;
use capstan_tests::workspace;
use serde_json::Value;
use states::Machine;
use std::collections::BTreeSet;
use tier_steps::StepError;
use tier_steps::workflow::STEPS;

/// What Lambda and Step Functions themselves fail with where trying again may help ("Handling errors in Step Functions
/// workflows"; the `Lambda.` names are those that `sam` and the console put into new state machines).
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

/// States that need not catch everything, with what they catch. What else they fail with is the store being away: the execution
/// ends, and the reconciler finds the change by its row in the index.
const CATCH_LESS: [(&str, &[&str]); 2] =
    [("TransitionComplete", &["TransitionCancelled"]), ("TransitionFailed", &[])];

fn tasks() -> Vec<State> {
    asl::states().into_iter().filter(|state| state.text("Type") == "Task").collect()
}

#[test]
fn every_task_is_a_step_of_the_registry_and_the_reverse() {
    let functions = Template::read();
    let given = functions.substitutions();
    let functions = functions.functions();
    let in_machine: BTreeSet<(String, String)> = tasks()
        .iter()
        .map(|task| {
            let name = task.substitution().unwrap_or_else(|| {
                panic!("{FILE}: the Resource of {} must be a substitution such as ${{XFunctionArn}}", task.name)
            });
            let target = given.get(name).cloned().unwrap_or_default();
            let id = target.strip_suffix(".Arn").unwrap_or_default();
            let function = functions.iter().find(|function| function.logical_id == id).unwrap_or_else(|| {
                panic!("template.yaml: DefinitionSubstitutions must give {name} as !GetAtt <function>.Arn, not {target:?}")
            });
            assert_eq!(name, format!("{id}Arn"), "template.yaml: call the substitution after its function");
            (task.name.clone(), function.binary.clone())
        })
        .collect();
    let in_rust: BTreeSet<(String, String)> =
        STEPS.iter().map(|step| (step.state.to_owned(), step.function.to_owned())).collect();
    let only_machine: Vec<_> = in_machine.difference(&in_rust).collect();
    assert!(
        only_machine.is_empty(),
        "add to STEPS (crates/tier/steps/src/workflow.rs), or correct {FILE}: {only_machine:?}"
    );
    let only_rust: Vec<_> = in_rust.difference(&in_machine).collect();
    assert!(only_rust.is_empty(), "add a Task to {FILE}, or take out of STEPS: {only_rust:?}");
    assert_eq!(STEPS.len(), in_rust.len(), "STEPS has a state twice");
}

#[test]
fn every_substitution_is_given_and_used() {
    for file in asl::files() {
        let given: BTreeSet<String> = Template::read().substitutions_of(&file).into_keys().collect();
        let used = asl::substitutions(&file);
        let missing: Vec<_> = used.difference(&given).collect();
        assert!(missing.is_empty(), "template.yaml: add to DefinitionSubstitutions of {file}: {missing:?}");
        let idle: Vec<_> = given.difference(&used).collect();
        assert!(
            idle.is_empty(),
            "template.yaml: take out of DefinitionSubstitutions, {file} does not use: {idle:?}"
        );
    }
}

#[test]
fn every_task_retries_exactly_what_may_pass() {
    let wanted: BTreeSet<String> =
        StepError::RETRYABLE.into_iter().chain(PLATFORM).map(ToOwned::to_owned).collect();
    for task in tasks() {
        // The one for what was lost sight of, and the one for what is known to be over.
        let retriers = task.list("Retry");
        assert_eq!(retriers.len(), 2, "{FILE}: {} must have two retriers", task.name);
        let [lost, over] = [asl::errors(&retriers[0]), asl::errors(&retriers[1])];
        assert!(lost.is_disjoint(&over), "{FILE}: {} has an error in both retriers", task.name);
        let names: BTreeSet<String> = lost.union(&over).cloned().collect();
        let missing: Vec<_> = wanted.difference(&names).collect();
        assert!(missing.is_empty(), "{FILE}: add to the Retry of {}: {missing:?}", task.name);
        let surplus: Vec<_> = names.difference(&wanted).collect();
        assert!(
            surplus.is_empty(),
            "{FILE}: take out of the Retry of {}, or make retryable: {surplus:?}",
            task.name
        );
    }
}

#[test]
fn every_error_that_is_caught_has_its_name_in_rust() {
    for state in asl::states() {
        for rule in state.list("Catch") {
            for name in asl::errors(rule) {
                assert!(
                    name == "States.ALL" || StepError::NAMES.contains(&name.as_str()),
                    "{FILE}: {} catches {name}, which no step fails with: StepError::NAMES has {:?}",
                    state.name,
                    StepError::NAMES
                );
            }
        }
    }
}

#[test]
fn every_task_catches_everything() {
    for task in tasks() {
        let caught: Vec<BTreeSet<String>> = task.list("Catch").iter().map(asl::errors).collect();
        if let Some((_, wanted)) = CATCH_LESS.iter().find(|(name, _)| *name == task.name) {
            let names: BTreeSet<&str> = caught.iter().flatten().map(String::as_str).collect();
            assert_eq!(
                names,
                wanted.iter().copied().collect(),
                "{FILE}: {} catches these and no more",
                task.name
            );
            continue;
        }
        let last =
            caught.last().unwrap_or_else(|| panic!("{FILE}: {} needs a Catch of States.ALL", task.name));
        assert!(last.contains("States.ALL"), "{FILE}: the last Catch of {} must be of States.ALL", task.name);
        for rule in task.list("Catch") {
            assert_eq!(
                rule["ResultPath"], "$.failure",
                "{FILE}: a Catch of {} must put the error at $.failure, or the ids are overwritten",
                task.name
            );
        }
    }
}

/// Decision 8: a branch catches its own errors, so the Parallel always completes and nothing runs on while something else unwinds.
#[test]
fn a_branch_that_fails_ends_well_and_says_so() {
    for state in asl::states().iter().filter(|state| state.in_branch && state.text("Type") == "Task") {
        for rule in state.list("Catch") {
            let next = rule["Next"].as_str().unwrap_or_default();
            assert!(
                state.siblings.contains(next),
                "{FILE}: the Catch of {} must stay in its branch",
                state.name
            );
            let target = asl::states().into_iter().find(|other| other.name == next).unwrap();
            assert_eq!(target.text("Type"), "Pass", "{FILE}: {next} must be a Pass, which can't fail");
            assert_eq!(target.body["End"], true, "{FILE}: {next} must end its branch");
            assert_eq!(
                target.body["Parameters"]["failedStep"], state.name,
                "{FILE}: {next} must say which step failed: verify-provisioning looks for failedStep"
            );
        }
    }
    for parallel in asl::states().iter().filter(|state| state.text("Type") == "Parallel") {
        assert_eq!(
            parallel.body["ResultPath"], "$.branches",
            "{FILE}: {} must keep its results there",
            parallel.name
        );
        assert!(
            parallel.list("Catch").is_empty(),
            "{FILE}: {} must have no Catch: its branches do",
            parallel.name
        );
    }
}

/// Decision 10: what all known interpreters agree on.
#[test]
fn the_machine_keeps_to_the_dialect() {
    const FORBIDDEN: [&str; 12] = [
        "QueryLanguage",
        "Assign",
        "Arguments",
        "Output",
        "Condition",
        "Items",
        "MaxDelaySeconds",
        "JitterStrategy",
        "ItemProcessor",
        "TimeoutSecondsPath",
        "SecondsPath",
        "Credentials",
    ];
    fn walk(value: &Value, at: &str) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    assert!(
                        !FORBIDDEN.contains(&name.as_str()),
                        "{FILE}: {at}.{name} is not of the dialect: take it out"
                    );
                    walk(value, &format!("{at}.{name}"));
                }
            }
            Value::Array(values) => values.iter().for_each(|value| walk(value, at)),
            Value::String(text) if text.starts_with('$') && !text.starts_with("${") => {
                assert!(
                    !text.contains(['[', '*', '?', '@']) && !text.contains(".."),
                    "{FILE}: {at}: the path {text} is not plain: names and dots only"
                );
                assert!(
                    text == "$" || text.starts_with("$."),
                    "{FILE}: {at}: {text} is a variable: use the state's input"
                );
            }
            Value::String(text) => assert!(!text.contains("{%"), "{FILE}: {at}: no JSONata: {text}"),
            _ => {}
        }
    }
    walk(&asl::definition(), "$");
}

#[test]
fn the_machine_can_be_run_as_the_template_gives_it() {
    let scenario = Scenario::empty();
    let machines = &scenario.system().description().state_machines;
    let found = machines.iter().find(|machine| machine.file == FILE);
    let found = found.unwrap_or_else(|| panic!("template.yaml has no state machine of {FILE}"));
    let machine = Machine::parse(&found.definition).unwrap_or_else(|problems| panic!("{FILE}: {problems:?}"));
    assert!(!found.definition.to_string().contains("${"), "{FILE}: a substitution is left");
    let written: BTreeSet<String> = asl::states().into_iter().map(|state| state.name).collect();
    let read: BTreeSet<String> = machine.state_names().map(ToOwned::to_owned).collect();
    assert_eq!(written, read);
}

/// The runbook's appendix names these states, and people look for them in the console.
#[test]
fn the_states_of_the_runbook_are_there() {
    let names: BTreeSet<String> = asl::states().into_iter().map(|state| state.name).collect();
    for name in [
        "ValidateTransition",
        "ProvisionResources",
        "ProvisionSageMaker",
        "ProvisionOpenSearch",
        "ProvisionElastiCache",
        "ProvisionNeptune",
        "ProvisionKinesis",
        "WaitForProvisioning",
        "VerifyProvisioning",
        "UpdateAppConfig",
        "TransitionComplete",
        "DrainConnections",
        "WaitForDrain",
        "CleanupResources",
        "CleanupSageMaker",
        "CleanupOpenSearch",
        "CleanupElastiCache",
        "CleanupNeptune",
        "CleanupKinesis",
        "RollbackProvisioning",
        "TransitionFailed",
        "CleanupFailedAlert",
    ] {
        assert!(names.contains(name), "{FILE}: the runbook's state {name} is missing");
    }
    assert!(!workspace::text(FILE).contains("arn:aws:"), "{FILE}: ARNs come in by substitution");
}
