//! Time: no sum of waits comes near what the run may take, and nothing that was given up still runs when another begins.

use crate::functions_by_crate;
use capstan_core::tier::{Change, recovery};
use capstan_core::time::Millis;
use capstan_tests::asl::{self, FILE, State};
use serde_json::Value;
use tier_steps::workflow::STEPS;

/// No plan is expected to take longer: the slowest provision and the slowest cleanup of `capstan_core::tier::timing`, and the drain.
const LONGEST_PLAN_MINUTES: u32 = 30;

fn tasks() -> Vec<State> {
    asl::states().into_iter().filter(|state| state.text("Type") == "Task").collect()
}

/// The longest a state may take: every attempt to its limit, and the waits in between.
#[expect(clippy::cast_precision_loss, reason = "seconds of a day")]
fn longest(task: &State) -> f64 {
    let limit = task.number("TimeoutSeconds");
    let limit = limit.unwrap_or_else(|| panic!("{FILE}: {} needs TimeoutSeconds", task.name)) as f64;
    let mut total = limit;
    for retrier in task.list("Retry") {
        let number = |name: &str, default: f64| retrier.get(name).and_then(Value::as_f64).unwrap_or(default);
        let (mut wait, backoff) = (number("IntervalSeconds", 1.0), number("BackoffRate", 2.0));
        for _ in 0..retrier.get("MaxAttempts").and_then(Value::as_u64).unwrap_or(3) {
            total += wait + limit;
            wait *= backoff;
        }
    }
    total
}

fn machine_limit() -> f64 {
    let limit = asl::definition()["TimeoutSeconds"].as_f64();
    limit.unwrap_or_else(|| panic!("{FILE} needs TimeoutSeconds: an execution must not run for ever"))
}

#[test]
fn retries_of_all_states_together_stay_far_below_the_limit_of_the_run() {
    let (in_branches, others): (Vec<State>, Vec<State>) =
        tasks().into_iter().partition(|task| task.in_branch);
    let parallels = asl::states().iter().filter(|state| state.text("Type") == "Parallel").count();
    let slowest_branch = in_branches.iter().map(longest).fold(0.0, f64::max);
    let all: f64 = others.iter().map(longest).sum::<f64>()
        + slowest_branch * f64::from(u32::try_from(parallels).unwrap());
    assert!(
        all < machine_limit() / 2.0,
        "{FILE}: every state tried to the last takes {all} s, over half of the run's {} s: fewer attempts, or more time",
        machine_limit()
    );
}

/// The change's own deadline, then undoing, then the last states: all of it before the run is cut off.
#[test]
fn a_change_gives_up_by_itself_long_before_its_run_is_cut_off() {
    let own = Change::time_allowed(LONGEST_PLAN_MINUTES) + rollback_provisioning::LONGEST_ROLLBACK;
    let slowest = tasks().iter().map(longest).fold(0.0, f64::max);
    let total = own.as_seconds_f64() + 2.0 * slowest;
    assert!(
        total < machine_limit() * 0.9,
        "{FILE}: deadline, rollback and two states come to {total} s of the run's {} s: raise its TimeoutSeconds",
        machine_limit()
    );
    let drain = capstan_core::tier::timing::LONGEST_DRAIN;
    assert!(drain < Change::time_allowed(1), "a drain alone would use up the time that a change is allowed");
}

#[test]
fn a_state_outlasts_its_function_and_a_recovery_waits_for_both() {
    let functions = functions_by_crate();
    for step in STEPS {
        let function = functions
            .get(step.function)
            .unwrap_or_else(|| panic!("template.yaml has no {}: add it", step.function));
        let task = tasks().into_iter().find(|task| task.name == step.state).unwrap();
        let limit = task.number("TimeoutSeconds").unwrap_or_default();
        assert!(
            limit > function.timeout,
            "{FILE}: TimeoutSeconds of {} ({limit}) must be more than the Timeout of {} ({}), or it is run twice at once",
            step.state,
            step.function,
            function.timeout
        );
        assert!(
            recovery::REST > Millis::seconds(function.timeout),
            "capstan_core::tier::recovery::REST must be longer than the Timeout of {} ({} s)",
            step.function,
            function.timeout
        );
    }
}

/// After these nobody knows whether the function still runs.
const LOST: [&str; 5] = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
];

#[test]
fn a_step_that_was_lost_sight_of_is_begun_again_only_when_it_can_no_longer_run() {
    for task in tasks() {
        for name in LOST {
            let about = |retrier: &&Value| {
                retrier["ErrorEquals"].as_array().into_iter().flatten().any(|known| known == name)
            };
            let retriers = task.list("Retry");
            let seconds = retriers.iter().find(about).and_then(|retrier| retrier["IntervalSeconds"].as_u64());
            let rest = recovery::REST.as_seconds_ceil();
            assert!(
                seconds.is_some_and(|seconds| seconds >= rest),
                "{FILE}: {} must be tried again after {name} no sooner than after {rest} s (recovery::REST)",
                task.name
            );
        }
    }
}

#[test]
fn waits_are_short_enough_to_end_soon_after_the_slowest_resource() {
    for wait in asl::states().iter().filter(|state| state.text("Type") == "Wait") {
        let seconds =
            wait.number("Seconds").unwrap_or_else(|| panic!("{FILE}: {} must wait for Seconds", wait.name));
        assert!(
            (1..=10).contains(&seconds),
            "{FILE}: {} waits {seconds} s; the whole allowance is 20 s",
            wait.name
        );
    }
}
