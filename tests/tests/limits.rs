//! What a tenant may ask for how often, how long things may be, and who confirms.

#![expect(clippy::expect_used, clippy::panic, reason = "what is wrong is a failed test")]

use capstan_core::ids::TenantId;
use capstan_core::ports::Table;
use capstan_core::tier::Tier;
use capstan_core::time::Millis;
use capstan_tests::lab::{Lab, Sent};
use capstan_tests::scenario::{OTHER_TENANT, TENANT};
use local::engine::Options;
use local::functions::{Env, Handler, registry};
use serde_json::{Value, json};
use sim::{Invocation, Outcome, Ports, Stepper};

#[path = "limits/denied.rs"]
mod denied;
#[path = "limits/shares.rs"]
mod shares;

const REASON: &str = "[EMERGENCY] a test of what is allowed";

/// One instance of a function behind the API, as Lambda keeps it from request to request.
struct Instance {
    handler: Handler,
}

impl Instance {
    fn new(function: &str, per_minute: u32) -> Self {
        let function = registry().into_iter().find(|known| known.name == function).expect("a function");
        let env = Env::from([("TENANT_REQUESTS_PER_MINUTE".to_owned(), per_minute.to_string())]);
        Self { handler: (function.build)(&env).expect("it starts") }
    }

    fn ask(&self, lab: &Lab, tenant: &str, method: &str, path: &str, body: &str, headers: &Value) -> Sent {
        let caller = json!({"sub": "grace", "role": "super_admin", "tenant": tenant});
        self.ask_as(lab, &caller, method, path, body, headers)
    }

    fn ask_as(
        &self,
        lab: &Lab,
        caller: &Value,
        method: &str,
        path: &str,
        body: &str,
        headers: &Value,
    ) -> Sent {
        let (_, event) = lab.event(method, path, body, caller, headers);
        let mut run = self.begin(lab, event);
        loop {
            if let Some(outcome) = run.step() {
                return sent(outcome);
            }
        }
    }

    fn begin(&self, lab: &Lab, event: Value) -> Stepper<'static, local::functions::Answer> {
        let invocation = Invocation::unlimited();
        let run = (self.handler)(Ports::for_invocation(lab.world(), invocation.clone()), event);
        Stepper::new(run, &invocation)
    }

    fn look(&self, lab: &Lab, tenant: &str) -> Sent {
        self.ask(lab, tenant, "GET", "/tier/configs/DEV", "", &Value::Null)
    }
}

fn sent(outcome: Outcome<local::functions::Answer>) -> Sent {
    let Outcome::Done(Ok(answer), _) = outcome else { panic!("it does not fail: {outcome:?}") };
    let body = serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON");
    let status = answer["statusCode"].as_u64().expect("a status");
    Sent { status, headers: answer["headers"].clone(), body }
}

fn retry_after(sent: &Sent) -> u64 {
    sent.headers["Retry-After"].as_str().expect("a text").parse().expect("seconds")
}

fn pass(lab: &Lab, length: u64) {
    lab.world().with(|world| world.advance_to(world.now() + Millis(length)));
}

fn calls(lab: &Lab) -> usize {
    lab.world().with(|world| world.calls().len())
}

/// How many of the requests every `step` ms for `length` ms (both ends) are let through.
fn let_through(lab: &Lab, instances: &[Instance], step: u64, length: u64) -> u64 {
    let mut good = 0;
    for turn in 0..=length / step {
        if turn > 0 {
            pass(lab, step);
        }
        let instance = &instances[usize::try_from(turn).expect("small") % instances.len()];
        let sent = instance.look(lab, TENANT);
        assert!(sent.status == 200 || sent.status == 429, "{sent:?}");
        good += u64::from(sent.status == 200);
    }
    good
}

#[test]
fn a_tenant_gets_exactly_its_rate() {
    for (per_minute, step, minutes) in [(60, 100, 5), (1_200, 10, 1), (4, 1_000, 10), (90, 250, 4)] {
        let lab = Lab::new(1);
        let burst = (u64::from(per_minute) / 4).max(1);
        let good = let_through(&lab, &[Instance::new("tier-read", per_minute)], step, minutes * 60_000);
        assert_eq!(good, burst + u64::from(per_minute) * minutes, "{per_minute} a minute");
    }
}

#[test]
fn several_instances_together_get_no_more_and_little_less() {
    let lab = Lab::new(1);
    let instances: Vec<_> = (0..4).map(|_| Instance::new("tier-read", 1_200)).collect();
    let good = let_through(&lab, &instances, 5, 60_000);
    let whole = 300 + 1_200;
    assert!(good <= whole && good >= whole - 4, "{good}");
}

#[test]
fn a_full_bucket_is_a_quarter_of_a_minute_and_retry_after_is_true() {
    let lab = Lab::new(2);
    let instance = Instance::new("tier-read", 12);
    for _ in 0..3 {
        assert_eq!(instance.look(&lab, TENANT).status, 200);
    }
    let refused = instance.look(&lab, TENANT);
    assert_eq!((refused.status, &refused.body["code"]), (429, &json!("TOO_MANY_REQUESTS")), "{refused:?}");
    assert_eq!(refused.headers["Content-Type"], "application/problem+json");
    let seconds = retry_after(&refused);
    assert_eq!(seconds, 5);
    pass(&lab, seconds * 1_000 - 1);
    assert_eq!(instance.look(&lab, TENANT).status, 429);
    pass(&lab, 1);
    assert_eq!(instance.look(&lab, TENANT).status, 200);
    pass(&lab, 3_600_000);
    let at_once = (0..10).filter(|_| instance.look(&lab, TENANT).status == 200).count();
    assert_eq!(at_once, 3, "an hour's rest saves no more than a full bucket");
}

#[test]
fn tenants_do_not_take_from_each_other_and_functions_share_one_bucket() {
    let lab = Lab::new(3);
    let (read, configs) = (Instance::new("tier-read", 40), Instance::new("tier-configs", 40));
    let edit =
        |tenant| configs.ask(&lab, tenant, "PUT", "/tier/cooldown", r#"{"hours": 5}"#, &Value::Null).status;
    let mut left = 10;
    while left > 0 {
        assert_eq!(read.look(&lab, TENANT).status, 200);
        left -= 1;
    }
    // But for the share of acts, which is one.
    assert_eq!((read.look(&lab, TENANT).status, edit(TENANT), edit(TENANT)), (429, 200, 429));
    assert_eq!((read.look(&lab, OTHER_TENANT).status, edit(OTHER_TENANT)), (200, 200));
}

#[test]
fn who_is_turned_away_leaves_no_trace() {
    let mut lab = Lab::new(4);
    lab.ask(Tier::Staging);
    let instance = Instance::new("tier-change", 4);
    let body = json!({"reason": "to see what is left of it"}).to_string();
    let headers = json!({"Idempotency-Key": "k"});
    let ask = |lab: &Lab| instance.ask(lab, TENANT, "POST", "/tier/cancel", &body, &headers);
    // One of those that anybody has, and the one that is for stopping alone.
    for _ in 0..2 {
        assert_eq!(instance.ask(&lab, TENANT, "POST", "/tier/cancel", "{}", &Value::Null).status, 422);
    }
    let rows = |lab: &Lab| -> Vec<Value> {
        let all =
            |table| lab.world().with(|world| world.items(table).map(|row| json!(row)).collect::<Vec<_>>());
        Table::ALL.into_iter().flat_map(all).collect()
    };
    let before = rows(&lab);
    assert_eq!(ask(&lab).status, 429);
    let made = calls(&lab);
    assert_eq!(ask(&lab).status, 429);
    assert_eq!(calls(&lab), made, "who knows that there is nothing left does not ask again");
    assert_eq!(rows(&lab), before);
    pass(&lab, 15_000);
    assert_eq!(ask(&lab).status, 200, "and the key is as good as new");
}

#[test]
fn most_requests_cost_no_call_of_the_store_for_it() {
    let lab = Lab::new(5);
    let count = |per_minute| {
        let instance = Instance::new("tier-read", per_minute);
        let before = calls(&lab);
        for _ in 0..1_200 {
            pass(&lab, 50);
            assert_eq!(instance.look(&lab, TENANT).status, 200);
        }
        calls(&lab) - before
    };
    let (without, with) = (count(0), count(1_200));
    // The first lots are one, two, four, eight and sixteen.
    assert_eq!(with - without, 2 * (5 + 39), "two calls for each lot, of thirty in the end");
}

#[test]
fn trouble_with_the_store_turns_nobody_away() {
    for fault in [
        "GetItem:1:error",
        "GetItem:1:throttled",
        "TransactWriteItems:1:error",
        "GetItem:1:timeout",
        "TransactWriteItems:1:timeout-after",
    ] {
        let lab = Lab::new(6);
        let instance = Instance::new("tier-read", 4);
        lab.fault(&format!("dynamodb:{fault}"));
        for _ in 0..20 {
            assert_eq!(instance.look(&lab, TENANT).status, 200, "{fault}");
        }
        lab.heal();
        pass(&lab, 60_000);
        let good = (0..20).filter(|_| instance.look(&lab, TENANT).status == 200).count();
        assert_eq!(good, 1, "{fault}: afterwards it counts again");
    }
}

/// Others always write first: who can't count lets pass.
#[test]
fn contention_turns_nobody_away() {
    let lab = Lab::new(7);
    lab.fault("dynamodb:TransactWriteItems:*:busy");
    assert_eq!(Instance::new("tier-read", 4).look(&lab, TENANT).status, 200);
}

#[test]
fn many_tenants_are_not_remembered_for_ever() {
    let lab = Lab::new(8);
    let instance = Instance::new("tier-read", 4);
    for number in 0..3_000 {
        let tenant = TenantId::parse(&format!("8d3c7a52-5b1e-4f6a-9a2e-{number:012x}")).expect("an id");
        assert_eq!(instance.look(&lab, tenant.as_str()).status, 200);
        assert_eq!(instance.look(&lab, tenant.as_str()).status, 429);
    }
}

// ---------------------------------------------------------------- Sizes

#[test]
fn every_length_is_taken_at_its_bound_and_refused_beyond_it() {
    let mut lab = Lab::new(9);
    // The reason, in characters, not bytes.
    for (length, letter, code) in
        [(9, 'x', "REASON_TOO_SHORT"), (10, 'x', ""), (1_000, 'ü', ""), (1_001, 'ü', "REASON_TOO_LONG")]
    {
        let body = json!({"targetTier": "PRODUCTION", "reason": letter.to_string().repeat(length)});
        let (status, answer) = lab.call("POST", "/tier/change", &body);
        let expected = if code.is_empty() { (200, Value::Null) } else { (400, json!(code)) };
        assert_eq!((status, answer["errors"][0]["code"].clone()), expected, "{length}");
        let (status, answer) =
            lab.call("POST", "/tier/cancel", &json!({"reason": letter.to_string().repeat(length)}));
        assert_eq!(status, if code.is_empty() { 409 } else { 422 }, "{length}: {answer}");
    }
    // The page.
    for (limit, status) in [("0", 422), ("1", 200), ("100", 200), ("101", 422), ("18446744073709551616", 422)]
    {
        assert_eq!(
            lab.call("GET", &format!("/tier/change-history?limit={limit}"), &Value::Null).0,
            status,
            "{limit}"
        );
    }
    // The body, in bytes.
    let padded = |length: usize| {
        let body = r#"{"targetTier": "STAGING"}"#;
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    assert_eq!(lab.call_raw("POST", "/tier/plan", &padded(64 * 1024)).0, 200);
    let (status, answer) = lab.call_raw("POST", "/tier/plan", &padded(64 * 1024 + 1));
    assert_eq!((status, &answer["code"]), (413, &json!("BODY_TOO_LARGE")));
}

// ---------------------------------------------------------------- Two persons

fn with_rule(rule: &str) -> Lab {
    let lab = Lab::new(20);
    Lab::with(lab.world().clone(), &registry(), Options::default(), &[("TwoPersonRule", rule)])
}

fn post(lab: &mut Lab, sub: &str, role: &str, tenant: &str, path: &str, body: &Value) -> (u64, Value) {
    let caller = json!({"sub": sub, "role": role, "tenant": tenant});
    let sent = lab.send("POST", path, &body.to_string(), &caller, &Value::Null).expect("an answer");
    (sent.status, sent.body)
}

#[test]
fn with_the_rule_somebody_else_confirms() {
    let mut lab = with_rule("true");
    let wish = json!({"targetTier": "PRODUCTION", "reason": REASON});
    let (_, asked) = post(&mut lab, "ada", "admin", TENANT, "/tier/change", &wish);
    assert_eq!(asked["confirmation"], json!({"by": "ANOTHER_PERSON", "role": "admin"}));
    let token = json!({"confirmationToken": asked["confirmationToken"]});
    for (sub, role, tenant, status, code) in [
        ("ada", "admin", TENANT, 403, "SECOND_PERSON_NEEDED"),
        ("ada", "super_admin", TENANT, 403, "SECOND_PERSON_NEEDED"),
        ("otto", "operator", TENANT, 403, "FORBIDDEN"),
        ("eve", "admin", OTHER_TENANT, 400, "REJECTED"),
    ] {
        let (seen, answer) = post(&mut lab, sub, role, tenant, "/tier/confirm", &token);
        assert_eq!((seen, &answer["code"]), (status, &json!(code)), "{sub} {answer}");
    }
    // Who may confirm sees first what it is, and is held to what he means.
    let having = |name: &str, value: Value| {
        let mut body = token.clone();
        body[name] = value;
        body
    };
    let (_, shown) = post(&mut lab, "bob", "admin", TENANT, "/tier/confirm", &having("dryRun", json!(true)));
    assert_eq!(shown["status"], "TO_BE_CONFIRMED", "{shown}");
    assert_eq!((&shown["requestedBy"], &shown["reason"]), (&json!("ada"), &json!(REASON)));
    assert_eq!((&shown["plan"]["toTier"], &shown["bypassesCooldown"]), (&json!("PRODUCTION"), &json!(false)));
    let staging = having("targetTier", json!("STAGING"));
    let (_, other) = post(&mut lab, "bob", "admin", TENANT, "/tier/confirm", &staging);
    assert_eq!(other["errors"][0]["code"], "TARGET_DIFFERS", "{other}");
    let (status, hidden) =
        post(&mut lab, "eve", "admin", OTHER_TENANT, "/tier/confirm", &having("dryRun", json!(true)));
    assert_eq!((status, &hidden["errors"][0]["code"]), (400, &json!("TOKEN_UNKNOWN")), "{hidden}");
    // None of them has used it up, and who may not is on record: by the rule, and for the role's sake.
    let denied: Vec<(Value, Value)> = lab.world().with(|world| {
        let denials =
            world.items(Table::TierAudit).filter(|row| row.get("action") == Some(&json!("REQUEST_DENIED")));
        let code =
            |row: &Value| serde_json::from_str::<Value>(row["detail"].as_str().expect("text")).expect("JSON");
        denials.map(|row| (row["who"].clone(), code(&json!(row))["code"].clone())).collect()
    });
    let by_the_rule = (json!("ada"), json!("SECOND_PERSON_NEEDED"));
    assert_eq!(denied, [by_the_rule.clone(), by_the_rule, (json!("otto"), Value::Null)]);
    let (status, begun) = post(&mut lab, "bob", "admin", TENANT, "/tier/confirm", &token);
    assert_eq!((status, &begun["status"]), (200, &json!("INITIATED")), "{begun}");
    let change = &lab.get("/tier/change-history")["changes"][0];
    assert_eq!((&change["changedBy"], &change["confirmedBy"]), (&json!("ada"), &json!("bob")));
    let audit = lab.world().with(|world| {
        world.items(Table::TierAudit).find(|row| row["action"] == "CHANGE_STARTED").cloned().expect("a row")
    });
    let detail: Value = serde_json::from_str(audit["detail"].as_str().expect("text")).expect("JSON");
    assert_eq!((&audit["who"], &detail["requestedBy"]), (&json!("bob"), &json!("ada")));
    let (_, again) = post(&mut lab, "carl", "admin", TENANT, "/tier/confirm", &token);
    assert_eq!(again["errors"][0]["code"], "TOKEN_USED");
}

#[test]
fn without_the_rule_only_who_asked_confirms() {
    let mut lab = with_rule("false");
    let wish = json!({"targetTier": "PRODUCTION", "reason": REASON});
    let (_, asked) = post(&mut lab, "ada", "admin", TENANT, "/tier/change", &wish);
    assert_eq!(asked["confirmation"], json!({"by": "REQUESTER", "role": "admin"}));
    let token = json!({"confirmationToken": asked["confirmationToken"]});
    let (_, foreign) = post(&mut lab, "bob", "admin", TENANT, "/tier/confirm", &token);
    assert_eq!(foreign["errors"][0]["code"], "TOKEN_UNKNOWN");
    assert_eq!(post(&mut lab, "ada", "admin", TENANT, "/tier/confirm", &token).1["status"], "INITIATED");
    assert_eq!(lab.get("/tier/change-history")["changes"][0]["confirmedBy"], "ada");
}

#[test]
fn an_emergency_is_for_two_as_well_unless_it_is_said_otherwise() {
    for (rule, alone) in [("true", false), ("unless-emergency", true)] {
        let mut lab = with_rule(rule);
        let bypass = |to: &str| json!({"targetTier": to, "reason": REASON});
        let (_, up) =
            post(&mut lab, "grace", "super_admin", TENANT, "/tier/bypass-cooldown", &bypass("PRODUCTION"));
        assert_eq!(
            up["confirmation"],
            json!({"by": "ANOTHER_PERSON", "role": "super_admin"}),
            "into it: always"
        );
        let token = json!({"confirmationToken": up["confirmationToken"]});
        let (_, lesser) = post(&mut lab, "ada", "admin", TENANT, "/tier/confirm", &token);
        assert_eq!(lesser["code"], "FORBIDDEN", "a bypass stays a super admin's");
        assert_eq!(post(&mut lab, "hal", "super_admin", TENANT, "/tier/confirm", &token).0, 200);
        assert!(lab.settle());
        let (_, down) =
            post(&mut lab, "grace", "super_admin", TENANT, "/tier/bypass-cooldown", &bypass("DEV"));
        let token = json!({"confirmationToken": down["confirmationToken"]});
        let (status, answer) = post(&mut lab, "grace", "super_admin", TENANT, "/tier/confirm", &token);
        assert_eq!(status, if alone { 200 } else { 403 }, "{answer}");
        if !alone {
            // What one person can always do: stop. And a second one ends the waiting.
            assert_eq!(post(&mut lab, "hal", "super_admin", TENANT, "/tier/confirm", &token).0, 200);
        }
        let because = json!({"reason": "one person may always stop it"});
        let (status, stopped) = post(&mut lab, "grace", "super_admin", TENANT, "/tier/cancel", &because);
        assert_eq!((status, &stopped["status"]), (200, &json!("CANCELLING")));
    }
}

#[test]
fn a_tier_that_an_edit_has_made_costly_is_entered_by_two() {
    let mut lab = with_rule("true");
    let caller = json!({"sub": "ada", "role": "admin", "tenant": TENANT});
    let edit =
        json!({"sagemakerShadowSelfMinInstances": 100, "sagemakerShadowSelfMaxInstances": 100}).to_string();
    let edited = lab.send("PUT", "/tier/configs/STAGING", &edit, &caller, &Value::Null).expect("an answer");
    assert_eq!(edited.status, 200, "{}", edited.body);
    let wish = json!({"targetTier": "STAGING", "reason": REASON});
    let (_, asked) = post(&mut lab, "ada", "admin", TENANT, "/tier/change", &wish);
    assert_eq!(asked["status"], "REQUIRES_CONFIRMATION", "{asked}");
    assert_eq!(asked["warnings"][0]["code"], "COST", "{asked}");
    let token = json!({"confirmationToken": asked["confirmationToken"]});
    let (_, refused) = post(&mut lab, "ada", "admin", TENANT, "/tier/confirm", &token);
    assert_eq!(refused["code"], "SECOND_PERSON_NEEDED");
    assert_eq!(post(&mut lab, "bob", "admin", TENANT, "/tier/confirm", &token).1["status"], "INITIATED");
}

#[test]
fn moves_that_need_no_confirmation_need_no_second_person() {
    let mut lab = with_rule("true");
    let wish = json!({"targetTier": "STAGING", "reason": REASON});
    assert_eq!(post(&mut lab, "ada", "admin", TENANT, "/tier/change", &wish).1["status"], "INITIATED");
    assert_eq!(lab.get("/tier/change-history")["changes"][0]["confirmedBy"], Value::Null);
}
