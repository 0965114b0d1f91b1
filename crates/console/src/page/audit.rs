//! The audit: what was done, by whom and why, and whether it is still what it was.

mod chain;

use super::gather::{AUDIT, Found, Look, gather};
use super::history::{older, select};
use super::{View, badge, curl, fact, field};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::show::{list, number, sentence, text, time};
use capstan_core::ports::ApiClient;
use capstan_core::web::encode;
use chain::Verdict;
use maud::{Markup, html};
use serde_json::{Map, Value, json};

const FILTERS: [&str; 3] = ["who", "action", "outcome"];

pub(crate) async fn show<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let asked = |name: &str| view.request.asked(name).unwrap_or_default();
    let seeks = FILTERS.iter().any(|name| !asked(name).is_empty());
    let look = |entry: &Value| {
        let action = asked("action").trim().replace(' ', "_").to_uppercase();
        let fits = (asked("who").is_empty() || text(entry, "who") == asked("who"))
            && text(entry, "action").contains(&action)
            && (asked("outcome").is_empty() || text(entry, "outcome") == asked("outcome"));
        if fits { Look::Keep } else { Look::Pass }
    };
    let cursor = view.request.asked("cursor");
    let found = gather(door, cursor, if seeks { Some(&look) } else { None }).await?;
    let act = Act { method: "GET", path: AUDIT, body: Value::Null };
    let content = html! {
        (standing(view, &found.first))
        (filter(view))
        @if found.rows.is_empty() { (nothing(seeks, &found)) } @else { (table(view, &found)) }
        (from_before(&found.first))
        @if let Some(next) = &found.cursor {
            @if seeks { p .quiet { "Looked at " (found.looked) " entries; there are older ones." } }
            p { a .button rel="next" href=(view.at(&older(view, &FILTERS, "/tier/audit", next))) { "Older ones" } }
        }
        (curl(door, &act))
    };
    Ok(view.page("Audit", content))
}

/// How long the chain is, and the way to have it verified.
fn standing(view: &View<'_>, first: &Value) -> Markup {
    let sealed = list(first, "seals").iter().filter_map(|seal| seal["seq"].as_u64()).max();
    html! {
        dl .facts {
            (fact("Entries", if first["head"].is_null() { "none yet".to_owned() } else { number(&first["head"]["seq"]) }))
            // Seals come with the entries they cover: only the first page has the newest.
            @if view.request.asked("cursor").is_none() {
                (fact("Sealed up to entry", sealed.map_or_else(|| "none on this page".to_owned(), |seq| number(&json!(seq)))))
            }
            (fact("Is it still what it was?", html! { a .button href=(view.at("/tier/audit/verify")) { "Verify it" } }))
        }
    }
}

fn filter(view: &View<'_>) -> Markup {
    let asked = |name: &str| view.request.asked(name).unwrap_or_default();
    html! {
        form .row method="get" action=(view.at("/tier/audit")) {
            div { label for="who" { "Who" } br; input #who name="who" value=(asked("who")) autocomplete="off"; }
            div { label for="action" { "What, in part" } br; input #action name="action" value=(asked("action")) placeholder="config" autocomplete="off"; }
            div { label for="outcome" { "Outcome" } br; (select("outcome", &["DONE", "DENIED"], asked("outcome"))) }
            button type="submit" { "Filter" }
            a href=(view.at("/tier/audit")) { "All" }
        }
    }
}

fn nothing(seeks: bool, found: &Found) -> Markup {
    html! {
        @if seeks && found.cursor.is_some() { p { "None of the last " (found.looked) " entries fits. Go on to older ones, or take a filter away." } }
        @else if seeks { p { "No entry fits. Take a filter away to see more." } }
        @else { p { "Nothing was done yet: the first act makes the first entry." } }
    }
}

fn table(view: &View<'_>, found: &Found) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label="Acts" { table {
            thead { tr { th scope="col" .number { "Entry" } th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "On" } th scope="col" { "Why" } } }
            tbody { @for entry in &found.rows { tr {
                th scope="row" .number { (number(&entry["seq"])) }
                td { (time(&entry["at"], view.now)) }
                td { (text(entry, "who")) br; span .quiet { (sentence(text(entry, "role"))) } }
                td {
                    (sentence(text(entry, "action")))
                    @if let Some(words) = detail(entry) { br; span .quiet { (words) } }
                    @if text(entry, "outcome") != "DONE" { " " span .badge.bad { (sentence(text(entry, "outcome"))) } }
                }
                td { (subject(view, entry)) }
                td { (text(entry, "why")) (more(entry)) }
            } } }
        } }
    }
}

fn subject(view: &View<'_>, entry: &Value) -> Markup {
    let change = text(entry, "transitionId");
    html! {
        code { (text(entry, "subject")) }
        @if !change.is_empty() { br; a href=(view.at(&format!("/tier/history/{}", encode(change)))) { "Its change" } }
    }
}

/// What belongs to an act in a few words; more stands under More.
fn detail(entry: &Value) -> Option<String> {
    let detail: Map<String, Value> = serde_json::from_str(text(entry, "detail")).ok()?;
    let short = |value: &Value| !value.is_array() && !value.is_object() && value.to_string().len() <= 40;
    let few = (1..=4).contains(&detail.len()) && detail.values().all(short);
    let words = |(name, value): (&String, &Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{} {value}", field::words(name))
    };
    few.then(|| detail.iter().map(words).collect::<Vec<_>>().join(", "))
}

fn more(entry: &Value) -> Markup {
    html! {
        details { summary .quiet { "More" } dl {
            @for name in ["detail", "requestId", "hash", "prev"] {
                @if !text(entry, name).is_empty() { dt { (name) } dd { code { (text(entry, name)) } } }
            }
        } }
    }
}

fn from_before(first: &Value) -> Markup {
    let rows = list(first, "before");
    html! { @if !rows.is_empty() {
        h2 { "From before the chain" }
        ul { @for row in rows { li { code { (text(row, "key")) " " (row["row"].to_string()) } } } }
    } }
}

/// Reads the whole chain and reckons it anew.
pub(crate) async fn verify<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let verdict = chain::verify(door, view.now).await?;
    let content = html! {
        (said(&verdict))
        h2 { "Without this page" }
        p { "This page believes the key that the API gives, and remembers nothing. Who wants to believe neither, and to find a tail that was cut off later, verifies from a machine of their own, with the key from elsewhere and a receipt:" }
        pre tabindex="0" { code { "capstan audit verify --url '" (door.request.origin) (door.request.prefix) "' \\\n  --key key.pem --receipt receipt.json" } }
        p { a href=(view.at("/tier/audit")) { "The audit" } }
        (curl(door, &Act { method: "GET", path: "/tier/audit?order=oldest&limit=100", body: Value::Null }))
        (curl(door, &Act { method: "GET", path: "/tier/audit/key", body: Value::Null }))
    };
    Ok(view.page("Verify the audit", content))
}

fn said(verdict: &Verdict) -> Markup {
    match verdict {
        Verdict::Good(report) => html! {
            div .notice.good role="status" { p { (badge("VERIFIED")) " Nothing in it was changed, removed, reordered or put in." } }
            dl .facts {
                (fact("Entries", number(&json!(report.entries))))
                (fact("Sealed up to entry", html! { (number(&json!(report.sealed_to))) " by " (number(&json!(report.seals))) " seals" }))
                @if report.before > 0 { (fact("Rows from before the chain", number(&json!(report.before)))) }
            }
            p .quiet { "The last hash: " code { (report.hash) } }
        },
        Verdict::Bad(finding) => html! {
            div .notice.bad role="alert" {
                p { (badge("BROKEN")) " " strong { "Entry " (number(&json!(finding.seq))) } ": " (finding.why) }
                p { "Change nothing. Keep what the API gives now, hold it against the log of the sealer, and tell whoever is responsible for security." }
            }
        },
        Verdict::TooLong(entries) => html! {
            div .notice { p { "The chain has " (number(&json!(entries))) " entries, more than a page reads at once. The command below reads any length." } }
        },
        Verdict::NoKey => html! {
            div .notice.warn { p { "The API gives no key by which seals can be checked, so nothing is said of them here." } }
        },
    }
}

#[cfg(test)]
mod tests;
