//! Alarms, subscriptions, how the parts are, and the bill.

use super::{Ports, named};
use crate::operation::Operation;
use capstan_core::ports::{
    Alarm, AlarmAction, AlarmState, Alarms, CloudResult, DayBill, FunctionVitals, Protocol, Spending,
    Subscription, Subscriptions, Table, TableVitals, Vitals,
};
use capstan_core::time::{Millis, Timestamp};

impl Alarms for Ports {
    async fn alarms(&self, prefix: &str) -> CloudResult<Vec<Alarm>> {
        self.look(Operation::DescribeAlarms, prefix, |world| world.alarms(prefix)).await
    }
    async fn alarm(&self, name: &str) -> CloudResult<Option<Alarm>> {
        self.look(Operation::DescribeAlarms, name, |world| world.alarm(name)).await
    }
    async fn set_alarm_state(&self, name: &str, state: AlarmState, reason: &str) -> CloudResult<()> {
        let operation = Operation::SetAlarmState;
        let answer = self.call(operation, name, |world, _| world.change_alarm(name, state, reason)).await;
        named(operation, name, answer)
    }
    async fn alarm_actions(&self, name: &str, since: Timestamp) -> CloudResult<Vec<AlarmAction>> {
        self.look(Operation::DescribeAlarmHistory, name, |world| world.alarm_actions(name, since)).await
    }
}

impl Subscriptions for Ports {
    async fn subscriptions(&self) -> CloudResult<Vec<Subscription>> {
        self.look(Operation::ListSubscriptionsByTopic, "", crate::World::subscriptions).await
    }
    async fn subscribe(&self, protocol: Protocol, endpoint: &str) -> CloudResult<()> {
        let operation = Operation::Subscribe;
        let answer = self.call(operation, endpoint, |world, _| world.subscribe(protocol, endpoint)).await;
        named(operation, endpoint, answer)
    }
    async fn unsubscribe(&self, arn: &str) -> CloudResult<()> {
        let operation = Operation::Unsubscribe;
        let answer = self
            .call(operation, arn, |world, _| {
                world.unsubscribe(arn);
                Ok(())
            })
            .await;
        named(operation, arn, answer)
    }
}

impl Vitals for Ports {
    async fn function_vitals(&self, name: &str) -> CloudResult<Option<FunctionVitals>> {
        self.look(Operation::GetFunctionConfiguration, name, |world| world.function_vitals(name)).await
    }
    async fn table_vitals(&self, table: Table) -> CloudResult<Option<TableVitals>> {
        let homes = &self.homes;
        self.look(Operation::DescribeTable, table.name(), |world| world.table_vitals(homes, table)).await
    }
    /// How long the oldest record on the stream has waited.
    async fn stream_age(&self, function: &str) -> CloudResult<Option<Millis>> {
        let (oldest, now) = (self.world.stream_after(0, 1), self.world.now());
        let age = oldest.ok().and_then(|records| records.first().map(|record| now.since(record.at)));
        let read = |world: &crate::World| age.filter(|_| world.deployment.functions.contains_key(function));
        self.look(Operation::GetMetricData, function, read).await
    }
}

impl Spending for Ports {
    async fn days_billed(&self, from: Timestamp, until: Timestamp) -> CloudResult<Vec<DayBill>> {
        self.look(Operation::GetCostAndUsage, "", |world| world.days_billed(from, until)).await
    }
}
