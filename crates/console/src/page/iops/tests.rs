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
    fn replays(self, call: &str, name: &str) -> Self;
}

impl Recorded for Fake {
    fn replays(self, call: &str, name: &str) -> Self {
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
        .replays(&format!("GET /insights?since={DAY}&limit=50"), "read-insights__newest-first")
        .replays(&format!("GET /insights/summary?since={DAY}"), "read-insights__summary")
}

#[test]
fn insights_are_counted_and_listed() {
    let page = insights("viewer").get("/insights");
    page.says(&["Found 2 in the last day", "Critical 1", "Info 1", "db-1: errorRate is 3.5 %", "90", "Open"]);
    page.has(&[
        "href=\"/console/insights/1767225780-06-7b6804672aa2e741\"",
        "href=\"/console/hosts/db-1\"",
        "hx-get=\"/console/insights?live=live\"",
        "<option value=\"critical_performance_issue\">",
    ]);
}

#[test]
fn filters_go_to_the_api_and_stay_in_the_form() {
    let path = format!(
        "/insights?since={DAY}&severity=critical&type=anomaly_detected&status=open&hostname=web-1&limit=50&cursor=abc"
    );
    let fake = Fake::of("viewer")
        .replays(&format!("GET {path}"), "read-insights__first-page")
        .replays(&format!("GET /insights/summary?since={DAY}"), "read-insights__summary");
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
        .replays(
            &format!("GET /insights?since={DAY}&severity=dire&limit=50"),
            "read-insights__unknown-severity",
        )
        .replays(&format!("GET /insights/summary?since={DAY}"), "read-insights__summary");
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
        .replays(&format!("GET /insights/summary?since={DAY}"), "read-insights__summary");
    fake.get("/insights")
        .says(&["Nothing was found in the last day", "capstan feed --url http://127.0.0.1:3000 --hosts 20"]);
    fake.get("/insights?hostname=x").says(&["Nothing of this kind was found", "Show all"]);
}

fn insight(role: &'static str) -> Fake {
    Fake::of(role).replays(&format!("GET /insights/{INSIGHT}"), "read-insights__one")
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
        "curl -X POST 'http://127.0.0.1:3000/insights/1767225780-06-7b6804672aa2e741/acknowledge'",
    ]);
    let viewer = insight("viewer").get(&format!("/insights/{INSIGHT}"));
    viewer.says(&["It takes the role operator."]);
    assert!(!viewer.body.contains("/dismiss"), "{}", viewer.body);
}

#[test]
fn an_insight_is_seen_to_once_with_its_note() {
    let path = format!("/insights/{INSIGHT}/acknowledge");
    let fake = insight("operator").replays(&format!("POST {path}"), "read-insights__acknowledge");
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
    let fake = insight("operator").replays(&format!("POST {path}"), "read-insights__empty-note");
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

const HOUR: &str = "2026-01-04T11%3A00%3A00.000Z";

/// A series as it was recorded, an hour old at most where the page's clock stands; its last sample as it is told to be.
fn series(last: &Value) -> Value {
    let (_, mut series) = recorded("read-metrics__series");
    for (point, at) in series["points"].as_array_mut().unwrap().iter_mut().zip(["38", "39"]) {
        point["at"] = json!(format!("2026-01-04T11:{at}:00.000Z"));
    }
    for (name, value) in last.as_object().unwrap() {
        series["points"][1][name] = value.clone();
    }
    series
}

/// A host that reports two series.
fn host(found: Value) -> Fake {
    let (_, mut newest) = recorded("read-metrics__newest-first");
    newest["metrics"] = json!([{"hostname": "web-1", "timestamp": "2026-01-04T11:39:00.000Z", "cpuUsage": 2.5, "latency": 48.0}]);
    let of = |name: &str| format!("/metrics/series?hostname=web-1&since={HOUR}&metric={name}");
    let odd = json!({"value": 48.0, "expectedLow": 1.5, "expectedHigh": 3.5, "anomalous": true});
    Fake::of("viewer")
        .answers("GET", &format!("/metrics?hostname=web-1&since={HOUR}&limit=1"), 200, newest)
        .answers("GET", &of("cpuUsage"), 200, series(&json!({})))
        .answers("GET", &of("latency"), 200, series(&odd))
        .answers("GET", &format!("/insights?hostname=web-1&since={HOUR}&limit=50"), 200, found)
}

#[test]
fn a_host_is_drawn_with_what_was_expected_and_found() {
    let (_, mut found) = recorded("read-insights__newest-first");
    found["insights"][0]["findings"][0]["since"] = json!("2026-01-04T11:39:00.000Z");
    found["insights"][0]["message"] = json!(HOSTILE);
    let page = host(found).get("/hosts/web-1");
    page.says(&[
        "Host web-1",
        "CPU usage now 2.5 %",
        "Latency now 48 ms",
        "Reports drawn 2",
        "Open insights 2",
    ]);
    page.has(&[
        "<svg class=\"series\"",
        "aria-label=\"CPU usage: from 2.5 to 2.5 %, now 2.5; odd: 0\"",
        "aria-label=\"Latency: from 2.5 to 48 ms, now 48; odd: 2\"",
        "<title>48 ms at 2026-01-04T11:39:00.000Z, expected 1.5 to 3.5</title>",
        "href=\"/console/hosts/web-1?window=24h\"",
        "hx-get=\"/console/hosts/web-1?window=1h&amp;live=live\"",
    ]);
    assert_eq!((page.body.matches("class=\"mark\"").count(), page.body.matches("<svg").count()), (2, 2));
    harmless(&page);
}

#[test]
fn a_silent_host_says_how_to_report() {
    let none = json!({"metrics": [], "insights": [], "cursor": null});
    let fake = Fake::of("viewer")
        .answers("GET", &format!("/metrics?hostname=a%20b&since={HOUR}&limit=1"), 200, none.clone())
        .answers("GET", &format!("/insights?hostname=a%20b&since={HOUR}&limit=50"), 200, none);
    fake.get("/hosts/a b").says(&[
        "It reported nothing in the last 1 hour",
        "curl -X POST",
        "Nothing in this time.",
    ]);
}

#[test]
fn hosts_are_listed_the_worst_first() {
    let (_, mut glance) = recorded("read-insights__hosts");
    glance["total"] = json!(1_234);
    glance["complete"] = json!(false);
    glance["hosts"][1]["silent"] = json!(true);
    glance["hosts"][1]["worst"]["message"] = json!(HOSTILE);
    let page = Fake::of("viewer").answers("GET", "/hosts?limit=50", 200, glance).get("/hosts");
    page.says(&[
        "Hosts of the last 24 hours 1,234 Worst is critical 1",
        "db-1 Critical db-1: errorRate is 3.5 %",
        "90 1 critical 3 d ago",
        "Silent",
        "a host may be missing here",
        "the worst 2 of 1,234",
    ]);
    page.has(&[
        "href=\"/console/hosts/db-1\"",
        "hx-get=\"/console/hosts?live=live\" hx-trigger=\"every 5s\"",
    ]);
    assert!(page.body.find("db-1") < page.body.find("web-1"));
    harmless(&page);
    let (_, mut none) = recorded("read-insights__hosts");
    none["hosts"] = json!([]);
    let page = Fake::of("viewer").answers("GET", "/hosts?limit=50", 200, none).get("/hosts");
    page.says(&[
        "No host has reported in the last 24 hours",
        "capstan feed --url http://127.0.0.1:3000 --hosts 200",
    ]);
}

fn canary(role: &'static str) -> Fake {
    Fake::of(role)
        .replays(&format!("GET /canary/{CANARY}"), "canary__one")
        .replays(&format!("GET /canary/{CANARY}/measurements"), "canary__measurements")
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
        "0.6207 to 1 222 to 1 1.26 to 1 20 to 1",
    ]);
    page.has(&[
        "<li aria-current=\"step\">10 %",
        "aria-label=\"Error rate: canary 0 %",
        "<g class=\"canary\"><path class=\"band\"",
        "action=\"/console/canary/019b76da-f620-73cb-a1e4-59320dd7044c/rollback\"",
        "hx-get=\"/console/canary/019b76da-f620-73cb-a1e4-59320dd7044c?live=live&amp;was=running\"",
    ]);
    assert_eq!(page.body.matches("<svg").count(), 2);
}

#[test]
fn a_canary_is_rolled_back_with_a_reason() {
    let path = format!("/canary/{CANARY}/rollback");
    let fake = canary("operator").replays(&format!("POST {path}"), "canary__rollback");
    let page = fake.post(&path, &[("reason", "nobody trusts it at night")]);
    assert_eq!(page.location, Some(format!("/console/canary/{CANARY}")));
    assert_eq!(fake.acts()[0].body, json!({"reason": "nobody trusts it at night"}));
    let late = canary("operator").replays(&format!("POST {path}"), "canary__rollback-of-what-has-ended");
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
        .replays(&format!("GET /canary/{CANARY}/measurements"), "canary__measurements");
    let page = fake.get(&format!("/canary/{CANARY}"));
    assert!(!page.body.contains("hx-get") && !page.body.contains("/rollback\""), "{}", page.body);
    page.says(&["Rolled back", "Ended by"]);
    harmless(&page);
}

#[test]
fn the_last_canaries_are_listed_and_one_is_started() {
    let fake = Fake::of("admin")
        .replays("GET /canary", "canary__list")
        .replays("GET /traffic", "canary__traffic")
        .replays("POST /canary", "canary__start");
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
        .replays(&format!("GET /canary/{CANARY}/measurements"), "canary__measurements");
    let page = fake.get("/canary");
    page.says(&["Both arms", "Roll it back", "It takes the role operator."]);
    page.has(&[&format!("hx-get=\"/console/canary?live=live&amp;was={CANARY}\"")]);
    assert!(!page.body.contains("Start the canary"));
    // When it has ended, the page that is open is told to load itself anew.
    let ended =
        Fake::of("viewer").replays("GET /canary", "canary__list").replays("GET /traffic", "canary__traffic");
    let told = ended.get(&format!("/canary?live=live&was={CANARY}"));
    assert!(told.reloads && told.body.contains("No canary is under way"));
    assert!(!ended.get("/canary?live=live&was=none").reloads);
}

#[test]
fn a_token_that_iops_alone_refuses_leads_to_no_circle() {
    let refused = || Fake::of("viewer").answers("GET", "/canary", 401, json!({"code": "UNAUTHORIZED"}));
    let page = refused().answers("GET", "/tier", 200, json!({"currentTier": "DEV"})).get("/canary");
    assert_eq!(page.status, 403);
    page.says(&["IOps does not take your token"]);
    let over = || refused().answers("GET", "/tier", 401, json!({}));
    let piece = over().get("/canary?more=yes&live=live&was=none");
    // The page comes back as it was.
    assert_eq!((piece.status, piece.leads_to.as_deref()), (401, Some("/console/canary?more=yes")));
    let over = over().get("/canary");
    assert_eq!(over.status, 503, "on to the issuer, which is none here");
}

#[test]
fn versions_and_releases_are_listed() {
    let fake = Fake::of("admin")
        .replays("GET /models", "models__list")
        .replays("GET /models/releases?limit=20", "models__releases");
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
        .replays("GET /models/releases?limit=20", "models__releases")
        .replays("POST /models/releases", "models__start")
        .replays("POST /models/releases", "models__start-with-too-many-days")
        .replays(&format!("POST /models/{version}/restore"), "models__start")
        .replays("POST /models/unknown/restore", "models__restore-unknown");
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
        .replays(&format!("GET /models/releases/{RELEASE}"), "models__release")
        .replays(&format!("POST /models/releases/{RELEASE}/cancel"), "models__cancel")
        .replays(&format!("POST /models/releases/{RELEASE}/cancel"), "models__cancel-too-late");
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
    let fake = Fake::of("viewer").replays("GET /models", "models__none").answers(
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
