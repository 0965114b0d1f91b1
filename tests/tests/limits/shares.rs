//! Requests that come at once, on one instance and on several, and who gets through when many want more than there is.

use super::{Instance, TENANT, calls, pass, retry_after, sent};
use capstan_tests::lab::Lab;
use serde_json::{Value, json};

fn looker(subject: &str) -> Value {
    json!({"sub": subject, "role": "viewer", "tenant": TENANT})
}

fn looks(instance: &Instance, lab: &Lab, subject: &str) -> Option<u64> {
    let answer = instance.ask_as(lab, &looker(subject), "GET", "/tier/configs/DEV", "", &Value::Null);
    assert!(answer.status == 200 || answer.status == 429, "{answer:?}");
    (answer.status == 429).then(|| retry_after(&answer))
}

/// How many of so many requests are let through that go on in turns, a call of the store at a time.
fn at_once(instance: &Instance, lab: &Lab, requests: usize) -> usize {
    let (_, event) = lab.event("GET", "/tier/configs/DEV", "", &looker("ada"), &Value::Null);
    let mut runs: Vec<_> = (0..requests).map(|_| Some(instance.begin(lab, event.clone()))).collect();
    let mut good = 0;
    while runs.iter().any(Option::is_some) {
        for run in &mut runs {
            if let Some(outcome) = run.as_mut().and_then(sim::Stepper::step) {
                good += usize::from(sent(outcome).status == 200);
                *run = None;
            }
        }
    }
    good
}

#[test]
fn a_burst_at_once_is_let_through_to_the_request() {
    for (requests, good) in [(60, 60), (300, 300), (400, 300)] {
        let lab = Lab::new(31);
        let instance = Instance::new("tier-read", 1_200);
        let before = calls(&lab);
        assert_eq!(at_once(&instance, &lab, requests), good);
        let leases = calls(&lab) - before - good;
        assert!(leases <= 2 * 12, "one lease at a time, for all that wait: {leases} calls");
        let more = (0..400).take_while(|_| looks(&instance, &lab, "ada").is_none()).count();
        assert_eq!(good + more, 300, "nothing is hoarded");
    }
}

/// As in Lambda, where an instance has one request at a time.
#[test]
fn cold_instances_do_not_drain_the_bucket() {
    let lab = Lab::new(32);
    let instances: Vec<_> = (0..10).map(|_| Instance::new("tier-read", 1_200)).collect();
    assert!(instances.iter().all(|instance| looks(instance, &lab, "ada").is_none()));
    let last = Instance::new("tier-read", 1_200);
    let more = (0..400).take_while(|_| looks(&last, &lab, "ada").is_none()).count();
    assert_eq!(more, 290);
}

/// Ten instances, asked in turn or at random, at nine tenths of the rate and with a full bucket behind them or an empty one.
#[test]
fn below_its_rate_nobody_is_refused_but_for_what_others_hold() {
    for (seed, drained) in [(33_u64, false), (34, true)] {
        let lab = Lab::new(seed);
        let instances: Vec<_> = (0..10).map(|_| Instance::new("tier-read", 1_200)).collect();
        if drained {
            while looks(&instances[0], &lab, "ada").is_none() {}
        }
        let (mut refused, mut chance) = (0, seed);
        // 18 a second: nine tenths of 20.
        for _ in 0..18 * 180 {
            pass(&lab, 55 + u64::from(chance >> 40 & 1 == 1));
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let instance = usize::try_from((chance >> 33) % 10).expect("small");
            refused += u32::from(looks(&instances[instance], &lab, &format!("{chance}")).is_some());
        }
        assert!(refused <= u32::from(drained), "{refused} of 3,240, drained: {drained}");
    }
}

/// Six who ask without a pause and never wait, and one who does as told.
#[test]
fn who_comes_back_when_told_gets_through() {
    for per_minute in [60, 240, 1_200] {
        let lab = Lab::new(35);
        let instance = Instance::new("tier-read", per_minute);
        let greedy =
            || (0..6).filter(|nth| looks(&instance, &lab, &format!("greedy-{nth}")).is_none()).count();
        while greedy() > 0 {}
        let mut got = 0;
        for _ in 0..20 {
            if let Some(seconds) = looks(&instance, &lab, "ada") {
                assert!(seconds <= 7, "{per_minute}: {seconds}");
                for _ in 0..seconds * 20 {
                    pass(&lab, 50);
                    got += greedy();
                }
                assert_eq!(looks(&instance, &lab, "ada"), None, "{per_minute}: it was told {seconds} s");
            }
        }
        assert!(got > 20, "and the others get the rest");
    }
}

/// Readers on several instances keep nobody from acting, nor those who act anybody from stopping; and what they are told is
/// true.
#[test]
fn looking_takes_nothing_from_acting_and_acting_nothing_from_stopping() {
    for per_minute in [4, 40, 1_200] {
        let lab = Lab::new(36);
        let readers: Vec<_> = (0..2).map(|_| Instance::new("tier-read", per_minute)).collect();
        let (change, configs) =
            (Instance::new("tier-change", per_minute), Instance::new("tier-configs", per_minute));
        let greedy = || {
            for nth in 0..6 {
                looks(&readers[nth % 2], &lab, &format!("greedy-{nth}"));
            }
        };
        for _ in 0..60 {
            greedy();
        }
        assert!(looks(&readers[0], &lab, "ada").is_some() && looks(&readers[1], &lab, "ada").is_some());
        let because = json!({"reason": "Stop this change now"}).to_string();
        let admin = json!({"sub": "sue", "role": "super_admin", "tenant": TENANT});
        let edit = || configs.ask_as(&lab, &admin, "PUT", "/tier/cooldown", r#"{"hours": 5}"#, &Value::Null);
        let stop = || change.ask_as(&lab, &admin, "POST", "/tier/cancel", &because, &Value::Null);
        let mut edits = 0;
        while edit().status == 200 {
            edits += 1;
            greedy();
        }
        assert!(edits >= (per_minute / 40).max(1), "{per_minute}: {edits} acts");
        for turn in 0..10 {
            // There is no change to stop.
            let first = stop();
            if turn == 0 {
                assert_eq!(first.status, 409, "{per_minute}: {first:?}");
            }
            if first.status == 429 {
                for _ in 0..retry_after(&first) * 10 {
                    greedy();
                    pass(&lab, 100);
                }
                assert_eq!(stop().status, 409, "{per_minute}: told {}", retry_after(&first));
            }
            greedy();
            let early = edit();
            if early.status == 429 {
                for _ in 0..retry_after(&early) * 10 {
                    greedy();
                    pass(&lab, 100);
                }
                assert_eq!(edit().status, 200, "{per_minute}: told {}", retry_after(&early));
            }
        }
    }
}

/// Who may not act has no share in acting: what a viewer is denied takes nothing from an admin.
#[test]
fn who_may_not_act_takes_nothing_from_those_who_may() {
    let lab = Lab::new(37);
    let configs = Instance::new("tier-configs", 40);
    let put = |caller: &Value| {
        configs.ask_as(&lab, caller, "PUT", "/tier/cooldown", r#"{"hours": 5}"#, &Value::Null).status
    };
    let statuses: Vec<u64> = (0..20).map(|_| put(&looker("eve"))).collect();
    assert_eq!((statuses[9], statuses[10]), (403, 429));
    assert_eq!(put(&json!({"sub": "sue", "role": "super_admin", "tenant": TENANT})), 200);
}

/// Whoever leases and dies leaves no request waiting for ever.
#[test]
fn a_lease_that_is_never_over_holds_nobody_up() {
    let lab = Lab::new(38);
    let instance = Instance::new("tier-read", 1_200);
    let (_, event) = lab.event("GET", "/tier/configs/DEV", "", &looker("ada"), &Value::Null);
    let mut dying = instance.begin(&lab, event.clone());
    assert!(dying.step().is_none() && dying.step().is_none());
    let mut waits = instance.begin(&lab, event.clone());
    for _ in 0..100 {
        assert!(waits.step().is_none(), "it waits for the lease");
    }
    drop(dying);
    assert_eq!(looks(&instance, &lab, "eve"), None);
    let mut stuck = instance.begin(&lab, event);
    pass(&lab, 10_000);
    assert!(stuck.step().is_none() && stuck.step().is_none());
    assert!(waits.step().is_none());
    // People's time goes on, and the one that leases does not.
    pass(&lab, 2_000);
    let done = (0..20).find_map(|_| waits.step());
    assert_eq!(done.map(|outcome| sent(outcome).status), Some(200));
    drop(stuck);
}
