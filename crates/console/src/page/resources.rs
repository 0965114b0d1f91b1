//! What the ledger says there is, what it costs an hour, and what the ledger does not explain.

use super::{View, badge, curl, fact, field};
use crate::answer::Answer;
use crate::call::{Act, Door, Failure};
use crate::show::{hourly, list, text, time};
use capstan_core::ports::ApiClient;
use capstan_core::web::encode;
use maud::{Markup, html};
use serde_json::Value;

pub(crate) async fn show<P: ApiClient>(door: &Door<'_, P>, view: &View<'_>) -> Result<Answer, Failure> {
    let ledger = door.get("/tier/resources").await?;
    let orphans = match door.get("/tier/orphans").await {
        Err(Failure::SignedOut) => return Err(Failure::SignedOut),
        orphans => orphans,
    };
    let look = |path| Act { method: "GET", path, body: Value::Null };
    let all = list(&ledger, "resources");
    let content = html! {
        dl .facts {
            (fact("Resources", html! { (all.len()) }))
            (fact("Cost now", html! { strong { (hourly(&ledger["hourlyCost"])) } " an hour, each at its least capacity" }))
        }
        @if all.is_empty() {
            p { "The ledger has nothing: no change has made a resource yet. " a href=(view.at("/tier")) { "Plan a move" } " to begin." }
        } @else { (table(view, all, &ledger["hourlyCost"])) }
        (curl(door, &look("/tier/resources")))
        h2 { "Orphans" }
        p { "What bears the tenant's tag and is not in the ledger." }
        (unexplained(&orphans))
        (curl(door, &look("/tier/orphans")))
    };
    Ok(view.page("Resources", content))
}

fn table(view: &View<'_>, all: &[Value], sum: &Value) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label="Resources" { table {
            thead { tr { th scope="col" { "Name" } th scope="col" { "Service" } th scope="col" { "State" } th scope="col" { "Tier" } th scope="col" { "What" }
                th scope="col" { "Made" } th scope="col" .number { "$ an hour" } } }
            tbody { @for one in all { tr {
                th scope="row" { code { (text(one, "name")) } }
                td { (text(one, "service")) br; span .quiet { (text(one, "kind")) } }
                td {
                    (badge(text(one, "state")))
                    @if one["settled"] == false { " " span .badge.busy { "Not settled" } }
                    @if !one["deleteAfter"].is_null() { br; span .quiet { "deleted " (time(&one["deleteAfter"], view.now)) } }
                }
                td { (text(one, "tier")) }
                td { (spec(&one["spec"])) }
                td { (made(view, one)) }
                td .number { (hourly(&one["hourlyCost"])) }
            } } }
            tfoot { tr { th scope="row" colspan="6" { "All together" } td .number { strong { (hourly(sum)) } } } }
        } }
    }
}

fn made(view: &View<'_>, one: &Value) -> Markup {
    let by = text(one, "madeBy");
    html! {
        @if by.is_empty() { (time(&one["madeAt"], view.now)) }
        @else { a href=(view.at(&format!("/tier/history/{}", encode(by)))) { (time(&one["madeAt"], view.now)) } }
    }
}

/// What a resource is made of, in words; its kind stands elsewhere.
fn spec(spec: &Value) -> Markup {
    let members = spec.as_object().into_iter().flatten().filter(|(name, _)| *name != "kind");
    html! { @for (at, (name, value)) in members.enumerate() {
        @if at > 0 { ", " }
        (field::words(name)) " " (field::value(name, value))
    } }
}

fn unexplained(orphans: &Result<Value, Failure>) -> Markup {
    html! {
        @match orphans {
            Err(failure) => div .notice.warn { p { "They can't be looked for now: " (failure.lines().join(" ")) } },
            Ok(found) if list(found, "orphans").is_empty() => p { "There are none." },
            Ok(found) => {
                div .notice.warn { p { "Nothing here deletes them: look who made each, then delete it by hand, or take its tag away." } }
                div .scroll tabindex="0" role="region" aria-label="Orphans" { table {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Service" } th scope="col" { "Kind" } th scope="col" { "Tags" } } }
                    tbody { @for one in list(found, "orphans") { tr {
                        th scope="row" { code { (text(one, "name")) } }
                        td { (text(one, "service")) } td { (text(one, "kind")) }
                        td { @for (name, value) in one["tags"].as_object().into_iter().flatten() { code { (name) "=" (value.as_str().unwrap_or_default()) } " " } }
                    } } }
                } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fake::{Fake, HOSTILE, harmless};
    use serde_json::json;

    /// From tests/tests/snapshots/tier-read__resources-with-retired.snap.
    fn api() -> Fake {
        let ledger = json!({"hourlyCost": 0.3904, "resources": [
            {"deleteAfter": "2026-01-11T00:00:00.000Z", "hourlyCost": 0.3504, "kind": "cache-group", "madeAt": "2026-01-01T00:00:00.000Z",
             "madeBy": "019b76da-a800-73cb-a1e4-59320dd7044c", "name": "cato-cache-8d3c7a52rbw4", "service": "elasticache", "settled": false,
             "spec": {"clusterMode": false, "kind": "cache-group", "nodeType": "cache.r7g.large", "nodes": 2}, "state": "RETIRED",
             "tier": "STAGING", "transitionId": "019b76da-a800-73cb-a1e4-59320dd7044c"},
            {"deleteAfter": null, "hourlyCost": 0.04, "kind": "stream", "madeAt": null, "madeBy": null, "name": "cato-events-8d3c7a52rbw4",
             "service": "kinesis", "settled": true, "spec": null, "state": "SERVING", "tier": "DEV", "transitionId": null},
        ]});
        Fake::of("viewer").answers("GET", "/tier/resources", 200, ledger)
    }

    #[test]
    fn each_resource_has_its_cost_and_all_have_their_sum() {
        let stray = json!({"orphans": [{"kind": "stream", "name": HOSTILE, "service": "kinesis", "tags": {"TenantId": HOSTILE}}]});
        let page = api().answers("GET", "/tier/orphans", 200, stray).get("/tier/resources");
        page.says(&[
            "$0.390 an hour",
            "Retired Not settled deleted in 6 d 12 h STAGING Cluster mode no, Node type cache.r7g.large, Nodes 2 3 d ago $0.350",
            "All together $0.390",
            "delete it by hand",
        ]);
        page.has(&[r#"href="/console/tier/history/019b76da-a800-73cb-a1e4-59320dd7044c""#, "/tier/orphans'"]);
        harmless(&page);
    }

    #[test]
    fn orphans_that_can_not_be_looked_for_do_not_hide_the_ledger() {
        let api = api().answers("GET", "/tier/orphans", 503, json!({"detail": "no right to list"}));
        api.get("/tier/resources")
            .says(&["cato-events-8d3c7a52rbw4", "can't be looked for now: no right to list"]);
        let none = Fake::of("viewer")
            .answers("GET", "/tier/resources", 200, json!({"resources": [], "hourlyCost": 0}))
            .answers("GET", "/tier/orphans", 200, json!({"orphans": []}));
        none.get("/tier/resources").says(&["no change has made a resource yet", "There are none."]);
    }
}
