//! At most one change of a tenant at any moment, and the tenant's state names it.

use super::Promise;
use crate::simulate::facts;
use crate::simulate::watch::Watch;
use sim::World;

pub(super) fn look(watch: &mut Watch, world: &World) {
    let mut open = facts::open_changes(world);
    open.sort_unstable();
    if let Some(two) = open.windows(2).find(|two| two[0].0 == two[1].0) {
        let what = format!("tenant {} has the changes {} and {} under way", two[0].0, two[0].1, two[1].1);
        watch.violated(Promise::OneChange, world.now(), what);
    }
    for (tenant, id) in open {
        let named = facts::named_change(world, tenant);
        if named != Some(id) {
            let what = format!("change {id} of tenant {tenant} is under way, and its state names {named:?}");
            watch.violated(Promise::OneChange, world.now(), what);
        }
    }
}
