//! `capstan canary replay`: what the judge makes of stored measurements, look by look.

use crate::cli::{Failure, print};
use judge::{BadInterval, Interval, Judge, Report, Rollout, Settings, Verdict, merged};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Measurements: one interval a line, or one JSON document with settings, entered and intervals
    file: PathBuf,
    /// Settings of the judge, JSON, for a file that has none
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Print JSON: one array with a report for each look
    #[arg(long)]
    json: bool,
}

/// A look: when, and what came of it.
#[derive(Debug, Serialize)]
struct Look {
    at: u64,
    #[serde(flatten)]
    report: Report,
}

pub(in crate::cli) fn run(args: &Args) -> Result<(), Failure> {
    let settings = match &args.settings {
        Some(path) => Some(read_settings(path)?),
        None => None,
    };
    let name = args.file.display().to_string();
    let rollout = parse(&name, &read(&args.file)?, settings)?;
    let looks = looks(&name, &rollout)?;
    print(&if args.json { serde_json::to_string_pretty(&looks)? } else { shown(&rollout, &looks) });
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    let unread = |error| Failure::failed(format!("{} can't be read: {error}", path.display()));
    std::fs::read_to_string(path).map_err(unread)
}

fn read_settings(path: &Path) -> Result<Settings, Failure> {
    let bad = |error| Failure::failed(format!("{}: {error}", path.display()));
    serde_json::from_str(&read(path)?).map_err(bad)
}

/// A rollout from a document, or from lines of intervals; messages name the line.
fn parse(name: &str, text: &str, settings: Option<Settings>) -> Result<Rollout, Failure> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if !first.trim_start().starts_with('{') {
        let what = if first.is_empty() { "is empty" } else { "has no measurements in this form" };
        return Err(Failure::failed(format!(
            "{name} {what}: wanted is one interval a line, or one JSON object with `entered` and `intervals` \
             (docs/canary.md)"
        )));
    }
    // By its words and not by reading it: a first line that is cut off is still to be told by its number.
    if first.contains("\"start\"") && !first.contains("\"intervals\"") {
        return of_lines(name, text, settings.unwrap_or_default());
    }
    let rollout = document(name, text)?;
    Ok(Rollout { settings: settings.unwrap_or(rollout.settings), ..rollout })
}

fn document(name: &str, text: &str) -> Result<Rollout, Failure> {
    // The message of serde_json names line and column.
    serde_json::from_str(text).map_err(|error| Failure::failed(format!("{name}: {error}")))
}

fn of_lines(name: &str, text: &str, settings: Settings) -> Result<Rollout, Failure> {
    let mut intervals: Vec<Interval> = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let bad = |reason: String| Failure::failed(format!("{name}, line {number}: {reason}"));
        let interval: Interval = serde_json::from_str(line).map_err(|error| bad(within_line(&error)))?;
        interval.check().map_err(|reason| bad(reason.to_string()))?;
        let known = settings.stages.iter().any(|stage| stage.percent == interval.percent);
        if !known && interval.percent > 0 {
            return Err(bad(BadInterval::NoSuchStage(interval.percent).to_string()));
        }
        intervals.push(interval);
    }
    // The first record of each percentage says when its stage was entered.
    let start = intervals.iter().filter(|interval| interval.percent > 0).map(|interval| interval.start).min();
    Ok(Rollout { settings, entered: start.into_iter().collect(), intervals })
}

/// What `serde_json` says, with the column alone: it takes the line for its own first.
fn within_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.replace(" at line 1 column ", " at column ")
}

/// Looks at the end of each interval.
fn looks(name: &str, rollout: &Rollout) -> Result<Vec<Look>, Failure> {
    let bad = |error: &dyn std::fmt::Display| Failure::failed(format!("{name}: {error}"));
    let none = "there is no interval of a rollout in it";
    let Some(start) = rollout.entered.first() else {
        return Err(bad(&format!("no stage was entered: {none}")));
    };
    // Says what is wrong with any of it.
    rollout.judge(u64::MAX).map_err(|error| bad(&error))?;
    let mut judge = Judge::new(rollout.settings.clone(), *start).map_err(|error| bad(&error))?;
    let mut looks = Vec::new();
    for interval in merged(rollout.intervals.iter().cloned()) {
        for (stage, at) in rollout.entered.iter().enumerate().skip(1) {
            if *at <= interval.start {
                judge.enter(stage, *at);
            }
        }
        judge.observe(&interval).map_err(|error| bad(&error))?;
        if interval.percent > 0 {
            looks.push(Look { at: interval.end(), report: judge.report(interval.end()) });
        }
    }
    if looks.is_empty() { Err(bad(&none)) } else { Ok(looks) }
}

/// An e-value, short.
fn evidence(value: f64) -> String {
    if value < 1e6 { format!("{value:.2}") } else { "over a million".to_owned() }
}

fn shown(rollout: &Rollout, looks: &[Look]) -> String {
    let mut text = String::new();
    let begin = rollout.entered.first().copied().unwrap_or_default();
    for look in looks {
        let verdict = match look.report.decision.verdict {
            Verdict::Promote => "promote",
            Verdict::Hold => "hold",
            Verdict::RollBack => "roll back",
        };
        let evidence: Vec<String> =
            look.report.criteria.iter().map(|finding| self::evidence(finding.against)).collect();
        text.push_str(&format!(
            "{:>6} s  {:>3} %  {verdict:<9}  evidence against: errors {}, latency {}, disagreement {}\n",
            look.at.saturating_sub(begin),
            look.report.percent,
            evidence[0],
            evidence[1],
            evidence[2]
        ));
    }
    if let Some(last) = looks.last() {
        text.push_str(&format!("\n{}\n", last.report.text));
        for finding in &last.report.criteria {
            text.push_str(&format!("  {}\n", finding.words()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"start":100,"seconds":10,"percent":10,"canary":{"4":{"requests":9,"errors":0,"latency":{"70":9}}},"baseline":{"999":{"requests":90,"errors":1,"latency":{"70":90}}}}"#;

    fn message(text: &str) -> String {
        let parsed = parse("f", text, None).and_then(|rollout| looks("f", &rollout));
        parsed.err().map_or("none".to_owned(), |failure| failure.message)
    }

    #[test]
    fn lines_and_a_document_are_the_same() {
        let lines = parse("f", &format!("{GOOD}\n\n{GOOD}\n"), None).unwrap();
        let document =
            parse("f", &format!("{{\"entered\":[100],\n\"intervals\":[{GOOD},{GOOD}]}}"), None).unwrap();
        assert_eq!(lines, document);
        let looks = looks("f", &lines).unwrap();
        assert_eq!(looks.len(), 1, "records of one interval add up");
        assert_eq!(looks[0].report.stage_requests, [18, 180]);
        assert!(shown(&lines, &looks).contains("Hold (10 %, 10 s of 120 s)"));
    }

    #[test]
    fn bad_files_are_refused_and_the_line_is_named() {
        let with = |from: &str, to: &str| format!("{GOOD}\n{}", GOOD.replace(from, to));
        for (text, wanted) in [
            (String::new(), "f is empty: wanted is one interval a line"),
            ("hello".to_owned(), "f has no measurements in this form: wanted is one interval a line"),
            (format!("[{GOOD}]"), "f has no measurements in this form"),
            ("{\"entered\":[100],\"intervals\":[]}".to_owned(), "f: there is no interval of a rollout in it"),
            (GOOD[..GOOD.len() / 2].to_owned(), "f, line 1: EOF while parsing"),
            (with("\"seconds\":10,", ""), "f, line 2: missing field `seconds` at column"),
            (with("\"errors\":0", "\"errors\":NaN"), "f, line 2: expected value at column"),
            (with("\"errors\":0", "\"errors\":-1"), "f, line 2: invalid value: integer `-1`"),
            (
                with("\"errors\":0", "\"errors\":10"),
                "f, line 2: canary, group 4: errors 10 is more than requests 9",
            ),
            (with("\"4\"", "\"1000\""), "f, line 2: canary: group 1000 is not below 1000"),
            (
                with("{\"70\":9}", "{\"200\":9}"),
                "f, line 2: canary, group 4: latency bucket 200 is not below 160",
            ),
            (with("\"percent\":10", "\"percent\":11"), "f, line 2: `percent` is 11"),
            (with("\"errors\"", "\"failures\""), "f, line 2: unknown field `failures`"),
            (format!("{{\"entered\":[],\n\"intervals\":[{GOOD}]}}"), "no stage was entered"),
            ("{\"entered\":[100],\n\"intervals\":[3]}".to_owned(), "line 2 column"),
            (GOOD.replace("\"percent\":10", "\"percent\":0"), "there is no interval of a rollout"),
        ] {
            let said = message(&text);
            assert!(said.contains(wanted), "{wanted}: {said}");
        }
    }
}
