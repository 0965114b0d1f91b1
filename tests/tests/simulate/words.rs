//! What the simulation says of a tale: which it takes, what it counts as planned, how it is played again, and what a panic in
//! the midst of it comes to.

use super::{case, stage};
use local::functions::registry;
use local::simulate::{Case, Histories, Options, Promise, Stage, simulate};
use local::template::Source;
use std::path::PathBuf;

fn refused(text: &str) -> String {
    text.parse::<Case>().expect_err(text).to_string()
}

#[test]
fn a_tale_without_end_is_refused() {
    for text in [
        "DEV/1/rows/quick; +18446744073709551615 A cancel",
        "DEV/1/rows/quick; +0 jump 18446744073709551615",
        "DEV/1/rows/quick; +0 late 1 18446744073709551615",
        "DEV/1/rows/quick; +31622400 heal; +1 heal",
    ] {
        assert!(refused(text).contains("31622400 seconds at most"), "{}", refused(text));
    }
    assert!(refused("DEV/1/rows/quick; +0 duplicate 18446744073709551615").contains("from 1 to"));
}

#[test]
fn a_schedule_that_is_not_there_is_refused() {
    let stage = stage();
    assert_eq!(stage.refusal(&case("DEV/1/rows/quick; +0 fire 3")), None);
    let why = stage.refusal(&case("DEV/1/rows/quick; +0 fire 4")).expect("a refusal");
    assert!(why.contains("has 4 schedules"), "{why}");
}

#[test]
fn the_command_that_plays_it_again_names_the_template() {
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml"));
    let stage = Stage::new(&Source::File(file.clone()), &registry()).expect("a system");
    assert_eq!(
        stage.replay("DEV/1/rows/quick"),
        format!("capstan simulate --template '{}' --replay 'DEV/1/rows/quick'", file.display())
    );
}

#[test]
fn what_was_planned_is_told_by_kind() {
    let tale = "DEV/1/rows/quick; +0 fault *:*:@3:busy; +0 fault sns:Publish:*:error; +0 heal; +0 fire 1";
    let planned: Vec<_> = case(tale).planned().into_iter().collect();
    assert_eq!(planned, [("busy", Some(1)), ("error", None), ("schedule-fired", Some(1))]);
}

/// The registry with a function that panics whenever it is run: its run counts as a failure, with its number and its history, and nobody else's findings are lost.
#[test]
fn a_panic_is_a_failure_with_its_run_and_history() {
    let mut functions = registry();
    let found = functions.iter_mut().find(|function| function.name == "validate-transition").expect("it");
    found.build = std::sync::Arc::new(|_| Ok(Box::new(|_, _| Box::pin(async { panic!("on purpose") }))));
    let stage =
        Stage::tampered(&Source::BuiltIn, &functions, |_| {}, &sim::Tamper::default()).expect("a system");
    let options = Options { runs: 6, first: 3, seed: 2, jobs: 3, histories: Histories::Single };
    let report = simulate(&stage, options);
    assert_eq!((report.runs, report.failures), (6, 6));
    for (failed, run) in report.details.iter().zip(3..) {
        assert_eq!((failed.run, &failed.history), (run, &Case::drawn(Histories::Single, 2, run).to_string()));
        let told = failed.violations.iter().find(|one| one.promise == Promise::NoPanic);
        assert!(told.is_some_and(|one| one.what.contains("on purpose")), "{:?}", failed.violations);
    }
}
