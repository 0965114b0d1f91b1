//! A change gets stuck only where something struck while it was being undone, or since it began where undoing never did.

use super::Promise;
use crate::simulate::watch::Watch;
use capstan_core::tier::Change;
use sim::World;

/// A change was seen to get stuck in the step just made.
pub(in crate::simulate) fn got_stuck(watch: &mut Watch, world: &World, change: &Change) {
    let since = change.milestones.rollback_started_at.unwrap_or(change.created_at);
    let until = change.completed_at.unwrap_or_else(|| world.now());
    if !watch.troubled(since, until) {
        let what = format!(
            "change {} is stuck, and no fault struck while it was undone: {:?}",
            change.transition_id, change.errors
        );
        watch.violated(Promise::Ended, until, what);
    }
}
