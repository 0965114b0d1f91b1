//! The changes of the past, and all that is known of one.

use super::gather::{Look, gather};
use super::{View, Words, badge, curl, fact, objections};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::show::{duration, list, sentence, text, time};
use capstan_core::ports::ApiClient;
use capstan_core::tier::{ChangeStatus, Tier};
use capstan_core::web::encode;
use capstan_core::web::with_query;
use maud::{Markup, html};
use serde_json::Value;

const CHANGES: &str = "/tier/change-history";
const FILTERS: [&str; 4] = ["status", "tier", "from", "to"];

pub(crate) async fn show<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let asked = |name: &str| view.request.asked(name).unwrap_or_default();
    let seeks = FILTERS.iter().any(|name| !asked(name).is_empty());
    // Whole days, of UTC.
    let at = |name: &str, time: &str| match asked(name) {
        "" => String::new(),
        day => format!("{day}T{time}Z"),
    };
    let (since, until) = (at("from", "00:00:00"), at("to", "23:59:59.999"));
    let wanted = [
        ("status", asked("status")),
        ("tier", asked("tier")),
        ("since", since.as_str()),
        ("until", until.as_str()),
        ("cursor", asked("cursor")),
    ];
    let path = with_query(CHANGES, &wanted);
    let (found, refused) = match door.get(&path).await {
        Ok(found) => (found, Vec::new()),
        Err(failure) => (Value::Null, failure.objections()?),
    };
    let (changes, next) = (list(&found, "changes"), text(&found, "cursor"));
    let content = html! {
        (objections(&refused))
        (filter(view))
        @if !refused.is_empty() {} @else if changes.is_empty() { (nothing(view, seeks, !next.is_empty())) } @else { (table(view, changes)) }
        @if !next.is_empty() {
            p { a .button rel="next" href=(view.at(&older(view, &FILTERS, "/tier/history", next))) { "Older ones" } }
        }
        (curl(door, &Act { method: "GET", path: &path, body: Value::Null }))
    };
    Ok(view.page("History", content).with_status(if refused.is_empty() { 200 } else { 422 }))
}

/// The page that goes on where this one ends, with the same filters.
pub(crate) fn older(view: &View<'_>, filters: &[&str], path: &str, cursor: &str) -> String {
    let kept = filters.iter().filter_map(|name| Some((name, view.request.asked(name)?)));
    let kept: Vec<String> = kept.map(|(name, value)| format!("{name}={}&", encode(value))).collect();
    let kept = kept.concat();
    format!("{path}?{kept}cursor={}", encode(cursor))
}

fn filter(view: &View<'_>) -> Markup {
    let asked = |name: &str| view.request.asked(name).unwrap_or_default();
    html! {
        form .row method="get" action=(view.at("/tier/history")) {
            div { label for="status" { "Status" } br; (select("status", &ChangeStatus::ALL.map(ChangeStatus::as_str), asked("status"))) }
            div { label for="tier" { "From or to" } br; (select("tier", &Tier::ALL.map(Tier::as_str), asked("tier"))) }
            div { label for="from" { "Since (UTC)" } br; input #from type="date" name="from" value=(asked("from")); }
            div { label for="to" { "Until (UTC)" } br; input #to type="date" name="to" value=(asked("to")); }
            button type="submit" { "Filter" }
            a href=(view.at("/tier/history")) { "All" }
        }
    }
}

/// A choice of one word, or of any.
pub(crate) fn select(name: &str, words: &[&str], chosen: &str) -> Markup {
    html! {
        select id=(name) name=(name) {
            option value="" { "any" }
            @for word in words { option value=(word) selected[*word == chosen] { (sentence(word)) } }
        }
    }
}

fn nothing(view: &View<'_>, seeks: bool, more: bool) -> Markup {
    html! {
        @if more { p { "None of those looked at fits. Go on to older ones, or take a filter away." } }
        @else if seeks { p { "No change fits. Take a filter away to see more." } }
        @else { p { "Nothing was changed yet. " a href=(view.at("/tier")) { "Plan a move" } " to begin." } }
    }
}

fn table(view: &View<'_>, changes: &[Value]) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label="Changes" { table {
            thead { tr { th scope="col" { "Change" } th scope="col" { "When" } th scope="col" { "Status" } th scope="col" { "By" } th scope="col" { "Why" } th scope="col" .number { "It took" } } }
            tbody { @for change in changes { tr {
                th scope="row" { a href=(view.at(&format!("/tier/history/{}", encode(text(change, "id"))))) { (text(change, "fromTier")) " → " (text(change, "toTier")) } }
                td { (time(&change["createdAt"], view.now)) }
                td { (badge(text(change, "status"))) }
                td { (text(change, "changedBy")) }
                td { (text(change, "reason")) @if change["bypassedCooldown"] == true { " " span .badge.warn { "Cooldown bypassed" } } }
                td .number { @if let Some(seconds) = change["durationSeconds"].as_u64() { (duration(seconds)) } @else { "–" } }
            } } }
        } }
    }
}

/// One change.
pub(crate) async fn one<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    let path = with_query(CHANGES, &[("transitionId", id)]);
    let found = match door.get(&path).await {
        Err(Failure::Refused { status: 404 | 422, .. }) => Value::Null,
        found => found?,
    };
    let Some(change) = list(&found, "changes").first() else {
        let words = Words {
            title: "No such change",
            what: "No change of this tenant has this id.",
            next: "The history lists all of them; open it from there.",
        };
        return Ok(Answer::page(404, super::inside(view, words)));
    };
    let entries = of_audit(door, change).await?;
    let title = format!("{} → {}", text(change, "fromTier"), text(change, "toTier"));
    let content = html! {
        (facts(view, change))
        (resources(change))
        h2 { "What happened" }
        (timeline(view, change, &entries))
        p { a href=(view.at("/tier/history")) { "All changes" } " · " a href=(view.at("/tier/audit")) { "The audit" } }
        (curl(door, &Act { method: "GET", path: &path, body: Value::Null }))
    };
    Ok(view.page(&title, content))
}

/// The entries of a change in the audit, which begin with it; a reason in their place where they can't be had.
async fn of_audit<P: ApiClient>(
    door: &Door<'_, P>,
    change: &Value,
) -> Result<Result<Vec<Value>, String>, Failure> {
    let (id, began) = (text(change, "id"), text(change, "createdAt"));
    let look = |entry: &Value| match (
        text(entry, "transitionId") == id || text(entry, "subject") == id,
        text(entry, "at"),
    ) {
        (true, _) => Look::Keep,
        (false, at) if at < began => Look::Enough,
        _ => Look::Pass,
    };
    match gather(door, None, Some(&look)).await {
        Ok(found) if found.cursor.is_some() && found.rows.is_empty() => {
            Ok(Err(format!("It is further back than the last {} entries of the audit.", found.looked)))
        }
        Ok(found) => Ok(Ok(found.rows)),
        Err(Failure::SignedOut) => Err(Failure::SignedOut),
        Err(failure) => Ok(Err(format!("The audit can't be read: {}", failure.lines().join(" ")))),
    }
}

fn facts(view: &View<'_>, change: &Value) -> Markup {
    html! {
        dl .facts {
            (fact("Status", badge(text(change, "status"))))
            (fact("Direction", sentence(text(change, "direction"))))
            (fact("Asked for", time(&change["createdAt"], view.now)))
            (fact("By", html! { (text(change, "changedBy"))
                @if !text(change, "confirmedBy").is_empty() { ", confirmed by " (text(change, "confirmedBy")) } }))
            (fact("Ended", time(&change["completedAt"], view.now)))
            @if let Some(seconds) = change["durationSeconds"].as_u64() { (fact("It took", duration(seconds))) }
        }
        p { "Why: " q { (text(change, "reason")) } }
        @if change["bypassedCooldown"] == true { div .notice.warn { p { "The cooldown was bypassed." } } }
        p .quiet { "Id " code { (text(change, "id")) } }
        @if text(change, "status") == "FAILED" { div .notice.bad { p { "It could be neither finished nor undone. "
            a href=(view.at("/tier/progress")) { "Where it stands" } } } }
        @if change["completedAt"].is_null() { p { a .button href=(view.at("/tier/progress")) { "Follow or stop it" } } }
    }
}

fn resources(change: &Value) -> Markup {
    html! {
        @for (name, words) in [("provisioned", "Made or changed"), ("cleanedUp", "Taken away, retired or made smaller")] {
            @let all = list(&change["resources"], name);
            @if !all.is_empty() {
                h2 { (words) }
                ul { @for one in all { li { code { (one.as_str().unwrap_or_default()) } } } }
            }
        }
    }
}

/// All that is known of it, in the order in which it happened.
fn timeline<'a>(view: &View<'_>, change: &'a Value, entries: &'a Result<Vec<Value>, String>) -> Markup {
    let mut events: Vec<(&'a Value, Markup)> = Vec::new();
    // The latest first; of one moment in the order in which things follow from each other.
    let mut push =
        |at: &'a Value, words: Markup| events.extend(Some((at, words)).filter(|(at, _)| !at.is_null()));
    push(&change["completedAt"], html! { "Ended" });
    for entry in entries.iter().flatten() {
        push(
            &entry["at"],
            html! {
                (sentence(text(entry, "action"))) " by " (text(entry, "who"))
                @if text(entry, "subject") != text(change, "id") { ": " code { (text(entry, "subject")) } }
                @if text(entry, "outcome") != "DONE" { " " (badge(text(entry, "outcome"))) }
                span .quiet { " (entry " (entry["seq"]) " of the audit)" }
            },
        );
    }
    for error in list(change, "errors") {
        push(&error["at"], html! { strong { (text(error, "name")) } ": " (text(error, "message")) });
    }
    let stop = &change["cancellation"];
    push(&stop["at"], html! { "Asked to stop by " (text(stop, "by")) ": " (text(stop, "reason")) });
    push(&change["startedAt"], html! { "Started" });
    push(&change["createdAt"], html! { "Asked for" });
    // Times of the API are of one form, so their texts are in their order; the audit's newest comes first.
    events.reverse();
    events.sort_by_key(|(at, _)| at.as_str().unwrap_or_default());
    html! {
        div .scroll tabindex="0" role="region" aria-label="Timeline" { table { tbody { @for (at, words) in &events { tr {
            th scope="row" .number { (time(at, view.now)) } td { (words) }
        } } } } }
        @if let Err(why) = entries { p .quiet { (why) } }
    }
}

#[cfg(test)]
mod tests;
