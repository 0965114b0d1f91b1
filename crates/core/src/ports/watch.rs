//! What watches the system and whom it tells: `CloudWatch` alarms, subscriptions of a topic, the health of the parts, the bill.

use super::{CloudResult, Table};
use crate::money::Usd;
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;

/// `StateValue` of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// All is well.
    Ok,
    /// It rings.
    Alarm,
    /// There is nothing to tell by.
    InsufficientData,
}

/// An alarm as it is, of a metric or composite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: AlarmState,
    /// Why it is in that state, in the words of whoever set it.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// What it does on `ALARM`: ARNs, where actions are enabled.
    pub actions: Vec<String>,
}

/// An action that an alarm has carried out, or tried to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmAction {
    /// When.
    pub at: Timestamp,
    /// Whether it went well, as far as `CloudWatch` tells.
    pub succeeded: bool,
    /// Its words, which name what was called.
    pub summary: String,
}

/// Alarms.
pub trait Alarms: Sync {
    /// The alarms whose names begin so, in the order of their names.
    fn alarms(&self, prefix: &str) -> impl Future<Output = CloudResult<Vec<Alarm>>> + Send;
    /// The alarm of this name.
    fn alarm(&self, name: &str) -> impl Future<Output = CloudResult<Option<Alarm>>> + Send;
    /// Puts an alarm into a state until it is reckoned anew, as if it had come to it by itself: its actions are carried out
    /// where the state is another than before. `NotFound` if there is none.
    fn set_alarm_state(
        &self,
        name: &str,
        state: AlarmState,
        reason: &str,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// What an alarm's actions came to since then, the earliest first. They show some moments late.
    fn alarm_actions(
        &self,
        name: &str,
        since: Timestamp,
    ) -> impl Future<Output = CloudResult<Vec<AlarmAction>>> + Send;
}

/// How word reaches a subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// An e-mail address.
    Email,
    /// A URL, such as a pager's.
    Https,
    /// Whatever else is subscribed by other ways.
    Other,
}

/// A subscription of the topic of critical alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its ARN; `None` until whoever was subscribed has confirmed: nothing is sent before, and it can't be removed.
    pub arn: Option<String>,
    /// How.
    pub protocol: Protocol,
    /// To where.
    pub endpoint: String,
}

/// The subscriptions of the topic of critical alerts.
pub trait Subscriptions: Sync {
    /// All of them.
    fn subscriptions(&self) -> impl Future<Output = CloudResult<Vec<Subscription>>> + Send;
    /// Subscribes; whoever it is has to confirm. The same once more asks for the confirmation anew.
    fn subscribe(&self, protocol: Protocol, endpoint: &str) -> impl Future<Output = CloudResult<()>> + Send;
    /// Removes a confirmed subscription; one that is gone is no error.
    fn unsubscribe(&self, arn: &str) -> impl Future<Output = CloudResult<()>> + Send;
}

/// What a function is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionVitals {
    /// `State`: `Active` serves; `Inactive` serves after a while.
    pub state: String,
    /// `LastUpdateStatus`.
    pub last_update: String,
    /// Why, where it is not well.
    pub reason: Option<String>,
}

/// What a table is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableVitals {
    /// `TableStatus`, such as `ACTIVE`.
    pub status: String,
    /// Whether it can be brought back to any second of the last 35 days.
    pub point_in_time_recovery: bool,
    /// Whether rows go by themselves when their time is over.
    pub time_to_live: bool,
}

/// How the parts of the system are.
pub trait Vitals: Sync {
    /// The function of this name in the cloud.
    fn function_vitals(&self, name: &str)
    -> impl Future<Output = CloudResult<Option<FunctionVitals>>> + Send;
    /// A table.
    fn table_vitals(&self, table: Table) -> impl Future<Output = CloudResult<Option<TableVitals>>> + Send;
    /// How old the last records were that the function of this name in the cloud read from its stream, at the worst in the
    /// last ten minutes; `None`: it read none.
    fn stream_age(&self, function: &str) -> impl Future<Output = CloudResult<Option<Millis>>> + Send;
}

/// What was billed of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayBill {
    /// The day's first instant, UTC.
    pub day: Timestamp,
    /// What each service cost, by its name on the bill; those that cost nothing may be left out.
    pub by_service: BTreeMap<String, Usd>,
    /// Whether it may still grow.
    pub estimated: bool,
}

/// What the account was billed, or the part of it that bears the cost tag that is configured.
pub trait Spending: Sync {
    /// The days from the day of `from` until the day of `until`, both included, in order. A question costs a cent.
    fn days_billed(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = CloudResult<Vec<DayBill>>> + Send;
}
