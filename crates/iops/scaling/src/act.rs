//! Looking at resources, and changing them.

use crate::Services;
use capstan_core::iops::scale::{Action, Scaled, Seen, Setting};
use capstan_core::ports::{
    CloudResult, Concurrency, EndpointConfigs, EndpointStatus, Endpoints, TableSetting, TableStatus,
};

/// A resource as it is; `None`: there is none, or it is on its way out.
pub async fn look(ports: &impl Services, resource: &Scaled) -> CloudResult<Option<Seen>> {
    match resource {
        Scaled::Function(name) => {
            let reserved = ports.reserved(name).await?;
            Ok(Some(Seen::of(Setting::Function { reserved })))
        }
        Scaled::UsagePlan(name) => {
            Ok(ports.throttle(name).await?.map(|throttle| Seen::of(Setting::UsagePlan(throttle))))
        }
        Scaled::Table(name) => {
            let view = ports.table(name).await?;
            let gone = |status| matches!(status, TableStatus::Deleting | TableStatus::Failed);
            let Some(view) = view.filter(|view| !gone(view.status)) else { return Ok(None) };
            let scaling = ports.table_scaling(name).await?;
            Ok(Some(Seen {
                ready: view.status == TableStatus::Active,
                on_demand_since: view.on_demand_since,
                ..Seen::of(Setting::Table { capacity: view.capacity, scaling })
            }))
        }
        Scaled::Endpoint(name) => {
            let view = ports.endpoint(name).await?;
            let gone = |status| matches!(status, EndpointStatus::Deleting | EndpointStatus::Failed);
            let Some(view) = view.filter(|view| !gone(view.status)) else { return Ok(None) };
            let scaling = ports.scaling(name).await?;
            Ok(Some(Seen {
                ready: view.status == EndpointStatus::InService,
                serving: Some(view.current_instances),
                ..Seen::of(Setting::Endpoint { instances: view.desired_instances, scaling })
            }))
        }
    }
}

/// Adds what limits and costs are reckoned from.
pub async fn reckon(
    ports: &(impl Concurrency + Endpoints + EndpointConfigs),
    resource: &Scaled,
    seen: Seen,
) -> CloudResult<Seen> {
    match resource {
        Scaled::Function(_) => Ok(Seen { unreserved: Some(ports.unreserved().await?), ..seen }),
        Scaled::Endpoint(name) => {
            let Some(view) = ports.endpoint(name).await? else { return Ok(seen) };
            let config = ports.endpoint_config(&view.config_name).await?;
            Ok(Seen { instance_type: config.map(|config| config.instance_type), ..seen })
        }
        Scaled::Table(_) | Scaled::UsagePlan(_) => Ok(seen),
    }
}

/// Changes one thing.
pub(crate) async fn carry_out(ports: &impl Services, resource: &Scaled, action: Action) -> CloudResult<()> {
    let name = resource.name();
    match action {
        Action::Reserve(reserved) => ports.set_reserved(name, reserved).await,
        Action::Capacity(capacity) => ports.set_table(name, &TableSetting::Capacity(capacity)).await,
        Action::TableScaling(Some(scaling)) => ports.set_table_scaling(name, scaling).await,
        Action::TableScaling(None) => ports.remove_table_scaling(name).await,
        Action::Instances(instances) => ports.set_desired_instances(name, instances).await,
        Action::EndpointScaling(Some(range)) => ports.set_scaling(name, range).await,
        Action::EndpointScaling(None) => ports.remove_scaling(name).await,
        Action::Throttle(throttle) => ports.set_throttle(name, throttle).await,
    }
}
