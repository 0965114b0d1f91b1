//! The table of the workflow's steps: every state that calls a function, what it has an effect on, and what undoes it.
//!
//! Tests are run from this table, so a new step is covered without being named anywhere else; the contract test holds
//! it against the state machine, the template and the fixtures.

use capstan_core::tier::{Phase, Service};

/// A state of the workflow that calls a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The state's name in the state machine.
    pub state: &'static str,
    /// The function it calls.
    pub function: &'static str,
    /// What doing it has an effect on.
    pub does: Does,
    /// What takes that back.
    pub undo: Undo,
}

/// What a step has an effect on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Only on records.
    Records,
    /// On a service's resources.
    Resources(Service, Phase),
    /// On what the application reads.
    AppConfig,
    /// On the ledger's effects, backwards.
    Undoing,
    /// On people.
    Word,
}

/// What takes a step's effect back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// Nothing is to be taken back.
    Nothing,
    /// `rollback-provisioning` brings each resource that the ledger names back to its state before.
    FromLedger,
    /// `rollback-provisioning` restores the application's former configuration.
    FormerConfig,
}

const fn resources(state: &'static str, function: &'static str, service: Service, phase: Phase) -> Step {
    Step { state, function, does: Does::Resources(service, phase), undo: Undo::FromLedger }
}
const fn records(state: &'static str, function: &'static str) -> Step {
    Step { state, function, does: Does::Records, undo: Undo::Nothing }
}

/// Every step, in the order of the workflow.
pub const STEPS: [Step; 19] = [
    records("ValidateTransition", "validate-transition"),
    resources("ProvisionSageMaker", "provision-sagemaker", Service::SageMaker, Phase::Provision),
    resources("ProvisionOpenSearch", "provision-opensearch", Service::OpenSearch, Phase::Provision),
    resources("ProvisionElastiCache", "provision-elasticache", Service::ElastiCache, Phase::Provision),
    resources("ProvisionNeptune", "provision-neptune", Service::Neptune, Phase::Provision),
    resources("ProvisionKinesis", "provision-kinesis", Service::Kinesis, Phase::Provision),
    records("VerifyProvisioning", "verify-provisioning"),
    Step {
        state: "DrainConnections",
        function: "drain-connections",
        does: Does::AppConfig,
        undo: Undo::FormerConfig,
    },
    Step {
        state: "UpdateAppConfig",
        function: "update-app-config",
        does: Does::AppConfig,
        undo: Undo::FormerConfig,
    },
    resources("CleanupSageMaker", "cleanup-sagemaker", Service::SageMaker, Phase::Cleanup),
    resources("CleanupOpenSearch", "cleanup-opensearch", Service::OpenSearch, Phase::Cleanup),
    resources("CleanupElastiCache", "cleanup-elasticache", Service::ElastiCache, Phase::Cleanup),
    resources("CleanupNeptune", "cleanup-neptune", Service::Neptune, Phase::Cleanup),
    resources("CleanupKinesis", "cleanup-kinesis", Service::Kinesis, Phase::Cleanup),
    records("VerifyCleanup", "verify-provisioning"),
    Step {
        state: "CleanupFailedAlert",
        function: "cleanup-failed-alert",
        does: Does::Word,
        undo: Undo::Nothing,
    },
    Step {
        state: "RollbackProvisioning",
        function: "rollback-provisioning",
        does: Does::Undoing,
        undo: Undo::Nothing,
    },
    Step {
        state: "TransitionComplete",
        function: "transition-complete",
        does: Does::Records,
        undo: Undo::Nothing,
    },
    Step {
        state: "TransitionFailed",
        function: "transition-failed",
        does: Does::Records,
        undo: Undo::Nothing,
    },
];
