//! Every change ends within its bound: completed, rolled back, or stuck for a reason.
//!
//! The bound: the change's own deadline, after which its steps give up; then 90 minutes of undoing; then, each of the three
//! times that an execution may be lost, a minute until the reconciler looks, 75 seconds of rest, and the retries of one
//! step, which take two minutes with their functions' time. Whatever time stood still is added.

use super::Promise;
use crate::simulate::facts;
use crate::simulate::watch::Watch;
use capstan_core::tier::{ChangeStatus, recovery};
use capstan_core::time::Millis;
use sim::World;

/// How long undoing is tried (`rollback-provisioning`).
const UNDOING: Millis = Millis::minutes(90);
/// Until an execution that is lost is replaced and has done a step.
const REPLACING: Millis = Millis(recovery::REST.0 + 60_000 + 8 * 60_000);

pub(super) fn at_the_end(watch: &mut Watch, world: &World) {
    let slack = Millis(UNDOING.0 + u64::from(recovery::MAX_RECOVERIES + 1) * REPLACING.0 + watch.jumped.0);
    for change in facts::changes(world) {
        let (id, tenant) = (&change.transition_id, &change.tenant_id);
        let Some(completed) = change.completed_at else {
            let what = format!("change {id} of {tenant} is {:?} and has not ended", change.status);
            watch.violated(Promise::Ended, world.now(), what);
            continue;
        };
        if watch.begun.contains_key(id.as_str())
            && !watch.stuck.contains_key(id.as_str())
            && completed > change.deadline + slack
        {
            let what = format!(
                "change {id} of {tenant} was to end by {}, and ended at {completed}",
                change.deadline
            );
            watch.violated(Promise::Ended, completed, what);
        }
        let reset = watch.reset.contains(id.as_str());
        if change.status == ChangeStatus::Failed && !reset {
            let what =
                format!("change {id} of {tenant} is stuck, and nothing that an operator did led out of it");
            watch.violated(Promise::Ended, completed, what);
        }
    }
    for state in facts::states(world) {
        if state.transition_status.under_way() {
            let what =
                format!("tenant {} is {} and nothing is under way", state.tenant_id, state.transition_status);
            watch.violated(Promise::Ended, world.now(), what);
        }
    }
    if facts::any_under_way(world) {
        watch.violated(
            Promise::Ended,
            world.now(),
            "a change is still on the list of those under way".to_owned(),
        );
    }
}
