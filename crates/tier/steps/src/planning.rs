//! Making a plan from what is stored: the same for showing it and for starting it.

use crate::{Settings, StepError};
use capstan_core::ids::{TransitionId, uuid_v7};
use capstan_core::ports::{Clock, Entropy, Store};
use capstan_core::tier::{Direction, Objection, Plan, PlanInput, Tier, TierState, reshards};
use std::sync::Arc;
use tier_records::ConfigRow;

/// A plan and what it was made from.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The target's configuration: a start demands that it is unchanged.
    pub config: ConfigRow,
    /// Why it may not be started now.
    pub objection: Option<Objection>,
}

/// A fresh id for a change.
pub fn new_transition_id(ports: &(impl Clock + Entropy)) -> Result<TransitionId, StepError> {
    TransitionId::parse(&uuid_v7(ports.now().as_millis(), ports.random()))
        .map_err(|error| StepError::BadInput(error.to_string()))
}

/// Makes the plan for a move to `target`; `None` if that is where the tenant is.
pub async fn plan(
    ports: &(impl Store + Clock),
    settings: &Settings,
    state: &TierState,
    target: Tier,
    transition_id: &TransitionId,
) -> Result<Option<Planned>, StepError> {
    let Some(direction) = Direction::between(state.current_tier, target) else { return Ok(None) };
    let tenant = &state.tenant_id;
    let current = tier_records::config(ports, tenant, state.current_tier).await?;
    let config = tier_records::config(ports, tenant, target).await?;
    let register = tier_records::register(ports, tenant).await?;
    let app_config = tier_records::app_config(ports, tenant).await?;
    let plan = Plan::make(&PlanInput {
        tenant_id: tenant,
        transition_id,
        from: (state.current_tier, &current.config),
        to: (target, &config.config),
        direction,
        state_version: state.version,
        config_version: config.version,
        register: &register,
        app_config: app_config.config.as_ref(),
        grace: settings.grace,
        now: ports.now(),
    });
    let objection = reshards::objection(&plan.actions, &register, ports.now());
    Ok(Some(Planned { plan: Arc::new(plan), config, objection }))
}
