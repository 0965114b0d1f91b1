//! Auto scaling of tables, and usage plans.

use super::{Ports, named};
use crate::cloud::{Answer, Part, Refusal, require};
use crate::operation::Operation;
use crate::world::World;
use capstan_core::ports::{
    Capacity, CloudResult, TableAutoScaling, TableScaling, Throttle, UnitRange, UsagePlans,
};

impl World {
    fn check_table_scaling(&self, table: &str, scaling: TableScaling) -> Answer<()> {
        for UnitRange { min, max } in [scaling.read, scaling.write] {
            require(min >= 1 && min <= max, || {
                format!("MinCapacity {min} and MaxCapacity {max} are not a range from 1 up")
            })?;
        }
        require((20..=90).contains(&scaling.target), || {
            format!("a target of {} is not from 20 to 90", scaling.target)
        })?;
        let view = self.cloud.tables.view(&self.deployment, table, self.now);
        let view = view.ok_or_else(|| Refusal::not_found(table))?;
        require(view.capacity != Capacity::OnDemand, || {
            format!("`{table}` is paid by the request: it has no capacity to scale")
        })
    }
}

fn resource(table: &str) -> String {
    format!("table/{table}")
}

impl TableAutoScaling for Ports {
    async fn table_scaling(&self, table: &str) -> CloudResult<Option<TableScaling>> {
        self.look(Operation::DescribeScalableTargets, &resource(table), |world| {
            world.cloud.tables.scaling.get(table).copied()
        })
        .await
    }

    async fn set_table_scaling(&self, table: &str, scaling: TableScaling) -> CloudResult<()> {
        let (operation, name) = (Operation::RegisterScalableTarget, resource(table));
        let answer = self
            .call(operation, &name, |world, doom| {
                world.check_table_scaling(table, scaling)?;
                world.change(operation, doom, &[(Part::TableScaling, table)], |_, cloud| {
                    cloud.tables.scaling.insert(table.to_owned(), scaling);
                    Ok(())
                })
            })
            .await;
        named(operation, &name, answer)
    }

    async fn remove_table_scaling(&self, table: &str) -> CloudResult<()> {
        let (operation, name) = (Operation::DeregisterScalableTarget, resource(table));
        let answer = self
            .call(operation, &name, |world, _| {
                if world.cloud.tables.scaling.remove(table).is_some() {
                    world.touch(operation, Part::TableScaling, table);
                }
                Ok(())
            })
            .await;
        named(operation, &name, answer)
    }
}

impl UsagePlans for Ports {
    async fn throttle(&self, plan: &str) -> CloudResult<Option<Throttle>> {
        self.look(Operation::GetUsagePlans, plan, |world| world.throttle(plan)).await
    }

    async fn set_throttle(&self, plan: &str, throttle: Throttle) -> CloudResult<()> {
        let operation = Operation::UpdateUsagePlan;
        let answer = self
            .call(operation, plan, |world, doom| {
                let deployed = world.deployment.usage_plans.get(plan).copied();
                let deployed = deployed.ok_or_else(|| Refusal::not_found(plan))?;
                world.change(operation, doom, &[(Part::UsagePlan, plan)], |_, cloud| {
                    cloud.usage_plans.insert(plan.to_owned(), (deployed, throttle));
                    Ok(())
                })
            })
            .await;
        named(operation, plan, answer)
    }
}
