//! Idempotency keys: whatever dies or is overtaken, a request under a key is done once and answered alike.

#![expect(clippy::expect_used, clippy::panic, reason = "what is wrong is a failed test")]

use capstan_core::ids::hex;
use capstan_core::ports::Table;
use capstan_core::tier::Tier;
use capstan_core::time::Millis;
use capstan_tests::lab::{Lab, Sent};
use capstan_tests::scenario::{OTHER_TENANT, TENANT};
use local::functions::{Answer, Env, Handler, registry};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use sim::{Invocation, Outcome, Ports, Stepper};
use std::collections::BTreeMap;

const KEY: &str = "4f1c2b9e-canary-of-the-key";
const REASON: &str = "[EMERGENCY] a test of sending twice";
/// Longer than a claim lasts.
const LONG: Millis = Millis::seconds(36);
/// Nothing is tried longer.
const TRIES: usize = 6;

fn rest(lab: &mut Lab, length: Millis) {
    let until = lab.engine().now() + length;
    lab.engine().run_until(until, |_| false);
}

fn rows(lab: &Lab, table: Table) -> Vec<Map<String, Value>> {
    lab.world().with(|world| world.items(table).cloned().collect())
}

/// How many rows of the audit tell of each act.
fn acts(lab: &Lab) -> BTreeMap<String, usize> {
    let mut acts = BTreeMap::new();
    // The head and the seals are no acts.
    for act in rows(lab, Table::TierAudit).iter().filter_map(|row| row.get("action")?.as_str()) {
        *acts.entry(act.to_owned()).or_default() += 1;
    }
    acts
}

/// What there was not before.
fn new_acts(lab: &Lab, before: &BTreeMap<String, usize>) -> BTreeMap<String, usize> {
    let mut acts = acts(lab);
    acts.retain(|act, count| {
        *count -= before.get(act).copied().unwrap_or_default();
        *count > 0
    });
    acts
}

/// Sends a request again and again under its key, as a client does, until it has an answer to keep.
fn until_answered(lab: &mut Lab, path: &str, body: &Value, key: &str) -> Sent {
    for _ in 0..TRIES {
        match lab.call_once(path, body, key) {
            Some(sent) if sent.status < 500 && sent.body["code"] != "REQUEST_IN_PROGRESS" => return sent,
            Some(sent) if sent.status == 409 => {
                assert!(
                    sent.headers["Retry-After"].as_str().is_some_and(|text| text.parse::<u64>().is_ok()),
                    "{sent:?}"
                );
            }
            _ => {}
        }
        rest(lab, LONG);
    }
    panic!("{path} {body} was never answered")
}

/// A request, the world it comes into, and the one act that it must leave.
struct Try {
    path: &'static str,
    body: Value,
    act: Option<&'static str>,
    world: Lab,
}

fn wish(to: Tier) -> Value {
    json!({"targetTier": to, "reason": REASON})
}

fn under_way() -> Lab {
    let mut lab = Lab::new(41);
    lab.ask(Tier::Staging);
    rest(&mut lab, Millis::minutes(4));
    lab
}

fn stuck() -> Lab {
    let mut lab = under_way();
    for service in ["kinesis", "elasticache", "opensearch", "neptune", "sagemaker"] {
        lab.fault(&format!("{service}:*:*:denied"));
    }
    assert!(lab.settle());
    lab.heal();
    assert_eq!(lab.get("/tier")["transitionStatus"], "STUCK");
    lab
}

fn tries() -> Vec<Try> {
    let one = |path, body, act, world| Try { path, body, act, world };
    let because = json!({"reason": "to see whether it is done once"});
    let mut asked = Lab::new(43);
    let (_, answer) = asked.call("POST", "/tier/change", &wish(Tier::Production));
    let token = json!({"confirmationToken": answer["confirmationToken"]});
    vec![
        one("/tier/change", wish(Tier::Staging), Some("CHANGE_STARTED"), Lab::new(42)),
        one("/tier/change", wish(Tier::Production), Some("CONFIRMATION_REQUESTED"), Lab::new(42)),
        one("/tier/bypass-cooldown", wish(Tier::Staging), Some("CHANGE_STARTED"), Lab::new(42)),
        one("/tier/confirm", token, Some("CHANGE_STARTED"), asked),
        one("/tier/cancel", because.clone(), Some("CHANGE_CANCELLED"), under_way()),
        one("/tier/cancel", because.clone(), Some("ROLLBACK_RETRIED"), stuck()),
        one("/tier/reset", because.clone(), Some("TIER_RESET"), stuck()),
        one("/tier/plan", json!({"targetTier": "STAGING"}), None, Lab::new(42)),
        // A refusal is kept as well.
        one("/tier/change", json!({"targetTier": "DEV", "reason": REASON}), None, Lab::new(42)),
        one("/tier/cancel", because, None, Lab::new(42)),
    ]
}

/// The answer names the one change that is there.
fn names_it(lab: &Lab, of: &Try, sent: &Sent) {
    match of.act {
        Some("CHANGE_STARTED") => {
            assert_eq!((sent.status, &sent.body["status"]), (200, &json!("INITIATED")), "{sent:?}");
            let changes = rows(lab, Table::TierChangeLog);
            assert_eq!(changes.len(), 1);
            assert_eq!(changes[0]["transition_id"], sent.body["transitionId"]);
        }
        Some("CONFIRMATION_REQUESTED") => {
            let token = sent.body["confirmationToken"].as_str().expect("a token");
            let stored = rows(lab, Table::TierConfirmation);
            assert_eq!(stored.len(), 1);
            assert_eq!(
                stored[0]["token_hash"],
                hex(&Sha256::digest(token)),
                "the answer's token is not the stored one"
            );
        }
        Some(_) => {
            let change = &rows(lab, Table::TierChangeLog)[0];
            assert_eq!(sent.status, 200, "{sent:?}");
            assert!(
                of.path == "/tier/reset" || change["transition_id"] == sent.body["transitionId"],
                "{sent:?}"
            );
        }
        None => assert!(sent.status < 500, "{sent:?}"),
    }
}

fn check(lab: &mut Lab, of: &Try, before: &BTreeMap<String, usize>, what: &str) {
    let sent = until_answered(lab, of.path, &of.body, KEY);
    let again = until_answered(lab, of.path, &of.body, KEY);
    assert_eq!(sent.status, again.status, "{what}: not the same answer");
    let [one, other] = [&sent, &again].map(|sent| sent.body.to_string());
    assert!(one == other, "{what}: not the same answer");
    assert_eq!(again.headers["Idempotency-Replayed"], "true", "{what}");
    let mut left = new_acts(lab, before);
    // What the workflow does by itself meanwhile is not the request's.
    left.retain(|act, _| {
        ["CHANGE_STARTED", "CONFIRMATION_REQUESTED", "CHANGE_CANCELLED", "ROLLBACK_RETRIED", "TIER_RESET"]
            .contains(&act.as_str())
    });
    let expected: BTreeMap<String, usize> = of.act.iter().map(|act| ((*act).to_owned(), 1)).collect();
    assert_eq!(left, expected, "{what}: {sent:?}");
    names_it(lab, of, &sent);
    if of.act == Some("CHANGE_STARTED") {
        assert!(lab.settle(), "{what}: the change came to no end");
        assert_eq!(lab.get("/tier/change-history")["changes"][0]["status"], "COMPLETED", "{what}");
        assert_eq!(rows(lab, Table::TierChangeLog).len(), 1, "{what}");
    }
}

/// Every kind of trouble at every call of every POST; then it is sent again until it is answered.
fn trouble(kind: &str) {
    let mut met = 0;
    for of in tries() {
        let before = acts(&of.world);
        for call in 1.. {
            let mut lab = of.world.fork(&registry());
            lab.heal();
            let since = lab.world().with(|world| world.calls().len());
            lab.fault(&format!("*:*:@{call}:{kind}"));
            let first = lab.call_once(of.path, &of.body, KEY);
            let made = lab.world().with(|world| world.calls().len()) - since;
            lab.heal();
            check(
                &mut lab,
                &of,
                &before,
                &format!("{} with {kind} at call {call}, first {first:?}", of.path),
            );
            if made < call {
                assert!(call > 3, "{} made {made} calls only", of.path);
                break;
            }
            met += 1;
        }
    }
    assert!(met > 60, "only {met} calls met trouble");
}

#[test]
fn a_crash_before_any_call_is_made_good_by_sending_again() {
    trouble("crash");
}

#[test]
fn a_crash_after_any_call_is_made_good_by_sending_again() {
    trouble("crash-after");
}

#[test]
fn an_answer_that_any_call_does_not_get_is_made_good_by_sending_again() {
    trouble("timeout-after");
}

#[test]
fn a_refusal_of_any_call_is_made_good_by_sending_again() {
    trouble("error");
    trouble("throttled");
}

/// A run of `tier-change` with an event.
fn run(lab: &Lab, path: &str, body: &Value, key: &str) -> Stepper<'static, Answer> {
    let caller = json!({"sub": "grace", "role": "super_admin", "tenant": TENANT});
    let (_, event) = lab.event("POST", path, &body.to_string(), &caller, &json!({ "idempotency-key": key }));
    let function =
        registry().into_iter().find(|function| function.name == "tier-change").expect("a function");
    let env = Env::from([
        ("TENANT_REQUESTS_PER_MINUTE".to_owned(), "0".to_owned()),
        ("STATE_MACHINE_ARN".to_owned(), "x".to_owned()),
    ]);
    let handler: Handler = (function.build)(&env).expect("it starts");
    let invocation = Invocation::unlimited();
    Stepper::new(handler(Ports::for_invocation(lab.world(), invocation.clone()), event), &invocation)
}

/// Runs two in an order: at each step, whose turn it is. Who is done gives way.
fn in_order(lab: &Lab, of: &Try, mut first: impl FnMut(usize) -> bool) -> [Answer; 2] {
    let mut runs = [run(lab, of.path, &of.body, KEY), run(lab, of.path, &of.body, KEY)];
    let mut ended: [Option<Answer>; 2] = [None, None];
    for step in 0.. {
        let turn = match (&ended[0], &ended[1]) {
            (Some(_), Some(_)) => break,
            (Some(_), None) => 1,
            (None, Some(_)) => 0,
            (None, None) => usize::from(!first(step)),
        };
        if let Some(outcome) = runs[turn].step() {
            let Outcome::Done(answer, _) = outcome else { panic!("nobody was to be killed") };
            ended[turn] = Some(answer);
        }
    }
    ended.map(|answer| answer.expect("both have ended"))
}

fn both_are_answered_alike(of: &Try, what: &str, order: impl FnMut(usize) -> bool) {
    let mut lab = of.world.fork(&registry());
    let before = acts(&of.world);
    let answers = in_order(&lab, of, order);
    lab.engine().look();
    let final_ = until_answered(&mut lab, of.path, &of.body, KEY);
    for answer in answers {
        let answer = answer.expect("a function behind the API never fails");
        let body: Value = serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON");
        let waits = answer["statusCode"] == 409 && body["code"] == "REQUEST_IN_PROGRESS";
        assert!(waits || body == final_.body, "{} {what}: {body} and {}", of.path, final_.body);
    }
    check(&mut lab, of, &before, what);
}

#[test]
fn of_two_at_once_one_acts_and_both_get_its_answer() {
    for of in tries().into_iter().filter(|of| of.path != "/tier/plan") {
        // The first goes ahead by so many calls, then the second by so many, then the first to its end.
        for ahead in 0..14 {
            for then in [1, 2, 3, 5, 8, 30] {
                let order = |step: usize| step < ahead || step >= ahead + then;
                both_are_answered_alike(&of, &format!("ahead {ahead}, then {then}"), order);
            }
        }
        for seed in 0..40_u64 {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let order = |_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state & 1 == 0
            };
            both_are_answered_alike(&of, &format!("seed {seed}"), order);
        }
    }
}

/// A claim that is taken over while its holder still lives: the holder's commit must not go through.
#[test]
fn whoever_is_overtaken_does_nothing() {
    for of in tries().into_iter().filter(|of| of.act.is_some()) {
        for calls in 1..14 {
            let mut lab = of.world.fork(&registry());
            let before = acts(&of.world);
            let mut slow = run(&lab, of.path, &of.body, KEY);
            let ended = (0..calls).find_map(|_| slow.step());
            rest(&mut lab, LONG);
            let taken_over = until_answered(&mut lab, of.path, &of.body, KEY);
            if ended.is_none() {
                let late = std::iter::repeat_with(|| slow.step()).take(200).flatten().next();
                let Some(Outcome::Done(Ok(late), _)) = late else { panic!("it did not end") };
                let body: Value = serde_json::from_str(late["body"].as_str().expect("a body")).expect("JSON");
                assert_eq!(body, taken_over.body, "{} after {calls} calls", of.path);
            }
            check(&mut lab, &of, &before, &format!("{} overtaken after {calls} calls", of.path));
        }
    }
}

#[test]
fn the_same_key_with_another_request_is_refused() {
    let mut lab = Lab::new(1);
    let first = lab.call_once("/tier/change", &wish(Tier::Staging), KEY).expect("an answer");
    assert_eq!(first.status, 200);
    for (path, body) in [
        ("/tier/change", wish(Tier::Production)),
        ("/tier/change", json!({"targetTier": "STAGING", "reason": "another reason for it"})),
        ("/tier/bypass-cooldown", wish(Tier::Staging)),
        ("/tier/cancel", json!({"reason": "another request altogether"})),
    ] {
        let sent = lab.call_once(path, &body, KEY).expect("an answer");
        assert_eq!(
            (sent.status, &sent.body["code"]),
            (422, &json!("IDEMPOTENCY_KEY_REUSED")),
            "{path} {body}"
        );
        assert_eq!(sent.headers["Idempotency-Replayed"], Value::Null);
    }
    // Bytes are compared, not what they mean: a client that sends again sends the same.
    let caller = json!({"sub": "grace", "role": "super_admin", "tenant": TENANT});
    let spaced = format!(" {}", wish(Tier::Staging));
    let sent = lab.send("POST", "/tier/change", &spaced, &caller, &json!({ "Idempotency-Key": KEY }));
    assert_eq!(sent.expect("an answer").status, 422);
    assert_eq!(acts(&lab), BTreeMap::from([("CHANGE_STARTED".to_owned(), 1)]));
}

#[test]
fn a_key_is_the_caller_s_own() {
    let mut lab = Lab::new(2);
    let grace = lab.call_once("/tier/plan", &json!({"targetTier": "STAGING"}), KEY).expect("an answer");
    assert_eq!(grace.status, 200);
    for (sub, tenant) in [("ada", TENANT), ("grace", OTHER_TENANT)] {
        let caller = json!({"sub": sub, "role": "admin", "tenant": tenant});
        let body = json!({"targetTier": "PRODUCTION"}).to_string();
        let sent = lab.send("POST", "/tier/plan", &body, &caller, &json!({ "IDEMPOTENCY-KEY": KEY }));
        let sent = sent.expect("an answer");
        assert_eq!(
            (sent.status, &sent.headers["Idempotency-Replayed"]),
            (200, &Value::Null),
            "{sub} {tenant}"
        );
    }
}

#[test]
fn an_answer_is_kept_for_a_day_and_then_forgotten() {
    let mut lab = Lab::new(3);
    let body = json!({"targetTier": "STAGING"});
    let ask = |lab: &mut Lab| {
        let sent = lab.call_once("/tier/plan", &body, KEY).expect("an answer");
        assert_eq!(sent.status, 200);
        sent.headers["Idempotency-Replayed"] == "true"
    };
    assert!(!ask(&mut lab));
    lab.engine().skip(Millis(24 * 3_600_000 - 2_000));
    assert!(ask(&mut lab));
    // The table deletes it later; it counts no more from then on.
    lab.engine().skip(Millis::seconds(3));
    assert!(!ask(&mut lab));
    let row = &rows(&lab, Table::TierRequest)[0];
    assert!(
        row["expires_at"].is_u64() && row["entry"].as_str().is_some_and(|entry| entry.starts_with("KEY#"))
    );
}

#[test]
fn a_key_has_1_to_128_printable_characters() {
    let mut lab = Lab::new(4);
    let body = json!({"targetTier": "STAGING"});
    let longest = "k".repeat(128);
    for good in ["1", "a b", "~!", &longest] {
        assert_eq!(lab.call_once("/tier/plan", &body, good).expect("an answer").status, 200, "{good}");
    }
    for bad in ["", "tab\tbed", "schlüssel", "line\nfeed", &"k".repeat(129)] {
        let sent = lab.call_once("/tier/plan", &body, bad).expect("an answer");
        assert_eq!((sent.status, &sent.body["code"]), (422, &json!("INVALID_IDEMPOTENCY_KEY")), "{bad}");
    }
    // On what is no POST it means nothing.
    let caller = json!({"sub": "grace", "role": "super_admin", "tenant": TENANT});
    let sent = lab.send("GET", "/tier", "", &caller, &json!({"Idempotency-Key": ""})).expect("an answer");
    assert_eq!(sent.status, 200);
    assert_eq!(rows(&lab, Table::TierRequest).len(), 4);
}

/// Neither the key nor the confirmation token is anywhere in the store, and what is in it does not tell the token.
#[test]
fn the_store_holds_neither_key_nor_token() {
    let mut lab = Lab::new(5);
    let sent = lab.call_once("/tier/change", &wish(Tier::Production), KEY).expect("an answer");
    let token = sent.body["confirmationToken"].as_str().expect("a token").to_owned();
    assert_eq!(token.len(), 64);
    let everything: String = Table::ALL.iter().map(|table| json!(rows(&lab, *table)).to_string()).collect();
    assert!(everything.contains("REQUIRES_CONFIRMATION"), "the answer is kept");
    assert!(!everything.contains(KEY) && !everything.contains(&token));
    let again = lab.call_once("/tier/change", &wish(Tier::Production), KEY).expect("an answer");
    assert_eq!(again.body, sent.body);
    let begun = lab.call("POST", "/tier/confirm", &json!({ "confirmationToken": token })).1;
    assert_eq!(begun["status"], "INITIATED", "{begun}");
}
