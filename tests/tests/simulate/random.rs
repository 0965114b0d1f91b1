//! Drawn histories.

use super::{case, stage};
use local::simulate::{Case, Histories, Options, simulate};

/// As many as take about half a minute on two processors.
const RUNS: u64 = 8_000;

#[test]
fn drawn_histories_keep_every_promise() {
    let report =
        simulate(&stage(), Options { runs: RUNS, first: 0, seed: 1, jobs: 2, histories: Histories::Mixed });
    let failures: Vec<_> = report.details.iter().map(|failed| (&failed.violations, &failed.replay)).collect();
    assert_eq!(report.failures, 0, "{failures:#?}");
    println!("{RUNS} runs, {} a second; {:?}; {:?}", report.runs_per_second, report.ends, report.faults);
    for kind in [
        "throttled",
        "error",
        "denied",
        "quota",
        "busy",
        "store-conflict",
        "timeout",
        "timeout-after-effect",
        "slow",
        "stalled",
        "lost-and-running-on",
        "killed-before-effect",
        "killed-after-effect",
        "life-cycle-failed",
        "duplicate-delivery",
        "concurrent-delivery",
        "late-delivery",
        "aborted",
        "execution-timed-out",
        "schedule-fired",
        "clock-jump",
    ] {
        assert!(report.faults.get(kind).is_some_and(|times| *times > 10), "{kind} hardly ever happened");
    }
    for end in ["completed", "rolled-back", "reset", "stuck-on-the-way"] {
        assert!(report.ends.get(end).is_some_and(|times| *times > 10), "hardly any change was {end}");
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
fn a_history_reads_as_it_prints() {
    for run in 0..500 {
        let drawn = Case::draw(4, run);
        assert_eq!(case(&drawn.to_string()), drawn);
    }
}
