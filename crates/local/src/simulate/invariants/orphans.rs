//! What somebody made by hand with a tenant's tag is found, reported within a day, and never touched.

use super::Promise;
use crate::simulate::facts;
use crate::simulate::history::{TENANTS, Tenant};
use crate::simulate::watch::Watch;
use capstan_core::ports::{Notice, Streams, TagKey, Tags};
use capstan_core::tier::{ResourceKind, ResourceRef};
use capstan_core::time::{Millis, Timestamp};
use sim::{Effect, EffectKind, Invocation, Ports, SharedWorld, World};

/// How often is looked (`find-orphans`), and how long a look may be put off.
const LOOKED: Millis = Millis::hours(25);

#[derive(Debug)]
struct Planted {
    resource: ResourceRef,
    tenant: &'static str,
    at: Timestamp,
    reported: bool,
}

/// What was planted in the course of a run.
#[derive(Debug, Default)]
pub(in crate::simulate) struct Orphans(Vec<Planted>);

impl Orphans {
    /// Makes a stream with a tenant's tag that no record knows of, as somebody does in the console; false if that failed.
    pub(in crate::simulate) fn plant(&mut self, shared: &SharedWorld, tenant: Tenant) -> bool {
        let name = format!("left-by-hand-{}-{}", tenant.0, self.0.len() + 1);
        let tags = Tags::from([(TagKey::TenantId, TENANTS[tenant.0].to_owned())]);
        let invocation = Invocation::unlimited();
        let ports = Ports::for_invocation(shared, invocation.clone());
        // A fault may meet this call like any other: what counts is whether the stream is there.
        drop(sim::run(async { ports.create_stream(&name, Some(1), &tags).await }, &invocation));
        let resource = ResourceRef { kind: ResourceKind::Stream, name };
        let (there, at) = shared.with(|world| (world.stage(&resource).is_some(), world.now()));
        if there {
            self.0.push(Planted { resource, tenant: TENANTS[tenant.0], at, reported: false });
        }
        there
    }

    pub(in crate::simulate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this, `kind/name`, was planted.
    pub(in crate::simulate) fn has(&self, resource: &str) -> bool {
        let is = |one: &Planted| {
            let rest = resource.strip_prefix(one.resource.kind.as_str());
            rest.and_then(|rest| rest.strip_prefix('/')) == Some(one.resource.name.as_str())
        };
        self.0.iter().any(is)
    }

    /// Whether an effect is the planting itself.
    pub(super) fn planting(&self, effect: &Effect) -> bool {
        effect.kind == EffectKind::Created && self.has(&effect.resource)
    }

    /// People were told of orphans.
    pub(super) fn reported(&mut self, notice: &Notice) {
        let of = notice.tenant_id.as_str();
        for one in self.0.iter_mut().filter(|one| one.tenant == of) {
            one.reported |= notice.body.lines().any(|line| line == one.resource.to_string());
        }
    }
}

pub(super) fn at_the_end(watch: &mut Watch, world: &World) {
    let known = facts::tenants_known(world);
    let mut wrong = None;
    for one in &watch.orphans.0 {
        let due = world.now().since(one.at) >= LOOKED && known.contains(&one.tenant);
        if world.stage(&one.resource).is_none() {
            wrong = Some(format!("{} was made by hand, and is gone", one.resource));
        } else if due && !one.reported {
            let (resource, tenant, at) = (&one.resource, one.tenant, one.at);
            wrong = Some(format!("{resource} bears the tag of {tenant} since {at}, and nobody was told"));
        }
    }
    if let Some(what) = wrong {
        watch.violated(Promise::Orphans, world.now(), what);
    }
}
