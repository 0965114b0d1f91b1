//! How functions, tables and the stream are: by Lambda, `DynamoDB` and `CloudWatch`.

use crate::Aws;
use crate::cloudwatch;
use crate::refusal::{Call, Service, absent};
use aws_sdk_dynamodb::types::{PointInTimeRecoveryStatus, TimeToLiveStatus};
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use capstan_core::ports::{Clock, CloudResult, FunctionVitals, Table, TableVitals, Vitals};
use capstan_core::time::{Millis, Timestamp};

const LAMBDA: Service = Service { name: "lambda", table: |_| None };
const DYNAMODB: Service = Service { name: "dynamodb", table: dynamodb };
/// How far back the stream's age is looked for.
const WINDOW: Millis = Millis::minutes(10);

/// What the service's refusals mean, of calls about tables.
fn dynamodb(said: crate::refusal::Said<'_>) -> Option<capstan_core::ports::CloudErrorKind> {
    (said.code == "TableNotFound").then_some(capstan_core::ports::CloudErrorKind::NotFound)
}

fn function(seen: &GetFunctionConfigurationOutput) -> FunctionVitals {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    FunctionVitals {
        // Those that were made before the service had states have none, and run.
        state: seen.state().map_or("Active", aws_sdk_lambda::types::State::as_str).to_owned(),
        last_update: seen
            .last_update_status()
            .map_or("Successful", aws_sdk_lambda::types::LastUpdateStatus::as_str)
            .to_owned(),
        reason: text(seen.state_reason()).or_else(|| text(seen.last_update_status_reason())),
    }
}

impl Vitals for Aws {
    async fn function_vitals(&self, name: &str) -> CloudResult<Option<FunctionVitals>> {
        let call = Call { service: LAMBDA, operation: "GetFunctionConfiguration", resource: name };
        let request = self.functions().get_function_configuration().function_name(name);
        Ok(absent(look!(call, request))?.map(|seen| function(&seen)))
    }

    async fn table_vitals(&self, table: Table) -> CloudResult<Option<TableVitals>> {
        let name = self.table_name(table);
        let call = |operation| Call { service: DYNAMODB, operation, resource: &name };
        let described = look!(call("DescribeTable"), self.dynamodb().describe_table().table_name(&name));
        let Some(described) = absent(described)? else { return Ok(None) };
        let status = described.table.and_then(|table| table.table_status);
        let request = self.dynamodb().describe_continuous_backups().table_name(&name);
        let Some(backups) = absent(look!(call("DescribeContinuousBackups"), request))? else {
            return Ok(None);
        };
        let recovery = backups
            .continuous_backups_description
            .and_then(|backups| backups.point_in_time_recovery_description)
            .and_then(|recovery| recovery.point_in_time_recovery_status);
        let request = self.dynamodb().describe_time_to_live().table_name(&name);
        let Some(lives) = absent(look!(call("DescribeTimeToLive"), request))? else { return Ok(None) };
        let lives = lives.time_to_live_description.and_then(|lives| lives.time_to_live_status);
        Ok(Some(TableVitals {
            status: status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
            point_in_time_recovery: recovery == Some(PointInTimeRecoveryStatus::Enabled),
            time_to_live: matches!(lives, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)),
        }))
    }

    async fn stream_age(&self, name: &str) -> CloudResult<Option<Millis>> {
        let now = self.now();
        let from = Timestamp::from_millis(now.as_millis().saturating_sub(WINDOW.0));
        let query = cloudwatch::stat(name, "AWS/Lambda", "IteratorAge", &[("FunctionName", name)], "Maximum");
        let results = self.metric_data(name, query, from, now).await?;
        let values = results.iter().flat_map(|series| series.values().iter().copied());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
        let oldest = values.reduce(f64::max).map(|age| Millis(age.clamp(0.0, 1e15).ceil() as u64));
        Ok(oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_lambda::types::{LastUpdateStatus, State};

    #[test]
    fn a_function_says_how_it_is_and_why() {
        let seen = GetFunctionConfigurationOutput::builder()
            .state(State::Failed)
            .state_reason("the image is gone")
            .last_update_status(LastUpdateStatus::InProgress)
            .build();
        let seen = function(&seen);
        assert_eq!((seen.state.as_str(), seen.last_update.as_str()), ("Failed", "InProgress"));
        assert_eq!(seen.reason.as_deref(), Some("the image is gone"));
    }
}
