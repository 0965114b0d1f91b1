//! `capstan simulate`.

use super::{Failure, print};
use crate::functions::registry;
use crate::simulate::{Case, Histories, Options, Played, Report, Stage, play, simulate};
use crate::template::Source;
use std::path::PathBuf;
use std::thread;

/// Threads, at most.
const MOST_JOBS: i64 = 256;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many histories to play
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
    runs: u64,
    /// What they are drawn from; the same number gives the same histories
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// The number of the first history, from 0
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    first: u64,
    /// Play single moves alone: one tenant, one move, one or two mishaps
    #[arg(long)]
    single: bool,
    /// Threads [default: one for each processor]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=MOST_JOBS))]
    jobs: Option<u16>,
    /// Play one history, as a failure prints it, instead of drawn ones
    #[arg(long, value_name = "HISTORY", conflicts_with_all = ["runs", "seed", "first", "single", "jobs"])]
    replay: Option<Case>,
    /// The template of the system [default: ./template.yaml, else the one compiled in]
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if args.first.checked_add(args.runs).is_none() {
        let what =
            format!("{} runs from number {} on go past the last number there is", args.runs, args.first);
        return Err(Failure::usage(what));
    }
    let stage = Stage::new(&Source::choose(args.template.clone()), &registry())?;
    if let Some(case) = &args.replay {
        return replay(&stage, case);
    }
    let processors = || thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.map_or_else(processors, usize::from);
    let histories = if args.single { Histories::Single } else { Histories::Mixed };
    let options = Options { runs: args.runs, first: args.first, seed: args.seed, jobs, histories };
    let report = simulate(&stage, options);
    print(&if args.json { serde_json::to_string_pretty(&report)? } else { shown(&report) });
    if report.failures == 0 { Ok(()) } else { Err(Failure::told()) }
}

fn replay(stage: &Stage, case: &Case) -> Result<(), Failure> {
    if let Some(why) = stage.refusal(case) {
        return Err(Failure::usage(why));
    }
    let played = play(stage, case);
    let mut text = format!("{case}\n{}", struck(case, &played));
    for violation in &played.violations {
        text.push_str(&format!("{} {}: {}\n", violation.at, violation.promise, violation.what));
    }
    if played.violations.is_empty() {
        let (all, changing) = played.calls;
        text.push_str(&format!(
            "every promise was kept; {all} calls, {changing} of them may change something\n"
        ));
    }
    print(&text);
    if played.violations.is_empty() { Ok(()) } else { Err(Failure::told()) }
}

/// What of what was to go wrong really did: a tale whose mishaps no longer strike shows nothing.
fn struck(case: &Case, played: &Played) -> String {
    let lines = case.planned().into_iter().map(|(kind, planned)| {
        let times = played.mishaps.get(kind).copied().unwrap_or(0);
        match planned {
            _ if times == 0 => format!("{kind}: did not happen\n"),
            Some(planned) if times < planned => format!("{kind}: happened {times} times of {planned}\n"),
            _ => format!("{kind}: happened {times} times\n"),
        }
    });
    lines.collect()
}

fn shown(report: &Report) -> String {
    let mut text = format!(
        "{} runs from seed {}, {} a second; {} broke a promise\n",
        report.runs, report.seed, report.runs_per_second, report.failures
    );
    let listed = |counts: &std::collections::BTreeMap<&str, u64>| {
        counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>().join(", ")
    };
    text.push_str(&format!(
        "changes: {}\nwhat went wrong: {}\n",
        listed(&report.ends),
        listed(&report.faults)
    ));
    for failed in &report.details {
        text.push_str(&format!("\nrun {} of seed {}\n  {}\n", failed.run, report.seed, failed.history));
        for violation in &failed.violations {
            text.push_str(&format!("  {} {}: {}\n", violation.at, violation.promise, violation.what));
        }
        if let Some(shrunk) = &failed.shrunk {
            text.push_str(&format!("  shortest: {shrunk}\n"));
        }
        text.push_str(&format!("  {}\n", failed.replay));
    }
    text
}
