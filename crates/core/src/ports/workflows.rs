//! Executions of the tier-transition state machine.

use super::CloudResult;
use crate::time::Timestamp;
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

/// What is known of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionView {
    /// Where it stands.
    pub status: ExecutionStatus,
    /// When it ended, if it has.
    pub stopped_at: Option<Timestamp>,
}

/// Starts and looks at executions of one state machine.
pub trait Workflows: Sync {
    /// The ARN an execution of this name has or would have. No call is made.
    fn execution_arn(&self, name: &str) -> String;
    /// Starts an execution. Of that name and input already running: fine, it is that one. Ended: `AlreadyExists`.
    fn start(&self, name: &str, input: &Value) -> impl Future<Output = CloudResult<()>> + Send;
    /// The execution of this name; `None` if there never was one (or it is past its 90 days).
    fn describe(&self, name: &str) -> impl Future<Output = CloudResult<Option<ExecutionView>>> + Send;
}
