//! Executions of the tier-transition state machine.

mod history;

use crate::Aws;
use crate::refusal::{Call, Said, Service, absent};
use aws_sdk_sfn::types::ExecutionStatus as Theirs;
use capstan_core::ports::{
    CloudErrorKind, CloudResult, ExecutionHistory, ExecutionStatus, ExecutionView, Workflows,
};
use capstan_core::time::Timestamp;
use serde_json::Value;

/// Events on a page: as many as there may be.
const PAGE: i32 = 1_000;

const SERVICE: Service = Service { name: "states", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        "ExecutionAlreadyExists" => CloudErrorKind::AlreadyExists,
        "ExecutionDoesNotExist" => CloudErrorKind::NotFound,
        "ExecutionLimitExceeded" => CloudErrorKind::Quota,
        "StateMachineDeleting" => CloudErrorKind::Busy,
        "KmsThrottling" => CloudErrorKind::Throttled,
        "KmsAccessDenied" | "KmsInvalidState" => CloudErrorKind::Denied,
        // The machine's name is a setting: waiting for it won't help.
        "StateMachineDoesNotExist" => CloudErrorKind::Invalid,
        _ => return None,
    })
}

const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

/// The ARN of an execution. An alias or a version at the end of the machine's ARN is not part of it.
fn execution_arn(machine: &str, name: &str) -> String {
    let parts: Vec<&str> = machine.split(':').collect();
    match parts.as_slice() {
        ["arn", partition, "states", region, account, "stateMachine", machine, ..] => {
            format!("arn:{partition}:states:{region}:{account}:execution:{machine}:{name}")
        }
        _ => format!("{machine}:{name}"),
    }
}

impl Aws {
    fn state_machine(&self, call: Call<'_>) -> CloudResult<&str> {
        let words = "environment variable STATE_MACHINE_ARN is missing";
        self.config.state_machine_arn.as_deref().ok_or_else(|| call.refuse(CloudErrorKind::Invalid, words))
    }
}

impl Workflows for Aws {
    fn execution_arn(&self, name: &str) -> String {
        execution_arn(self.config.state_machine_arn.as_deref().unwrap_or("STATE_MACHINE_ARN"), name)
    }

    async fn start(&self, name: &str, input: &Value) -> CloudResult<()> {
        let call = call("StartExecution", name);
        let machine = self.state_machine(call)?;
        let request =
            self.sfn().start_execution().state_machine_arn(machine).name(name).input(input.to_string());
        change!(call, request).map(drop)
    }

    async fn describe(&self, name: &str) -> CloudResult<Option<ExecutionView>> {
        let call = call("DescribeExecution", name);
        let arn = execution_arn(self.state_machine(call)?, name);
        let Some(seen) = absent(look!(call, self.sfn().describe_execution().execution_arn(arn)))? else {
            return Ok(None);
        };
        let stopped =
            seen.stop_date().and_then(|at| at.to_millis().ok()).and_then(|at| u64::try_from(at).ok());
        Ok(Some(ExecutionView {
            status: match seen.status() {
                Theirs::Succeeded => ExecutionStatus::Succeeded,
                Theirs::Failed => ExecutionStatus::Failed,
                Theirs::TimedOut => ExecutionStatus::TimedOut,
                Theirs::Aborted => ExecutionStatus::Aborted,
                _ => ExecutionStatus::Running,
            },
            stopped_at: stopped.map(Timestamp::from_millis),
        }))
    }

    /// All pages: a history has 25 000 events at most, which are 25 of them. Payloads stay where they are.
    async fn history(&self, name: &str) -> CloudResult<Option<ExecutionHistory>> {
        let call = call("GetExecutionHistory", name);
        let arn = execution_arn(self.state_machine(call)?, name);
        let request = self.sfn().get_execution_history().execution_arn(arn).max_results(PAGE);
        let mut pages = request.include_execution_data(false).into_paginator().send();
        let mut told = history::Told::default();
        while let Some(page) = pages.next().await {
            let Some(page) = absent(page.map_err(|error| call.unseen(&error)))? else {
                return Ok(None);
            };
            for event in page.events() {
                told.take(event);
            }
        }
        Ok(Some(told.sum()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{
        AlreadyExists, Busy, Invalid, NotFound, Quota, Throttled, Unknown,
    };

    #[test]
    fn refusals_mean_what_they_say() {
        for (operation, status, code, kind) in [
            ("StartExecution", 400, "ExecutionAlreadyExists", AlreadyExists),
            ("StartExecution", 400, "ExecutionLimitExceeded", Quota),
            ("StartExecution", 400, "StateMachineDoesNotExist", Invalid),
            ("StartExecution", 400, "StateMachineDeleting", Busy),
            ("StartExecution", 400, "InvalidExecutionInput", Invalid),
            ("StartExecution", 400, "ThrottlingException", Throttled),
            ("StartExecution", 500, "InternalFailure", Unknown),
            ("DescribeExecution", 400, "ExecutionDoesNotExist", NotFound),
            ("GetExecutionHistory", 400, "ExecutionDoesNotExist", NotFound),
        ] {
            assert_eq!(told(SERVICE, operation, status, code, ""), kind, "{operation}: {code}");
        }
    }

    #[test]
    fn an_executions_arn_follows_from_the_machines() {
        let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
        let execution = "arn:aws:states:us-east-1:123456789012:execution:m:e";
        assert_eq!(execution_arn(machine, "e"), execution);
        assert_eq!(execution_arn(&format!("{machine}:live"), "e"), execution);
    }
}
