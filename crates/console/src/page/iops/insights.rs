//! What was found: how much of what, then the findings, the newest first.

use super::super::{View, badge, fact, objections};
use super::{feed, host_link, when};
use crate::answer::Answer;
use crate::call::{Door, Failure};
use crate::show::{list, number, sentence, text};
use capstan_core::iops::{InsightStatus, InsightType, Severity};
use capstan_core::ports::ApiClient;
use capstan_core::time::Millis;
use capstan_core::web::encode;
use capstan_core::web::with_query;
use maud::{Markup, html};
use serde_json::Value;

/// How far back one may look, in words of the query.
const WINDOWS: [(&str, &str, Millis); 4] = [
    ("1h", "the last hour", Millis::hours(1)),
    ("6h", "the last 6 hours", Millis::hours(6)),
    ("", "the last day", Millis::days(1)),
    ("7d", "the last 7 days", Millis::days(7)),
];

/// What is asked for. The names are the API's.
struct Filters<'a> {
    severity: &'a str,
    kind: &'a str,
    status: &'a str,
    hostname: &'a str,
    window: &'a str,
}

impl<'a> Filters<'a> {
    fn read(view: &View<'a>) -> Self {
        let asked = |name| view.request.asked(name).unwrap_or_default();
        Self {
            severity: asked("severity"),
            kind: asked("type"),
            status: asked("status"),
            hostname: asked("hostname"),
            window: asked("window"),
        }
    }

    fn since(&self, view: &View<'_>) -> String {
        let (.., length) = WINDOWS.iter().find(|(word, ..)| *word == self.window).unwrap_or(&WINDOWS[2]);
        (view.wall - *length).to_string()
    }

    fn words(&self) -> &'static str {
        WINDOWS.iter().find(|(word, ..)| *word == self.window).map_or(WINDOWS[2].1, |(_, words, _)| words)
    }

    /// The same page of the console, at another place of the list.
    fn page(&self, cursor: &str) -> String {
        let given = [
            ("severity", self.severity),
            ("type", self.kind),
            ("status", self.status),
            ("hostname", self.hostname),
            ("window", self.window),
            ("cursor", cursor),
        ];
        with_query("/insights", &given)
    }

    fn any(&self) -> bool {
        [self.severity, self.kind, self.status, self.hostname].iter().any(|word| !word.is_empty())
    }
}

pub(super) async fn show<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let filters = Filters::read(view);
    let cursor = view.request.asked("cursor").unwrap_or_default();
    let since = filters.since(view);
    let asked = [
        ("since", since.as_str()),
        ("severity", filters.severity),
        ("type", filters.kind),
        ("status", filters.status),
        ("hostname", filters.hostname),
        ("limit", "50"),
        ("cursor", cursor),
    ];
    let found = door.get(&with_query("/insights", &asked)).await;
    let (found, refused) = match found {
        Ok(found) => (found, Vec::new()),
        Err(failure @ Failure::Refused { status: 400 | 422, .. }) => (Value::Null, failure.lines()),
        Err(failure) => return Err(failure),
    };
    let summary = door.get(&with_query("/insights/summary", &[("since", &since)])).await?;
    let content = html! {
        (counts(&summary, &filters))
        @if refused.is_empty() { (findings(view, &filters, &found)) }
    };
    // Later pages are of the past: they stay as they are.
    let goes_on = cursor.is_empty() && refused.is_empty();
    let this = filters.page("");
    let live = view.live(&this, goes_on.then_some("5s"), "", content);
    if let Some(alone) = live.alone() {
        return Ok(alone);
    }
    let page = html! { (objections(&refused)) (form(view, &filters)) (live) };
    let status = if refused.is_empty() { 200 } else { 400 };
    Ok(view.page("Insights", page).with_status(status))
}

fn counts(summary: &Value, filters: &Filters<'_>) -> Markup {
    let (severities, types) = (&summary["bySeverity"], &summary["byType"]);
    html! {
        dl .facts {
            (fact("Found", html! { strong { (number(&summary["total"])) } " in " (filters.words()) }))
            @for severity in Severity::ALL.iter().rev() {
                (fact(&sentence(severity.as_str()), number(&severities[severity.as_str()])))
            }
        }
        p .quiet {
            @for (count, kind) in types.as_object().into_iter().flatten().enumerate() {
                @if count > 0 { ", " } (sentence(kind.0)) ": " (number(kind.1))
            }
            ". Counted by whole hours, filters aside."
        }
    }
}

fn form(view: &View<'_>, filters: &Filters<'_>) -> Markup {
    let words = |words: &[&'static str]| words.iter().map(|word| (*word, sentence(word))).collect::<Vec<_>>();
    let severities = words(&Severity::ALL.map(Severity::as_str));
    let types = words(&InsightType::ALL.map(InsightType::as_str));
    let states = words(&InsightStatus::ALL.map(InsightStatus::as_str));
    html! {
        form .row method="get" action=(view.at("/insights")) {
            (choice("severity", "Severity", filters.severity, &severities))
            (choice("type", "Type", filters.kind, &types))
            (choice("status", "Status", filters.status, &states))
            div { label for="hostname" { "Host" } br;
                input #hostname name="hostname" value=(filters.hostname) autocomplete="off" spellcheck="false"; }
            div { label for="window" { "Time" } br;
                select #window name="window" { @for (word, words, _) in WINDOWS {
                    option value=(word) selected[word == filters.window] { (sentence(words)) } } } }
            button type="submit" { "Filter" }
            @if filters.any() { a href=(view.at("/insights")) { "Show all" } }
        }
    }
}

fn choice(name: &str, label: &str, chosen: &str, words: &[(&str, String)]) -> Markup {
    let unknown = !chosen.is_empty() && words.iter().all(|(word, _)| *word != chosen);
    html! {
        div { label for=(name) { (label) } br;
            select id=(name) name=(name) {
                option value="" { "Any" }
                @for (word, words) in words { option value=(word) selected[*word == chosen] { (words) } }
                @if unknown { option value=(chosen) selected { (chosen) } }
            }
        }
    }
}

fn findings(view: &View<'_>, filters: &Filters<'_>, found: &Value) -> Markup {
    let insights = list(found, "insights");
    let next = text(found, "cursor");
    let first = view.request.asked("cursor").is_none();
    html! {
        @if insights.is_empty() && next.is_empty() { (nothing(view, filters, first)) } @else { (table(view, insights, true)) }
        p {
            @if !first { a href=(view.at(&filters.page(""))) { "To the newest" } " " }
            @if !next.is_empty() { a .button rel="next" href=(view.at(&filters.page(next))) { "Older ones" } }
        }
    }
}

fn nothing(view: &View<'_>, filters: &Filters<'_>, first: bool) -> Markup {
    html! {
        @if !first { p { "There are no older ones." } }
        @else if filters.any() { p { "Nothing of this kind was found in " (filters.words()) ". "
            a href=(view.at("/insights")) { "Show all" } "." } }
        @else {
            p { "Nothing was found in " (filters.words()) ": every host is as it is expected to be, or none reports." }
            p { "To see some, have made-up hosts report, one of them with a full disk:" }
            (feed(view, "--hosts 20 --incident disk-full --seconds 0"))
        }
    }
}

/// Findings as rows.
pub(super) fn table(view: &View<'_>, insights: &[Value], with_host: bool) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label="Insights" { table {
            thead { tr { th scope="col" { "Seen" } th scope="col" { "Severity" } @if with_host { th scope="col" { "Host" } }
                th scope="col" { "What" } th scope="col" .number { "Risk" } th scope="col" .number { "Times" } th scope="col" { "Status" } } }
            tbody { @for one in insights { tr {
                td { (when(&one["lastSeen"], view)) }
                td { (badge(text(one, "severity"))) }
                @if with_host { td { (host_link(view, text(one, "hostname"))) } }
                td { a href=(view.at(&format!("/insights/{}", encode(text(one, "insightId"))))) { (text(one, "message")) } }
                td .number { (number(&one["riskScore"])) }
                td .number { (number(&one["count"])) }
                td { (badge(text(one, "status"))) }
            } } }
        } }
    }
}
