//! What is denied costs who is denied nothing: the audit says all of it, in a bounded number of entries.

use super::{Instance, TENANT, pass, with_rule};
use capstan_core::audit::Act;
use capstan_core::ids::TenantId;
use capstan_core::ports::Table;
use capstan_core::tier::Role;
use capstan_tests::lab::Lab;
use capstan_tests::scenario::{Caller, GRACE};
use serde_json::{Value, json};
use sim::{Invocation, Outcome, Ports};
use tier_records::denied::{self, Denied, ONE_BY_ONE};

fn deny(lab: &Lab, subject: &str) -> Result<(), String> {
    let tenant = TenantId::parse(TENANT).expect("a tenant");
    let denied = Denied {
        tenant: &tenant,
        subject,
        role: Role::Viewer,
        method: "PUT",
        route: "/tier/cooldown",
        least: Some(Role::SuperAdmin),
        request_id: None,
    };
    let invocation = Invocation::unlimited();
    let ports = Ports::for_invocation(lab.world(), invocation.clone());
    match sim::run(denied::record(&ports, denied), &invocation) {
        Outcome::Done(done, _) => done.map_err(|error| error.to_string()),
        other => Err(format!("{other:?}")),
    }
}

/// Entries of denials, as the API shows them: the oldest first.
fn shown(lab: &mut Lab) -> Vec<Value> {
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = lab.get(&format!("/tier/audit?order=oldest&limit=100{cursor}"));
        entries.extend(page["entries"].as_array().expect("entries").clone());
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    entries.retain(|entry| entry["action"] == Act::RequestDenied.name());
    entries
}

fn more(entry: &Value) -> Option<u64> {
    let detail: Value = serde_json::from_str(entry["detail"].as_str()?).ok()?;
    detail["more"].as_u64()
}

/// How many denials the entries speak of.
fn told(entries: &[Value]) -> u64 {
    entries.iter().map(|entry| more(entry).unwrap_or(1)).sum()
}

#[test]
fn denials_beyond_a_number_a_minute_are_said_in_one_entry() {
    let mut lab = Lab::new(41);
    let bound = ONE_BY_ONE as usize;
    for nth in 0..500 {
        deny(&lab, if nth % 2 == 0 { "eve" } else { "mallory" }).expect("it is recorded");
    }
    assert_eq!(shown(&mut lab).len(), bound, "the minute is not over");
    pass(&lab, 60_000);
    let entries = shown(&mut lab);
    assert_eq!((entries.len(), told(&entries)), (bound + 1, 500));
    let last = entries.last().expect("an entry");
    assert_eq!((&last["who"], &last["outcome"]), (&json!("capstan"), &json!("DENIED")));
    let detail: Value = serde_json::from_str(last["detail"].as_str().expect("a text")).expect("JSON");
    assert_eq!(detail["by"], json!({"eve": 220, "mallory": 220}));
    assert_eq!(shown(&mut lab).len(), bound + 1, "it is said once");
    // An hour of it: so many a minute and one, whoever denies.
    for _ in 0..60 {
        for nth in 0..100 {
            deny(&lab, &format!("subject-{nth}")).expect("it is recorded");
        }
        pass(&lab, 60_000);
    }
    let entries = shown(&mut lab);
    assert_eq!((entries.len(), told(&entries)), (61 * (bound + 1), 500 + 6_000));
}

#[test]
fn who_is_denied_at_the_door_is_told_so_and_counted() {
    let mut lab = with_rule("false");
    for _ in 0..500 {
        let viewer = Caller { role: "viewer", ..GRACE };
        assert_eq!(lab.knock(viewer, "PUT", "/tier/cooldown", r#"{"hours": 0}"#).status, 403);
    }
    // Whoever gets past the door is counted with the others.
    let configs = Instance::new("tier-configs", 0);
    let caller = json!({"sub": "eve", "role": "viewer", "tenant": TENANT});
    for _ in 0..10 {
        let past = configs.ask_as(&lab, &caller, "PUT", "/tier/cooldown", r#"{"hours": 0}"#, &Value::Null);
        assert_eq!(past.status, 403);
    }
    pass(&lab, 60_000);
    let entries = shown(&mut lab);
    assert_eq!((entries.len(), told(&entries)), (ONE_BY_ONE as usize + 1, 510));
}

/// A crash, a lost answer or a refusal at any call, before the bound and at the end of a minute: what was answered for is in
/// the audit, once.
#[test]
fn what_is_answered_for_is_in_the_audit_once() {
    let already = u64::from(ONE_BY_ONE) + 3;
    for before in [5, already] {
        for call in 1..=8 {
            for fault in ["crash", "crash-after", "timeout", "timeout-after", "error", "stale"] {
                let mut lab = Lab::new(42);
                for _ in 0..before {
                    deny(&lab, "eve").expect("it is recorded");
                }
                pass(&lab, 60_000);
                let made = lab.world().with(|world| world.call_count());
                lab.fault(&format!("*:*:@{call}:{fault}"));
                let first = deny(&lab, "eve").is_ok();
                let reached = lab.world().with(|world| world.call_count()) >= made + call;
                lab.heal();
                deny(&lab, "eve").expect("it is recorded");
                pass(&lab, 60_000);
                let told = told(&shown(&mut lab));
                let least = before + 1 + u64::from(first);
                assert!(told >= least && told <= before + 2, "{before} {call} {fault}: {told}, {first}");
                assert!(reached || first, "{before} {call} {fault}");
            }
        }
    }
    // Nothing of it is what goes by itself: the count is there until it is said.
    let lab = Lab::new(43);
    for _ in 0..already {
        deny(&lab, "eve").expect("it is recorded");
    }
    let row = |world: &mut sim::World| {
        world.items(Table::TierRequest).find(|row| row["entry"] == "DENIED").cloned()
    };
    let row = lab.world().with(row).expect("a row");
    assert!(!row.contains_key("expires_at"), "{row:?}");
}
