//! What the simulation says of a tale: which it takes, what it counts as planned, how it is played again, and what a panic in
//! the midst of it comes to.

use super::{case, stage};
use local::functions::{Function, registry};
use local::simulate::{Case, Histories, Options, Promise, Report, Stage, simulate};
use local::template::Source;
use std::path::PathBuf;
use std::sync::Arc;

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
    assert_eq!(stage.refusal(&case("DEV/1/rows/quick; +0 fire 6")), None);
    let why = stage.refusal(&case("DEV/1/rows/quick; +0 fire 7")).expect("a refusal");
    assert!(why.contains("has 7 schedules"), "{why}");
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

/// What six runs come to, of which some panic: each that does is a failure with its number and history.
fn panicking(functions: &[Function], world: &sim::Tamper) -> Report {
    let stage = Stage::tampered(&Source::BuiltIn, functions, |_| {}, world).expect("a system");
    let options = Options { runs: 6, first: 3, seed: 2, jobs: 3, histories: Histories::Single };
    let report = simulate(&stage, options);
    assert_eq!((report.runs, report.failures), (6, report.details.len() as u64));
    for failed in &report.details {
        assert_eq!(failed.history, Case::drawn(Histories::Single, 2, failed.run).to_string());
        assert!(failed.violations.iter().any(|one| one.promise == Promise::NoPanic), "{failed:?}");
    }
    report
}

#[test]
fn a_panic_is_a_failure_with_its_run_and_history() {
    for (name, least) in [("tier-change", 6), ("validate-transition", 1)] {
        let mut functions = registry();
        let found = functions.iter_mut().find(|function| function.name == name).expect("a function");
        found.build = Arc::new(|_| Ok(Box::new(|_, _| Box::pin(async { panic!("on purpose") }))));
        let report = panicking(&functions, &sim::Tamper::default());
        assert!(report.failures >= least, "{name}: {}", report.failures);
    }
    // In the midst of the world itself, with its lock held.
    let world = sim::Tamper { lost: Some(|_| panic!("on purpose")), ..sim::Tamper::default() };
    // Where a mishap lets the request not come so far as to write, nothing panics.
    assert!(panicking(&registry(), &world).failures >= 3);
}
