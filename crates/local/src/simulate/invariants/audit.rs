//! Every act is in the audit, once, with who and why.
//!
//! What must be there follows from the other rows, so that an act whose answer was lost counts as well.

use super::Promise;
use crate::simulate::facts::{self, Audited};
use crate::simulate::watch::Watch;
use capstan_core::tier::{Change, ChangeStatus};
use sim::World;
use tier_records::Act;

/// Who acts when nobody asked.
const SYSTEM: &str = "capstan";

pub(super) fn at_the_end(watch: &mut Watch, world: &World) {
    let audit = facts::audit(world);
    let mut wrong: Vec<String> = Vec::new();
    for change in facts::changes(world) {
        of_change(watch, &audit, &change, &mut wrong);
    }
    for tenant in super::super::TENANTS {
        let count = |act: Act| audit.iter().filter(|row| row.tenant == tenant && row.act == act).count();
        let edits = facts::edits(world, tenant);
        if count(Act::ConfigEdited) as u64 != edits {
            wrong.push(format!("{} edits of {edits} of {tenant}", count(Act::ConfigEdited)));
        }
        let asked = facts::confirmations(world, tenant);
        if count(Act::ConfirmationRequested) != asked {
            wrong.push(format!("{} confirmations of {asked} of {tenant}", count(Act::ConfirmationRequested)));
        }
    }
    for row in &audit {
        let human = matches!(
            row.act,
            Act::ConfirmationRequested
                | Act::ChangeStarted
                | Act::ChangeCancelled
                | Act::RollbackRetried
                | Act::TierReset
        );
        let settings = matches!(row.act, Act::ConfigEdited | Act::CooldownSet);
        if row.actor.is_empty() || (human || settings) == (row.actor == SYSTEM) {
            wrong.push(format!("{:?} of {} was done by `{}`", row.act, row.tenant, row.actor));
        }
        if human && row.reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
            wrong.push(format!("{:?} of {} has no reason", row.act, row.tenant));
        }
    }
    if let Some(first) = wrong.first() {
        watch.violated(Promise::Audit, world.now(), format!("in the audit: {first}"));
    }
}

fn of_change(watch: &Watch, audit: &[Audited], change: &Change, wrong: &mut Vec<String>) {
    let id = change.transition_id.as_str();
    let rows = |act: Act| audit.iter().filter(move |row| row.change.as_deref() == Some(id) && row.act == act);
    let mut expect = |act: Act, wanted: usize| {
        let found = rows(act).count();
        if found != wanted {
            wrong.push(format!("{act:?} is there {found} times and not {wanted} for change {id}"));
        }
    };
    let stuck = watch.stuck.get(id).copied().unwrap_or(0) as usize;
    expect(Act::ChangeStarted, 1);
    expect(Act::ChangeCompleted, usize::from(change.status == ChangeStatus::Completed));
    expect(Act::ChangeRolledBack, usize::from(change.status == ChangeStatus::RolledBack));
    expect(Act::ChangeCancelled, usize::from(change.cancellation.is_some()));
    expect(Act::TierReset, usize::from(watch.reset.contains(id)));
    expect(Act::ChangeStuck, stuck);
    let taken_up = rows(Act::Recovered).count() + rows(Act::RollbackRetried).count();
    if taken_up != change.recoveries as usize {
        wrong.push(format!("change {id} was taken up {} times, and {taken_up} are there", change.recoveries));
    }
    if let Some(row) = rows(Act::ChangeStarted).next()
        && (row.actor != change.changed_by || row.reason.as_deref() != Some(change.reason.as_str()))
    {
        wrong.push(format!("change {id} was started by {} for {:?}", row.actor, row.reason));
    }
}
