//! The changes of the past, and all that is known of one.

use super::gather::{Found, List, Look, gather};
use super::{View, Words, badge, curl, fact};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::show::{duration, list, sentence, text, time};
use capstan_core::ports::ApiClient;
use capstan_core::web::encode;
use maud::{Markup, html};
use serde_json::Value;

const CHANGES: List<'static> = List { path: "/tier/change-history", member: "changes" };
const AUDIT: List<'static> = List { path: "/tier/audit", member: "entries" };
const FILTERS: [&str; 4] = ["status", "tier", "from", "to"];
const STATUSES: [&str; 5] = ["INITIATED", "IN_PROGRESS", "COMPLETED", "FAILED", "ROLLED_BACK"];
const TIERS: [&str; 3] = ["DEV", "STAGING", "PRODUCTION"];

pub(crate) async fn show<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let asked = |name: &str| view.request.asked(name).unwrap_or_default();
    let seeks = FILTERS.iter().any(|name| !asked(name).is_empty());
    let look = |change: &Value| {
        let day = text(change, "createdAt").get(..10).unwrap_or_default();
        let tiers = [text(change, "fromTier"), text(change, "toTier")];
        if day < asked("from") {
            return Look::Enough;
        }
        let fits = (asked("to").is_empty() || day <= asked("to"))
            && (asked("tier").is_empty() || tiers.contains(&asked("tier")))
            && (asked("status").is_empty() || text(change, "status") == asked("status"));
        if fits { Look::Keep } else { Look::Pass }
    };
    let cursor = view.request.asked("cursor");
    let found = gather(door, CHANGES, cursor, if seeks { Some(&look) } else { None }).await?;
    let act = Act { method: "GET", path: CHANGES.path, body: Value::Null };
    let content = html! {
        (filter(view))
        @if found.rows.is_empty() { (nothing(view, seeks, &found)) } @else { (table(view, &found)) }
        @if let Some(next) = &found.cursor {
            @if seeks { p .quiet { "Looked at " (found.looked) " changes; there are older ones." } }
            p { a .button rel="next" href=(view.at(&older(view, &FILTERS, "/tier/history", next))) { "Older ones" } }
        }
        (curl(door, &act))
    };
    Ok(view.page("History", content))
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
            div { label for="status" { "Status" } br; (select("status", &STATUSES, asked("status"))) }
            div { label for="tier" { "From or to" } br; (select("tier", &TIERS, asked("tier"))) }
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

fn nothing(view: &View<'_>, seeks: bool, found: &Found) -> Markup {
    html! {
        @if seeks && found.cursor.is_some() { p { "None of the last " (found.looked) " changes fits. Go on to older ones, or take a filter away." } }
        @else if seeks { p { "No change fits. Take a filter away to see more." } }
        @else { p { "Nothing was changed yet. " a href=(view.at("/tier")) { "Plan a move" } " to begin." } }
    }
}

fn table(view: &View<'_>, found: &Found) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label="Changes" { table {
            thead { tr { th scope="col" { "Change" } th scope="col" { "When" } th scope="col" { "Status" } th scope="col" { "By" } th scope="col" { "Why" } th scope="col" .number { "It took" } } }
            tbody { @for (page, change) in &found.rows { tr {
                th scope="row" { a href=(view.at(&address(change, page.as_deref()))) { (text(change, "fromTier")) " → " (text(change, "toTier")) } }
                td { (time(&change["createdAt"], view.now)) }
                td { (badge(text(change, "status"))) }
                td { (text(change, "changedBy")) }
                td { (text(change, "reason")) @if change["bypassedCooldown"] == true { " " span .badge.warn { "Cooldown bypassed" } } }
                td .number { @if let Some(seconds) = change["durationSeconds"].as_u64() { (duration(seconds)) } @else { "–" } }
            } } }
        } }
    }
}

/// The page of a change; with the cursor it was found by, it is found again at once.
fn address(change: &Value, page: Option<&str>) -> String {
    let path = format!("/tier/history/{}", encode(text(change, "id")));
    page.map_or_else(|| path.clone(), |page| format!("{path}?after={}", encode(page)))
}

/// One change.
pub(crate) async fn one<P: ApiClient>(
    door: &Door<'_, P>,
    view: &View<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    let look = |change: &Value| if text(change, "id") == id { Look::Last } else { Look::Pass };
    let after = view.request.asked("after");
    let mut found = gather(door, CHANGES, after, Some(&look)).await;
    if after.is_some() && found.as_ref().map_or(true, |found| found.rows.is_empty()) {
        // An old link: what it says of the place is not believed.
        found = gather(door, CHANGES, None, Some(&look)).await;
    }
    let found = found?;
    let Some((_, change)) = found.rows.first() else {
        let what = format!("It is not among the tenant's last {} changes.", found.looked);
        let next = "The history lists all of them; open it from there.";
        return Ok(Answer::page(
            404,
            super::inside(view, Words { title: "No such change", what: &what, next }),
        ));
    };
    let entries = of_audit(door, change).await?;
    let act = Act { method: "GET", path: CHANGES.path, body: Value::Null };
    let title = format!("{} → {}", text(change, "fromTier"), text(change, "toTier"));
    let content = html! {
        (facts(view, change))
        (resources(change))
        h2 { "What happened" }
        (timeline(view, change, &entries))
        p { a href=(view.at("/tier/history")) { "All changes" } " · " a href=(view.at("/tier/audit")) { "The audit" } }
        (curl(door, &act))
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
    match gather(door, AUDIT, None, Some(&look)).await {
        Ok(found) if found.cursor.is_some() && found.rows.is_empty() => {
            Ok(Err(format!("It is further back than the last {} entries of the audit.", found.looked)))
        }
        Ok(found) => Ok(Ok(found.rows.into_iter().map(|(_, entry)| entry).collect())),
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
        @if change["completedAt"].is_null() { p { a .button href=(view.at("/tier/progress")) { "Follow or stop it" } } }
    }
}

fn resources(change: &Value) -> Markup {
    html! {
        @for (name, words) in [("provisioned", "Made or changed"), ("cleanedUp", "Taken away or retired")] {
            @let all = list(&change["resources"], name);
            @if !all.is_empty() {
                h2 { (words) }
                ul { @for one in all { li { code { (one.as_str().unwrap_or_default()) } } } }
            }
        }
    }
}

/// All that is known of it, in the order in which it happened.
fn timeline(view: &View<'_>, change: &Value, entries: &Result<Vec<Value>, String>) -> Markup {
    let mut events: Vec<(&Value, Markup)> = Vec::new();
    for error in list(change, "errors") {
        events.push((&error["at"], html! { strong { (text(error, "name")) } ": " (text(error, "message")) }));
    }
    let stop = &change["cancellation"];
    if !stop.is_null() {
        events.push((
            &stop["at"],
            html! { "Asked to stop by " (text(stop, "by")) ": " (text(stop, "reason")) },
        ));
    }
    for entry in entries.iter().flatten() {
        events.push((
            &entry["at"],
            html! {
                (sentence(text(entry, "action"))) " by " (text(entry, "who"))
                @if text(entry, "subject") != text(change, "id") { ": " code { (text(entry, "subject")) } }
                @if text(entry, "outcome") != "DONE" { " " (badge(text(entry, "outcome"))) }
                span .quiet { " (entry " (entry["seq"]) " of the audit)" }
            },
        ));
    }
    for (name, words) in [("completedAt", "Ended"), ("startedAt", "Started"), ("createdAt", "Asked for")] {
        events.extend(Some((&change[name], html! { (words) })).filter(|(at, _)| !at.is_null()));
    }
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
mod tests {
    use crate::fake::{Fake, HOSTILE, harmless};
    use serde_json::{Value, json};

    fn change(id: &str, day: u32, status: &str, reason: &str) -> Value {
        json!({"id": id, "fromTier": "DEV", "toTier": "STAGING", "direction": "SCALING_UP", "status": status,
            "changedBy": "ada", "confirmedBy": "bob", "reason": reason, "bypassedCooldown": true,
            "createdAt": format!("2026-01-{day:02}T00:00:00.000Z"), "startedAt": format!("2026-01-{day:02}T00:00:00.000Z"),
            "completedAt": format!("2026-01-{day:02}T00:09:30.000Z"), "durationSeconds": 570,
            "errors": [{"at": format!("2026-01-{day:02}T00:00:05.000Z"), "name": "CapacityRefused", "message": HOSTILE}],
            "resources": {"provisioned": ["stream/cato-events"], "cleanedUp": []}, "cancellation": null})
    }

    fn page(changes: Vec<Value>, cursor: Option<&str>) -> Value {
        json!({ "changes": changes, "cursor": cursor })
    }

    #[test]
    fn a_new_tenant_is_told_what_to_do() {
        let api = Fake::of("viewer").answers("GET", "/tier/change-history?limit=20", 200, page(vec![], None));
        api.get("/tier/history").says(&["Nothing was changed yet. Plan a move to begin."]);
    }

    #[test]
    fn changes_are_listed_by_pages() {
        let first = page(vec![change("c2", 4, "COMPLETED", HOSTILE)], Some("c/2"));
        let api = Fake::of("viewer").answers("GET", "/tier/change-history?limit=20", 200, first).answers(
            "GET",
            "/tier/change-history?limit=20&cursor=c%2F2",
            200,
            page(vec![change("c1", 1, "FAILED", "why")], None),
        );
        let newest = api.get("/tier/history");
        newest.says(&[
            "DEV → STAGING 12 h ago Completed ada",
            "9 min 30 s",
            "Cooldown bypassed",
            "Older ones",
        ]);
        newest.has(&[r#"href="/console/tier/history?cursor=c%2F2""#, r#"href="/console/tier/history/c2""#]);
        harmless(&newest);
        let older = api.get("/tier/history?cursor=c%2F2");
        older.has(&[r#"href="/console/tier/history/c1?after=c%2F2""#]);
        assert!(!older.text().contains("Older ones"));
    }

    #[test]
    fn what_is_sought_is_found_on_any_page_and_no_further_than_needed() {
        let first =
            page(vec![change("c3", 4, "COMPLETED", "three"), change("c2", 3, "FAILED", "two")], Some("x"));
        let api = Fake::of("viewer").answers("GET", "/tier/change-history?limit=100", 200, first).answers(
            "GET",
            "/tier/change-history?limit=100&cursor=x",
            200,
            page(vec![change("c1", 1, "FAILED", "one")], Some("y")),
        );
        let found = api.get("/tier/history?status=FAILED&tier=STAGING&from=2026-01-02&to=2026-01-03");
        found.says(&["two"]);
        found.has(&[r#"value="2026-01-02""#, r#"<option value="FAILED" selected>"#]);
        let text = found.text();
        assert!(!text.contains("three") && !text.contains("one ") && !text.contains("Older ones"), "{text}");
        assert_eq!(api.asked().len(), 2, "older than what is sought is not looked at");
        api.get("/tier/history?tier=PRODUCTION&from=2026-01-02")
            .says(&["No change fits. Take a filter away"]);
    }

    #[test]
    fn one_change_is_told_from_its_beginning_to_its_end() {
        let entry = |seq: u32, at: &str, id: Value| json!({"seq": seq, "at": at, "who": "ada", "action": "ROLLBACK_STARTED", "subject": id, "outcome": "DONE", "transitionId": id});
        let audit = json!({"cursor": "more", "entries": [
            entry(9, "2026-01-03T00:00:00.000Z", json!("c9")), entry(2, "2026-01-01T00:00:06.000Z", json!("c1")),
            json!({"seq": 1, "at": "2025-12-31T00:00:00.000Z", "who": "x", "action": "CONFIG_EDITED", "subject": "DEV-1", "outcome": "DONE"}),
        ]});
        let api = Fake::of("viewer")
            .answers(
                "GET",
                "/tier/change-history?limit=100",
                200,
                page(vec![change("c1", 1, "ROLLED_BACK", "why")], None),
            )
            .answers("GET", "/tier/audit?limit=100", 200, audit);
        let page = api.get("/tier/history/c1");
        page.says(&[
            "DEV → STAGING",
            "ada, confirmed by bob",
            "stream/cato-events",
            "Rollback started by ada (entry 2 of the audit)",
        ]);
        let text = page.text();
        let at = |words: &str| text.rfind(words).unwrap_or_else(|| panic!("{words} in {text}"));
        assert!(
            at("Started") < at("CapacityRefused") && at("CapacityRefused") < at("Rollback started"),
            "{text}"
        );
        assert!(at("Rollback started") < at("3 d ago Ended") && !text.contains("Config edited"), "{text}");
        harmless(&page);
    }

    #[test]
    fn an_audit_that_is_away_does_not_hide_the_change() {
        let api = Fake::of("viewer")
            .answers(
                "GET",
                "/tier/change-history?limit=100",
                200,
                page(vec![change("c1", 1, "FAILED", "why")], None),
            )
            .answers(
                "GET",
                "/tier/change-history?limit=100&cursor=gone",
                422,
                json!({"detail": "no such cursor"}),
            )
            .answers("GET", "/tier/audit?limit=100", 503, json!({"detail": "not now"}));
        api.get("/tier/history/c1?after=gone").says(&["The audit can't be read: not now", "CapacityRefused"]);
        let none = api.get("/tier/history/other");
        assert_eq!(none.status, 404);
        none.says(&["not among the tenant's last 1 changes"]);
    }
}
