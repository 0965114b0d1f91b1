//! The plan: what a change will do, computed before anything is done.
//!
//! A pure function of the register, the target configuration and the time. Steps carry it out and make no choices; the
//! operator sees it before confirming; rollback reads it backwards; the estimate is computed from it.

use super::app_config::AppConfig;
use super::ledger::Registered;
use super::{
    Action, Desired, Direction, Phase, ResourceKind, ResourceRef, Service, Spec, Stamp, Tier, TierConfig,
    names, prices, reshards, timing, warnings,
};
use crate::ids::{TenantId, TransitionId};
use crate::money::Usd;
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// What happens to a service, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// A resource is made where there was none.
    Create,
    /// A resource is changed in place.
    Resize,
    /// The service changes type: in place (Neptune, Kinesis), or by a new store that replaces the old.
    Switch,
    /// A resource goes: an endpoint is deleted, a store is retired.
    Retire,
    /// Nothing but the tags changes.
    Keep,
}

/// What happens to one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanItem {
    /// Which service.
    pub service: Service,
    /// In one word.
    pub action: Verb,
    /// For people.
    pub summary: String,
    /// The resource as it is.
    pub from: Option<NamedSpec>,
    /// The resource as it will be.
    pub to: Option<NamedSpec>,
    /// USD an hour at least capacity, before.
    pub hourly_before: Usd,
    /// USD an hour at least capacity, after.
    pub hourly_after: Usd,
    /// How long it is expected to take.
    pub expected_minutes: u32,
}

/// A resource's name and shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedSpec {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub spec: Spec,
}

/// What the operator must know before confirming.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable, for programs.
    pub code: String,
    /// For people.
    pub message: String,
}

/// A plan. It never changes; it holds for one version of the state only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// From which tier.
    pub from_tier: Tier,
    /// To which.
    pub to_tier: Tier,
    /// Up or down.
    pub direction: Direction,
    /// The version of the tenant's state it was made on.
    pub state_version: u64,
    /// The version of the target's configuration it was made from.
    pub config_version: u64,
    /// By service, in the order of provisioning.
    pub items: Vec<PlanItem>,
    /// What will be done to each resource.
    pub actions: Vec<Action>,
    /// The application's configuration as it was; `None` if there was none.
    pub app_config_before: Option<AppConfig>,
    /// And as it will be.
    pub app_config_after: AppConfig,
    /// The tier's cost a month now.
    pub cost_before: Usd,
    /// And after.
    pub cost_after: Usd,
    /// How long the change is expected to take.
    pub expected_minutes: u32,
    /// What the operator must know.
    pub warnings: Vec<Warning>,
}

/// What a plan is made from.
#[derive(Debug, Clone)]
pub struct PlanInput<'a> {
    /// Whose.
    pub tenant_id: &'a TenantId,
    /// The change's id: resources will bear it.
    pub transition_id: &'a TransitionId,
    /// The tier as it is.
    pub from: (Tier, &'a TierConfig),
    /// The tier as it will be.
    pub to: (Tier, &'a TierConfig),
    /// Up or down.
    pub direction: Direction,
    /// Version of the tenant's state.
    pub state_version: u64,
    /// Version of the target's configuration.
    pub config_version: u64,
    /// What exists, retired stores included.
    pub register: &'a [Registered],
    /// The application's configuration.
    pub app_config: Option<&'a AppConfig>,
    /// How long a replaced store is kept.
    pub grace: Millis,
    /// Now.
    pub now: Timestamp,
}

impl Plan {
    /// Makes the plan.
    pub fn make(input: &PlanInput<'_>) -> Self {
        let mut items = Vec::new();
        let mut actions = Vec::new();
        let mut warnings = Vec::new();
        for service in Service::ALL {
            let Some(service_plan) = plan_service(input, service) else { continue };
            warnings.extend(service_plan.warnings);
            actions.extend(service_plan.actions);
            items.push(service_plan.item);
        }
        warnings.extend(warnings::of_change(input));
        let (to_tier, to_config) = input.to;
        let after = actions.iter().map(|action: &Action| (&action.resource, &action.after));
        Self {
            from_tier: input.from.0,
            to_tier,
            direction: input.direction,
            state_version: input.state_version,
            config_version: input.config_version,
            app_config_before: input.app_config.cloned(),
            app_config_after: AppConfig::pointing_at(to_tier, to_config.clone(), after),
            cost_before: input.from.1.estimated_monthly_cost(input.from.0),
            cost_after: to_config.estimated_monthly_cost(to_tier),
            expected_minutes: timing::of_change(input.direction, &actions),
            items,
            actions,
            warnings,
        }
    }

    /// The actions of one service in one phase, in order.
    pub fn actions_of(&self, service: Service, phase: Phase) -> impl Iterator<Item = &Action> {
        self.actions
            .iter()
            .filter(move |action| action.resource.kind.service() == service && action.phase == phase)
    }
    /// Whether anything is to be done in a phase.
    pub fn has_phase(&self, phase: Phase) -> bool {
        self.actions.iter().any(|action| action.phase == phase)
    }
}

struct ServicePlan {
    item: PlanItem,
    actions: Vec<Action>,
    warnings: Vec<Warning>,
}

fn plan_service(input: &PlanInput<'_>, service: Service) -> Option<ServicePlan> {
    let current = input
        .register
        .iter()
        .find(|entry| entry.resource.kind.service() == service && entry.desired.serves());
    let mut warnings = Vec::new();
    let wanted = input.to.1.spec(service).map(|spec| match (current, spec) {
        (Some(entry), spec) if service == Service::Kinesis => {
            let (spec, warning) = within_mode_switches(entry, spec, input.now);
            warnings.extend(warning);
            let (spec, warning) = within_reshards(entry, spec, input);
            warnings.extend(warning);
            spec
        }
        (_, spec) => spec,
    });
    let stamp = Stamp { tier: input.to.0, transition_id: input.transition_id.clone(), or_of: None };
    let (verb, actions) = match (current, wanted) {
        (None, None) => return None,
        (None, Some(spec)) => (Verb::Create, vec![create(input, spec, stamp)]),
        (Some(entry), None) => (Verb::Retire, vec![remove(entry, input)]),
        (Some(entry), Some(spec)) => {
            let former = entry.desired.spec()?.clone();
            if replaced_by(&former, &spec) {
                (Verb::Switch, vec![create(input, spec, stamp), remove(entry, input)])
            } else {
                let verb = in_place_verb(&former, &spec);
                (verb, vec![reshape(entry, &former, spec, stamp, input.direction)])
            }
        }
    };
    warnings.extend(warnings::of_actions(input, &actions));
    Some(ServicePlan { item: item(service, verb, &actions), actions, warnings })
}

/// Whether going from one shape to the other takes a new resource: another kind of store, or a cluster mode that can't
/// be changed in place.
fn replaced_by(former: &Spec, wanted: &Spec) -> bool {
    match (former, wanted) {
        (Spec::CacheGroup(former), Spec::CacheGroup(wanted)) => former.cluster_mode != wanted.cluster_mode,
        (former, wanted) => former.kind() != wanted.kind(),
    }
}

fn in_place_verb(former: &Spec, wanted: &Spec) -> Verb {
    if former == wanted {
        Verb::Keep
    } else if std::mem::discriminant(former) == std::mem::discriminant(wanted) {
        Verb::Resize
    } else {
        Verb::Switch
    }
}

fn create(input: &PlanInput<'_>, spec: Spec, stamp: Stamp) -> Action {
    Action {
        resource: free_name(input, spec.kind()),
        phase: Phase::Provision,
        before: Desired::Absent,
        after: Desired::Serving { spec, stamp },
    }
}

/// The first generation whose name nothing of the tenant bears, retired stores included. Domains and collections share
/// a stem but not a name space; giving both kinds their own generations keeps names short.
fn free_name(input: &PlanInput<'_>, kind: ResourceKind) -> ResourceRef {
    let taken = |candidate: &ResourceRef| input.register.iter().any(|entry| entry.resource == *candidate);
    let mut generation = 1;
    loop {
        let candidate = names::resource(kind, input.tenant_id, generation);
        if !taken(&candidate) {
            return candidate;
        }
        generation += 1;
    }
}

/// An endpoint holds no data and is deleted; a store is kept for the grace period.
fn remove(entry: &Registered, input: &PlanInput<'_>) -> Action {
    let after = match &entry.desired {
        Desired::Serving { spec, stamp } if entry.resource.kind.holds_data() => Desired::Retired {
            spec: spec.clone(),
            stamp: stamp.clone(),
            delete_after: input.now + input.grace,
        },
        _ => Desired::Absent,
    };
    Action { resource: entry.resource.clone(), phase: Phase::Cleanup, before: entry.desired.clone(), after }
}

/// A resource that grows does so before the application is pointed at the new tier, one that shrinks after. What costs
/// more an hour is the larger one; where neither does, the direction of the change decides.
fn reshape(entry: &Registered, former: &Spec, wanted: Spec, stamp: Stamp, direction: Direction) -> Action {
    let shrinks = match prices::hourly(&wanted).cmp(&prices::hourly(former)) {
        Ordering::Less => true,
        Ordering::Equal => direction == Direction::ScalingDown,
        Ordering::Greater => false,
    };
    Action {
        resource: entry.resource.clone(),
        phase: if shrinks { Phase::Cleanup } else { Phase::Provision },
        before: entry.desired.clone(),
        after: Desired::Serving { spec: wanted, stamp },
    }
}

/// Kinesis takes two switches of mode in any 24 hours, and a change that fails needs one to go back. So a change
/// switches only if no other switch lies within those hours; otherwise the stream keeps its mode.
fn within_mode_switches(entry: &Registered, wanted: Spec, now: Timestamp) -> (Spec, Option<Warning>) {
    const ON_DEMAND_DEFAULT_SHARDS: u32 = 4;
    let switches = matches!(
        (entry.desired.spec(), &wanted),
        (Some(Spec::StreamOnDemand), Spec::StreamProvisioned { .. })
            | (Some(Spec::StreamProvisioned { .. }), Spec::StreamOnDemand)
    );
    let last = entry.mode_switched_at.iter().max().filter(|at| now.since(**at) < Millis::hours(24));
    let (true, Some(last)) = (switches, last) else { return (wanted, None) };
    let kept = match wanted {
        Spec::StreamOnDemand => Spec::StreamProvisioned { shards: ON_DEMAND_DEFAULT_SHARDS },
        _ => Spec::StreamOnDemand,
    };
    (kept, Some(warnings::mode_kept(&entry.resource.name, *last + Millis::hours(24))))
}

/// Kinesis takes ten calls that change the shards in any 24 hours, and a change that fails needs as many to go back. What does
/// not fit keeps its shards where it may; elsewhere the plan meets an objection.
fn within_reshards(entry: &Registered, wanted: Spec, input: &PlanInput<'_>) -> (Spec, Option<Warning>) {
    let kept = reshards::again_at(entry, &wanted, input.now)
        .and_then(|again_at| Some((reshards::instead(entry, input.direction)?, again_at)));
    let Some((kept, again_at)) = kept else { return (wanted, None) };
    (kept, Some(warnings::shards_kept(&entry.resource.name, again_at)))
}

fn item(service: Service, verb: Verb, actions: &[Action]) -> PlanItem {
    let named = |resource: &ResourceRef, desired: &Desired| {
        let spec = if desired.serves() { desired.spec() } else { None };
        spec.map(|spec| NamedSpec { name: resource.name.clone(), spec: spec.clone() })
    };
    let from = actions.iter().find_map(|action| named(&action.resource, &action.before));
    let to = actions.iter().find_map(|action| named(&action.resource, &action.after));
    let hourly = |side: &Option<NamedSpec>| side.as_ref().map_or(Usd::ZERO, |it| prices::hourly(&it.spec));
    PlanItem {
        service,
        action: verb,
        summary: warnings::summary(verb, from.as_ref(), to.as_ref(), actions),
        hourly_before: hourly(&from),
        hourly_after: hourly(&to),
        expected_minutes: actions.iter().map(timing::of_action).max().unwrap_or(0),
        from,
        to,
    }
}
