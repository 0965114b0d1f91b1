//! The way up and the way down, and what may be asked along them.
//!
//! From a tenant never seen before in DEV to STAGING and, three days later, down again. The instants of requests are fixed, so
//! that ids don't depend on how long resources took.

use super::{ADA, EVE, GRACE, Scenario};
use capstan_core::time::Millis;
use serde_json::json;

/// Half a day after the start: every change that was asked for then has ended, and its cooldown runs.
pub(super) const NOON: &str = "2026-01-01T12:00:00Z";
/// Three days after the start: the cooldown of the first change is over.
const LATER: &str = "2026-01-04T00:00:00Z";

/// A tenant never seen before.
pub fn fresh() -> Scenario {
    Scenario::empty()
}

/// A change to STAGING has been asked for; `ValidateTransition` is next.
pub fn initiated() -> Scenario {
    fresh().change_to("STAGING")
}

/// Every branch of `ProvisionResources` is next.
pub fn validated() -> Scenario {
    initiated().run_to("ProvisionSageMaker", 1)
}

/// Resources are being made; `VerifyProvisioning` is next for the first time.
pub fn provisioning() -> Scenario {
    initiated().run_to("VerifyProvisioning", 1)
}

/// Everything has come to be; `VerifyProvisioning` is next for the last time.
pub fn ready() -> Scenario {
    let rounds = initiated().count("VerifyProvisioning", "UpdateAppConfig");
    initiated().run_to("VerifyProvisioning", rounds)
}

/// `UpdateAppConfig` is next.
pub fn provisioned() -> Scenario {
    initiated().run_to("UpdateAppConfig", 1)
}

/// `TransitionComplete` is next.
pub fn configured() -> Scenario {
    initiated().run_to("TransitionComplete", 1)
}

/// The tenant has just come to STAGING.
pub fn in_staging() -> Scenario {
    initiated().run_to_end()
}

/// The tenant came to STAGING this night; it is noon.
pub fn in_cooldown() -> Scenario {
    in_staging().skip_to(NOON)
}

/// The tenant has been in STAGING for days.
pub fn settled_in_staging() -> Scenario {
    in_staging().skip_to(LATER)
}

/// A change from STAGING to DEV has been asked for; `ValidateTransition` is next.
pub fn descending() -> Scenario {
    settled_in_staging().change_to("DEV")
}

/// `DrainConnections` is next, for the first time.
pub fn draining() -> Scenario {
    descending().run_to("DrainConnections", 1)
}

/// Nobody is connected any more; `DrainConnections` is next for the last time.
pub fn drained() -> Scenario {
    let rounds = descending().count("DrainConnections", "UpdateAppConfig");
    descending().run_to("DrainConnections", rounds)
}

/// On the way down; `UpdateAppConfig` is next.
pub fn ready_to_switch_down() -> Scenario {
    descending().run_to("UpdateAppConfig", 1)
}

/// Every branch of `CleanupResources` is next.
pub fn switched_down() -> Scenario {
    descending().run_to("CleanupSageMaker", 1)
}

/// What is left over is being taken away; `VerifyCleanup` is next for the first time.
pub fn cleaning() -> Scenario {
    descending().run_to("VerifyCleanup", 1)
}

/// Everything is taken away; `VerifyCleanup` is next for the last time.
pub fn cleaned() -> Scenario {
    let rounds = descending().count("VerifyCleanup", "TransitionComplete");
    descending().run_to("VerifyCleanup", rounds)
}

/// On the way down, everything is done; `TransitionComplete` is next.
pub fn cleaned_up() -> Scenario {
    descending().run_to("TransitionComplete", 1)
}

/// The tenant has come back to DEV.
pub fn back_in_dev() -> Scenario {
    descending().run_to_end()
}

/// Eight days later: what was retired is due for deletion.
pub fn retired_is_due() -> Scenario {
    back_in_dev().skip(Millis::days(8))
}

/// A change to PRODUCTION waits for its confirmation.
pub fn confirmation_asked() -> Scenario {
    let mut scenario = fresh();
    let body = json!({"targetTier": "PRODUCTION", "reason": "launch of the new region"});
    let answer = scenario.ask(ADA, "/tier/change", &body);
    scenario.token = answer["confirmationToken"].as_str().map(ToOwned::to_owned);
    scenario
}

/// It was confirmed.
pub fn confirmed() -> Scenario {
    let scenario = confirmation_asked();
    scenario.ask(ADA, "/tier/confirm", &json!({"confirmationToken": scenario.token}));
    scenario
}

/// Ten minutes have passed.
pub fn confirmation_expired() -> Scenario {
    confirmation_asked().skip(Millis::minutes(10))
}

/// The tenant's own row has moved since: a super admin has set the cooldown.
pub fn confirmation_outdated() -> Scenario {
    let scenario = confirmation_asked();
    scenario.ask(GRACE, "/tier/cooldown", &json!({"hours": 48}));
    scenario
}

/// PRODUCTION's configuration was edited after the plan was shown.
pub fn confirmation_before_edit() -> Scenario {
    let scenario = confirmation_asked();
    scenario.edit("PRODUCTION", &json!({"sagemakerShadowSelfMinInstances": 60}));
    scenario
}

/// Another tenant has made a change too.
pub fn two_tenants() -> Scenario {
    let scenario = in_cooldown();
    scenario.ask(EVE, "/tier/change", &json!({"targetTier": "STAGING", "reason": "another tenant's change"}));
    scenario
}

/// STAGING's configuration was edited once.
pub fn edited() -> Scenario {
    let scenario = fresh();
    scenario.edit("STAGING", &json!({"sagemakerShadowSelfMaxInstances": 30}));
    scenario
}
