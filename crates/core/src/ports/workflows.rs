//! Executions of the tier-transition state machine.

use super::CloudResult;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::future::Future;

/// Where an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// Under way.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended in a Fail state or an error nobody caught.
    Failed,
    /// Ran out of its own time.
    TimedOut,
    /// Stopped from outside.
    Aborted,
}

impl ExecutionStatus {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Running, Self::Succeeded, Self::Failed, Self::TimedOut, Self::Aborted];

    /// In the words of Step Functions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }
}

/// What is known of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionView {
    /// Where it stands.
    pub status: ExecutionStatus,
    /// When it ended, if it has.
    pub stopped_at: Option<Timestamp>,
}

/// How the latest visit of a state went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VisitStatus {
    /// The execution is in it.
    Running,
    /// It ended well.
    Succeeded,
    /// It failed, whether that was caught or not, or was stopped.
    Failed,
}

/// How a state of an execution has fared: its latest visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateVisit {
    /// The state's name.
    pub state: String,
    /// How it went.
    pub status: VisitStatus,
    /// How often the state was entered.
    pub visits: u32,
    /// When it was entered, the last time.
    pub entered_at: Timestamp,
    /// When it was left.
    pub exited_at: Option<Timestamp>,
    /// Attempts of this visit: 1, and one for each retry.
    pub attempts: u32,
    /// The name of the latest error, which a retry may yet mend.
    pub error: Option<String>,
}

/// How an execution went, by state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionHistory {
    /// Where it stands.
    pub status: ExecutionStatus,
    /// Each state that was entered, in the order in which they were first entered.
    pub visits: Vec<StateVisit>,
}

/// Starts and looks at executions of one state machine.
pub trait Workflows: Sync {
    /// The ARN an execution of this name has or would have. No call is made.
    fn execution_arn(&self, name: &str) -> String;
    /// Starts an execution. Of that name and input already running: fine, it is that one. Ended: `AlreadyExists`.
    fn start(&self, name: &str, input: &Value) -> impl Future<Output = CloudResult<()>> + Send;
    /// The execution of this name; `None` if there never was one (or it is past its 90 days).
    fn describe(&self, name: &str) -> impl Future<Output = CloudResult<Option<ExecutionView>>> + Send;
    /// How the execution of this name went, by state; `None` as of [`Workflows::describe`].
    fn history(&self, name: &str) -> impl Future<Output = CloudResult<Option<ExecutionHistory>>> + Send;
}
