//! Many runs, on several threads, and what came of them.

use super::history::{Case, Histories};
use super::invariants::Violation;
use super::run::{Played, play};
use super::shrink::shrink;
use super::stage::Stage;
use crate::clock::Stopwatch;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Failures that are shrunk; of more, the seeds are enough.
const SHRUNK: usize = 5;

/// What to simulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many runs.
    pub runs: u64,
    /// The number of the first, from 0.
    pub first: u64,
    /// What they are drawn from.
    pub seed: u64,
    /// Threads.
    pub jobs: usize,
    /// Of what kind.
    pub histories: Histories,
}

/// A run that broke a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// Which run of this seed.
    pub run: u64,
    /// What was found in the run itself.
    pub violations: Vec<Violation>,
    /// What happened in it.
    pub history: String,
    /// The shortest history found that breaks the same promise; for the first failures only.
    pub shrunk: Option<String>,
    /// The command that plays that again.
    pub replay: String,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Runs played.
    pub runs: u64,
    /// Runs that broke a promise.
    pub failures: u64,
    /// What they were drawn from.
    pub seed: u64,
    /// On all threads together, shrinking not counted.
    pub runs_per_second: f64,
    /// What really went wrong, and how often.
    pub faults: BTreeMap<&'static str, u64>,
    /// The failures, first ones first.
    pub details: Vec<Failed>,
    /// How many changes ended how.
    #[serde(skip)]
    pub ends: BTreeMap<&'static str, u64>,
}

/// Plays all runs. All but the speed depends on nothing but the seed and the number of runs.
pub fn simulate(stage: &Stage, options: Options) -> Report {
    let watch = Stopwatch::start();
    let played = play_all(stage, options);
    let seconds = watch.millis() / 1_000.0;
    let mut report = Report {
        runs: options.runs,
        failures: 0,
        seed: options.seed,
        #[expect(clippy::cast_precision_loss, reason = "a speed")]
        runs_per_second: (options.runs as f64 / seconds.max(1e-9)).round(),
        faults: BTreeMap::new(),
        details: Vec::new(),
        ends: BTreeMap::new(),
    };
    for (run, played) in played {
        add(&mut report.faults, &played.mishaps);
        add(&mut report.ends, &played.ends);
        let Some(first) = played.violations.first() else { continue };
        report.failures += 1;
        let case = Case::drawn(options.histories, options.seed, run);
        let shrunk = (report.details.len() < SHRUNK).then(|| shrink(stage, &case, first.promise).to_string());
        let (violations, history) = (played.violations, case.to_string());
        let replay = stage.replay(shrunk.as_deref().unwrap_or(&history));
        report.details.push(Failed { run, violations, history, shrunk, replay });
    }
    report
}

fn add(to: &mut BTreeMap<&'static str, u64>, more: &BTreeMap<&'static str, u64>) {
    for (kind, count) in more {
        *to.entry(kind).or_default() += count;
    }
}

/// Every run with what came of it, in order.
fn play_all(stage: &Stage, options: Options) -> BTreeMap<u64, Played> {
    let next = AtomicU64::new(0);
    let work = || {
        let mut played = Vec::new();
        loop {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run >= options.runs {
                return played;
            }
            let run = options.first.wrapping_add(run);
            played.push((run, play(stage, &Case::drawn(options.histories, options.seed, run))));
        }
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..options.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        let mut all: BTreeMap<u64, Played> = work().into_iter().collect();
        for other in others {
            // What a run comes to is caught where it is played, a panic too; any other is nobody's to swallow.
            all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    })
}
