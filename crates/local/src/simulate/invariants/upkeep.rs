//! What nobody asks for is done all the same: every entry of the audit is sealed, and every retired store is deleted when its
//! date has come.
//!
//! A run is over within hours, and days of grace are not. So some runs go on when their tale is at its end
//! ([`goes_on`]): until the last store's date is past and every orphan must have been found.

use super::Promise;
use crate::simulate::facts;
use crate::simulate::history::{Case, Doing, TENANTS};
use crate::simulate::mishap::Mishap;
use crate::simulate::watch::Watch;
use capstan_core::time::Millis;
use sim::World;

/// How long an entry may be without a seal: the sealer comes every minute, and may have missed a round or two.
pub(in crate::simulate) const SEALED: Millis = Millis::minutes(5);
/// How long after its date a store may be there: the reaper comes every hour, and looks again when the deletion is over.
pub(in crate::simulate) const REAPED: Millis = Millis::hours(4);
/// Of so many histories of one change, one goes on.
const ONE_OF: u64 = 64;

/// Whether a run goes on at the end of its tale until there is nothing left to be done.
pub(in crate::simulate) fn goes_on(case: &Case) -> bool {
    let planted = |doing: &Doing| matches!(doing, Doing::Mishap(Mishap::Orphan(_)));
    !case.is_single()
        || case.seed.is_multiple_of(ONE_OF)
        || case.events.iter().any(|event| planted(&event.what))
}

/// Every entry is sealed that is old enough, unless something struck since it might have been.
pub(in crate::simulate) fn look(watch: &mut Watch, world: &World) {
    // Faults of looks alone are not seen by the looks that follow changes.
    watch.note_faults(world);
    let now = world.now();
    if now.since(watch.began) < SEALED || watch.troubled(now - SEALED, now) {
        return;
    }
    for tenant in TENANTS {
        let sealed = facts::sealed(world, tenant);
        let open = facts::entries_after(world, tenant, sealed);
        let old = open.iter().find(|entry| {
            capstan_core::time::Timestamp::parse(&entry.at).is_some_and(|at| at + SEALED < now)
        });
        if let Some(entry) = old {
            let (seq, action, at) = (entry.seq, &entry.action, &entry.at);
            let what = format!("entry {seq} of {tenant}, {action} at {at}, has no seal");
            watch.violated(Promise::Sealed, now, what);
        }
    }
}

pub(super) fn at_the_end(watch: &mut Watch, world: &World) {
    look(watch, world);
    if !watch.went_on {
        return;
    }
    let now = world.now();
    let overdue = facts::retired(world).into_iter().find(|(_, date)| *date + REAPED < now);
    if let Some((resource, date)) = overdue {
        let what = format!("{resource} was to be deleted at {date}, and is still kept");
        watch.violated(Promise::Reaped, now, what);
    }
}
