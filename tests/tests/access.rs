//! Who may do what: every cell of role × route × tenant, through the front door and past it.
//!
//! `capstan_core::access::TABLE` is the one source; a new line in it is tried here with no word more, if the route takes
//! no body.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test")]

use capstan_core::access::{self, BASE_PATH, Rule};
use capstan_core::audit::{Act, HEAD};
use capstan_core::iops::{Hostname, InsightId};
use capstan_core::tier::Role;
use capstan_core::time::{Millis, Timestamp};
use capstan_tests::lab::Lab;
use capstan_tests::scenario::{Caller, OTHER_TENANT, TENANT, issuer};
use capstan_tests::workspace;
use local::functions::registry;
use local::gateway::{Gateway, Reply, Request, json_of};
use local::issuer::{ISSUER, Issuer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tier_records::AUDIT_UNSEALED;
use tier_records::denied::DeniedRow;

/// What the tenant's people wrote, and nobody else may read.
const SECRET: &str = "the quarter ends badly and nobody may know";

/// A world in which the tenant has been moved, has a change waiting to be confirmed, and has been told of it.
struct Stage {
    lab: Lab,
    /// What somebody else could have got hold of.
    confirmation: String,
    transition: String,
}

fn stage() -> Stage {
    let mut lab = Lab::new(41);
    let wish = json!({"targetTier": "STAGING", "reason": SECRET});
    assert_eq!(lab.call("POST", "/tier/change", &wish).1["status"], "INITIATED");
    assert!(lab.settle());
    lab.engine().skip(Millis::hours(25));
    let wish = json!({"targetTier": "PRODUCTION", "reason": SECRET}).to_string();
    let asked = json_of(&lab.knock(caller(Role::Admin, TENANT), "POST", "/tier/change", &wish));
    let confirmation = asked["confirmationToken"].as_str().expect("a token").to_owned();
    let transition = lab.get("/tier/change-history")["changes"][0]["id"].as_str().unwrap().to_owned();
    let (status, answer) = lab.call("POST", "/metrics", &metric(0, 20));
    assert_eq!(status, 200, "{answer}");
    for endpoint in ["one@example.com", "two@example.com"] {
        let wish = json!({"protocol": "email", "endpoint": endpoint, "reason": SECRET});
        assert_eq!(lab.call("POST", "/subscriptions", &wish).0, 202);
    }
    let by = lab.engine().now() + Millis::hours(1);
    assert!(lab.engine().run_until_idle(by));
    lab.engine().skip(Millis::minutes(3));
    Stage { lab, confirmation, transition }
}

/// The same person in every role, so that the role alone makes the difference.
fn caller(role: Role, tenant: &'static str) -> Caller {
    Caller { sub: "ada", role: role.as_str(), tenant }
}

/// A body that the route takes.
fn body(rule: &Rule, stage: &Stage) -> Value {
    match (rule.method, rule.route) {
        ("GET" | "DELETE", _) => Value::Null,
        (_, "/tier/plan") => json!({"targetTier": "PRODUCTION"}),
        (_, "/tier/change") => json!({"targetTier": "DEV", "reason": "to see who may do this"}),
        (_, "/tier/bypass-cooldown") => {
            json!({"targetTier": "DEV", "reason": "[EMERGENCY] to see who may do this"})
        }
        (_, "/tier/confirm") => json!({"confirmationToken": stage.confirmation}),
        (_, "/tier/configs/{tier}") => json!({"budgetMonthlyCuriosityLimit": 321}),
        (_, "/tier/cooldown") => json!({"hours": 2}),
        (_, "/metrics") => metric(10, 2),
        (_, "/subscriptions") => {
            json!({"protocol": "email", "endpoint": "three@example.com", "reason": "to see who may do this"})
        }
        (_, "/restores") => {
            json!({"table": "metrics", "pointInTime": Timestamp::from_millis(REPORTED * 1_000), "reason": "to see who may do this"})
        }
        (_, "/scale") => {
            json!({"resource": "table/metrics", "wanted": {"capacity": {"mode": "provisioned", "read": 7, "write": 7}},
                "reason": "to see who may do this"})
        }
        (_, "/models/ab") => json!({
            "models": [{"version": "20260101-000000-000", "weight": 50}, {"version": "20260102-000000-000", "weight": 50}],
            "reason": "to see who may do this",
        }),
        (_, "/traffic") => json!({"percent": 0, "reason": "to see who may do this"}),
        (_, "/insights/{insightId}/acknowledge" | "/insights/{insightId}/dismiss") => {
            json!({"note": "to see who may do this"})
        }
        _ => json!({"reason": "to see who may do this"}),
    }
}

/// What the route answers to one who may, in this world.
fn allowed_status(rule: &Rule) -> u16 {
    match rule.route {
        "/tier/cancel" | "/tier/reset" => 409,
        // A release can be asked for, and is then looked at by nobody.
        "/subscriptions" | "/models/releases" | "/restores" | "/scale" if rule.method == "POST" => 202,
        // No model is behind an endpoint there; no canary was ever started, no model released.
        "/canary" if rule.method == "POST" => 409,
        "/restores/{restoreId}"
        | "/restores/{restoreId}/cancel"
        | "/restores/{restoreId}/swap-back"
        | "/scale/{scaleId}"
        | "/scale/{scaleId}/undo"
        | "/canary/{canaryId}"
        | "/canary/{canaryId}/measurements"
        | "/canary/{canaryId}/rollback"
        | "/models/releases/{releaseId}"
        | "/models/releases/{releaseId}/cancel"
        | "/models/ab"
        | "/models/{version}/restore" => 404,
        _ => 200,
    }
}

fn path(rule: &Rule) -> String {
    let path = rule.path().replace("{tier}", "STAGING").replace("{insightId}", &insight_id());
    let path = path
        .replace("{canaryId}", "none")
        .replace("{releaseId}", "none")
        .replace("{version}", "iops-model-none")
        .replace("{restoreId}", "none")
        .replace("{scaleId}", "none")
        .replace("{subscriptionId}", SUBSCRIPTION)
        .replace("{name}", "IOps-Lambda-HighErrorRate-local");
    match (rule.method, rule.route) {
        ("GET", "/metrics") => format!("{path}?hostname={HOST}"),
        ("GET", "/metrics/series") => format!("{path}?hostname={HOST}&metric=cpuUsage"),
        ("DELETE", _) => format!("{path}?reason=to%20see%20who%20may%20do%20this"),
        _ => path,
    }
}

/// The first one there is.
const SUBSCRIPTION: &str = "00000000-0000-4000-8000-000000000001";
/// A host that has reported, and of which something was found.
const HOST: &str = "db-1";
/// When it was, in seconds: within a day of the last of what the stage waits for.
const REPORTED: u64 = 1_795_318_800;

fn insight_id() -> String {
    InsightId::of(&Hostname::parse(HOST).unwrap(), REPORTED).to_string()
}

/// A metric so many seconds after the first.
fn metric(after: u64, latency: u64) -> Value {
    let at = Timestamp::from_millis((REPORTED + after) * 1_000);
    json!({"timestamp": at, "hostname": HOST, "cpuUsage": 1, "memoryUsage": 1, "diskIO": 1, "networkIO": 1,
        "latency": latency, "errorRate": latency})
}

fn knock(lab: &mut Lab, caller: Caller, method: &str, target: &str, body: &Value) -> Reply {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let target = if target.starts_with("/tier") { format!("{BASE_PATH}{target}") } else { target.to_owned() };
    let request = Request::new(method, &target, text)
        .with_token(&caller.token(lab.engine().now()))
        .with_header("x-tenant-id", TENANT)
        .with_header("x-role", "super_admin")
        .with_header("x-amzn-authorizer-tenant", TENANT);
    Gateway::new(Arc::clone(lab.system())).handle(&request)
}

/// Everything there is, as it would be stored, but for the clock and chance; and the denials apart, with what every entry of
/// an audit moves: its head, that it is to be sealed, and how many were denied.
fn everything(lab: &Lab) -> (BTreeMap<String, Value>, Vec<Value>) {
    let mut stored = BTreeMap::new();
    let mut denials = Vec::new();
    for (key, bytes) in lab.world().with(|world| world.dump()) {
        let value: Value = serde_json::from_slice(&bytes).expect("the world is stored as JSON");
        let counted = value["entry"] == DeniedRow::ENTRY;
        let moved = counted || value["entry"] == HEAD || value["index_name"] == AUDIT_UNSEALED;
        match &value["action"] {
            Value::String(action) if action == Act::RequestDenied.name() => denials.push(value),
            _ if key.starts_with("meta/") || moved => {}
            _ => drop(stored.insert(key, value)),
        }
    }
    (stored, denials)
}

/// What of it is the first tenant's.
fn of_tenant(stored: &BTreeMap<String, Value>) -> BTreeMap<&String, &Value> {
    let theirs =
        |(key, value): &(&String, &Value)| key.contains(TENANT) || value.to_string().contains(TENANT);
    stored.iter().filter(theirs).collect()
}

fn cells() -> impl Iterator<Item = (Role, &'static Rule)> {
    access::TABLE.iter().flat_map(|rule| Role::ALL.map(|role| (role, rule)))
}

fn check_denied(what: &str, reply: &Reply, role: Role, least: Role) {
    let problem = json_of(reply);
    assert_eq!((reply.status, &problem["code"]), (403, &json!("FORBIDDEN")), "{what}: {problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(&access::denial(role, least)), "{what}: {detail}");
}

#[test]
fn in_one_s_own_tenant_the_role_decides_and_a_denial_does_nothing_but_be_recorded() {
    let stage = stage();
    for (role, rule) in cells() {
        let what = format!("{} {} as {}", rule.method, rule.route, role.as_str());
        let mut lab = stage.lab.fork(&registry());
        let (before, none) = everything(&lab);
        assert!(none.is_empty());
        let reply = knock(&mut lab, caller(role, TENANT), rule.method, &path(rule), &body(rule, &stage));
        let (after, denials) = everything(&lab);
        if role >= rule.least {
            assert_eq!(reply.status, allowed_status(rule), "{what}: {}", json_of(&reply));
            assert!(denials.is_empty(), "{what}: {denials:?}");
            if rule.method == "GET" {
                assert_eq!(before, after, "{what}");
            }
        } else {
            check_denied(&what, &reply, role, rule.least);
            assert_eq!(before, after, "{what}");
            let [denial] = &denials[..] else { panic!("{what}: {denials:?}") };
            assert_eq!((&denial["tenant_id"], &denial["who"]), (&json!(TENANT), &json!("ada")), "{what}");
            let subject = format!("{} {}", rule.method, rule.route);
            assert_eq!((&denial["subject"], &denial["role"]), (&json!(subject), &json!(role)), "{what}");
            let detail = json!({"leastRole": rule.least}).to_string();
            assert_eq!((&denial["detail"], &denial["outcome"]), (&json!(detail), &json!("DENIED")), "{what}");
        }
    }
}

#[test]
fn in_another_tenant_nothing_is_seen_and_nothing_is_touched() {
    let stage = stage();
    for (role, rule) in cells() {
        let (path, plain) = (path(rule), body(rule, &stage));
        let mut named = plain.clone();
        if let Value::Object(fields) = &mut named {
            fields.insert("tenantId".to_owned(), json!(TENANT));
            fields.insert("transitionId".to_owned(), json!(stage.transition));
        }
        let (tenant, transition) = (TENANT, &stage.transition);
        let and = if path.contains('?') { '&' } else { '?' };
        for (target, body) in [
            (path.clone(), plain.clone()),
            (path.clone(), named),
            (format!("{path}{and}tenantId={tenant}&transitionId={transition}"), plain.clone()),
            (format!("{path}{and}limit=5&cursor={transition}"), plain.clone()),
        ] {
            let what = format!("{} {target} {body} as {} of another tenant", rule.method, role.as_str());
            let mut lab = stage.lab.fork(&registry());
            let (before, _) = everything(&lab);
            let reply = knock(&mut lab, caller(role, OTHER_TENANT), rule.method, &target, &body);
            let text = String::from_utf8(reply.body.clone()).unwrap();
            if role >= rule.least {
                assert!(![401, 403].contains(&reply.status) && reply.status < 500, "{what}: {text}");
            } else {
                check_denied(&what, &reply, role, rule.least);
            }
            // What was sent may be said back; nothing else of theirs may.
            assert!(!text.contains(SECRET), "{what}: {text}");
            assert!(
                !text.contains(TENANT) || target.contains(TENANT) || body.to_string().contains(TENANT),
                "{what}: {text}"
            );
            let (after, denials) = everything(&lab);
            assert_eq!(of_tenant(&before), of_tenant(&after), "{what}");
            assert!(denials.iter().all(|denial| denial["tenant_id"] == OTHER_TENANT), "{what}: {denials:?}");
            assert_eq!(denials.len(), usize::from(role < rule.least), "{what}");
        }
    }
}

/// What a stranger sees of a tenant in STAGING with a history: a tenant in DEV without one.
#[test]
fn another_tenant_sees_its_own_and_a_confirmation_is_not_good_for_it() {
    let stage = stage();
    let mut lab = stage.lab.fork(&registry());
    let eve = caller(Role::SuperAdmin, OTHER_TENANT);
    let tier = json_of(&knock(&mut lab, eve, "GET", "/tier", &Value::Null));
    assert_eq!((&tier["currentTier"], &tier["transitionId"]), (&json!("DEV"), &Value::Null), "{tier}");
    let history = json_of(&knock(&mut lab, eve, "GET", "/tier/change-history", &Value::Null));
    assert_eq!(history["changes"], json!([]));
    let token = json!({"confirmationToken": stage.confirmation});
    let refused = json_of(&knock(&mut lab, eve, "POST", "/tier/confirm", &token));
    assert_eq!(refused["status"], "REJECTED", "{refused}");
    let own = json_of(&knock(&mut lab, caller(Role::Admin, TENANT), "POST", "/tier/confirm", &token));
    assert_eq!(own["status"], "INITIATED", "its own people still can: {own}");
}

/// Whoever may invoke the functions themselves meets the same table.
#[test]
fn past_the_door_the_table_holds_too() {
    let stage = stage();
    for (role, rule) in cells().filter(|(role, rule)| *role < rule.least) {
        let what = format!("{} {} as {}", rule.method, rule.route, role.as_str());
        let lab = stage.lab.fork(&registry());
        let (before, _) = everything(&lab);
        let resource = rule.path();
        let routes = &lab.system().description().routes;
        let route = routes.iter().find(|one| one.method == rule.method && one.path == resource).unwrap();
        let event = json!({
            "resource": resource, "path": resource, "httpMethod": rule.method,
            "pathParameters": {"tier": "STAGING", "insightId": insight_id()}, "body": body(rule, &stage).to_string(),
            "requestContext": {"authorizer": {"sub": "ada", "role": role, "tenant": TENANT}},
        });
        let answer = lab.system().invoke(&route.function, event).answer.expect("an answer");
        assert_eq!(answer["statusCode"], 403, "{what}: {answer}");
        let (after, denials) = everything(&lab);
        assert_eq!((before, denials.len()), (after, 1), "{what}");
    }
}

/// Confirming a bypass takes the role that asking for one takes, and that is a denial like any other.
#[test]
fn who_may_not_ask_for_a_bypass_may_not_confirm_one() {
    let mut lab = stage().lab.fork(&registry());
    let wish = json!({"targetTier": "PRODUCTION", "reason": "[EMERGENCY] a test of who may confirm this"});
    let asked =
        json_of(&knock(&mut lab, caller(Role::SuperAdmin, TENANT), "POST", "/tier/bypass-cooldown", &wish));
    let token = json!({"confirmationToken": asked["confirmationToken"]});
    let (before, _) = everything(&lab);
    let reply = knock(&mut lab, caller(Role::Admin, TENANT), "POST", "/tier/confirm", &token);
    check_denied("confirm", &reply, Role::Admin, Role::SuperAdmin);
    let (after, denials) = everything(&lab);
    assert_eq!((before, denials.len()), (after, 1));
    let reply = knock(&mut lab, caller(Role::SuperAdmin, TENANT), "POST", "/tier/confirm", &token);
    assert_eq!(json_of(&reply)["status"], "INITIATED");
}

#[test]
fn a_denial_that_can_not_be_recorded_is_an_error_and_no_way_in() {
    for kind in ["error", "throttled", "denied", "timeout"] {
        let mut lab = stage().lab.fork(&registry());
        lab.fault(&format!("dynamodb:TransactWriteItems:*:{kind}"));
        let (before, _) = everything(&lab);
        let wish = json!({"reason": "to see who may do this"});
        let reply = knock(&mut lab, caller(Role::Viewer, TENANT), "POST", "/tier/reset", &wish);
        assert_eq!((reply.status, &json_of(&reply)["code"]), (503, &json!("AUTHORIZER_FAILED")), "{kind}");
        assert_eq!((before, Vec::<Value>::new()), everything(&lab), "{kind}");
    }
}

/// An outage of the issuer is not the caller's fault: 503, not 401. With keys at hand it is not noticed.
#[test]
fn while_the_issuer_is_away_known_keys_serve_and_unknown_ones_are_nobody_s_fault() {
    let ada = caller(Role::Viewer, TENANT);
    for kind in ["error", "timeout", "throttled"] {
        let mut cold = Lab::new(43);
        cold.fault(&format!("issuer:GetKeys:*:{kind}"));
        let reply = knock(&mut cold, ada, "GET", "/tier", &Value::Null);
        assert_eq!((reply.status, &json_of(&reply)["code"]), (503, &json!("AUTHORIZER_FAILED")), "{kind}");
    }
    let mut lab = Lab::new(43);
    let gateway = Gateway::new(Arc::clone(lab.system()));
    let ask = |token: &str| {
        gateway.handle(&Request::new("GET", &format!("{BASE_PATH}/tier"), "").with_token(token)).status
    };
    let token = |lab: &mut Lab| ada.token(lab.engine().now());
    let first = token(&mut lab);
    assert_eq!(ask(&first), 200);
    lab.fault("issuer:GetKeys:*:error");
    lab.engine().skip(Millis::hours(3));
    let later = token(&mut lab);
    assert_eq!(ask(&later), 200, "the last good keys serve on");
    lab.engine().skip(Millis::hours(2));
    let latest = token(&mut lab);
    assert_eq!(ask(&latest), 503, "but not for ever");
    lab.heal();
    lab.engine().skip(Millis::minutes(1));
    let back = token(&mut lab);
    assert_eq!(ask(&back), 200);
}

/// The issuer changes its key: tokens of the new one count at once, those of the old one until it is taken back.
#[test]
fn a_key_is_exchanged_without_anybody_being_locked_out() {
    let mut lab = Lab::new(44);
    let next = Issuer::from_seed(b"the next key, to be changed to..").unwrap();
    let gateway = Gateway::new(Arc::clone(lab.system()));
    let ask = |token: &str| {
        gateway.handle(&Request::new("GET", &format!("{BASE_PATH}/tier"), "").with_token(token)).status
    };
    let tokens = |lab: &mut Lab| {
        let tenant = capstan_core::ids::TenantId::parse(TENANT).unwrap();
        let bearer = local::issuer::Bearer { subject: "ada", role: Role::Viewer, tenant: &tenant };
        [issuer(), Issuer::from_seed(b"the next key, to be changed to..").unwrap()]
            .map(|issuer| issuer.token(bearer, lab.engine().now(), Millis::hours(1)))
    };
    let publish = |lab: &Lab, keys: Value| {
        let text = json!({ "keys": keys }).to_string();
        let document = capstan_core::ports::KeysDocument { text, max_age: None };
        lab.world().with(|world| world.set_issuer_keys(ISSUER, document));
    };
    let both = tokens(&mut lab).map(|token| ask(&token));
    assert_eq!(both, [200, 401], "it is not published yet");
    publish(&lab, json!([issuer().jwk(), next.jwk()]));
    lab.engine().skip(Millis::seconds(31));
    assert_eq!(tokens(&mut lab).map(|token| ask(&token)), [200, 200]);
    publish(&lab, json!([next.jwk()]));
    lab.engine().skip(Millis::minutes(5));
    assert_eq!(tokens(&mut lab).map(|token| ask(&token)), [401, 200]);
}

#[test]
fn nothing_that_is_said_about_a_token_holds_it() {
    let mut lab = Lab::new(45);
    let good = caller(Role::Viewer, TENANT).token(lab.engine().now());
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    for (token, status) in [(&good, 403), (&forged, 401)] {
        let request = Request::new("POST", &format!("{BASE_PATH}/tier/reset"), "{}").with_token(token);
        let reply = Gateway::new(Arc::clone(lab.system())).handle(&request);
        assert_eq!(reply.status, status);
        let said = format!("{}{:?}", String::from_utf8(reply.body).unwrap(), reply.headers);
        let kept: String = lab.world().with(|world| {
            let calls = world.calls().iter().map(|call| call.resource.clone());
            calls.chain(world.dump().into_values().map(|bytes| String::from_utf8(bytes).unwrap())).collect()
        });
        for part in token.split('.') {
            assert!(!said.contains(part) && !kept.contains(part), "{said}");
        }
        for word in ["signature", "kid", "issuer", "expired", "stack", "panicked", ".rs:"] {
            assert!(!said.contains(word), "{word}: {said}");
        }
    }
}

#[test]
fn the_documentation_shows_the_table() {
    const BEGINS: &str = "<!-- access table: cargo test -p capstan-tests --test access -->\n";
    const ENDS: &str = "\n<!-- end of the access table -->";
    let page = workspace::text("docs/api.md");
    let (_, rest) = page.split_once(BEGINS).expect("docs/api.md has the table's beginning");
    let (table, _) = rest.split_once(ENDS).expect("docs/api.md has the table's end");
    assert_eq!(table, access::to_markdown(), "docs/api.md: put this table there");
}
