//! No store with data is deleted before its grace period is over, nor without its snapshot.
//!
//! A deletion is legal in two cases: the register has the store as retired and its date has come, or the change that made
//! it is being undone. A snapshot is due wherever the application was ever pointed at the store.

use super::Promise;
use crate::simulate::facts;
use crate::simulate::watch::{Deletion, Watch, resource_of};
use capstan_core::tier::{Change, Desired, ResourceKind, ResourceRef};
use capstan_core::time::{Millis, Timestamp};
use sim::{Effect, EffectKind, World};
use std::sync::Arc;

/// How long a store is kept at least (`RetentionGraceDays` of the template, unless somebody sets it), from when its plan was
/// shown: the plan says until when, and may wait ten minutes for its confirmation.
const GRACE: Millis = Millis(Millis::days(7).0 - Millis::minutes(10).0);

/// What may delete a store now.
enum Right {
    /// It is due; whether data may be in it.
    Due {
        used: bool,
    },
    /// What made it is being undone; whether the application was pointed at it.
    Undone {
        used: bool,
    },
    None(String),
}

pub(super) fn look(watch: &mut Watch, world: &World, new: &[Effect]) {
    for effect in new.iter().filter(|effect| effect.kind == EffectKind::Deleted) {
        let Some(store) = resource_of(&effect.resource).filter(|store| store.kind.holds_data()) else {
            continue;
        };
        let used = match right(world, &store, effect.at) {
            Right::Due { used } | Right::Undone { used } => used,
            Right::None(why) => {
                watch.violated(Promise::Stores, effect.at, format!("{store} is deleted, and {why}"));
                continue;
            }
        };
        let snapshot = used && leaves_snapshots(store.kind);
        watch.deletions.push(Deletion { store, at: effect.at, snapshot });
    }
}

fn right(world: &World, store: &ResourceRef, at: Timestamp) -> Right {
    let Some(entry) = facts::entry(world, store) else {
        return Right::None("no entry of the register knows it".to_owned());
    };
    let changes = facts::changes(world);
    if let Desired::Retired { delete_after, stamp, .. } = &entry.desired
        && *delete_after <= at
    {
        let retires =
            |change: &&Arc<Change>| change.plan.actions.iter().any(|action| action.after == entry.desired);
        if let Some(change) = changes.iter().rfind(retires)
            && delete_after.since(change.created_at) < GRACE
        {
            return Right::None(format!("it was retired by a change of {}", change.created_at));
        }
        let made_by = changes.iter().find(|change| change.transition_id == stamp.transition_id);
        return Right::Due { used: made_by.is_none_or(|change| change.milestones.configured_at.is_some()) };
    }
    let makes = |change: &Change| {
        change.plan.actions.iter().any(|action| action.resource == *store && action.before == Desired::Absent)
    };
    let undone = |change: &&Arc<Change>| {
        change.tenant_id == entry.tenant_id
            && change.milestones.rollback_started_at.is_some()
            && makes(change)
    };
    match changes.iter().rfind(undone) {
        Some(change) => Right::Undone { used: change.milestones.configured_at.is_some() },
        None => Right::None(format!("the register has it as {:?}", entry.desired)),
    }
}

/// Whether its service can leave a last snapshot.
const fn leaves_snapshots(kind: ResourceKind) -> bool {
    matches!(kind, ResourceKind::CacheGroup | ResourceKind::ServerlessCache | ResourceKind::GraphCluster)
}

pub(super) fn at_the_end(watch: &mut Watch, world: &World) {
    let missing = watch.deletions.iter().find(|deletion| {
        deletion.snapshot
            && !world.snapshots().any(|made| made.source == deletion.store && made.at >= deletion.at)
    });
    if let Some(deletion) = missing.cloned() {
        let what = format!("{} was deleted and left no snapshot", deletion.store);
        watch.violated(Promise::Stores, deletion.at, what);
    }
}
