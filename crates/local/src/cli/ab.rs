//! `capstan model ab`: two versions behind one endpoint.

use super::Failure;
use super::client::query;
use super::release::{To, begun, segment};
use super::table::Table;
use serde_json::{Value, json};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Ab {
    /// Have two versions answer; for the same two as now, move their weights
    Start(Start),
    /// What was measured of both, and whether one is shown to be worse
    Show(Show),
    /// End it: all is as it was before
    Stop(Stop),
}

#[derive(Debug, clap::Args)]
pub(super) struct Start {
    #[command(flatten)]
    to: To,
    /// The one version: `capstan model list` has those there are
    first: String,
    /// The other one
    second: String,
    /// For how many of 100 hosts each of them answers
    #[arg(long, value_name = "FIRST:SECOND", default_value = "50:50", value_parser = weights)]
    weights: (u32, u32),
    /// Why, in at least 10 characters
    #[arg(long)]
    reason: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    to: To,
    /// One that is over, by the id of its release
    release: Option<String>,
    /// What was measured in the last so many minutes [default: 60]
    #[arg(long)]
    minutes: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Stop {
    #[command(flatten)]
    to: To,
    /// Why, in at least 10 characters
    #[arg(long)]
    reason: String,
}

fn weights(text: &str) -> Result<(u32, u32), String> {
    let pair = text.split_once(':').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let wrong = || format!("`{text}` is not two weights that come to 100, such as 50:50");
    pair.filter(|(a, b): &(u32, u32)| a.checked_add(*b) == Some(100)).ok_or_else(wrong)
}

pub(super) fn run(command: &Ab) -> Result<(), Failure> {
    match command {
        Ab::Start(Start { to, first, second, weights, reason }) => {
            let arm = |version: &str, weight: u32| json!({"version": version, "weight": weight});
            let models = [arm(segment(first)?, weights.0), arm(segment(second)?, weights.1)];
            to.show(&to.client()?.put("/models/ab", &json!({"models": models, "reason": reason}))?, begun)
        }
        Ab::Show(Show { to, release, minutes }) => {
            let pairs = [("releaseId", release.as_deref()), ("minutes", minutes.as_deref())];
            to.show(&to.client()?.get(&query("/models/ab", &pairs))?, compared)
        }
        Ab::Stop(Stop { to, reason }) => {
            to.show(&to.client()?.delete(&query("/models/ab", &[("reason", Some(reason))]))?, begun)
        }
    }
}

fn compared(body: &Value) -> String {
    let mut table = Table::new(&["VERSION", ">WEIGHT", ">REQUESTS", ">ERRORS", ">P50", ">P99", ">DISAGREED"]);
    let millis =
        |value: &Value| value.as_f64().map_or_else(|| "–".to_owned(), |millis| format!("{millis} ms"));
    for arm in body["models"].as_array().into_iter().flatten() {
        table.row([
            arm["modelVersion"].as_str().unwrap_or("–").to_owned(),
            format!("{} %", arm["weight"]),
            arm["requests"].to_string(),
            arm["errors"].to_string(),
            millis(&arm["latencyMillis"]["p50"]),
            millis(&arm["latencyMillis"]["p99"]),
            format!("{} of {}", arm["disagreed"], arm["comparedWithBuiltIn"]),
        ]);
    }
    let (status, text) = (body["status"].as_str().unwrap_or("–"), body["text"].as_str().unwrap_or("–"));
    format!("{status}: {text}\n{}", table.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_shown_side_by_side_with_what_follows() {
        let arm = |version: &str| {
            json!({"modelVersion": version, "weight": 50, "requests": 7, "errors": 1, "disagreed": 2,
            "comparedWithBuiltIn": 6, "latencyMillis": {"p50": 20.5, "p95": null, "p99": null}})
        };
        let shown =
            compared(&json!({"status": "COMPARING", "text": "neither", "models": [arm("a"), arm("b")]}));
        assert!(shown.starts_with("COMPARING: neither\n"), "{shown}");
        assert!(
            shown.contains("20.5 ms") && shown.contains("2 of 6") && shown.lines().count() == 4,
            "{shown}"
        );
        assert_eq!(weights("90:10"), Ok((90, 10)));
        assert!(weights("90:20").is_err() && weights("4294967295:101").is_err());
    }
}
