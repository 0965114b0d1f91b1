//! One host: what it reported, drawn, and what was found on it.

use super::super::{View, fact};
use super::{insights, when, with_query};
use crate::answer::Answer;
use crate::call::{Door, Failure};
use crate::request::encode;
use crate::series::{Line, Mark, Picture, Point, amount, svg};
use crate::show::{list, text};
use capstan_core::iops::Series;
use capstan_core::ports::ApiClient;
use capstan_core::time::{Millis, Timestamp};
use maud::{Markup, html};
use serde_json::Value;

/// How much may be looked at, in words of the query.
const WINDOWS: [(&str, &str, Millis); 3] = [
    ("1h", "1 hour", Millis::hours(1)),
    ("6h", "6 hours", Millis::hours(6)),
    ("24h", "24 hours", Millis::hours(24)),
];
/// Pages of the API, of a thousand metrics each, that are drawn at most.
const PAGES: usize = 5;

/// What is drawn of.
struct Seen {
    /// In the order of time.
    metrics: Vec<Value>,
    insights: Vec<Value>,
    from: Timestamp,
    until: Timestamp,
    /// There is more in this time than is drawn.
    cut: bool,
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
        @if seen.metrics.is_empty() { (nothing(hostname, window.1)) } @else { (pictures(view, &seen)) }
        h2 { "Found on it" }
        @if seen.insights.is_empty() { p { "Nothing in this time." } }
        @else { (insights::table(view, &seen.insights, false)) }
    };
    let live = view.live(&with_query(&own, &[("window", window.0)]), "30s", content);
    if view.request.asked("live").is_some() {
        return Ok(Answer::page(200, live));
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
    let (mut metrics, mut cursor) = (Vec::new(), String::new());
    for _ in 0..PAGES {
        let query = [
            ("hostname", hostname),
            ("since", &since),
            ("order", "newest"),
            ("limit", "1000"),
            ("cursor", &cursor),
        ];
        let page = door.get(&with_query("/metrics", &query)).await?;
        metrics.extend(list(&page, "metrics").iter().cloned());
        text(&page, "cursor").clone_into(&mut cursor);
        if cursor.is_empty() {
            break;
        }
    }
    metrics.reverse();
    let query = [("hostname", hostname), ("since", &since), ("limit", "50")];
    let found = door.get(&with_query("/insights", &query)).await?;
    let insights = list(&found, "insights").to_vec();
    Ok(Seen { metrics, insights, from, until, cut: !cursor.is_empty() })
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
    let last = seen.metrics.last().unwrap_or(&Value::Null);
    let open = seen.insights.iter().filter(|one| text(one, "status") == "open").count();
    html! {
        dl .facts {
            (fact("Last report", when(&last["timestamp"], view)))
            (fact("Reports drawn", crate::show::thousands(&seen.metrics.len().to_string())))
            (fact("Open insights", open))
        }
        @if seen.cut { p .notice { "There is more in this time than is drawn: these are its last reports." } }
        div .pictures {
            @for series in Series::ALL {
                @let points = points(&seen.metrics, series);
                @if !points.is_empty() { (picture(series, points, seen)) }
            }
        }
        p .quiet { "Area: what was to be expected. Dots: what was found; point at one to read it. Times are UTC." }
    }
}

fn picture(series: Series, points: Vec<Point>, seen: &Seen) -> Markup {
    let (name, unit) = (words(series.name()), series.unit());
    let marks = marks(&seen.insights, series, &points);
    let last = points.last().map_or_else(String::new, |point| amount(point.value));
    let values = || points.iter().map(|point| point.value);
    let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let label = format!(
        "{name}: from {} to {} {unit}, now {last}; found: {}",
        amount(least),
        amount(most),
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
fn points(metrics: &[Value], series: Series) -> Vec<Point> {
    let point = |metric: &Value| {
        let at = Timestamp::parse(text(metric, "timestamp"))?.as_millis() / 1_000;
        Some(Point { at, value: metric[series.name()].as_f64()?, band: band(metric, series) })
    };
    metrics.iter().filter_map(point).collect()
}

/// Between what a value was expected to be, if that is known.
fn band(metric: &Value, series: Series) -> Option<(f64, f64)> {
    let _ = (metric, series);
    None
}

/// Where it began, on the line.
fn marks(insights: &[Value], series: Series, points: &[Point]) -> Vec<Mark> {
    let mark = |insight: &Value| {
        let finding = list(insight, "findings").iter().find(|one| text(one, "metric") == series.name())?;
        let at = Timestamp::parse(text(finding, "since"))?.as_millis() / 1_000;
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
