//! Drawn histories.

use super::{case, stage};
use local::simulate::{Case, Histories, Options, Report, Stage, play, simulate};
use std::collections::BTreeMap;
use std::thread;

/// Single moves, and mixed histories: together 50 000 runs.
const SINGLES: u64 = 42_000;
const MIXED: u64 = 8_000;

/// Every kind of mishap there is, and how often each must have happened at least.
const KINDS: [(&str, u64); 22] = [
    ("throttled", 1_000),
    ("error", 1_000),
    ("denied", 1_000),
    ("quota", 500),
    ("busy", 1_000),
    ("store-conflict", 500),
    ("timeout", 1_000),
    ("timeout-after-effect", 1_000),
    ("slow", 500),
    ("stalled", 100),
    ("lost-and-running-on", 100),
    ("killed-before-effect", 1_000),
    ("killed-after-effect", 1_000),
    ("life-cycle-failed", 50),
    ("duplicate-delivery", 1_000),
    ("concurrent-delivery", 1_000),
    ("late-delivery", 1_000),
    ("aborted", 500),
    ("execution-timed-out", 250),
    ("schedule-fired", 1_000),
    ("clock-jump", 500),
    ("orphan-planted", 200),
];

fn kept(stage: &Stage, histories: Histories, runs: u64) -> Report {
    let jobs = thread::available_parallelism().map_or(2, usize::from);
    let report = simulate(stage, Options { runs, first: 0, seed: 1, jobs, histories });
    let failures: Vec<_> = report.details.iter().map(|failed| (&failed.violations, &failed.replay)).collect();
    assert_eq!(report.failures, 0, "{failures:#?}");
    println!(
        "{runs} runs, {histories:?}, {} a second on {jobs} threads; {:?}; {:?}",
        report.runs_per_second, report.ends, report.faults
    );
    report
}

#[test]
fn drawn_histories_keep_every_promise() {
    let stage = stage();
    let reports = [kept(&stage, Histories::Single, SINGLES), kept(&stage, Histories::Mixed, MIXED)];
    let sum = |of: fn(&Report) -> &BTreeMap<&'static str, u64>, kind| -> u64 {
        reports.iter().filter_map(|report| of(report).get(kind)).sum()
    };
    for (kind, least) in KINDS {
        let times = sum(|report| &report.faults, kind);
        assert!(times >= least, "{kind} happened {times} times in 50 000 runs, less than {least}");
    }
    for end in ["completed", "rolled-back", "reset", "stuck-on-the-way"] {
        let times = sum(|report| &report.ends, end);
        assert!(times > 50, "{times} changes in 50 000 runs were {end}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_however_many_threads() {
    let stage = stage();
    let report = |jobs, first, runs| {
        let mut report =
            simulate(&stage, Options { runs, first, seed: 9, jobs, histories: Histories::Mixed });
        report.runs_per_second = 0.0;
        format!("{report:?}")
    };
    assert_eq!(report(1, 0, 60), report(3, 0, 60));
    assert_ne!(report(1, 0, 60), report(1, 60, 60));
}

#[test]
fn what_is_counted_as_a_fault_was_planned() {
    let stage = stage();
    let planned =
        [("busy", ":busy"), ("throttled", ":throttled"), ("error", ":error"), ("denied", ":denied")];
    let mut counted = 0;
    for run in 0..400 {
        let drawn = Case::drawn(Histories::Single, 3, run);
        let (text, played) = (drawn.to_string(), play(&stage, &drawn));
        for (kind, written) in planned {
            let times = played.mishaps.get(kind).copied().unwrap_or(0);
            assert!(times == 0 || text.contains(written), "{kind} happened {times} times in {text}");
            counted += times;
        }
    }
    assert!(counted > 50, "{counted}");
}

#[test]
fn a_history_reads_as_it_prints() {
    for run in 0..500 {
        for histories in [Histories::Mixed, Histories::Single] {
            let drawn = Case::drawn(histories, 4, run);
            assert_eq!(case(&drawn.to_string()), drawn);
        }
    }
}
