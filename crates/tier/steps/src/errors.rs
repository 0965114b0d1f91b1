//! Why a step fails: closed names that the state machine matches on.

use capstan_core::ports::{CloudError, CloudErrorKind, StoreError};
use tier_records::RecordError;

/// Why a step fails. The variant is what happens next; `name()` is what the state machine sees.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StepError {
    /// Too many calls.
    #[error("the service asks to slow down")]
    Throttled(#[source] CloudError),
    /// The service failed.
    #[error("the service is unavailable")]
    ServiceUnavailable(#[source] CloudError),
    /// It may have happened. The step is run again and looks first.
    #[error("the service did not answer; whether it happened will be looked up")]
    OutcomeUnknown(#[source] CloudError),
    /// Somebody else wrote first. The step is run again and decides again.
    #[error("a record was changed by somebody else meanwhile")]
    StoreConflict(#[source] RecordError),
    /// The store failed.
    #[error("the store is unavailable")]
    StoreUnavailable(#[source] RecordError),
    /// A limit of the account, or no capacity.
    #[error("the service has no capacity for this, or a limit of the account is reached")]
    CapacityRefused(#[source] CloudError),
    /// The function's role may not do this.
    #[error("the function may not do this: check its role")]
    AccessDenied(#[source] CloudError),
    /// The service refuses the request for good.
    #[error("the service refuses the request")]
    RequestRefused(#[source] CloudError),
    /// The store refuses the request for good, or holds what can't be read.
    #[error("the store refuses the request, or holds what can't be read")]
    StoreRefused(#[source] RecordError),
    /// A resource of that name belongs to somebody else.
    #[error("{0}")]
    OwnedByAnother(String),
    /// A resource of that name is there already and is not this change's.
    #[error("{0}")]
    ResourceExists(String),
    /// The service tried and failed.
    #[error("{0}")]
    ResourceFailed(String),
    /// Somebody wants the change stopped.
    #[error("stopped by {by}: {reason}")]
    TransitionCancelled {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// The change took longer than it may.
    #[error("the change was not done by {0}")]
    TransitionTimedOut(capstan_core::time::Timestamp),
    /// The change has ended or is being undone: a step that comes late must not work on it.
    #[error("the change has ended or is being undone: nothing was done")]
    TransitionEnded,
    /// The step was called before what must come before it: nothing was done.
    #[error("called out of turn: {0}")]
    OutOfTurn(&'static str),
    /// What the plan was made on has moved.
    #[error("{0}")]
    PlanStale(String),
    /// There is no such change.
    #[error("there is no change {0}")]
    NoSuchTransition(String),
    /// The step was called with something it does not understand.
    #[error("the step was called with bad input: {0}")]
    BadInput(String),
}

impl StepError {
    /// Every name there is.
    pub const NAMES: [&'static str; 19] = [
        "Throttled",
        "ServiceUnavailable",
        "OutcomeUnknown",
        "StoreConflict",
        "StoreUnavailable",
        "CapacityRefused",
        "AccessDenied",
        "RequestRefused",
        "StoreRefused",
        "OwnedByAnother",
        "ResourceExists",
        "ResourceFailed",
        "TransitionCancelled",
        "TransitionTimedOut",
        "TransitionEnded",
        "OutOfTurn",
        "PlanStale",
        "NoSuchTransition",
        "BadInput",
    ];

    /// The name in the state machine.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Throttled(_) => "Throttled",
            Self::ServiceUnavailable(_) => "ServiceUnavailable",
            Self::OutcomeUnknown(_) => "OutcomeUnknown",
            Self::StoreConflict(_) => "StoreConflict",
            Self::StoreUnavailable(_) => "StoreUnavailable",
            Self::CapacityRefused(_) => "CapacityRefused",
            Self::AccessDenied(_) => "AccessDenied",
            Self::RequestRefused(_) => "RequestRefused",
            Self::StoreRefused(_) => "StoreRefused",
            Self::OwnedByAnother(_) => "OwnedByAnother",
            Self::ResourceExists(_) => "ResourceExists",
            Self::ResourceFailed(_) => "ResourceFailed",
            Self::TransitionCancelled { .. } => "TransitionCancelled",
            Self::TransitionTimedOut(_) => "TransitionTimedOut",
            Self::TransitionEnded => "TransitionEnded",
            Self::OutOfTurn(_) => "OutOfTurn",
            Self::PlanStale(_) => "PlanStale",
            Self::NoSuchTransition(_) => "NoSuchTransition",
            Self::BadInput(_) => "BadInput",
        }
    }

    /// Whether running the step again may help. The state machine retries exactly these; a test holds both together.
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Throttled(_)
            | Self::ServiceUnavailable(_)
            | Self::OutcomeUnknown(_)
            | Self::StoreConflict(_)
            | Self::StoreUnavailable(_) => true,
            Self::CapacityRefused(_)
            | Self::AccessDenied(_)
            | Self::RequestRefused(_)
            | Self::StoreRefused(_)
            | Self::OwnedByAnother(_)
            | Self::ResourceExists(_)
            | Self::ResourceFailed(_)
            | Self::TransitionCancelled { .. }
            | Self::TransitionTimedOut(_)
            | Self::TransitionEnded
            | Self::OutOfTurn(_)
            | Self::PlanStale(_)
            | Self::NoSuchTransition(_)
            | Self::BadInput(_) => false,
        }
    }

    /// The names of the retryable errors.
    pub const RETRYABLE: [&'static str; 5] =
        ["Throttled", "ServiceUnavailable", "OutcomeUnknown", "StoreConflict", "StoreUnavailable"];

    /// The whole chain of causes in one line, for the operator.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }

    /// What a refusal of a cloud service means for a step. `Busy` and the outcomes of looking are dealt with before.
    pub fn of_cloud(error: CloudError) -> Self {
        match error.kind {
            CloudErrorKind::Throttled => Self::Throttled(error),
            CloudErrorKind::Quota => Self::CapacityRefused(error),
            CloudErrorKind::Denied => Self::AccessDenied(error),
            CloudErrorKind::Unavailable | CloudErrorKind::Busy => Self::ServiceUnavailable(error),
            CloudErrorKind::Unknown => Self::OutcomeUnknown(error),
            CloudErrorKind::Invalid | CloudErrorKind::NotFound | CloudErrorKind::AlreadyExists => {
                Self::RequestRefused(error)
            }
        }
    }
}

impl From<RecordError> for StepError {
    fn from(error: RecordError) -> Self {
        match &error {
            RecordError::Stale { .. }
            | RecordError::Store(StoreError::Conflict | StoreError::ConditionFailed(_)) => {
                Self::StoreConflict(error)
            }
            RecordError::Store(
                StoreError::Throttled | StoreError::Unavailable(_) | StoreError::Unknown(_),
            ) => Self::StoreUnavailable(error),
            RecordError::Store(StoreError::Invalid(_)) | RecordError::Corrupt { .. } => {
                Self::StoreRefused(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud(kind: CloudErrorKind) -> CloudError {
        CloudError { kind, service: "s", operation: "O", resource: "r".into(), message: "m".into() }
    }

    #[test]
    fn the_lists_of_names_are_those_of_the_variants() {
        let record = || RecordError::Store(StoreError::Conflict);
        let at = capstan_core::time::Timestamp::from_millis(0);
        let all = [
            StepError::Throttled(cloud(CloudErrorKind::Throttled)),
            StepError::ServiceUnavailable(cloud(CloudErrorKind::Unavailable)),
            StepError::OutcomeUnknown(cloud(CloudErrorKind::Unknown)),
            StepError::StoreConflict(record()),
            StepError::StoreUnavailable(record()),
            StepError::CapacityRefused(cloud(CloudErrorKind::Quota)),
            StepError::AccessDenied(cloud(CloudErrorKind::Denied)),
            StepError::RequestRefused(cloud(CloudErrorKind::Invalid)),
            StepError::StoreRefused(record()),
            StepError::OwnedByAnother(String::new()),
            StepError::ResourceExists(String::new()),
            StepError::ResourceFailed(String::new()),
            StepError::TransitionCancelled { by: String::new(), reason: String::new() },
            StepError::TransitionTimedOut(at),
            StepError::TransitionEnded,
            StepError::OutOfTurn(""),
            StepError::PlanStale(String::new()),
            StepError::NoSuchTransition(String::new()),
            StepError::BadInput(String::new()),
        ];
        assert_eq!(all.iter().map(StepError::name).collect::<Vec<_>>(), StepError::NAMES);
        let retryable: Vec<_> = all.iter().filter(|error| error.retryable()).map(StepError::name).collect();
        assert_eq!(retryable, StepError::RETRYABLE);
    }

    #[test]
    fn the_chain_says_what_the_service_said() {
        let error = StepError::of_cloud(cloud(CloudErrorKind::Quota));
        assert_eq!(error.name(), "CapacityRefused");
        assert!(error.chain().ends_with("s O on `r`: m"), "{}", error.chain());
    }
}
