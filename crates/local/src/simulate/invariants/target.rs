//! After a change is completed the cloud is what the target tier's configuration means, and the application reads just that.
//!
//! The records agree with the cloud where both are wrong alike: the product writes both. So what a setting means is said here
//! once more, by hand, from the facts page ("The three default configurations"), and what operators edited is kept as they
//! asked for it. It is looked at in the step in which the change is seen to be completed; later ones are other promises'.

use super::Promise;
use crate::simulate::facts;
use crate::simulate::watch::Watch;
use capstan_core::ports::{CacheGroupSettings, DomainSettings, ServerlessCapacity, TagKey};
use capstan_core::tier::{Change, Service, Spec, Tier, TierConfig};
use capstan_core::time::Millis;
use sim::{ResourceView, World};
use std::collections::BTreeMap;

/// Hours in which a stream's mode is switched twice at most, and the minutes that a plan may wait for its confirmation.
const OF_A_SWITCH: Millis = Millis(Millis::hours(24).0 + Millis::minutes(10).0);
/// Calls of the ten a day after which those from any tier to any other and back, three each at most, may not fit.
const OFTEN: usize = 5;
/// Shards of a stream that keeps its mode although the tier would have it on demand: as many as a new one has.
const KEPT_SHARDS: u32 = 4;

/// What operators have asked for, and what changes under way are to come to.
#[derive(Debug, Default)]
pub(in crate::simulate) struct Asked {
    /// The most instances of a tier's endpoint, where that was edited.
    most: BTreeMap<(String, Tier), u32>,
    /// By change.
    wanted: BTreeMap<String, Wanted>,
}

#[derive(Debug, Clone, Copy)]
struct Wanted {
    most: u32,
    /// The stream was switched so lately that it may keep its mode.
    may_keep_mode: bool,
    /// Its shards were changed so often that there may be no way there and, if it fails, back.
    may_keep_shards: bool,
}

impl Asked {
    /// An edit was carried out.
    pub(in crate::simulate) fn edited(&mut self, tenant: &str, tier: Tier, most: u64) {
        self.most.insert((tenant.to_owned(), tier), u32::try_from(most).unwrap_or(u32::MAX));
    }

    /// A change was seen to begin: the configuration in force now is the one its plan was made from.
    pub(in crate::simulate) fn begun(&mut self, world: &World, change: &Change) {
        let tenant = change.tenant_id.as_str();
        let edited = self.most.get(&(tenant.to_owned(), change.to_tier)).copied();
        let lately = |at: &capstan_core::time::Timestamp| change.created_at.since(*at) < OF_A_SWITCH;
        let register = facts::register(world);
        let mut own = register.iter().filter(|entry| entry.tenant_id == change.tenant_id);
        let often = |at: &[_]| at.iter().filter(|at| lately(at)).count() >= OFTEN;
        let wanted = Wanted {
            most: edited.unwrap_or_else(|| default_most(change.to_tier)),
            may_keep_mode: own.clone().any(|entry| entry.mode_switched_at.iter().any(lately)),
            may_keep_shards: own.any(|entry| often(&entry.resharded_at)),
        };
        self.wanted.insert(change.transition_id.to_string(), wanted);
    }
}

const fn default_most(tier: Tier) -> u32 {
    match tier {
        Tier::Dev => 1,
        Tier::Staging => 20,
        Tier::Production => 300,
    }
}

/// What a tier is made of, in the order of [`Service::ALL`]; `None`: it rests without.
fn meant(tier: Tier, most: u32) -> [Option<Spec>; 5] {
    let endpoint = |min| Spec::Endpoint {
        instance_type: "ml.g5.2xlarge".to_owned(),
        min,
        max: most,
        scale_in_cooldown: 60,
    };
    let domain = |kind: &str, instance_count, ebs_gb| {
        Spec::Domain(DomainSettings { instance_type: kind.to_owned(), instance_count, ebs_gb })
    };
    let group = |kind: &str, nodes, cluster_mode| {
        Spec::CacheGroup(CacheGroupSettings { node_type: kind.to_owned(), nodes, cluster_mode })
    };
    let graph = |min_milli_ncu, max_milli_ncu| {
        Spec::GraphServerless(ServerlessCapacity { min_milli_ncu, max_milli_ncu })
    };
    match tier {
        Tier::Dev => [
            // It scales to zero, and an endpoint can't run with none (decision 0004).
            None,
            Some(domain("t3.small.search", 1, 10)),
            Some(Spec::ServerlessCache { min_ecpu: 1_000, max_ecpu: 5_000 }),
            Some(graph(1_000, 2_500)),
            Some(Spec::StreamOnDemand),
        ],
        Tier::Staging => [
            Some(endpoint(2)),
            Some(domain("r6g.large.search", 3, 100)),
            Some(group("cache.r7g.large", 2, false)),
            Some(graph(2_500, 16_000)),
            Some(Spec::StreamProvisioned { shards: 5 }),
        ],
        Tier::Production => [
            Some(endpoint(50)),
            Some(Spec::Collection { min_ocus: 50, max_ocus: 500 }),
            Some(group("cache.r7g.xlarge", 6, true)),
            Some(Spec::GraphProvisioned { class: "db.r6g.2xlarge".to_owned(), instances: 3 }),
            Some(Spec::StreamProvisioned { shards: 20 }),
        ],
    }
}

/// A change was seen to be completed in the step just made.
pub(in crate::simulate) fn completed(watch: &mut Watch, world: &World, change: &Change) {
    let Some(wanted) = watch.asked.wanted.get(change.transition_id.as_str()).copied() else { return };
    if let Some(what) = resources(world, change, wanted).or_else(|| app(world, change, wanted)) {
        let (id, tier) = (&change.transition_id, change.to_tier);
        watch.violated(
            Promise::Target,
            world.now(),
            format!("change {id} to {tier} is completed, and {what}"),
        );
    }
}

fn resources(world: &World, change: &Change, wanted: Wanted) -> Option<String> {
    let (tenant, retired) = (change.tenant_id.as_str(), facts::retired(world));
    let own = |view: &ResourceView| {
        facts::named_after(&view.resource.name) == Some(tenant)
            && retired.iter().all(|(store, _)| *store != view.resource)
    };
    let views: Vec<ResourceView> = world.resources().into_iter().filter(own).collect();
    for (service, spec) in Service::ALL.into_iter().zip(meant(change.to_tier, wanted.most)) {
        let mut there = views.iter().filter(|view| view.resource.kind.service() == service);
        let found = there.next();
        if let Some(other) = there.next() {
            return Some(format!("{} is there besides", other.resource));
        }
        let (found, spec) = match (found, spec) {
            (None, None) => continue,
            (None, Some(spec)) => return Some(format!("{service} is not there as {spec:?}")),
            (Some(found), None) => {
                return Some(format!("{} is there, for which there is no use", found.resource));
            }
            (Some(found), Some(spec)) => (found, spec),
        };
        if found.stage != "Ready" || !is_of(found.spec.as_ref(), &spec, wanted) {
            let (resource, stage) = (&found.resource, found.stage);
            return Some(format!("{resource} is {stage}, of the shape {:?} and not {spec:?}", found.spec));
        }
        let tag = |key| found.tags.get(&key).map(String::as_str);
        if tag(TagKey::Tier) != Some(change.to_tier.as_str()) || tag(TagKey::TenantId) != Some(tenant) {
            return Some(format!("{} bears the tags {:?}", found.resource, found.tags));
        }
        if let Some(class) = other_class(world, found, &spec) {
            return Some(format!("{} has an instance of {class} besides", found.resource));
        }
    }
    None
}

/// Whether a shape is the one that is meant, as far as it is the tenant's.
fn is_of(found: Option<&Spec>, meant: &Spec, wanted: Wanted) -> bool {
    let Some(found) = found else { return false };
    match (found, meant) {
        // A limit of the whole account, which only ever goes up (decision 0009).
        (Spec::Collection { max_ocus: found, .. }, Spec::Collection { max_ocus: least, .. }) => {
            found >= least
        }
        (Spec::StreamOnDemand, Spec::StreamProvisioned { .. }) => {
            wanted.may_keep_mode || wanted.may_keep_shards
        }
        (Spec::StreamProvisioned { shards }, Spec::StreamOnDemand) => {
            wanted.may_keep_mode && (*shards == KEPT_SHARDS || wanted.may_keep_shards)
        }
        (Spec::StreamProvisioned { .. }, Spec::StreamProvisioned { .. }) if wanted.may_keep_shards => true,
        (found, meant) => found == meant,
    }
}

/// The class of an instance that a cluster has over what is meant: a shape tells of those like the writer alone.
fn other_class(world: &World, found: &ResourceView, meant: &Spec) -> Option<String> {
    let class = match meant {
        Spec::GraphServerless(_) => "db.serverless",
        Spec::GraphProvisioned { class, .. } => class,
        _ => return None,
    };
    let all = world.instance_classes(&found.resource.name);
    let serverless = matches!(meant, Spec::GraphServerless(_));
    all.iter()
        .find(|one| **one != class)
        .or_else(|| all.get(1).filter(|_| serverless))
        .map(ToString::to_string)
}

/// What the application reads: this tier, at these resources, with these settings.
fn app(world: &World, change: &Change, wanted: Wanted) -> Option<String> {
    let tenant = change.tenant_id.as_str();
    let row = facts::app_configs(world).into_iter().find(|row| row.tenant_id.as_str() == tenant);
    let Some(config) = row.as_deref().and_then(|row| row.config.as_ref()) else {
        return Some("its application reads nothing".to_owned());
    };
    let mut settings = TierConfig::default_for(change.to_tier);
    settings.sagemaker.max_instances = wanted.most;
    if config.tier != change.to_tier || config.settings != settings {
        return Some(format!("its application reads {}, {:?}", config.tier, config.settings));
    }
    if config.draining {
        return Some("its application is told to drain".to_owned());
    }
    for (service, spec) in Service::ALL.into_iter().zip(meant(change.to_tier, wanted.most)) {
        let target = config.services.get(&service).map(|target| target.kind);
        if target != spec.as_ref().map(Spec::kind) {
            return Some(format!("its application has {service} at {target:?}, not at {spec:?}"));
        }
    }
    None
}

/// Whatever happened: the application reads the tier that its tenant is in.
pub(super) fn at_the_end(watch: &mut Watch, world: &World) {
    let apps = facts::app_configs(world);
    for state in facts::states(world) {
        if watch.is_reset(state.tenant_id.as_str()) {
            continue;
        }
        let row = apps.iter().find(|row| row.tenant_id == state.tenant_id);
        let read = row.and_then(|row| row.config.as_ref()).map(|config| config.tier);
        if read.is_some_and(|read| read != state.current_tier) {
            let what = format!(
                "tenant {} is in {}, and its application reads {read:?}",
                state.tenant_id, state.current_tier
            );
            watch.violated(Promise::Target, world.now(), what);
        }
    }
}
