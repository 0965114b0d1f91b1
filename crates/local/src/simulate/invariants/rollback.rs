//! After a rollback the world equals the world before, settings included.
//!
//! What a change found is kept when it is begun, and what it left is taken down when it is seen to have been undone, since
//! the next change may begin at once. A change that began after a reset found what another had left half-way: undoing it does
//! not bring that back.

use super::Promise;
use crate::simulate::facts;
use crate::simulate::watch::Watch;
use sim::World;

pub(super) fn at_the_end(watch: &mut Watch, world: &World) {
    for (tenant, id, found) in std::mem::take(&mut watch.undone) {
        if watch.began_half_way.contains(&id) {
            continue;
        }
        let Some(before) = watch.begun.get(&id) else { continue };
        let differs = facts::difference(&facts::slate(before, &tenant), &facts::slate(&found, &tenant), "");
        if !differs.is_empty() {
            let what = format!("change {id} of {tenant} was rolled back, and is to be seen: {differs}");
            watch.violated(Promise::Rollback, world.now(), what);
        }
    }
    let changes = facts::changes(world);
    for state in facts::states(world) {
        let last = changes.iter().rfind(|change| change.tenant_id == state.tenant_id);
        let Some(change) = last else { continue };
        let tier = match change.status {
            capstan_core::tier::ChangeStatus::Completed => change.to_tier,
            _ => change.from_tier,
        };
        if state.current_tier != tier {
            let what = format!("tenant {} is in {}, not in {tier}", state.tenant_id, state.current_tier);
            watch.violated(Promise::Rollback, world.now(), what);
        }
    }
}
