//! One host: what it reported, drawn, and what was found on it.

use super::super::{View, fact};
use super::{insights, when};
use crate::answer::Answer;
use crate::call::{Door, Failure};
use crate::series::{Line, Mark, Picture, Point, amount, svg};
use crate::show::{list, number, text};
use capstan_core::iops::Series;
use capstan_core::ports::ApiClient;
use capstan_core::time::{Millis, Timestamp};
use capstan_core::together;
use capstan_core::web::encode;
use capstan_core::web::with_query;
use maud::{Markup, html};
use serde_json::Value;

/// How much may be looked at, in words of the query.
const WINDOWS: [(&str, &str, Millis); 3] = [
    ("1h", "1 hour", Millis::hours(1)),
    ("6h", "6 hours", Millis::hours(6)),
    ("24h", "24 hours", Millis::hours(24)),
];

/// What is drawn.
struct Seen {
    /// The last report; null without one.
    last: Value,
    /// Of what the host reports, each with its points.
    series: Vec<(Series, Value)>,
    insights: Vec<Value>,
    from: Timestamp,
    until: Timestamp,
}

pub(super) async fn show<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    hostname: &str,
) -> Result<Answer, Failure> {
    let asked = view.request.asked("window").unwrap_or("1h");
    let window = WINDOWS.iter().find(|(word, ..)| *word == asked).unwrap_or(&WINDOWS[0]);
    let seen = look(door, view, hostname, window.2).await?;
    let own = format!("/hosts/{}", encode(hostname));
    let content = html! {
        @if seen.series.is_empty() { (nothing(hostname, window.1)) } @else { (pictures(view, &seen)) }
        h2 { "Found on it" }
        @if seen.insights.is_empty() { p { "Nothing in this time." } }
        @else { (insights::table(view, &seen.insights, false)) }
    };
    let this = with_query(&own, &[("window", window.0)]);
    let live = view.live(&this, Some("30s"), "", content);
    if let Some(alone) = live.alone() {
        return Ok(alone);
    }
    let page = html! {
        p { "The last: "
            @for (word, words, _) in WINDOWS {
                a .button href=(view.at(&with_query(&own, &[("window", word)]))) aria-current=[(word == window.0).then_some("true")] { (words) } " "
            }
            a href=(view.at(&with_query("/insights", &[("hostname", hostname), ("window", "7d")]))) { "All that was found on it" }
        }
        (live)
    };
    Ok(view.page(&format!("Host {hostname}"), page))
}

async fn look<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    hostname: &str,
    length: Millis,
) -> Result<Seen, Failure> {
    let (from, until) = (view.wall - length, view.wall);
    let since = from.to_string();
    let host = [("hostname", hostname), ("since", &since)];
    let newest = door.get(&with_query("/metrics", &[&host[..], &[("limit", "1")]].concat())).await?;
    let last = list(&newest, "metrics").first().cloned().unwrap_or_default();
    let reported = || Series::ALL.into_iter().filter(|series| last[series.name()].is_number());
    let paths: Vec<String> = reported()
        .map(|series| with_query("/metrics/series", &[&host[..], &[("metric", series.name())]].concat()))
        .collect();
    let answers = together(paths.iter().map(|path| door.get(path))).await;
    let mut series = Vec::new();
    for (one, answer) in reported().zip(answers) {
        series.push((one, answer?));
    }
    let found = door.get(&with_query("/insights", &[&host[..], &[("limit", "50")]].concat())).await?;
    Ok(Seen { insights: list(&found, "insights").to_vec(), last, series, from, until })
}

fn nothing(hostname: &str, window: &str) -> Markup {
    html! {
        p { "It reported nothing in the last " (window) ". Look further back, or see whether its agent runs." }
        p { "This is how a host reports:" }
        pre tabindex="0" { code {
            "curl -X POST \"$CAPSTAN_URL/metrics\" -H 'Content-Type: application/json' \\\n  -d '{\"timestamp\":\"'$(date -u +%FT%TZ)'\",\"hostname\":\""
            (hostname) "\",\"cpuUsage\":75.5,\"memoryUsage\":82.3,\"diskIO\":200.5,\"networkIO\":150.2}'"
        } }
    }
}

fn pictures(view: &View<'_>, seen: &Seen) -> Markup {
    let open = seen.insights.iter().filter(|one| text(one, "status") == "open").count();
    let first = seen.series.first().map_or(&Value::Null, |(_, answer)| answer);
    let known = seen
        .series
        .iter()
        .any(|(_, answer)| list(answer, "points").iter().any(|one| one["expectedHigh"].is_number()));
    html! {
        dl .facts {
            (fact("Last report", when(&seen.last["timestamp"], view)))
            (fact("Reports drawn", number(&first["samples"])))
            (fact("Open insights", open))
        }
        @if first["complete"] == false { p .notice { "There is more in this time than is drawn: these are its last reports." } }
        @if !known { p .notice { "What is to be expected is not known yet: it takes some 200 reports." } }
        div .pictures {
            @for (series, answer) in &seen.series { (picture(*series, answer, seen)) }
        }
        p .quiet { "Area: what was to be expected. Dots: what was odd, and what was found; point at one to read it. Times are UTC." }
    }
}

fn picture(series: Series, answer: &Value, seen: &Seen) -> Markup {
    let (name, unit) = (words(series.name()), series.unit());
    let points = points(answer);
    let mut marks = odd(answer, unit);
    marks.append(&mut found(&seen.insights, series, &points));
    marks.retain(|mark| mark.at >= seen.from.as_millis() / 1_000);
    let last = points.last().map_or_else(String::new, |point| amount(point.value));
    let values = || points.iter().map(|point| point.value);
    let (bottom, top) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let label = format!(
        "{name}: from {} to {} {unit}, now {last}; odd: {}",
        amount(bottom),
        amount(top),
        marks.len()
    );
    let seconds = |at: Timestamp| at.as_millis() / 1_000;
    let drawn = Picture {
        label: &label,
        from: seconds(seen.from),
        until: seconds(seen.until),
        lines: vec![Line { class: "value", points }],
        marks,
        turns: Vec::new(),
    };
    html! {
        section .card {
            h3 { (name) " " span .quiet { "now " (last) " " (unit) } }
            (svg(&drawn))
        }
    }
}

/// What was reported of one series.
fn points(answer: &Value) -> Vec<Point> {
    let point = |one: &Value| {
        let band = (one["expectedLow"].as_f64(), one["expectedHigh"].as_f64());
        let band = match band {
            (None, None) => None,
            (low, high) => Some((low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY))),
        };
        Some(Point { at: second(one, "at")?, value: one["value"].as_f64()?, band })
    };
    list(answer, "points").iter().filter_map(point).collect()
}

fn second(of: &Value, name: &str) -> Option<u64> {
    Timestamp::parse(text(of, name)).map(|at| at.as_millis() / 1_000)
}

/// Samples that were not as expected.
fn odd(answer: &Value, unit: &str) -> Vec<Mark> {
    let mark = |one: &Value| {
        let (at, value) = (second(one, "at")?, one["value"].as_f64()?);
        let (low, high) = (number(&one["expectedLow"]), number(&one["expectedHigh"]));
        let words = format!("{} {unit} at {}, expected {low} to {high}", amount(value), text(one, "at"));
        Some(Mark { at, value, words })
    };
    list(answer, "points").iter().filter(|one| one["anomalous"] == true).filter_map(mark).collect()
}

/// Where what was found began, on the line.
fn found(insights: &[Value], series: Series, points: &[Point]) -> Vec<Mark> {
    let mark = |insight: &Value| {
        let finding = list(insight, "findings").iter().find(|one| text(one, "metric") == series.name())?;
        let at = second(finding, "since")?;
        let nearest = points.iter().min_by_key(|point| point.at.abs_diff(at))?;
        let words = format!("{} ({})", text(insight, "message"), text(insight, "severity"));
        Some(Mark { at, value: nearest.value, words })
    };
    insights.iter().filter_map(mark).collect()
}

/// `diskIO` as people say it.
pub(super) fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        let capital = letter.is_ascii_uppercase();
        if capital && words.ends_with(|last: char| last.is_ascii_lowercase()) {
            words.push(' ');
        }
        words.push(letter);
    }
    match words.split_once(' ') {
        Some(("cpu", "Usage")) => "CPU usage".to_owned(),
        None if words == "iops" => "IOPS".to_owned(),
        _ => {
            let lower = |word: &str| {
                if word.chars().all(|letter| letter.is_ascii_uppercase()) {
                    word.to_owned()
                } else {
                    word.to_lowercase()
                }
            };
            let all: Vec<String> = words.split(' ').map(lower).collect();
            let text = all.join(" ");
            let mut letters = text.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        }
    }
}
