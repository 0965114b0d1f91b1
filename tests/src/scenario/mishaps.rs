//! What goes wrong along the way: limits, rights, branches that fail, a person who wants it stopped, an execution that is gone.

use super::ways::{
    NOON, draining, fresh, initiated, provisioned, provisioning, retired_is_due, settled_in_staging,
    switched_down, validated,
};
use super::{ADA, GRACE, Scenario, TENANT};
use capstan_core::ports::{ExecutionStatus, Streams, TagKey, Tags};
use capstan_core::time::Millis;
use serde_json::json;
use sim::{Invocation, Outcome, Ports};

const CANCEL: &str = "the load test is called off";

/// The round of `RollbackProvisioning`, one each 5 s, in which its rest of 75 s is over.
const RESTED: usize = 16;

/// As [`validated`], in an account whose limits allow nothing more.
pub fn validated_at_the_limit() -> Scenario {
    let made_by = [
        "sagemaker:CreateEndpoint",
        "opensearch:CreateDomain",
        "elasticache:CreateReplicationGroup",
        "neptune:CreateDBCluster",
        "kinesis:CreateStream",
    ];
    made_by.into_iter().fold(validated(), |scenario, call| scenario.with_fault(&format!("{call}:*:quota")))
}

/// As [`validated`], with a service that has too many calls.
pub fn validated_under_throttling() -> Scenario {
    validated().with_fault("sagemaker:*:*:throttled")
}

/// As [`switched_down`], but the roles may call no service.
pub fn switched_down_without_rights() -> Scenario {
    let services = ["sagemaker", "opensearch", "elasticache", "neptune", "kinesis"];
    services
        .into_iter()
        .fold(switched_down(), |scenario, service| scenario.with_fault(&format!("{service}:*:*:denied")))
}

/// As [`retired_is_due`], but the role may delete nothing.
pub fn retired_is_due_without_rights() -> Scenario {
    retired_is_due().with_fault("elasticache:DeleteReplicationGroup:*:denied")
}

/// A branch of `CleanupResources` has failed; `VerifyCleanup` is next.
pub fn cleanup_branch_failed() -> Scenario {
    switched_down().with_fault("opensearch:UpdateDomainConfig:*:denied").run_to("VerifyCleanup", 1)
}

/// Cleaning up has failed; `CleanupFailedAlert` is next.
pub fn cleanup_failed() -> Scenario {
    cleanup_branch_failed().run_to("CleanupFailedAlert", 1)
}

/// A branch of `ProvisionResources` has failed; `VerifyProvisioning` is next.
pub fn branch_failed() -> Scenario {
    initiated().with_fault("sagemaker:CreateEndpoint:*:quota").run_to("VerifyProvisioning", 1)
}

/// `RollbackProvisioning` is next, for the first time.
pub fn failed_half_way() -> Scenario {
    branch_failed().run_to("RollbackProvisioning", 1)
}

/// Undoing has rested and begun; `RollbackProvisioning` is next.
pub fn rolling_back() -> Scenario {
    failed_half_way().run_to("RollbackProvisioning", RESTED + 1)
}

/// Everything is undone; `TransitionFailed` is next.
pub fn rolled_back() -> Scenario {
    failed_half_way().run_to("TransitionFailed", 1)
}

/// The change has failed and is undone.
pub fn failed() -> Scenario {
    failed_half_way().run_to_end()
}

/// The change failed this night and was undone; it is noon.
pub fn after_failure() -> Scenario {
    failed().skip_to(NOON)
}

/// Undoing is refused for good; `TransitionFailed` is next.
pub fn given_up() -> Scenario {
    failed_half_way().with_fault("kinesis:DeleteStream:*:denied").run_to("TransitionFailed", 1)
}

/// A person is needed.
pub fn stuck() -> Scenario {
    given_up().run_to_end().without_faults()
}

/// A super admin has declared the tier stable; what could not be deleted is left behind.
pub fn reset() -> Scenario {
    let stuck = stuck();
    stuck.ask(GRACE, "/tier/reset", &json!({"reason": "the stream was looked at by hand"}));
    stuck
}

/// As [`settled_in_staging`], and somebody has made a stream that bears the tenant's tag.
pub fn stray() -> Scenario {
    let scenario = settled_in_staging();
    let invocation = Invocation::unlimited();
    let ports = Ports::for_invocation(scenario.world(), invocation.clone());
    let tags = Tags::from([(TagKey::TenantId, TENANT.to_owned())]);
    let made = sim::run(async { ports.create_stream("left-over", Some(1), &tags).await }, &invocation);
    assert!(matches!(made, Outcome::Done(Ok(()), _)), "the stream is made");
    scenario
}

/// As [`stray`], but nobody may look for tags.
pub fn stray_without_rights() -> Scenario {
    stray().with_fault("tagging:GetResources:*:denied")
}

fn cancelled(scenario: Scenario) -> Scenario {
    scenario.ask(ADA, "/tier/cancel", &json!({"reason": CANCEL}));
    scenario
}

/// As [`initiated`], and it is to stop.
pub fn initiated_and_cancelled() -> Scenario {
    cancelled(initiated())
}

/// As [`validated`], and it is to stop.
pub fn validated_and_cancelled() -> Scenario {
    cancelled(validated())
}

/// As [`provisioning`], and it is to stop.
pub fn provisioning_and_cancelled() -> Scenario {
    cancelled(provisioning())
}

/// As [`provisioned`], and it is to stop.
pub fn provisioned_and_cancelled() -> Scenario {
    cancelled(provisioned())
}

/// It was to stop, a step has found that, and undoing has rested; `RollbackProvisioning` is next.
pub fn stopped() -> Scenario {
    provisioned_and_cancelled().run_to("RollbackProvisioning", RESTED)
}

/// As [`draining`], and it is to stop.
pub fn draining_and_cancelled() -> Scenario {
    cancelled(draining())
}

/// As [`switched_down`], and it is to stop.
pub fn switched_down_and_cancelled() -> Scenario {
    cancelled(switched_down())
}

/// As [`provisioned`], two hours later: the change's time is up.
pub fn provisioned_too_late() -> Scenario {
    provisioned().skip(Millis::hours(2))
}

/// An execution was stopped from outside, two minutes ago; the reconciler has not been called since.
pub fn execution_gone() -> Scenario {
    let scenario = provisioning();
    scenario.world().with(|world| {
        let row = world.executions().next().cloned();
        let mut row = row.unwrap_or_else(|| panic!("an execution runs"));
        row.status = ExecutionStatus::Aborted;
        row.stopped_at = Some(world.now());
        row.state = None;
        world.put_execution(row);
    });
    scenario.world().with(|world| world.advance(Millis::minutes(2)));
    scenario
}

/// As [`execution_gone`], but executions can't be looked at.
pub fn execution_gone_and_unseen() -> Scenario {
    execution_gone().with_fault("states:DescribeExecution:*:throttled")
}

/// Another execution has taken the place of one that is gone; its `ValidateTransition` is next.
pub fn recovering() -> Scenario {
    let scenario = execution_gone();
    let report = scenario.call("reconcile-transitions", json!({}));
    assert_eq!(report.map(|report| report["started"].clone()), Ok(json!(1)));
    scenario
}

/// Step Functions refused the start two minutes ago, and takes starts again.
pub fn never_started() -> Scenario {
    let scenario = fresh().with_fault("states:StartExecution:1:error").change_to("STAGING");
    scenario.skip(Millis::minutes(2))
}

/// `RollbackProvisioning` itself has failed; `TransitionFailed` is next.
pub fn rollback_failing() -> Scenario {
    failed_half_way()
        .with_fault("dynamodb:TransactWriteItems:*:denied")
        .run_to("TransitionFailed", 1)
        .without_faults()
}

/// As [`cleanup_failed`], but the topic takes no word.
pub fn cleanup_failed_unheard() -> Scenario {
    cleanup_failed().with_fault("sns:Publish:*:denied")
}

/// The store does not answer.
pub fn store_away() -> Scenario {
    provisioning().with_fault("dynamodb:*:*:error")
}
