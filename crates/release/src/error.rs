//! Why a step of a release fails: closed names that the state machine matches on.

use capstan_core::ports::CloudError;
use capstan_core::time::Timestamp;
use iops_records::RecordError;
use tier_steps::StepError;

/// Why a step of a release fails.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReleaseError {
    /// A service or the store, as in every workflow.
    #[error(transparent)]
    Service(#[from] StepError),
    /// There is not enough to learn from.
    #[error("{0}")]
    TooLittleData(String),
    /// The stack does not say with what to train.
    #[error("{0}")]
    NotConfigured(String),
    /// The training job failed, or is gone.
    #[error("{0}")]
    TrainingFailed(String),
    /// The new model is worse than the one that serves, or has learnt nothing.
    #[error("the new model is refused: {0}")]
    ModelRefused(String),
    /// The endpoint could not be brought to the new model.
    #[error("{0}")]
    EndpointFailed(String),
    /// The canary could not be started.
    #[error("{0}")]
    CanaryRefused(String),
    /// The canary went wrong, or somebody took it back.
    #[error("{0}")]
    CanaryRolledBack(String),
    /// Somebody wants the release stopped.
    #[error("stopped by {by}: {reason}")]
    ReleaseCancelled {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// It took longer than it may.
    #[error("the release was not done by {0}")]
    ReleaseTimedOut(Timestamp),
    /// It has ended or is being undone: a step that comes late must not work on it.
    #[error("the release has ended or is being undone: nothing was done")]
    ReleaseEnded,
    /// There is no such release.
    #[error("there is no release {0}")]
    NoSuchRelease(String),
}

impl ReleaseError {
    /// Every name there is beside those of [`StepError`].
    pub const OWN: [&'static str; 11] = [
        "TooLittleData",
        "NotConfigured",
        "TrainingFailed",
        "ModelRefused",
        "EndpointFailed",
        "CanaryRefused",
        "CanaryRolledBack",
        "ReleaseCancelled",
        "ReleaseTimedOut",
        "ReleaseEnded",
        "NoSuchRelease",
    ];

    /// The name in the state machine.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Service(error) => error.name(),
            Self::TooLittleData(_) => "TooLittleData",
            Self::NotConfigured(_) => "NotConfigured",
            Self::TrainingFailed(_) => "TrainingFailed",
            Self::ModelRefused(_) => "ModelRefused",
            Self::EndpointFailed(_) => "EndpointFailed",
            Self::CanaryRefused(_) => "CanaryRefused",
            Self::CanaryRolledBack(_) => "CanaryRolledBack",
            Self::ReleaseCancelled { .. } => "ReleaseCancelled",
            Self::ReleaseTimedOut(_) => "ReleaseTimedOut",
            Self::ReleaseEnded => "ReleaseEnded",
            Self::NoSuchRelease(_) => "NoSuchRelease",
        }
    }

    /// Whether running the step again may help.
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Service(error) => error.retryable(),
            Self::TooLittleData(_)
            | Self::NotConfigured(_)
            | Self::TrainingFailed(_)
            | Self::ModelRefused(_)
            | Self::EndpointFailed(_)
            | Self::CanaryRefused(_)
            | Self::CanaryRolledBack(_)
            | Self::ReleaseCancelled { .. }
            | Self::ReleaseTimedOut(_)
            | Self::ReleaseEnded
            | Self::NoSuchRelease(_) => false,
        }
    }

    /// The whole chain of causes in one line.
    pub fn chain(&self) -> String {
        match self {
            Self::Service(error) => error.chain(),
            own => own.to_string(),
        }
    }

    /// Called before what must come before it.
    pub(crate) const fn out_of_turn(what: &'static str) -> Self {
        Self::Service(StepError::OutOfTurn(what))
    }

    /// What a refusal of a cloud service means.
    pub fn of_cloud(error: CloudError) -> Self {
        Self::Service(StepError::of_cloud(error))
    }
}

impl From<CloudError> for ReleaseError {
    fn from(error: CloudError) -> Self {
        Self::of_cloud(error)
    }
}
impl From<RecordError> for ReleaseError {
    fn from(error: RecordError) -> Self {
        Self::Service(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_names_is_that_of_the_variants_and_none_is_a_step_s() {
        let text = String::new;
        let own = [
            ReleaseError::TooLittleData(text()),
            ReleaseError::NotConfigured(text()),
            ReleaseError::TrainingFailed(text()),
            ReleaseError::ModelRefused(text()),
            ReleaseError::EndpointFailed(text()),
            ReleaseError::CanaryRefused(text()),
            ReleaseError::CanaryRolledBack(text()),
            ReleaseError::ReleaseCancelled { by: text(), reason: text() },
            ReleaseError::ReleaseTimedOut(Timestamp::default()),
            ReleaseError::ReleaseEnded,
            ReleaseError::NoSuchRelease(text()),
        ];
        assert_eq!(own.iter().map(ReleaseError::name).collect::<Vec<_>>(), ReleaseError::OWN);
        assert!(own.iter().all(|error| !error.retryable() && !StepError::NAMES.contains(&error.name())));
        let again = ReleaseError::Service(StepError::StoreUnavailable(RecordError::Store(
            capstan_core::ports::StoreError::Throttled,
        )));
        assert!(again.retryable() && again.name() == "StoreUnavailable");
    }
}
