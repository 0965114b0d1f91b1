//! The conformance table (see the `README.md` beside this file), run on virtual time.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

mod driver;
mod row;

use std::collections::BTreeSet;

use states::{Machine, Status};

use driver::{Ran, run};
use row::{Row, masked, table};

fn status(status: Status) -> &'static str {
    match status {
        Status::Running => "RUNNING",
        Status::Succeeded => "SUCCEEDED",
        Status::Failed => "FAILED",
        Status::TimedOut => "TIMED_OUT",
        Status::Aborted => "ABORTED",
    }
}

/// What differs from the row's expectations, one line each.
fn differences(row: &Row) -> Vec<String> {
    let machine = match Machine::parse(&row.definition) {
        Ok(machine) => machine,
        Err(problems) if row.expect.status == "REFUSED" => {
            let found = problems.iter().any(|problem| Some(&problem.path) == row.expect.place.as_ref());
            return if found { vec![] } else { vec![format!("refused elsewhere: {problems:?}")] };
        }
        Err(problems) => return vec![format!("refused: {problems:?}")],
    };
    if row.expect.status == "REFUSED" {
        return vec!["is not refused".to_owned()];
    }
    let ran = run(row, &machine);
    let mut found = vec![];
    let mut same = |what: &str, expected: String, got: String| {
        if expected != got {
            found.push(format!("{what}: expected {expected}, got {got}"));
        }
    };
    same("status", row.expect.status.clone(), status(ran.status).to_owned());
    let output = row.expect.output.as_ref().map(|output| masked(output).to_string());
    same(
        "output",
        format!("{output:?}"),
        format!("{:?}", ran.output.as_ref().map(|o| masked(o).to_string())),
    );
    same("error", format!("{:?}", row.expect.error), format!("{:?}", ran.error));
    if row.expect.cause.is_some() {
        same("cause", format!("{:?}", row.expect.cause), format!("{:?}", ran.cause));
    }
    if let Some(wrong) = row::calls_differ(&row.expect.calls, &ran.calls) {
        found.push(format!("calls: {wrong}"));
    }
    found.extend(times_differ(row, &ran));
    found
}

fn times_differ(row: &Row, ran: &Ran) -> Option<String> {
    let expected = row.expect.at.as_ref().map(|at| row::millis(at));
    if expected.as_ref().is_some_and(|at| *at != ran.at) {
        return Some(format!("at: expected {expected:?}, got {:?}", ran.at));
    }
    let over = row.expect.seconds.map(|seconds| row::millis(&[seconds]));
    if over.as_ref().is_some_and(|over| over[..] != [ran.over]) {
        return Some(format!("seconds: expected {over:?}, got {}", ran.over));
    }
    None
}

#[test]
fn every_machine_does_what_the_specification_says() {
    let mut wrong = String::new();
    for row in table() {
        for difference in differences(&row) {
            wrong.push_str(&format!("{} ({}): {difference}\n", row.name, row.section));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn the_table_is_large_and_its_names_are_unique() {
    let rows = table();
    let names: BTreeSet<_> = rows.iter().map(|row| &row.name).collect();
    assert_eq!(names.len(), rows.len());
    assert!(rows.len() >= 60, "{}", rows.len());
    let ours = rows.iter().filter(|row| row.file.is_some()).count();
    assert!(ours >= 4, "{ours} runs of the machines of this repository");
}

#[test]
fn a_wrong_expectation_is_noticed() {
    let mut noticed = 0;
    for mut row in table() {
        if row.expect.status == "REFUSED" {
            row.expect.place = Some("$.Nowhere".to_owned());
        } else if let Some(call) = row.expect.calls.pop() {
            // One call less than there is.
            drop(call);
        } else {
            row.expect.error = Some("Other".to_owned());
        }
        assert!(!differences(&row).is_empty(), "{}", row.name);
        noticed += 1;
    }
    assert!(noticed >= 60);
}

#[test]
fn the_readme_has_the_figures() {
    let rows = table();
    let refused = rows.iter().filter(|row| row.expect.status == "REFUSED").count();
    let ran = rows.len() - refused;
    let line = format!("| **this crate** | {ran} | {ran} | {refused} | {refused} |");
    assert!(include_str!("../../README.md").contains(&line), "{line}");
}
