//! Requests that came under an idempotency key before: as the events of `tier-change` send them.

use super::{Scenario, fresh};
use crate::workspace;
use capstan_core::time::Millis;

/// A change was asked for under a key, and answered.
pub fn sent_under_a_key() -> Scenario {
    sent("key-change")
}

/// A change to PRODUCTION was asked for under a key, and a token handed out.
pub fn asked_under_a_key() -> Scenario {
    sent("key-change-to-production")
}

/// The function died over a request under a key, a moment ago.
pub fn died_under_a_key() -> Scenario {
    let scenario = fresh().with_fault("dynamodb:Query:1:crash");
    let died = scenario.call("tier-change", workspace::json("events/tier-change/key-change.json"));
    assert!(died.is_err(), "it was to die: {died:?}");
    scenario.without_faults()
}

/// The same, longer ago than a function may run.
pub fn died_under_a_key_before() -> Scenario {
    died_under_a_key().skip(Millis::minutes(1))
}

fn sent(event: &str) -> Scenario {
    let scenario = fresh();
    let answer = scenario.call("tier-change", workspace::json(&format!("events/tier-change/{event}.json")));
    assert!(
        answer.is_ok_and(|answer| answer["statusCode"] == 200),
        "{event} is a step of a scenario and must go well"
    );
    scenario
}
