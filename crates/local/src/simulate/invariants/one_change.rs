//! At most one change of a tenant at any moment, and the tenant's state names it.

use super::Promise;
use crate::simulate::facts;
use crate::simulate::watch::Watch;
use sim::World;

pub(super) fn look(watch: &mut Watch, world: &World) {
    // In the order of tenants, as all rows are.
    let open = facts::open_changes(world);
    if let Some([one, other]) =
        open.array_windows::<2>().find(|[one, other]| one.tenant_id == other.tenant_id)
    {
        let (tenant, one, other) = (&one.tenant_id, &one.transition_id, &other.transition_id);
        let what = format!("tenant {tenant} has the changes {one} and {other} under way");
        watch.violated(Promise::OneChange, world.now(), what);
    }
    for change in open {
        let (tenant, id) = (&change.tenant_id, &change.transition_id);
        let named = facts::named_change(world, tenant.as_str());
        if named.as_deref() != Some(id.as_str()) {
            let what = format!("change {id} of tenant {tenant} is under way, and its state names {named:?}");
            watch.violated(Promise::OneChange, world.now(), what);
        }
    }
}
