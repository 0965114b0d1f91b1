//! What watches the system: its alarms, and who is subscribed to the topic of critical alerts.
//!
//! Which functions and alarms there are, the template says, so whoever runs a world tells it at each start. What became of
//! the alarms and who is subscribed is the world's own, and stored. No alarm is reckoned here: nothing measures a
//! simulated cloud. They are in the state they were put into, as in the real one until they are reckoned anew.

use crate::changes::Entry;
use crate::cloud::{Answer, Part, Refusal, require};
use crate::homes::Homes;
use crate::world::World;
use capstan_core::money::Usd;
use capstan_core::ports::{
    Alarm, AlarmAction, AlarmState, CloudErrorKind, DayBill, FunctionVitals, Protocol, Subscription, Table,
    TableStatus, TableVitals, Throttle,
};
use capstan_core::tier::ResourceKind;
use capstan_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long it takes until somebody has clicked on the link in the mail.
const CONFIRMED_AFTER: Millis = Millis::minutes(2);
/// The most actions of an alarm that are remembered.
const REMEMBERED: usize = 20;

/// What of the template the world does not hold by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployment {
    /// The functions' environments, by name.
    pub functions: BTreeMap<String, BTreeMap<String, String>>,
    /// What feeds functions: the function's name and the table's.
    pub feeds: Vec<(String, String)>,
    /// The tables, by name: which they are, and the attribute by which rows expire.
    pub tables: BTreeMap<String, (Table, Option<String>)>,
    /// The alarms by name, each with the ARNs it calls.
    pub alarms: BTreeMap<String, Vec<String>>,
    /// The limits of usage plans, by their names.
    pub usage_plans: BTreeMap<String, Throttle>,
    /// The ARN of the topic of critical alerts.
    pub topic: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stand {
    state: AlarmState,
    reason: String,
    since: Timestamp,
    actions: Vec<AlarmAction>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Subscriber {
    id: String,
    protocol: Protocol,
    endpoint: String,
    confirmed_at: Timestamp,
}

/// What became of the alarms, and who is subscribed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watch {
    alarms: BTreeMap<String, Stand>,
    subscribers: Vec<Subscriber>,
    /// How many there have ever been.
    subscribed: u64,
}

impl Watch {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn not_found(message: String) -> Refusal {
    Refusal { kind: CloudErrorKind::NotFound, message }
}

impl World {
    /// Tells the world what is deployed. It is not stored: whoever runs a world says so at each start.
    pub fn set_deployment(&mut self, deployment: &Arc<Deployment>) {
        for name in self.cloud.functions.deployed_anew(deployment) {
            self.cloud.functions.0.remove(&name);
            self.changes.demand(|| Entry::Cloud(Part::Function, name));
        }
        self.deployment = Arc::clone(deployment);
    }

    pub(crate) fn alarm(&self, name: &str) -> Option<Alarm> {
        let actions = self.deployment.alarms.get(name)?.clone();
        let stand = self.watch.alarms.get(name);
        Some(Alarm {
            name: name.to_owned(),
            state: stand.map_or(AlarmState::Ok, |stand| stand.state),
            reason: stand
                .map_or_else(|| "no datapoints were received".to_owned(), |stand| stand.reason.clone()),
            since: stand.map_or(self.config.start, |stand| stand.since),
            actions,
        })
    }

    pub(crate) fn alarms(&self, prefix: &str) -> Vec<Alarm> {
        let names = self.deployment.alarms.keys().filter(|name| name.starts_with(prefix));
        names.filter_map(|name| self.alarm(name)).collect()
    }

    /// Puts an alarm into a state, as the service does in answer to `SetAlarmState` or by itself.
    pub fn set_alarm(&mut self, name: &str, state: AlarmState, reason: &str) -> bool {
        self.change_alarm(name, state, reason).is_ok()
    }

    pub(crate) fn change_alarm(&mut self, name: &str, state: AlarmState, reason: &str) -> Answer<()> {
        require(reason.len() <= 1023, || "the reason is longer than 1023 bytes".to_owned())?;
        let before = self.alarm(name).ok_or_else(|| not_found(format!("there is no alarm {name}")))?;
        let (now, changed) = (self.now, before.state != state);
        let stand = self.watch.alarms.entry(name.to_owned()).or_insert_with(|| Stand {
            state: before.state,
            reason: before.reason.clone(),
            since: before.since,
            actions: Vec::new(),
        });
        if changed && state == AlarmState::Alarm {
            stand.actions.extend(before.actions.iter().map(|action| AlarmAction {
                at: now,
                succeeded: true,
                summary: format!("Successfully executed action {action}"),
            }));
            let surplus = stand.actions.len().saturating_sub(REMEMBERED);
            stand.actions.drain(..surplus);
        }
        reason.clone_into(&mut stand.reason);
        if changed {
            (stand.state, stand.since) = (state, now);
        }
        self.changes.demand(|| Entry::Watch);
        Ok(())
    }

    pub(crate) fn alarm_actions(&self, name: &str, since: Timestamp) -> Vec<AlarmAction> {
        let actions = self.watch.alarms.get(name).into_iter().flat_map(|stand| &stand.actions);
        actions.filter(|action| action.at >= since).cloned().collect()
    }

    fn subscription_arn(&self, id: &str) -> String {
        format!("{}:{id}", self.deployment.topic)
    }

    pub(crate) fn subscriptions(&self) -> Vec<Subscription> {
        let seen = |one: &Subscriber| Subscription {
            arn: (one.confirmed_at <= self.now).then(|| self.subscription_arn(&one.id)),
            protocol: one.protocol,
            endpoint: one.endpoint.clone(),
        };
        self.watch.subscribers.iter().map(seen).collect()
    }

    pub(crate) fn subscribe(&mut self, protocol: Protocol, endpoint: &str) -> Answer<()> {
        let fits = match protocol {
            Protocol::Email => endpoint.contains('@'),
            Protocol::Https => endpoint.starts_with("https://"),
            Protocol::Other => false,
        };
        require(fits, || format!("Invalid parameter: {endpoint} is no endpoint of this protocol"))?;
        let known =
            self.watch.subscribers.iter().any(|one| one.protocol == protocol && one.endpoint == endpoint);
        if !known {
            self.watch.subscribed += 1;
            let id = format!("00000000-0000-4000-8000-{:012x}", self.watch.subscribed);
            let confirmed_at = self.now + CONFIRMED_AFTER;
            let endpoint = endpoint.to_owned();
            self.watch.subscribers.push(Subscriber { id, protocol, endpoint, confirmed_at });
            self.changes.demand(|| Entry::Watch);
        }
        Ok(())
    }

    pub(crate) fn unsubscribe(&mut self, arn: &str) {
        let gone = |world: &Self, one: &Subscriber| world.subscription_arn(&one.id) == arn;
        if let Some(index) = self.watch.subscribers.iter().position(|one| gone(self, one)) {
            self.watch.subscribers.remove(index);
            self.changes.demand(|| Entry::Watch);
        }
    }

    pub(crate) fn function_vitals(&self, name: &str) -> Option<FunctionVitals> {
        self.deployment.functions.contains_key(name).then(|| FunctionVitals {
            state: "Active".to_owned(),
            last_update: "Successful".to_owned(),
            reason: None,
        })
    }

    /// A table by what a run calls it: the stack's own, or the one in its place. Where nothing is deployed, rows are kept all
    /// the same, in tables as the template makes them.
    pub(crate) fn table_vitals(&self, homes: &Homes, table: Table) -> Option<TableVitals> {
        let own = || self.deployment.tables.iter().find(|(_, (known, _))| *known == table);
        let name = homes.of(table).map(|home| &**home).or_else(|| own().map(|(name, _)| name.as_str()));
        let Some(name) = name else {
            let status = TableStatus::Active.name().to_owned();
            return Some(TableVitals { status, point_in_time_recovery: true, time_to_live: true });
        };
        let view = self.cloud.tables.view(&self.deployment, name, self.latest())?;
        Some(TableVitals {
            status: view.status.name().to_owned(),
            point_in_time_recovery: view.recoverable.is_some(),
            time_to_live: view.expires_by.is_some(),
        })
    }

    /// The limits of a usage plan: as they were changed, unless it was deployed with others since.
    pub fn throttle(&self, plan: &str) -> Option<Throttle> {
        let deployed = *self.deployment.usage_plans.get(plan)?;
        let changed = self.cloud.usage_plans.get(plan).filter(|(then, _)| *then == deployed);
        Some(changed.map_or(deployed, |(_, now)| *now))
    }

    pub(crate) fn days_billed(&self, from: Timestamp, until: Timestamp) -> Vec<DayBill> {
        const DAY: u64 = Millis::days(1).0;
        let first = from.as_millis() / DAY;
        let last = until.as_millis() / DAY;
        let bill = |day: u64| {
            let start = Timestamp::from_millis(day * DAY);
            let end = start + Millis::days(1);
            let costs = self.meter.by_kind(start, end.min(self.now));
            let by_service = costs.into_iter().filter(|(_, cost)| *cost != Usd::ZERO);
            let mut services: BTreeMap<String, Usd> = BTreeMap::new();
            for (kind, cost) in by_service {
                let sum = services.entry(service(kind).to_owned()).or_default();
                *sum = *sum + cost;
            }
            DayBill { day: start, by_service: services, estimated: end > self.now }
        };
        (first..=last).map(bill).collect()
    }
}

/// The service's name on the bill.
const fn service(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Endpoint => "Amazon SageMaker",
        ResourceKind::Domain | ResourceKind::Collection => "Amazon OpenSearch Service",
        ResourceKind::CacheGroup | ResourceKind::ServerlessCache => "Amazon ElastiCache",
        ResourceKind::GraphCluster => "Amazon Neptune",
        ResourceKind::Stream => "Amazon Kinesis",
    }
}
