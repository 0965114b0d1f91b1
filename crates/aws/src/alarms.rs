//! Alarms, by `CloudWatch`, and how late a stream is read.

use crate::Aws;
use crate::refusal::{Call, Said, Service};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    AlarmHistoryItem, AlarmType, CompositeAlarm, HistoryItemType, MetricAlarm, ScanBy, StateValue,
};
use capstan_core::ports::{Alarm, AlarmAction, AlarmState, Alarms, CloudErrorKind, CloudResult};
use capstan_core::time::Timestamp;
use serde_json::Value;

const SERVICE: Service = Service { name: "cloudwatch", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        "ResourceNotFound" => CloudErrorKind::NotFound,
        "InternalServiceError" => CloudErrorKind::Unavailable,
        "InvalidFormat" | "InvalidNextToken" => CloudErrorKind::Invalid,
        _ => return None,
    })
}

const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

fn state(theirs: Option<&StateValue>) -> AlarmState {
    match theirs {
        Some(StateValue::Ok) => AlarmState::Ok,
        Some(StateValue::Alarm) => AlarmState::Alarm,
        // Another one is none that tells anything.
        _ => AlarmState::InsufficientData,
    }
}

const fn their_state(ours: AlarmState) -> StateValue {
    match ours {
        AlarmState::Ok => StateValue::Ok,
        AlarmState::Alarm => StateValue::Alarm,
        AlarmState::InsufficientData => StateValue::InsufficientData,
    }
}

fn at(time: Option<&DateTime>) -> Timestamp {
    let millis = time.and_then(|time| time.to_millis().ok()).and_then(|millis| u64::try_from(millis).ok());
    Timestamp::from_millis(millis.unwrap_or_default())
}

fn actions(enabled: Option<bool>, arns: &[String]) -> Vec<String> {
    if enabled == Some(false) { Vec::new() } else { arns.to_vec() }
}

fn of_metric(seen: &MetricAlarm) -> Alarm {
    Alarm {
        name: seen.alarm_name().unwrap_or_default().to_owned(),
        state: state(seen.state_value()),
        reason: seen.state_reason().unwrap_or_default().to_owned(),
        since: at(seen.state_updated_timestamp()),
        actions: actions(seen.actions_enabled(), seen.alarm_actions()),
    }
}

fn composite(seen: &CompositeAlarm) -> Alarm {
    Alarm {
        name: seen.alarm_name().unwrap_or_default().to_owned(),
        state: state(seen.state_value()),
        reason: seen.state_reason().unwrap_or_default().to_owned(),
        since: at(seen.state_updated_timestamp()),
        actions: actions(seen.actions_enabled(), seen.alarm_actions()),
    }
}

/// An item of the history that is about an action on `ALARM`. What it came to is in its data (`actionState`); the words say
/// it too, for those that have no data.
fn action(item: &AlarmHistoryItem) -> Option<AlarmAction> {
    let data: Value =
        item.history_data().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if data["stateUpdateTrigger"].as_str().is_some_and(|state| state != "ALARM") {
        return None;
    }
    let summary = item.history_summary().unwrap_or_default().to_owned();
    let succeeded = match data["actionState"].as_str() {
        Some(state) => state == "Succeeded",
        None => summary.starts_with("Successfully executed action"),
    };
    Some(AlarmAction { at: at(item.timestamp()), succeeded, summary })
}

impl Alarms for Aws {
    async fn alarms(&self, prefix: &str) -> CloudResult<Vec<Alarm>> {
        let request = self.cloudwatch().describe_alarms().alarm_name_prefix(prefix);
        let request = request.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
        let mut pages = request.into_paginator().send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call("DescribeAlarms", prefix).unseen(&error))?;
            all.extend(page.metric_alarms().iter().map(of_metric));
            all.extend(page.composite_alarms().iter().map(composite));
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    async fn alarm(&self, name: &str) -> CloudResult<Option<Alarm>> {
        let request = self.cloudwatch().describe_alarms().alarm_names(name);
        let request = request.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
        let seen = look!(call("DescribeAlarms", name), request)?;
        let first = seen.metric_alarms().first().map(of_metric);
        Ok(first.or_else(|| seen.composite_alarms().first().map(composite)))
    }

    async fn set_alarm_state(&self, name: &str, wanted: AlarmState, reason: &str) -> CloudResult<()> {
        let request = self.cloudwatch().set_alarm_state().alarm_name(name);
        let request = request.state_value(their_state(wanted)).state_reason(reason);
        change!(call("SetAlarmState", name), request).map(drop)
    }

    async fn alarm_actions(&self, name: &str, since: Timestamp) -> CloudResult<Vec<AlarmAction>> {
        let from = DateTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        let request = self.cloudwatch().describe_alarm_history().alarm_name(name);
        let request = request.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
        let request = request.history_item_type(HistoryItemType::Action).start_date(from);
        // Without an end the service may take its own time for now.
        let request = request.scan_by(ScanBy::TimestampAscending);
        let mut pages = request.into_paginator().send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call("DescribeAlarmHistory", name).unseen(&error))?;
            let items = page.alarm_history_items().iter();
            all.extend(items.filter_map(action).filter(|action| action.at >= since));
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{Denied, Invalid, NotFound, Throttled, Unavailable, Unknown};

    #[test]
    fn refusals_mean_what_they_say() {
        for (operation, status, code, kind) in [
            ("SetAlarmState", 404, "ResourceNotFound", NotFound),
            ("SetAlarmState", 400, "InvalidFormat", Invalid),
            ("SetAlarmState", 500, "InternalServiceError", Unknown),
            ("DescribeAlarms", 500, "InternalServiceError", Unavailable),
            ("DescribeAlarms", 400, "Throttling", Throttled),
            ("DescribeAlarmHistory", 403, "AccessDenied", Denied),
        ] {
            assert_eq!(told(SERVICE, operation, status, code, ""), kind, "{operation} {code}");
        }
    }

    #[test]
    fn an_action_is_told_from_one_that_failed_and_from_one_on_ok() {
        let item = |data: &str, summary: &str| {
            action(&AlarmHistoryItem::builder().history_data(data).history_summary(summary).build())
        };
        let done = r#"{"actionState":"Succeeded","stateUpdateTrigger":"ALARM"}"#;
        let failed = r#"{"actionState":"Failed","error":"no rights"}"#;
        assert!(item(done, "Successfully executed action arn").unwrap().succeeded);
        assert!(!item(failed, "Failed to execute action arn").unwrap().succeeded);
        assert!(item("", "Successfully executed action arn").unwrap().succeeded);
        assert!(!item("", "Failed to execute action arn").unwrap().succeeded);
        assert_eq!(item(r#"{"actionState":"Succeeded","stateUpdateTrigger":"OK"}"#, "Successfully"), None);
    }

    #[test]
    fn actions_that_are_switched_off_are_none() {
        let arns = ["arn".to_owned()];
        assert_eq!(actions(Some(false), &arns), Vec::<String>::new());
        assert_eq!((actions(Some(true), &arns).len(), actions(None, &arns).len()), (1, 1));
    }
}
