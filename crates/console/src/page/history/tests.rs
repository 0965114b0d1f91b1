//! Changes by pages, sought, and one to its end.

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
    let api = Fake::of("viewer").answers("GET", "/tier/change-history", 200, page(vec![], None));
    api.get("/tier/history").says(&["Nothing was changed yet. Plan a move to begin."]);
}

#[test]
fn changes_are_listed_by_pages() {
    let first = page(vec![change("c2", 4, "COMPLETED", HOSTILE)], Some("c/2"));
    let api = Fake::of("viewer").answers("GET", "/tier/change-history", 200, first).answers(
        "GET",
        "/tier/change-history?cursor=c%2F2",
        200,
        page(vec![change("c1", 1, "FAILED", "why")], None),
    );
    let newest = api.get("/tier/history");
    newest.says(&["DEV → STAGING 12 h ago Completed ada", "9 min 30 s", "Cooldown bypassed", "Older ones"]);
    newest.has(&[r#"href="/console/tier/history?cursor=c%2F2""#, r#"href="/console/tier/history/c2""#]);
    harmless(&newest);
    let older = api.get("/tier/history?cursor=c%2F2");
    older.has(&[r#"href="/console/tier/history/c1""#]);
    assert!(!older.text().contains("Older ones"));
}

#[test]
fn what_is_sought_is_asked_of_the_api() {
    let asked = "GET /tier/change-history?status=FAILED&tier=STAGING&since=2026-01-02T00%3A00%3A00Z&until=2026-01-03T23%3A59%3A59.999Z";
    let path = asked.trim_start_matches("GET ");
    let api = Fake::of("viewer")
        .answers("GET", path, 200, page(vec![change("c2", 3, "FAILED", "two")], Some("x")))
        .answers("GET", &format!("{path}&cursor=x"), 200, page(vec![], Some("y")));
    let filters = "status=FAILED&tier=STAGING&from=2026-01-02&to=2026-01-03";
    let found = api.get(&format!("/tier/history?{filters}"));
    found.says(&["two", "Older ones"]);
    found.has(&[
        r#"value="2026-01-02""#,
        r#"<option value="FAILED" selected>"#,
        "status=FAILED&amp;tier=STAGING&amp;from=2026-01-02&amp;to=2026-01-03&amp;cursor=x",
    ]);
    let older = api.get(&format!("/tier/history?{filters}&cursor=x"));
    older.says(&["None of those looked at fits. Go on to older ones", "Older ones"]);
    let said = json!({"errors": [{"field": "since", "message": "is later than `until`"}]});
    let refused = Fake::of("viewer")
        .answers("GET", "/tier/change-history?status=x", 422, said)
        .get("/tier/history?status=x");
    refused.says(&["since is later than `until`"]);
    assert_eq!(refused.status, 422);
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
            "/tier/change-history?transitionId=c1",
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
            "/tier/change-history?transitionId=c1",
            200,
            page(vec![change("c1", 1, "FAILED", "why")], None),
        )
        .answers(
            "GET",
            "/tier/change-history?transitionId=other",
            404,
            json!({"detail": "no change has this id"}),
        )
        .answers("GET", "/tier/audit?limit=100", 503, json!({"detail": "not now"}));
    api.get("/tier/history/c1").says(&["The audit can't be read: not now", "CapacityRefused"]);
    let none = api.get("/tier/history/other");
    assert_eq!(none.status, 404);
    none.says(&["No change of this tenant has this id"]);
}

#[test]
fn what_could_not_be_undone_leads_to_where_it_stands() {
    let of = |status: &str| {
        let audit = json!({"entries": [], "cursor": null});
        Fake::of("viewer")
            .answers(
                "GET",
                "/tier/change-history?transitionId=c1",
                200,
                page(vec![change("c1", 1, status, "why")], None),
            )
            .answers("GET", "/tier/audit?limit=100", 200, audit)
            .get("/tier/history/c1")
    };
    of("FAILED").says(&["It could be neither finished nor undone. Where it stands"]);
    assert!(!of("ROLLED_BACK").text().contains("neither finished"));
}
