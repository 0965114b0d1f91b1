//! Lambda functions as resources.

use crate::Aws;
use crate::refusal::{Call, Said, Service, absent, count, counted};
use aws_sdk_lambda::types::{
    Environment, EventSourceMappingConfiguration, EventSourcePosition, LastUpdateStatus, State,
};
use capstan_core::ports::{CloudErrorKind, CloudResult, Concurrency, Feed, Feeds, FunctionView, Functions};
use std::collections::{BTreeMap, HashMap};

const SERVICE: Service = Service { name: "lambda", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        // There is such a mapping already; of a function, it is being changed.
        "ResourceConflict" if said.operation == "CreateEventSourceMapping" => CloudErrorKind::AlreadyExists,
        // The last: the configuration is no more of that revision.
        "ResourceConflict" | "ResourceInUse" | "ResourceNotReady" | "PreconditionFailed" => {
            CloudErrorKind::Busy
        }
        "TooManyRequests" => CloudErrorKind::Throttled,
        _ => return None,
    })
}

const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

impl Functions for Aws {
    async fn function(&self, name: &str) -> CloudResult<Option<FunctionView>> {
        let request = self.functions().get_function_configuration().function_name(name);
        let seen = absent(look!(call("GetFunctionConfiguration", name), request))?;
        let Some(seen) = seen else { return Ok(None) };
        let settled = !matches!(seen.last_update_status, Some(LastUpdateStatus::InProgress))
            && !matches!(seen.state, Some(State::Pending));
        let environment = seen.environment.and_then(|environment| environment.variables).unwrap_or_default();
        let revision = seen.revision_id.unwrap_or_default();
        Ok(Some(FunctionView { settled, environment: environment.into_iter().collect(), revision }))
    }

    async fn set_environment(
        &self,
        name: &str,
        environment: &BTreeMap<String, String>,
        revision: &str,
    ) -> CloudResult<()> {
        let variables: HashMap<String, String> = environment.clone().into_iter().collect();
        let environment = Environment::builder().set_variables(Some(variables)).build();
        let request = self.functions().update_function_configuration().function_name(name);
        let request = request.environment(environment).revision_id(revision);
        change!(call("UpdateFunctionConfiguration", name), request).map(drop)
    }
}

impl Concurrency for Aws {
    async fn reserved(&self, function: &str) -> CloudResult<Option<u32>> {
        let request = self.functions().get_function_concurrency().function_name(function);
        let answer = look!(call("GetFunctionConcurrency", function), request)?;
        Ok(answer.reserved_concurrent_executions.map(|kept| counted(Some(kept))))
    }

    async fn unreserved(&self) -> CloudResult<u32> {
        let answer = look!(call("GetAccountSettings", "account"), self.functions().get_account_settings())?;
        Ok(counted(answer.account_limit.and_then(|limit| limit.unreserved_concurrent_executions)))
    }

    async fn set_reserved(&self, function: &str, reserved: Option<u32>) -> CloudResult<()> {
        let Some(reserved) = reserved else {
            let request = self.functions().delete_function_concurrency().function_name(function);
            return change!(call("DeleteFunctionConcurrency", function), request).map(drop);
        };
        let request = self.functions().put_function_concurrency().function_name(function);
        let request = request.reserved_concurrent_executions(count(reserved));
        change!(call("PutFunctionConcurrency", function), request).map(drop)
    }
}

fn feed(seen: &EventSourceMappingConfiguration) -> Option<Feed> {
    Some(Feed {
        id: seen.uuid()?.to_owned(),
        stream_arn: seen.event_source_arn()?.to_owned(),
        enabled: seen.state() == Some("Enabled"),
    })
}

impl Feeds for Aws {
    async fn feeds(&self, function: &str) -> CloudResult<Vec<Feed>> {
        let request = self.functions().list_event_source_mappings().function_name(function);
        let pages = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let seen = pages.map_err(|error| call("ListEventSourceMappings", function).unseen(&error))?;
        // One that is on its way out is as good as gone.
        Ok(seen.iter().filter(|one| one.state() != Some("Deleting")).filter_map(feed).collect())
    }

    async fn create_feed(&self, function: &str, stream_arn: &str, like: &str) -> CloudResult<()> {
        let request = self.functions().get_event_source_mapping().uuid(like);
        let like = look!(call("GetEventSourceMapping", like), request)?;
        let filters = like.filter_criteria;
        let request = self
            .functions()
            .create_event_source_mapping()
            .function_name(function)
            .event_source_arn(stream_arn)
            .starting_position(EventSourcePosition::TrimHorizon)
            .enabled(true)
            .set_batch_size(like.batch_size)
            .set_maximum_batching_window_in_seconds(like.maximum_batching_window_in_seconds)
            .set_parallelization_factor(like.parallelization_factor)
            .set_bisect_batch_on_function_error(like.bisect_batch_on_function_error)
            .set_function_response_types(like.function_response_types)
            .set_maximum_retry_attempts(like.maximum_retry_attempts)
            .set_maximum_record_age_in_seconds(like.maximum_record_age_in_seconds)
            .set_destination_config(like.destination_config)
            .set_filter_criteria(filters);
        change!(call("CreateEventSourceMapping", function), request).map(drop)
    }

    async fn delete_feed(&self, id: &str) -> CloudResult<()> {
        let request = self.functions().delete_event_source_mapping().uuid(id);
        change!(call("DeleteEventSourceMapping", id), request).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::SERVICE;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{AlreadyExists, Busy, Invalid, NotFound, Throttled};

    #[test]
    fn refusals_mean_what_they_say() {
        for (operation, status, code, kind) in [
            ("GetFunctionConfiguration", 404, "ResourceNotFoundException", NotFound),
            ("UpdateFunctionConfiguration", 409, "ResourceConflictException", Busy),
            ("UpdateFunctionConfiguration", 412, "PreconditionFailedException", Busy),
            ("CreateEventSourceMapping", 409, "ResourceConflictException", AlreadyExists),
            ("DeleteEventSourceMapping", 400, "ResourceInUseException", Busy),
            ("PutFunctionConcurrency", 400, "InvalidParameterValueException", Invalid),
            ("GetFunctionConfiguration", 429, "TooManyRequestsException", Throttled),
        ] {
            assert_eq!(told(SERVICE, operation, status, code, ""), kind, "{operation}: {code}");
        }
    }
}
