//! Tables as resources: their settings, backups, restores, and how many rows they have.

use crate::Aws;
use crate::refusal::{Call, Said, Service, absent};
use aws_sdk_dynamodb::types::{
    AttributeValue, BackupTypeFilter, BillingMode, PointInTimeRecoverySpecification,
    PointInTimeRecoveryStatus, ProvisionedThroughput, ProvisionedThroughputDescription, Select,
    StreamSpecification, StreamViewType, TableDescription, TableStatus as Theirs, Tag,
    TimeToLiveSpecification, TimeToLiveStatus,
};
use aws_smithy_types::DateTime;
use capstan_core::ports::{
    Backup, Capacity, CloudError, CloudErrorKind, CloudResult, CountedRows, RestoreFrom, TableBackups,
    TableRows, TableSetting, TableStatus, TableView, Tables,
};
use capstan_core::time::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

const SERVICE: Service = Service { name: "dynamodb", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        "TableNotFound" | "BackupNotFound" => CloudErrorKind::NotFound,
        "TableAlreadyExists" => CloudErrorKind::AlreadyExists,
        "TableInUse" | "BackupInUse" | "ContinuousBackupsUnavailable" | "ResourceInUse" => {
            CloudErrorKind::Busy
        }
        "InvalidRestoreTime" | "PointInTimeRecoveryUnavailable" => CloudErrorKind::Invalid,
        // Switches of the mode, and too many tables or changes at once.
        "LimitExceeded" => CloudErrorKind::Quota,
        "Validation" if said.mentions(&["once in", "times within 24 hours"]) => CloudErrorKind::Quota,
        _ => return None,
    })
}

const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

fn time(at: DateTime) -> Timestamp {
    Timestamp::from_millis(at.to_millis().ok().and_then(|millis| u64::try_from(millis).ok()).unwrap_or(0))
}

fn date(at: Timestamp) -> DateTime {
    DateTime::from_millis(i64::try_from(at.as_millis()).unwrap_or(i64::MAX))
}

fn units(units: Option<i64>) -> u32 {
    units.and_then(|units| u32::try_from(units).ok()).unwrap_or(0)
}

fn capacity(seen: &TableDescription) -> Capacity {
    let mode = seen.billing_mode_summary().and_then(|summary| summary.billing_mode());
    if mode == Some(&BillingMode::PayPerRequest) {
        return Capacity::OnDemand;
    }
    let throughput = seen.provisioned_throughput();
    Capacity::Provisioned {
        read: units(throughput.and_then(ProvisionedThroughputDescription::read_capacity_units)),
        write: units(throughput.and_then(ProvisionedThroughputDescription::write_capacity_units)),
    }
}

fn throughput(read: u32, write: u32, call: Call<'_>) -> CloudResult<ProvisionedThroughput> {
    let built = ProvisionedThroughput::builder()
        .read_capacity_units(i64::from(read))
        .write_capacity_units(i64::from(write))
        .build();
    built.map_err(|error| call.refuse(CloudErrorKind::Invalid, error.to_string()))
}

/// A change that was made before is made.
fn already(result: CloudResult<()>, words: &str) -> CloudResult<()> {
    match result {
        Err(CloudError { kind: CloudErrorKind::Invalid, message, .. }) if message.contains(words) => Ok(()),
        result => result,
    }
}

impl Aws {
    async fn describe_table(&self, name: &str) -> CloudResult<TableDescription> {
        let call = call("DescribeTable", name);
        let answer = look!(call, self.dynamodb().describe_table().table_name(name))?;
        call.need(answer.table, "Table")
    }

    async fn expires_by(&self, name: &str) -> CloudResult<Option<String>> {
        let request = self.dynamodb().describe_time_to_live().table_name(name);
        let answer = look!(call("DescribeTimeToLive", name), request)?;
        let seen = answer.time_to_live_description;
        let on = |status: Option<&TimeToLiveStatus>| {
            matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
        };
        let seen = seen.filter(|seen| on(seen.time_to_live_status()));
        Ok(seen.and_then(|seen| seen.attribute_name))
    }

    async fn recoverable(&self, name: &str) -> CloudResult<Option<(Timestamp, Timestamp)>> {
        let request = self.dynamodb().describe_continuous_backups().table_name(name);
        let answer = look!(call("DescribeContinuousBackups", name), request)?;
        let seen =
            answer.continuous_backups_description.and_then(|seen| seen.point_in_time_recovery_description);
        let on =
            |status: Option<&PointInTimeRecoveryStatus>| status == Some(&PointInTimeRecoveryStatus::Enabled);
        let Some(seen) = seen.filter(|seen| on(seen.point_in_time_recovery_status())) else {
            return Ok(None);
        };
        // Just after it was switched on there is no window yet.
        let from = seen.earliest_restorable_date_time.map_or(Timestamp::from_millis(0), time);
        Ok(Some((from, seen.latest_restorable_date_time.map_or(from, time))))
    }

    async fn table_tags(&self, name: &str, arn: &str) -> CloudResult<BTreeMap<String, String>> {
        let (mut tags, mut next) = (BTreeMap::new(), None);
        loop {
            let request = self.dynamodb().list_tags_of_resource().resource_arn(arn).set_next_token(next);
            let page = look!(call("ListTagsOfResource", name), request)?;
            tags.extend(page.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
            next = page.next_token;
            if next.is_none() {
                return Ok(tags);
            }
        }
    }

    async fn tag_table(&self, name: &str, tags: &BTreeMap<String, String>) -> CloudResult<()> {
        let told = call("TagResource", name);
        let arn = told.need(self.describe_table(name).await?.table_arn, "TableArn")?;
        let mut request = self.dynamodb().tag_resource().resource_arn(arn);
        for (key, value) in tags {
            let tag = Tag::builder().key(key).value(value).build();
            request =
                request.tags(tag.map_err(|error| told.refuse(CloudErrorKind::Invalid, error.to_string()))?);
        }
        change!(told, request).map(drop)
    }

    async fn set_expiry(&self, name: &str, attribute: &str) -> CloudResult<()> {
        let told = call("UpdateTimeToLive", name);
        let built = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build();
        let built = built.map_err(|error| told.refuse(CloudErrorKind::Invalid, error.to_string()))?;
        let request =
            self.dynamodb().update_time_to_live().table_name(name).time_to_live_specification(built);
        already(change!(told, request).map(drop), "already enabled")
    }

    async fn set_recoverable(&self, name: &str) -> CloudResult<()> {
        let told = call("UpdateContinuousBackups", name);
        let built = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true).build();
        let built = built.map_err(|error| told.refuse(CloudErrorKind::Invalid, error.to_string()))?;
        let request = self.dynamodb().update_continuous_backups().table_name(name);
        change!(told, request.point_in_time_recovery_specification(built)).map(drop)
    }
}

impl Tables for Aws {
    async fn table(&self, name: &str) -> CloudResult<Option<TableView>> {
        let Some(seen) = absent(self.describe_table(name).await)? else { return Ok(None) };
        let status = match seen.table_status() {
            Some(Theirs::Creating) => TableStatus::Creating,
            Some(Theirs::Active) => TableStatus::Active,
            Some(Theirs::Deleting) => TableStatus::Deleting,
            Some(Theirs::Archiving | Theirs::Archived | Theirs::InaccessibleEncryptionCredentials) => {
                TableStatus::Failed
            }
            _ => TableStatus::Updating,
        };
        let mut view = TableView {
            status,
            capacity: capacity(&seen),
            on_demand_since: seen
                .billing_mode_summary()
                .and_then(|summary| summary.last_update_to_pay_per_request_date_time().copied())
                .map(time),
            protected: seen.deletion_protection_enabled() == Some(true),
            stream_arn: seen
                .stream_specification()
                .filter(|stream| stream.stream_enabled())
                .and_then(|_| seen.latest_stream_arn().map(str::to_owned)),
            expires_by: None,
            recoverable: None,
            tags: BTreeMap::new(),
        };
        // What is being made or deleted can't be asked for the rest.
        if matches!(status, TableStatus::Active | TableStatus::Updating) {
            view.expires_by = absent(self.expires_by(name).await)?.flatten();
            view.recoverable = absent(self.recoverable(name).await)?.flatten();
            if let Some(arn) = seen.table_arn() {
                view.tags = absent(self.table_tags(name, arn).await)?.unwrap_or_default();
            }
        }
        Ok(Some(view))
    }

    async fn set_table(&self, name: &str, setting: &TableSetting) -> CloudResult<()> {
        let told = call("UpdateTable", name);
        let update = self.dynamodb().update_table().table_name(name);
        let update = match setting {
            TableSetting::ExpiresBy(attribute) => return self.set_expiry(name, attribute).await,
            TableSetting::Recoverable => return self.set_recoverable(name).await,
            TableSetting::Tags(tags) => return self.tag_table(name, tags).await,
            TableSetting::Protected(protected) => update.deletion_protection_enabled(*protected),
            TableSetting::Stream => {
                let stream = StreamSpecification::builder().stream_enabled(true);
                let stream = stream.stream_view_type(StreamViewType::NewImage).build();
                update.stream_specification(
                    stream.map_err(|error| told.refuse(CloudErrorKind::Invalid, error.to_string()))?,
                )
            }
            TableSetting::Capacity(Capacity::OnDemand) => update.billing_mode(BillingMode::PayPerRequest),
            TableSetting::Capacity(Capacity::Provisioned { read, write }) => update
                .billing_mode(BillingMode::Provisioned)
                .provisioned_throughput(throughput(*read, *write, told)?),
        };
        change!(told, update).map(drop)
    }

    async fn delete_table(&self, name: &str) -> CloudResult<()> {
        change!(call("DeleteTable", name), self.dynamodb().delete_table().table_name(name)).map(drop)
    }
}

impl TableBackups for Aws {
    async fn backups(&self, table: &str) -> CloudResult<Vec<Backup>> {
        let (mut backups, mut after) = (Vec::new(), None);
        loop {
            let request = self.dynamodb().list_backups().table_name(table).backup_type(BackupTypeFilter::All);
            let page = look!(call("ListBackups", table), request.set_exclusive_start_backup_arn(after))?;
            for seen in page.backup_summaries.unwrap_or_default() {
                let (Some(arn), Some(name), Some(at)) =
                    (seen.backup_arn, seen.backup_name, seen.backup_creation_date_time)
                else {
                    continue;
                };
                backups.push(Backup { arn, name, table: table.to_owned(), made_at: time(at) });
            }
            after = page.last_evaluated_backup_arn;
            if after.is_none() {
                backups.sort_by_key(|backup| std::cmp::Reverse(backup.made_at));
                return Ok(backups);
            }
        }
    }

    async fn restore_table(&self, source: &str, target: &str, from: &RestoreFrom) -> CloudResult<()> {
        match from {
            RestoreFrom::PointInTime(at) => {
                let request = self.dynamodb().restore_table_to_point_in_time().source_table_name(source);
                let request = request.target_table_name(target).restore_date_time(date(*at));
                change!(call("RestoreTableToPointInTime", target), request).map(drop)
            }
            RestoreFrom::Backup(arn) => {
                let request = self.dynamodb().restore_table_from_backup().backup_arn(arn);
                change!(call("RestoreTableFromBackup", target), request.target_table_name(target)).map(drop)
            }
        }
    }
}

/// A key as a text to go on after: text is text, a number a number.
fn to_cursor(key: HashMap<String, AttributeValue>) -> Option<String> {
    let mut members = Map::new();
    for (name, value) in key {
        let value = match value {
            AttributeValue::S(text) => Value::String(text),
            AttributeValue::N(digits) => Value::Number(digits.parse::<u64>().ok()?.into()),
            _ => return None,
        };
        members.insert(name, value);
    }
    Some(Value::Object(members).to_string())
}

fn of_cursor(cursor: &str) -> Option<HashMap<String, AttributeValue>> {
    let Value::Object(members) = serde_json::from_str(cursor).ok()? else { return None };
    let value = |value| match value {
        Value::String(text) => Some(AttributeValue::S(text)),
        Value::Number(number) => Some(AttributeValue::N(number.to_string())),
        _ => None,
    };
    members.into_iter().map(|(name, member)| Some((name, value(member)?))).collect()
}

impl TableRows for Aws {
    async fn count_rows(
        &self,
        table: &str,
        until: Timestamp,
        after: Option<&str>,
    ) -> CloudResult<CountedRows> {
        let told = call("Scan", table);
        let start = after.map(|after| {
            of_cursor(after)
                .ok_or_else(|| told.refuse(CloudErrorKind::Invalid, format!("`{after}` is no key")))
        });
        let request = self
            .dynamodb()
            .scan()
            .table_name(table)
            .select(Select::Count)
            .filter_expression("#t <= :t")
            .expression_attribute_names("#t", "timestamp")
            .expression_attribute_values(":t", AttributeValue::N((until.as_millis() / 1_000).to_string()))
            .set_exclusive_start_key(start.transpose()?);
        let page = look!(told, request)?;
        let next = match page.last_evaluated_key.filter(|key| !key.is_empty()) {
            None => None,
            Some(key) => Some(told.need(to_cursor(key), "key that can be gone on after")?),
        };
        Ok(CountedRows { rows: u64::from(u32::try_from(page.count).unwrap_or(0)), next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;

    #[test]
    fn refusals_mean_what_they_say() {
        use CloudErrorKind::{AlreadyExists, Busy, Invalid, NotFound, Quota};
        for (operation, code, message, kind) in [
            ("DescribeTable", "ResourceNotFoundException", "Requested resource not found", NotFound),
            ("RestoreTableToPointInTime", "TableNotFoundException", "", NotFound),
            ("RestoreTableToPointInTime", "TableAlreadyExistsException", "", AlreadyExists),
            ("RestoreTableToPointInTime", "InvalidRestoreTimeException", "", Invalid),
            ("RestoreTableFromBackup", "BackupInUseException", "", Busy),
            ("DeleteTable", "ResourceInUseException", "Table is being updated", Busy),
            ("UpdateTable", "LimitExceededException", "Subscriber limit exceeded", Quota),
            (
                "DeleteTable",
                "ValidationException",
                "Resource cannot be deleted as it is currently protected",
                Invalid,
            ),
        ] {
            assert_eq!(told(SERVICE, operation, 400, code, message), kind, "{operation}: {code}");
        }
    }

    #[test]
    fn a_cursor_is_the_key_again() {
        let key = HashMap::from([
            ("hostname".to_owned(), AttributeValue::S("db-1".to_owned())),
            ("timestamp".to_owned(), AttributeValue::N("1795222800".to_owned())),
        ]);
        assert_eq!(of_cursor(&to_cursor(key.clone()).unwrap()), Some(key));
        assert_eq!(of_cursor("[]"), None);
    }

    #[test]
    fn what_was_set_before_is_set() {
        let refused = |words: &str| Err(call("UpdateTimeToLive", "t").refuse(CloudErrorKind::Invalid, words));
        assert!(already(refused("TimeToLive is already enabled"), "already enabled").is_ok());
        assert!(already(refused("no such attribute"), "already enabled").is_err());
    }
}
