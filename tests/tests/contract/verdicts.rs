//! Verdicts: what functions answer and what the Choices after them compare.

use capstan_tests::asl::{self, FILE, State};
use capstan_tests::workspace;
use std::collections::{BTreeMap, BTreeSet};
use tier_steps::Answer;
use tier_steps::workflow::STEPS;

const ANSWERS: [Answer; 12] = [
    Answer::Provision,
    Answer::Drain,
    Answer::Configure,
    Answer::Cleanup,
    Answer::Complete,
    Answer::Advance,
    Answer::Wait,
    Answer::Done,
    Answer::Failed,
    Answer::RollBack,
    Answer::RolledBack,
    Answer::Stuck,
];

/// Whether the workflow goes on after it. No `_`: a new answer does not compile here until it is thought about, and then belongs
/// into [`ANSWERS`] too.
const fn goes_on(answer: Answer) -> bool {
    match answer {
        Answer::Provision
        | Answer::Drain
        | Answer::Configure
        | Answer::Cleanup
        | Answer::Complete
        | Answer::Advance
        | Answer::Wait => true,
        Answer::Done | Answer::Failed | Answer::RollBack | Answer::RolledBack | Answer::Stuck => false,
    }
}

fn written(answer: Answer) -> String {
    serde_json::to_value(answer).unwrap()["verdict"].as_str().unwrap().to_owned()
}

fn choices() -> Vec<State> {
    asl::states().into_iter().filter(|state| state.text("Type") == "Choice").collect()
}

fn named(choice: &State) -> BTreeSet<String> {
    choice.list("Choices").iter().filter_map(|rule| Some(rule["StringEquals"].as_str()?.to_owned())).collect()
}

#[test]
fn every_verdict_that_is_compared_is_one_that_is_given() {
    let known: BTreeSet<String> = ANSWERS.into_iter().map(written).collect();
    for choice in choices() {
        for rule in choice.list("Choices") {
            let verdict = rule["StringEquals"].as_str().unwrap_or_else(|| {
                panic!("{FILE}: {} must compare verdicts by StringEquals: {rule}", choice.name)
            });
            assert!(
                known.contains(verdict),
                "{FILE}: {} waits for {verdict}; tier_steps::Answer has {known:?}",
                choice.name
            );
            let path = rule["Variable"].as_str().unwrap_or_default();
            let before: Vec<State> =
                asl::states().into_iter().filter(|s| s.text("Next") == choice.name).collect();
            for task in &before {
                let kept = format!("{}.verdict", task.text("ResultPath"));
                assert_eq!(
                    path, kept,
                    "{FILE}: {} must look where {} puts its answer",
                    choice.name, task.name
                );
            }
        }
    }
}

#[test]
fn every_choice_falls_back_to_undoing() {
    for choice in choices() {
        let fallback = choice.text("Default");
        assert!(
            ["RollbackProvisioning", "CleanupFailedAlert", "TransitionFailed"].contains(&fallback),
            "{FILE}: {} needs a Default that undoes, gives word or records the failure, not {fallback:?}",
            choice.name
        );
    }
}

/// A verdict by which the workflow goes on must be named after one of the function's states, or it would fall to undoing.
#[test]
fn every_verdict_that_goes_on_is_named_after_its_function() {
    let states: BTreeMap<String, State> =
        asl::states().into_iter().map(|state| (state.name.clone(), state)).collect();
    for function in STEPS.iter().map(|step| step.function).collect::<BTreeSet<_>>() {
        let after = STEPS.iter().filter(|step| step.function == function).map(|step| &states[step.state]);
        let after: Vec<&State> = after.filter_map(|state| states.get(state.text("Next"))).collect();
        let choices: Vec<&&State> = after.iter().filter(|state| state.text("Type") == "Choice").collect();
        if choices.is_empty() {
            continue;
        }
        let named: BTreeSet<String> = choices.iter().flat_map(|choice| named(choice)).collect();
        let source = workspace::text(&format!("crates/tier/{function}/src/lib.rs"));
        for answer in ANSWERS.into_iter().filter(|answer| goes_on(*answer)) {
            let given = source.contains(&format!("Answer::{answer:?}"));
            assert!(
                !given || named.contains(&written(answer)),
                "{FILE}: {function} may answer {}, and no Choice after it names that: add it",
                written(answer)
            );
        }
    }
}
