//! Time, chance, notices, costs and traffic.

use super::{Ports, named};
use crate::changes::Entry;
use crate::cloud::require;
use crate::operation::Operation;
use capstan_core::ids::TenantId;
use capstan_core::money::Usd;
use capstan_core::ports::{Clock, CloudResult, Costs, Entropy, Notice, Notifier, Traffic};
use capstan_core::tier::ResourceRef;
use capstan_core::time::Timestamp;

impl Clock for Ports {
    /// The world's time, and what this run has waited on top of it.
    fn now(&self) -> Timestamp {
        self.world.now() + self.invocation.ahead()
    }
    fn wall(&self) -> Timestamp {
        let wall = self.world.lock().world.config.wall;
        wall.map_or_else(|| self.now(), |wall| wall())
    }
}

impl Entropy for Ports {
    fn random(&self) -> [u8; 16] {
        let world = &mut self.world.lock().world;
        world.config.entropy.map_or_else(|| world.chance.bytes(), |entropy| entropy())
    }
}

impl Notifier for Ports {
    async fn notify(&self, notice: &Notice) -> CloudResult<()> {
        let (operation, topic) = (Operation::Publish, notice.tenant());
        let answer = self
            .call(operation, topic, |world, _| {
                let subject = &notice.subject;
                require((1..=100).contains(&subject.chars().count()), || {
                    format!("a subject of {} characters is not one of 1 to 100", subject.chars().count())
                })?;
                if world.tamper.mute {
                    return Ok(());
                }
                world.changes.demand(|| Entry::Notice(world.notices.len()));
                world.notices.push(notice.clone());
                Ok(())
            })
            .await;
        named(operation, topic, answer)
    }
}

impl Costs for Ports {
    /// Until `now`, or until the world's own time where that is earlier.
    async fn month_to_date(&self, tenant: &TenantId, now: Timestamp) -> CloudResult<Usd> {
        self.look(Operation::GetCostAndUsage, tenant.as_str(), |world| {
            world.meter.cost(tenant.as_str(), now.start_of_month(), now.min(world.now))
        })
        .await
    }
}

impl Traffic for Ports {
    async fn connections(&self, resource: &ResourceRef) -> CloudResult<u64> {
        self.look(Operation::GetMetricData, &resource.name, |world| {
            world.connections(resource.kind, &resource.name)
        })
        .await
    }
}
