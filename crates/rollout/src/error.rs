//! Why a step of a canary fails: closed names that the state machine matches on.

use capstan_core::ports::CloudError;
use iops_records::RecordError;
use tier_steps::StepError;

/// Why a step fails. `name()` is what the state machine sees.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// As every step may.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The endpoint can't be asked.
    #[error("{0}")]
    EndpointNotReady(String),
    /// There is nothing to compare with.
    #[error("{0}")]
    NoBaseline(String),
    /// There is no such canary.
    #[error("there is no canary {0}")]
    NoSuchCanary(String),
    /// The step was called with something it does not understand.
    #[error("the step was called with bad input: {0}")]
    BadInput(String),
}

impl Error {
    /// The names that only these steps fail with.
    pub const NAMES: [&'static str; 4] = ["EndpointNotReady", "NoBaseline", "NoSuchCanary", "BadInput"];

    /// The name in the state machine.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Step(error) => error.name(),
            Self::EndpointNotReady(_) => "EndpointNotReady",
            Self::NoBaseline(_) => "NoBaseline",
            Self::NoSuchCanary(_) => "NoSuchCanary",
            Self::BadInput(_) => "BadInput",
        }
    }

    /// Whether running the step again may help.
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Step(error) => error.retryable(),
            Self::EndpointNotReady(_) | Self::NoBaseline(_) | Self::NoSuchCanary(_) | Self::BadInput(_) => {
                false
            }
        }
    }

    /// The whole chain of causes in one line, for the operator.
    pub fn chain(&self) -> String {
        match self {
            Self::Step(error) => error.chain(),
            own => own.to_string(),
        }
    }
}

impl From<RecordError> for Error {
    fn from(error: RecordError) -> Self {
        Self::Step(error.into())
    }
}

impl From<CloudError> for Error {
    fn from(error: CloudError) -> Self {
        Self::Step(StepError::of_cloud(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_variants() {
        let text = String::new;
        let own = [
            Error::EndpointNotReady(text()),
            Error::NoBaseline(text()),
            Error::NoSuchCanary(text()),
            Error::BadInput(text()),
        ];
        assert_eq!(own.each_ref().map(Error::name), Error::NAMES);
        assert!(own.iter().all(|error| !error.retryable()));
        assert!(Error::from(StepError::OutOfTurn("x")).name() == "OutOfTurn");
    }
}
