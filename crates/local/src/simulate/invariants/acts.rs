//! Acts that no row tells of by itself: how often undoing began of its own accord, how often a cooldown was set, what became of
//! data stores. They are counted while they happen and held against the audit at the end, by `audit.rs`.

use crate::simulate::facts::{self, Audited};
use crate::simulate::history::{self, TENANTS, Tenant};
use crate::simulate::watch::Watch;
use capstan_core::tier::ledger::{EffectRow, EffectStatus, Subject};
use capstan_core::tier::{Change, Desired, Phase};
use capstan_core::time::Timestamp;
use sim::World;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tier_records::Act;

/// What was seen to be done.
#[derive(Debug, Default)]
pub(in crate::simulate) struct Acts {
    /// Changes that are being undone, or were.
    undoing: BTreeSet<String>,
    /// Those of them whose undoing began by itself, and not with an operator's retry.
    begun_undoing: BTreeSet<String>,
    /// How often each tenant's cooldown was set.
    cooldowns: BTreeMap<&'static str, u64>,
}

/// What an act may move, before it.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulate) struct Before(u64);

impl Acts {
    /// A stuck change was taken up again: where its undoing had never begun, it begins with that.
    pub(in crate::simulate) fn taken_up_again(&mut self, change: &str) {
        self.undoing.insert(change.to_owned());
    }
}

impl Before {
    /// To be taken just before an operator acts.
    pub(in crate::simulate) fn of(world: &World, tenant: Tenant, act: history::Act) -> Self {
        let tenant = TENANTS[tenant.0];
        Self(match act {
            history::Act::Edit { tier, .. } => facts::config_version(world, tenant, tier),
            history::Act::Cooldown { .. } => facts::state_version(world, tenant),
            _ => 0,
        })
    }

    /// Just after it: an act whose answer was lost may have been carried out as well.
    pub(in crate::simulate) fn look(
        self,
        watch: &mut Watch,
        world: &World,
        tenant: Tenant,
        act: history::Act,
    ) {
        let now = Self::of(world, tenant, act).0;
        let tenant = TENANTS[tenant.0];
        match act {
            history::Act::Edit { tier, most } if now > self.0 => watch.asked.edited(tenant, tier, most),
            history::Act::Cooldown { .. } => {
                *watch.acts.cooldowns.entry(tenant).or_default() += now - self.0;
            }
            _ => {}
        }
    }
}

/// Looks for changes of which undoing has begun.
pub(in crate::simulate) fn undoing(watch: &mut Watch, world: &World, all: &[Arc<Change>]) {
    for change in all {
        let (id, milestones) = (change.transition_id.as_str(), &change.milestones);
        let Some(at) = milestones.rollback_started_at else { continue };
        if !watch.acts.undoing.insert(id.to_owned()) {
            continue;
        }
        watch.acts.begun_undoing.insert(id.to_owned());
        let alone = change.cancellation.is_none() && change.recoveries == 0;
        if alone && milestones.configured_at.is_some() && cleaning(world, change) {
            watch.word.cleanup_failed(id, at);
        }
    }
}

/// Whether a change's cleanup has begun.
fn cleaning(world: &World, change: &Change) -> bool {
    let of = |effect: &EffectRow| match &effect.subject {
        Subject::Resource(action) => action.phase == Phase::Cleanup,
        Subject::AppConfig => false,
    };
    facts::effects(world).iter().any(|effect| effect.transition_id == change.transition_id && of(effect))
}

/// What is wrong in the audit with these acts.
pub(super) fn wrong(watch: &Watch, world: &World, audit: &[Audited], wrong: &mut Vec<String>) {
    let of = |act: Act, about: &str| {
        let is = |row: &&Audited| row.is(act) && row.entry().transition_id.as_deref() == Some(about);
        audit.iter().filter(is).count()
    };
    for change in facts::changes(world) {
        let id = change.transition_id.as_str();
        let (found, wanted) =
            (of(Act::RollbackStarted, id), usize::from(watch.acts.begun_undoing.contains(id)));
        if found != wanted {
            wrong.push(format!("RollbackStarted is there {found} times and not {wanted} for change {id}"));
        }
    }
    for tenant in TENANTS {
        let of_tenant = |act: Act| {
            audit.iter().filter(|row| row.entry().tenant_id == tenant && row.is(act)).count() as u64
        };
        let (found, wanted) =
            (of_tenant(Act::CooldownSet), watch.acts.cooldowns.get(tenant).copied().unwrap_or(0));
        if found != wanted {
            wrong.push(format!("{found} settings of the cooldown of {wanted} of {tenant}"));
        }
        // Nobody here asks for what they may not do.
        if of_tenant(Act::RequestDenied) > 0 {
            wrong.push(format!("a request of {tenant} was denied"));
        }
    }
    stores(watch, world, audit, wrong);
}

/// Each store that was retired or deleted is there once for each time: by what the ledger says of the changes' effects, and by
/// when the register had it.
fn stores(watch: &Watch, world: &World, audit: &[Audited], wrong: &mut Vec<String>) {
    let mut wanted: BTreeMap<(&'static str, String, String), usize> = BTreeMap::new();
    for effect in facts::effects(world) {
        let Subject::Resource(action) = &effect.subject else { continue };
        let kind = action.resource.kind;
        let retired = effect.done_at.is_some() && matches!(action.after, Desired::Retired { .. });
        let deleted = effect.status == EffectStatus::Undone && action.before == Desired::Absent;
        let key = |act: Act| (act.name(), effect.transition_id.to_string(), action.resource.to_string());
        if retired {
            *wanted.entry(key(Act::StoreRetired)).or_default() += 1;
        }
        if deleted && kind.holds_data() {
            *wanted.entry(key(Act::StoreDeleted)).or_default() += 1;
        }
    }
    let mut gone: BTreeMap<&str, usize> = BTreeMap::new();
    for row in audit {
        let entry = row.entry();
        let act = [Act::StoreRetired, Act::StoreDeleted].into_iter().find(|act| row.is(*act));
        if let Some(act) = act {
            let of = entry.transition_id.clone().unwrap_or_default();
            let key = (act.name(), of, entry.subject.clone());
            match wanted.get_mut(&key).filter(|left| **left > 0) {
                Some(left) => *left -= 1,
                None => wrong.push(format!("{} of {} is there once too often", act.name(), entry.subject)),
            }
        }
        let since = Timestamp::parse(&entry.at).is_some_and(|at| at >= watch.began);
        if since && (row.is(Act::StoreDeleted) || row.is(Act::RetiredDeleted)) {
            *gone.entry(&entry.subject).or_default() += 1;
        }
    }
    if let Some(((act, change, store), _)) = wanted.iter().find(|(_, left)| **left > 0) {
        wrong.push(format!("{act} of {store} is missing for change {change}"));
    }
    for (resource, spans) in &watch.registered {
        let endpoint = resource.starts_with("endpoint/");
        let ended = spans.iter().filter(|span| span.until.is_some()).count();
        let told = gone.remove(resource.as_str()).unwrap_or(0);
        if !endpoint && ended != told {
            wrong.push(format!("{resource} went {ended} times, and is there as deleted {told} times"));
        }
    }
    if let Some(store) = gone.keys().next() {
        wrong.push(format!("{store} is there as deleted, and never was"));
    }
}
