//! The command `capstan`.
//!
//! Each subcommand is a function from its arguments to a text for the standard output or a [`Failure`]; only this
//! module prints and chooses exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 nobody answers.

mod ab;
mod again;
mod audit;
mod bench;
mod canary;
mod client;
mod console;
mod drill;
mod failure;
mod feed;
mod insights;
mod iops;
mod model;
mod release;
mod restore;
mod scale;
mod simulate;
mod table;
mod tier;
mod token;
mod up;
mod watching;

use clap::{Parser, Subcommand};
pub use failure::Failure;
use std::io::{self, Write};
use std::process::ExitCode;

/// Carries out operations runbooks: plans a change, shows it, carries it out step by step, and undoes it if it cannot be
/// finished.
#[derive(Debug, Parser)]
#[command(name = "capstan", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole system on this machine, against a simulated cloud
    Up(up::Args),
    /// Print a token for the system on this machine
    Token(token::Args),
    /// Print the link by which one signs in to the console on this machine
    Console(console::Args),
    /// Have hosts that are made up, or a file, report metrics
    Feed(feed::Args),
    /// Look at a tenant's tier, and change it
    Tier(tier::Args),
    /// Look at what was done, by whom and why, and verify that nothing in it was altered
    Audit(audit::Args),
    /// What was found on hosts, and what people did about it
    Insights(insights::Args),
    /// How IOps is, what it costs, who is told, and whether its alarms ring
    Iops(iops::Args),
    /// Rehearse a procedure: real functions and workflow, simulated cloud, no waiting
    Drill {
        #[command(subcommand)]
        drill: Drill,
    },
    /// Roll out a new model, see how it goes, roll it back
    Canary(canary::talk::Args),
    /// Tell a simulated endpoint how to behave
    #[command(subcommand)]
    Endpoint(canary::talk::Endpoint),
    /// Play drawn histories with drawn mishaps, and hold every promise against what came of them
    Simulate(simulate::Args),
    /// Restore a table of IOps, follow that, and put the former one back
    Restore(restore::Args),
    /// Scale functions, tables, the endpoint and the API of IOps, and put the former setting back
    Scale(scale::Args),
    /// Train the model that an endpoint serves, and ask one
    #[command(subcommand)]
    Model(model::Command),
    /// Measure start, memory, drill and latency on this machine, or the anomaly detector on labelled series
    Bench(bench::Args),
}

#[derive(Debug, Subcommand)]
enum Drill {
    /// Move a tenant along a path of tiers
    Tier(drill::Args),
    /// Roll out a new model many times, and count how it ends
    Canary(canary::drill::Args),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Up(args) => up::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Console(args) => console::run(&args),
        Command::Feed(args) => feed::run(&args),
        Command::Tier(args) => tier::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Insights(args) => insights::run(args),
        Command::Iops(args) => iops::run(args),
        Command::Drill { drill: Drill::Tier(args) } => drill::run(&args),
        Command::Drill { drill: Drill::Canary(args) } => canary::drill::run(&args),
        Command::Canary(args) => canary::talk::run(args),
        Command::Endpoint(command) => canary::talk::behave(&command),
        Command::Simulate(args) => simulate::run(&args),
        Command::Restore(args) => restore::run(args),
        Command::Scale(args) => scale::run(args),
        Command::Model(command) => model::run(&command),
        Command::Bench(args) => bench::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                // Nobody to tell if this fails.
                let _ = writeln!(io::stderr(), "capstan: {}", failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}

/// Prints a text, with a line's end if it has none. Who closes the pipe early has read enough.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(out, "{text}{end}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_of_every_command_are_read() {
        for line in [
            "up --port 0 --in-memory --speed 600 --seed 7 --fault opensearch:CreateDomain:1:throttled --fault *:*:*:slow=2",
            "up --requests-per-minute 60 --two-person-rule true",
            "token --role super_admin --tenant 8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b --hours 1",
            "tier status --json",
            "tier --url http://x --token y history --limit 5",
            "tier change STAGING --reason a-reason-long-enough --yes",
            "tier configs PRODUCTION --set sagemakerShadowSelfMinInstances=60",
            "insights list --host web-1 --severity critical --limit 5",
            "insights --url http://x --token y summary --json",
            "insights dismiss 1795286400-07-9e3779b97f4a7c15 --note a-known-job",
            "iops health --json",
            "iops --url http://x --token y cost",
            "iops subscribe oncall@example.com --reason a-reason-long-enough",
            "iops unsubscribe 00000000-0000-4000-8000-000000000001 --reason a-reason-long-enough",
            "iops test-alarm IOps-Lambda-HighErrorRate --reason a-reason-long-enough",
            "audit verify --key k.pem --key former.pem --receipt r.json --json",
            "audit --url http://x list --limit 5",
            "drill tier --path DEV,STAGING,DEV --seed 3 --json",
            "model train rows.csv --out m.json --against serving.json --seed 3 --json",
            "model score m.json rows.csv",
            "model release --reason a-reason-long-enough --days 30 --url http://x --token y --json",
            "model releases --limit 5",
            "model release --reason a-reason-long-enough --stages 10:20,50:20,100:30",
            "model watch 019aa83c --json",
            "model ab start 20260101-000000-000 20260102-000000-000 --weights 90:10 --reason a-reason-long-enough",
            "model ab show --minutes 5 --json",
            "model ab stop --reason a-reason-long-enough",
            "model cancel 019aa83c --reason a-reason-long-enough",
            "model list --json",
            "model back 20261121-213000-123 --reason a-reason-long-enough",
            "drill canary --scenario baseline-sick --runs 10 --seed 3 --json",
            "canary replay measured.jsonl --settings s.json --json",
            "canary start --reason a-reason-long-enough --endpoint iops-model --settings s.json --json",
            "canary --url http://x status 019b76da --json",
            "canary start --reason a-reason-long-enough --stages 10:20,50:20,100:30",
            "canary watch --json",
            "canary list --limit 5",
            "canary rollback --reason a-reason-long-enough",
            "canary traffic --percent 0 --reason a-reason-long-enough",
            "canary traffic",
            "endpoint behave iops-model slow",
            "bench --json",
            "bench nab --data corpus --out results --json",
            "feed --hosts 200 --rate 50 --incident cpu-spike --incident-hosts 3 --history 60 --seconds 0",
            "feed --hosts 200 --past-incidents 24",
            "feed --replay f.csv --replay-series latency --replay-host db-1 --url http://x --json",
        ] {
            let words = std::iter::once("capstan").chain(line.split(' '));
            if let Err(error) = Cli::try_parse_from(words) {
                panic!("{line}: {error}");
            }
        }
    }

    #[test]
    fn wrong_arguments_are_refused_with_a_reason() {
        for (line, word) in [
            ("up --speed 0", "speed"),
            ("up --port 70000", "port"),
            ("up --requests-per-minute 2000000", "requests-per-minute"),
            ("up --two-person-rule maybe", "unless-emergency"),
            ("up --fault nonsense", "SERVICE:OPERATION:NTH:KIND"),
            ("token --role boss --tenant 8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b", "super_admin"),
            ("token --role admin --tenant acme", "UUID"),
            ("feed --incident boredom", "cpu-spike"),
            ("feed --hosts 0", "hosts"),
            ("feed --replay-series value", "cpuUsage"),
            ("tier change PROD --reason x", "PRODUCTION"),
            ("model release --reason x --days 91", "days"),
            ("model back v", "reason"),
            ("model ab start v w --weights 50 --reason x", "50:50"),
            ("endpoint behave iops-model lazy", "garbled"),
            ("canary start --reason x --stages 10", "10:20"),
            ("canary traffic --percent 101 --reason x", "percent"),
            ("canary traffic --percent 5", "reason"),
            ("drill tier --path DEV", "two tiers"),
            ("drill tier --path DEV,DEV", "differ"),
            ("drill tier --path DEV,X", "STAGING"),
            ("drill canary --scenario sick", "baseline-sick"),
            ("drill canary --scenario slow --runs 0", "runs"),
        ] {
            let words = std::iter::once("capstan").chain(line.split(' '));
            let error = Cli::try_parse_from(words).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(word), "{line}: {error}");
        }
    }
}
