//! `capstan drill canary`.

use crate::canary::{Scenario, Summary, play_all};
use crate::cli::table::Table;
use crate::cli::{Failure, print};
use judge::Settings;
use serde::Serialize;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// How the new model behaves: healthy, errors, slow, wrong, silent or baseline-sick
    #[arg(long, value_name = "SCENARIO", value_parser = parse_scenario)]
    scenario: Scenario,
    /// How many rollouts
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    runs: u64,
    /// What chance comes from; the same number gives the same drill
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn parse_scenario(text: &str) -> Result<Scenario, String> {
    let names = || Scenario::ALL.map(Scenario::name).join(", ");
    let found = Scenario::ALL.into_iter().find(|scenario| scenario.name() == text);
    found.ok_or_else(|| format!("`{text}` is not a scenario; there are {}", names()))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    scenario: Scenario,
    seed: u64,
    #[serde(flatten)]
    summary: Summary,
}

pub(in crate::cli) fn run(args: &Args) -> Result<(), Failure> {
    let outcomes = play_all(&args.scenario.workload(), &Settings::default(), args.seed, args.runs)?;
    let shown = Shown { scenario: args.scenario, seed: args.seed, summary: Summary::of(&outcomes) };
    print(&if args.json { serde_json::to_string_pretty(&shown)? } else { text(&shown) });
    Ok(())
}

fn text(shown: &Shown) -> String {
    let summary = &shown.summary;
    let mut table = Table::new(&["stage", ">promoted", ">rolled back", ">held to the limit"]);
    let all = [("all".to_owned(), summary.promoted, summary.rolled_back, summary.held)];
    let stages = summary.by_stage.iter();
    let stages =
        stages.map(|(percent, ends)| (format!("{percent} %"), ends.promoted, ends.rolled_back, ends.held));
    for (stage, promoted, rolled_back, held) in stages.chain(all) {
        table.row([stage, promoted.to_string(), rolled_back.to_string(), held.to_string()]);
    }
    format!(
        "{} rollouts, {}, seed {}\n{}until the end: requests {} (median), {} (p95); of the canary {}, {}; seconds {}, {}\n",
        summary.runs,
        shown.scenario.name(),
        shown.seed,
        table.text(),
        summary.requests.median,
        summary.requests.p95,
        summary.canary_requests.median,
        summary.canary_requests.p95,
        summary.seconds.median,
        summary.seconds.p95
    )
}
