//! What went wrong in a state, and which `ErrorEquals` it answers to.
//!
//! A failure carries more than its name because two of the language's wildcards ask where it came from:
//! `States.TaskFailed` matches what a task did, `States.BranchFailed` what a branch did, whatever the name.

use std::borrow::Cow;

use serde_json::{Value, json};

pub(crate) const ALL: &str = "States.ALL";
pub(crate) const BRANCH_FAILED: &str = "States.BranchFailed";
pub(crate) const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
pub(crate) const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
pub(crate) const INTRINSIC_FAILURE: &str = "States.IntrinsicFailure";
pub(crate) const NO_CHOICE_MATCHED: &str = "States.NoChoiceMatched";
pub(crate) const PARAMETER_PATH_FAILURE: &str = "States.ParameterPathFailure";
pub(crate) const RESULT_PATH_MATCH_FAILURE: &str = "States.ResultPathMatchFailure";
pub(crate) const RUNTIME: &str = "States.Runtime";
pub(crate) const TASK_FAILED: &str = "States.TaskFailed";
pub(crate) const THRESHOLD_EXCEEDED: &str = "States.ExceedToleratedFailureThreshold";
pub(crate) const TIMEOUT: &str = "States.Timeout";

/// The names beginning with `States.` that an `ErrorEquals` may hold.
const RESERVED: [&str; 18] = [
    ALL,
    BRANCH_FAILED,
    DATA_LIMIT_EXCEEDED,
    HEARTBEAT_TIMEOUT,
    INTRINSIC_FAILURE,
    NO_CHOICE_MATCHED,
    PARAMETER_PATH_FAILURE,
    RESULT_PATH_MATCH_FAILURE,
    RUNTIME,
    TASK_FAILED,
    THRESHOLD_EXCEEDED,
    TIMEOUT,
    "States.Http.Socket",
    "States.ItemReaderFailed",
    "States.Permissions",
    "States.QueryEvaluationError",
    "States.ResultWriterFailed",
    "States.StateMachineExecutionFailed",
];

/// Whether `name` is outside the reserved `States.` names, or is one of those that exist.
pub(crate) fn is_known(name: &str) -> bool {
    let http = name.strip_prefix("States.Http.StatusCode.");
    !name.starts_with("States.")
        || RESERVED.contains(&name)
        || http.is_some_and(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()))
}

#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) name: Cow<'static, str>,
    pub(crate) cause: String,
    /// It came about in a Task state.
    pub(crate) of_task: bool,
    /// It came up out of a branch of the Parallel state that now looks at it.
    pub(crate) of_branch: bool,
}

impl Failure {
    pub(crate) fn new(name: impl Into<Cow<'static, str>>, cause: impl Into<String>) -> Self {
        Self { name: name.into(), cause: cause.into(), of_task: false, of_branch: false }
    }

    pub(crate) fn runtime(cause: impl Into<String>) -> Self {
        Self::new(RUNTIME, cause)
    }

    /// Nothing can retry or catch it.
    pub(crate) fn terminal(&self) -> bool {
        self.name == RUNTIME
    }

    /// Whether one of `names` stands for this failure.
    pub(crate) fn matches(&self, names: &[String]) -> bool {
        !self.terminal() && names.iter().any(|name| self.answers_to(name))
    }

    fn answers_to(&self, name: &str) -> bool {
        if name == self.name {
            return true;
        }
        let timeout = self.name == TIMEOUT || self.name == HEARTBEAT_TIMEOUT;
        let limit = self.name == DATA_LIMIT_EXCEEDED;
        match name {
            ALL => !limit,
            TASK_FAILED => self.of_task && !timeout && !limit,
            TIMEOUT => timeout,
            BRANCH_FAILED => self.of_branch && !limit,
            _ => false,
        }
    }

    /// The Error Output that a catcher hands on.
    pub(crate) fn output(&self) -> Value {
        json!({ "Error": self.name, "Cause": self.cause })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caught(failure: &Failure, name: &str) -> bool {
        failure.matches(&[name.to_owned()])
    }

    #[test]
    fn known_names() {
        for name in ["Custom", "States.ALL", "States.Http.StatusCode.429", "Lambda.Unknown"] {
            assert!(is_known(name), "{name}");
        }
        for name in ["States.Nope", "States.Http.StatusCode.", "States.Http.StatusCode.4x9", "States."] {
            assert!(!is_known(name), "{name}");
        }
    }

    #[test]
    fn wildcards() {
        let mut custom = Failure::new("Custom", "");
        assert!(caught(&custom, "Custom") && caught(&custom, ALL));
        assert!(!caught(&custom, TASK_FAILED) && !caught(&custom, "custom"));
        custom.of_task = true;
        assert!(caught(&custom, TASK_FAILED));
        custom.of_branch = true;
        assert!(caught(&custom, BRANCH_FAILED));
    }

    #[test]
    fn timeouts_are_no_task_failures() {
        for name in [TIMEOUT, HEARTBEAT_TIMEOUT] {
            let failure = Failure { of_task: true, ..Failure::new(name, "") };
            assert!(caught(&failure, TIMEOUT) && caught(&failure, ALL) && !caught(&failure, TASK_FAILED));
        }
        assert!(!caught(&Failure::new(TIMEOUT, ""), HEARTBEAT_TIMEOUT));
    }

    #[test]
    fn runtime_and_data_limit_escape_the_wildcard() {
        let runtime = Failure::runtime("");
        assert!(!caught(&runtime, ALL) && !caught(&runtime, RUNTIME));
        let limit = Failure::new(DATA_LIMIT_EXCEEDED, "");
        assert!(!caught(&limit, ALL) && caught(&limit, DATA_LIMIT_EXCEEDED));
    }
}
