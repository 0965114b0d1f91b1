//! The pages, rendered from what the API's functions answered when their fixtures were recorded.

use crate::fake::{Fake, HOSTILE, harmless};
use serde_json::{Value, json};

/// A recorded answer.
fn recorded(name: &str) -> (u16, Value) {
    let path = format!("{}/../../tests/tests/snapshots/{name}.snap", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let (_, json) = text.split_once("\n---\n").unwrap();
    let answer: Value = serde_json::from_str(json).unwrap();
    (u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap(), answer["body"].clone())
}

/// An API that answers a call as it was recorded.
trait Recorded {
    fn as_recorded(self, call: &str, name: &str) -> Self;
}

impl Recorded for Fake {
    fn as_recorded(self, call: &str, name: &str) -> Self {
        let (method, path) = call.split_once(' ').unwrap();
        let (status, body) = recorded(name);
        self.answers(method, path, status, body)
    }
}

const DAY: &str = "2026-01-03T12%3A00%3A00.000Z";
const CANARY: &str = "019b76da-f620-73cb-a1e4-59320dd7044c";
const RELEASE: &str = "019b76da-a800-73cb-a1e4-59320dd7044c";
const INSIGHT: &str = "1767225780-06-7b6804672aa2e741";

fn insights(role: &'static str) -> Fake {
    Fake::of(role)
        .as_recorded(&format!("GET /insights?since={DAY}&limit=50"), "read-insights__newest-first")
        .as_recorded(&format!("GET /insights/summary?since={DAY}"), "read-insights__summary")
}

#[test]
fn insights_are_counted_and_listed() {
    let page = insights("viewer").get("/insights");
    page.says(&["Found 2 in the last day", "Critical 1", "Info 1", "db-1: errorRate is 3.5 %", "90", "Open"]);
    page.has(&[
        "href=\"/console/insights/1767225780-06-7b6804672aa2e741\"",
        "href=\"/console/hosts/db-1\"",
        "hx-get=\"/console/insights?live=1\"",
        "<option value=\"critical_performance_issue\">",
    ]);
}

#[test]
fn filters_go_to_the_api_and_stay_in_the_form() {
    let path = format!(
        "/insights?since={DAY}&severity=critical&type=anomaly_detected&status=open&hostname=web-1&limit=50&cursor=abc"
    );
    let fake = Fake::of("viewer")
        .as_recorded(&format!("GET {path}"), "read-insights__first-page")
        .as_recorded(&format!("GET /insights/summary?since={DAY}"), "read-insights__summary");
    let asked = "severity=critical&type=anomaly_detected&status=open&hostname=web-1";
    let page = fake.get(&format!("/insights?{asked}&cursor=abc"));
    page.has(&[
        "<option value=\"critical\" selected>",
        "value=\"web-1\"",
        "cursor=MTc2NzIyNTg0MC0wMS02NjZmYzIyZTA5NWMyMjFm\">Older ones",
        "hostname=web-1\">To the newest",
    ]);
    // What is of the past stays as it is.
    assert!(!page.body.contains("hx-get"), "{}", page.body);
}

#[test]
fn a_filter_that_is_refused_is_said_and_kept() {
    let fake = Fake::of("viewer")
        .as_recorded(
            &format!("GET /insights?since={DAY}&severity=dire&limit=50"),
            "read-insights__unknown-severity",
        )
        .as_recorded(&format!("GET /insights/summary?since={DAY}"), "read-insights__summary");
    let page = fake.get("/insights?severity=dire");
    assert_eq!(page.status, 400);
    page.says(&["severity is not one of info, warning, critical"]);
    page.has(&["<option value=\"dire\" selected>"]);
}

#[test]
fn without_insights_it_says_what_to_do() {
    let none = json!({"asOf": "2026-01-04T12:00:00.000Z", "cursor": null, "insights": []});
    let fake = Fake::of("viewer")
        .answers("GET", &format!("/insights?since={DAY}&limit=50"), 200, none.clone())
        .answers("GET", &format!("/insights?since={DAY}&hostname=x&limit=50"), 200, none)
        .as_recorded(&format!("GET /insights/summary?since={DAY}"), "read-insights__summary");
    fake.get("/insights").says(&["Nothing was found in the last day", "capstan feed --hosts 20"]);
    fake.get("/insights?hostname=x").says(&["Nothing of this kind was found", "Show all"]);
}

fn insight(role: &'static str) -> Fake {
    Fake::of(role).as_recorded(&format!("GET /insights/{INSIGHT}"), "read-insights__one")
}

#[test]
fn an_insight_explains_itself() {
    let page = insight("operator").get(&format!("/insights/{INSIGHT}"));
    page.says(&[
        "Critical performance issue on db-1",
        "90 of 100",
        "errorRate 3.5 % at most 1 %",
        "iops 120,000 1/s at most 100,000 1/s",
        "Spread the load over more volumes",
        "Scored by thresholds+detector 1 (builtin)",
        "100 %",
    ]);
    page.has(&[
        "action=\"/console/insights/1767225780-06-7b6804672aa2e741/acknowledge\"",
        "action=\"/console/insights/1767225780-06-7b6804672aa2e741/dismiss\"",
        "curl -X POST 'https://iops.example/dev/insights/1767225780-06-7b6804672aa2e741/acknowledge'",
    ]);
    let viewer = insight("viewer").get(&format!("/insights/{INSIGHT}"));
    viewer.says(&["It takes the role operator."]);
    assert!(!viewer.body.contains("/dismiss"), "{}", viewer.body);
}

#[test]
fn an_insight_is_seen_to_once_with_its_note() {
    let path = format!("/insights/{INSIGHT}/acknowledge");
    let fake = insight("operator").as_recorded(&format!("POST {path}"), "read-insights__acknowledge");
    let page = fake.post(&path, &[("note", "the volume is being exchanged")]);
    assert_eq!((page.status, page.location), (303, Some(format!("/console/insights/{INSIGHT}"))));
    let acts = fake.acts();
    assert_eq!(acts.len(), 1);
    assert_eq!(acts[0].body, json!({"note": "the volume is being exchanged"}));
    assert!(acts[0].key.is_some());
}

#[test]
fn what_is_said_against_a_review_stands_above_the_form() {
    let path = format!("/insights/{INSIGHT}/dismiss");
    let fake = insight("operator").as_recorded(&format!("POST {path}"), "read-insights__empty-note");
    let page = fake.post(&path, &[("note", "typed \"so\"")]);
    assert_eq!(page.status, 400);
    page.says(&["note is empty: say in a few words what is done about it"]);
    page.has(&["value=\"typed &quot;so&quot;\""]);
    let (_, reviewed) = recorded("read-insights__acknowledge");
    let page = Fake::of("operator")
        .answers("GET", &format!("/insights/{INSIGHT}"), 200, reviewed)
        .get(&format!("/insights/{INSIGHT}"));
    page.says(&["Acknowledged by otto", "the volume is being exchanged"]);
    assert!(!page.body.contains("/acknowledge\"") && page.body.contains("/dismiss\""), "{}", page.body);
}

#[test]
fn a_host_is_drawn_with_what_was_found_on_it() {
    let (_, mut metrics) = recorded("read-metrics__newest-first");
    for (metric, at) in metrics["metrics"].as_array_mut().unwrap().iter_mut().zip(["40", "39", "38"]) {
        metric["timestamp"] = json!(format!("2026-01-04T11:{at}:00.000Z"));
    }
    let (_, mut found) = recorded("read-insights__newest-first");
    found["insights"][0]["findings"][0]["since"] = json!("2026-01-04T11:39:00.000Z");
    found["insights"][0]["message"] = json!(HOSTILE);
    let hour = "2026-01-04T11%3A00%3A00.000Z";
    let fake = Fake::of("viewer")
        .answers(
            "GET",
            &format!("/metrics?hostname=web-1&since={hour}&order=newest&limit=1000"),
            200,
            metrics,
        )
        .answers("GET", &format!("/insights?hostname=web-1&since={hour}&limit=50"), 200, found);
    let page = fake.get("/hosts/web-1");
    page.says(&[
        "Host web-1",
        "CPU usage now 40.5 %",
        "Disk IO now 120 MB/s",
        "Latency now 2.5 ms",
        "IOPS now 900",
    ]);
    page.has(&[
        "<svg class=\"series\"",
        "aria-label=\"CPU usage: from 40.5 to 40.5 %, now 40.5; found: 0\"",
        "aria-label=\"Latency: from 2.5 to 2.5 ms, now 2.5; found: 1\"",
        "href=\"/console/hosts/web-1?window=24h\"",
    ]);
    assert_eq!(page.body.matches("class=\"mark\"").count(), 1);
    assert!(!page.body.contains("Throughput"), "what was not reported is not drawn");
    harmless(&page);
}

#[test]
fn of_a_day_several_pages_are_drawn_to_a_limit() {
    let since = "2026-01-03T12%3A00%3A00.000Z";
    let (_, mut metrics) = recorded("read-metrics__newest-first");
    metrics["cursor"] = json!("next");
    let path = format!("/metrics?hostname=web-1&since={since}&order=newest&limit=1000");
    let fake = Fake::of("viewer")
        .answers("GET", &path, 200, metrics.clone())
        .answers("GET", &format!("{path}&cursor=next"), 200, metrics)
        .as_recorded(
            &format!("GET /insights?hostname=web-1&since={since}&limit=50"),
            "read-insights__of-a-host",
        );
    fake.get("/hosts/web-1?window=24h")
        .says(&["There is more in this time than is drawn", "Reports drawn 15"]);
    assert_eq!(fake.asked().len(), 6);
}

#[test]
fn a_silent_host_says_how_to_report() {
    let hour = "2026-01-04T11%3A00%3A00.000Z";
    let none = json!({"metrics": [], "insights": [], "cursor": null});
    let fake = Fake::of("viewer")
        .answers(
            "GET",
            &format!("/metrics?hostname=a%20b&since={hour}&order=newest&limit=1000"),
            200,
            none.clone(),
        )
        .answers("GET", &format!("/insights?hostname=a%20b&since={hour}&limit=50"), 200, none);
    fake.get("/hosts/a b").says(&[
        "It reported nothing in the last 1 hour",
        "curl -X POST",
        "Nothing in this time.",
    ]);
}

fn canary(role: &'static str) -> Fake {
    Fake::of(role)
        .as_recorded(&format!("GET /canary/{CANARY}"), "canary__one")
        .as_recorded(&format!("GET /canary/{CANARY}/measurements"), "canary__measurements")
}

#[test]
fn a_canary_shows_stages_arms_and_verdict() {
    let page = canary("operator").get(&format!("/canary/{CANARY}"));
    page.says(&[
        "Canary of iops-model-seedling",
        "Verdict: Hold (10 %, 50 s of 120 s): the stage's time isn't over.",
        "10 % of the hosts for at least 2 min – begun",
        "50 % of the hosts for at least 3 min – not begun",
        "Canary (solid) 0 % (surely 0 to 7.81)",
        "Baseline (dashed) 0 % (surely 0 to 1.",
        "Errors 0 of 56 (0.00 %, surely 0.00 % to 9.49 %) 0 of 424",
        "Answers slower than 102 ms",
        "222.22 to 1",
    ]);
    page.has(&[
        "<li aria-current=\"step\">10 %",
        "aria-label=\"Error rate: canary 0 %",
        "<g class=\"canary\"><path class=\"band\"",
        "action=\"/console/canary/019b76da-f620-73cb-a1e4-59320dd7044c/rollback\"",
        "hx-get=\"/console/canary/019b76da-f620-73cb-a1e4-59320dd7044c?live=1\"",
    ]);
    assert_eq!(page.body.matches("<svg").count(), 2);
}

#[test]
fn a_canary_is_rolled_back_with_a_reason() {
    let path = format!("/canary/{CANARY}/rollback");
    let fake = canary("operator").as_recorded(&format!("POST {path}"), "canary__rollback");
    let page = fake.post(&path, &[("reason", "nobody trusts it at night")]);
    assert_eq!(page.location, Some(format!("/console/canary/{CANARY}")));
    assert_eq!(fake.acts()[0].body, json!({"reason": "nobody trusts it at night"}));
    let late = canary("operator").as_recorded(&format!("POST {path}"), "canary__rollback-of-what-has-ended");
    let page = late.post(&path, &[("reason", HOSTILE)]);
    assert_eq!(page.status, 409);
    harmless(&page);
}

#[test]
fn an_ended_canary_stays_as_it_is() {
    let (_, mut ended) = recorded("canary__rollback");
    ended["reason"] = json!(HOSTILE);
    let fake = Fake::of("operator")
        .answers("GET", &format!("/canary/{CANARY}"), 200, ended)
        .as_recorded(&format!("GET /canary/{CANARY}/measurements"), "canary__measurements");
    let page = fake.get(&format!("/canary/{CANARY}"));
    assert!(!page.body.contains("hx-get") && !page.body.contains("/rollback\""), "{}", page.body);
    page.says(&["Rolled back", "Ended by"]);
    harmless(&page);
}

#[test]
fn the_last_canaries_are_listed_and_one_is_started() {
    let fake = Fake::of("admin")
        .as_recorded("GET /canary", "canary__list")
        .as_recorded("GET /traffic", "canary__traffic")
        .as_recorded("POST /canary", "canary__start");
    let page = fake.get("/canary");
    page.says(&["No canary is under way.", "Rolled back", "errors: canary 10 of 84", "Start the canary"]);
    let page = fake.post(
        "/canary",
        &[("reason", "the model of this week"), ("stages", "20:15, 100:15"), ("endpoint", "")],
    );
    assert_eq!(page.location, Some(format!("/console/canary/{CANARY}")));
    let stages = json!([{"percent": 20, "seconds": 15}, {"percent": 100, "seconds": 15}]);
    assert_eq!(
        fake.acts()[0].body,
        json!({"reason": "the model of this week", "settings": {"stages": stages}})
    );
    let page = fake.post("/canary", &[("reason", "kept as typed"), ("stages", "20:x")]);
    assert_eq!((page.status, fake.acts().len()), (409, 1));
    page.says(&["`20:x` is no stage"]);
    page.has(&["value=\"kept as typed\"", "value=\"20:x\""]);
}

#[test]
fn the_canary_under_way_is_on_the_page() {
    let (_, one) = recorded("canary__one");
    let fake = Fake::of("viewer")
        .answers("GET", "/canary", 200, json!({"running": one, "canaries": []}))
        .as_recorded(&format!("GET /canary/{CANARY}/measurements"), "canary__measurements");
    let page = fake.get("/canary");
    page.says(&["Both arms", "Roll it back", "It takes the role operator."]);
    page.has(&["hx-get=\"/console/canary?running=yes&amp;live=1\""]);
    assert!(!page.body.contains("Start the canary"));
    // When it has ended, the page that is open is told to load itself anew.
    let ended = Fake::of("viewer")
        .as_recorded("GET /canary", "canary__list")
        .as_recorded("GET /traffic", "canary__traffic");
    assert!(ended.get("/canary?running=yes&live=1").body.contains("No canary is under way"));
}

#[test]
fn versions_and_releases_are_listed() {
    let fake = Fake::of("admin")
        .as_recorded("GET /models", "models__list")
        .as_recorded("GET /models/releases?limit=20", "models__releases");
    let page = fake.get("/models");
    page.says(&[
        "20260101-000000-000 Candidate 100.00 % 93.75 % 100.00 % 576 rows of 3 hosts, 144 held out",
        "A release is under way.",
        "Train on 2 days",
        "Rolled back",
        "the fleet has new disks",
    ]);
    page.has(&["href=\"/console/models/releases/019b76da-a800-73cb-a1e4-59320dd7044c\""]);
    assert!(!page.body.contains("<select"), "there is one at a time");
}

#[test]
fn a_release_is_started_and_a_version_restored() {
    let (_, mut models) = recorded("models__list");
    models["underWay"] = Value::Null;
    let version = "20260101-000000-000";
    let fake = Fake::of("admin")
        .answers("GET", "/models", 200, models)
        .as_recorded("GET /models/releases?limit=20", "models__releases")
        .as_recorded("POST /models/releases", "models__start")
        .as_recorded("POST /models/releases", "models__start-with-too-many-days")
        .as_recorded(&format!("POST /models/{version}/restore"), "models__start")
        .as_recorded("POST /models/unknown/restore", "models__restore-unknown");
    fake.get("/models").says(&["Release a new version", "Go back to a version"]);
    let page = fake.post("/models/releases", &[("days", "30"), ("reason", "the fleet has new disks")]);
    assert_eq!(page.location, Some(format!("/console/models/releases/{RELEASE}")));
    let page = fake.post("/models/releases", &[("days", "91"), ("reason", "the fleet has new disks")]);
    page.says(&["days 91 is not a whole number from 1 to 90"]);
    page.has(&["value=\"91\"", "value=\"the fleet has new disks\""]);
    let page = fake.post("/models/restore", &[("version", version), ("reason", "the new one is worse")]);
    assert_eq!(page.location, Some(format!("/console/models/releases/{RELEASE}")));
    let page = fake.post("/models/restore", &[("version", "unknown"), ("reason", "the new one is worse")]);
    page.says(&["there is no such version"]);
    let bodies: Vec<Value> = fake.acts().into_iter().map(|act| act.body).collect();
    assert_eq!(bodies[0], json!({"days": 30, "reason": "the fleet has new disks"}));
    assert_eq!(bodies[2], json!({"reason": "the new one is worse"}));
}

#[test]
fn a_release_shows_its_steps_and_is_stopped() {
    let fake = Fake::of("operator")
        .as_recorded(&format!("GET /models/releases/{RELEASE}"), "models__release")
        .as_recorded(&format!("POST /models/releases/{RELEASE}/cancel"), "models__cancel")
        .as_recorded(&format!("POST /models/releases/{RELEASE}/cancel"), "models__cancel-too-late");
    let page = fake.get(&format!("/models/releases/{RELEASE}"));
    page.says(&["Exporting Done Training Now Registering", "576 rows of 3 hosts", "Stop and undo"]);
    page.has(&["<li aria-current=\"step\">Training"]);
    let path = format!("/models/releases/{RELEASE}/cancel");
    let reason = [("reason", "it was not to be today")];
    assert_eq!(fake.post(&path, &reason).location, Some(format!("/console/models/releases/{RELEASE}")));
    let page = fake.post(&path, &reason);
    assert_eq!(page.status, 409);
    page.has(&["value=\"it was not to be today\""]);
}

#[test]
fn without_versions_the_page_says_where_they_come_from() {
    let fake = Fake::of("viewer").as_recorded("GET /models", "models__none").answers(
        "GET",
        "/models/releases?limit=20",
        200,
        json!({"releases": []}),
    );
    fake.get("/models").says(&[
        "There is none yet: train one below",
        "None yet.",
        "It takes the role admin.",
    ]);
}

#[test]
fn paths_that_lead_elsewhere_are_no_pages() {
    for path in
        ["/hosts/a/b", "/insights/..", "/insights/./x", "/models/releases", "/canary/x/y", "/models/x"]
    {
        let fake = Fake::of("viewer");
        assert_eq!((fake.get(path).status, fake.asked().len()), (404, 0), "{path}");
    }
}
