//! Every act is in the audit, once, with who and why, in an unbroken chain.
//!
//! What must be there follows from the other rows, so that an act whose answer was lost counts as well.

use super::{Promise, acts};
use crate::simulate::facts::{self, Audited};
use crate::simulate::watch::Watch;
use capstan_core::audit::GENESIS;
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
        let count =
            |act: Act| audit.iter().filter(|row| row.entry().tenant_id == tenant && row.is(act)).count();
        let edits = facts::edits(world, tenant);
        if count(Act::ConfigEdited) as u64 != edits {
            wrong.push(format!("{} edits of {edits} of {tenant}", count(Act::ConfigEdited)));
        }
        let asked = facts::confirmations(world, tenant);
        if count(Act::ConfirmationRequested) != asked {
            wrong.push(format!("{} confirmations of {asked} of {tenant}", count(Act::ConfirmationRequested)));
        }
        chain(world, &audit, tenant, &mut wrong);
    }
    acts::wrong(watch, world, &audit, &mut wrong);
    for row in &audit {
        who_and_why(row, &mut wrong);
    }
    if let Some(first) = wrong.first() {
        watch.violated(Promise::Audit, world.now(), format!("in the audit: {first}"));
    }
}

/// Each entry has its place, names the one before it, and has the hash of what it says; the head is the last.
fn chain(world: &World, audit: &[Audited], tenant: &str, wrong: &mut Vec<String>) {
    let (mut seq, mut hash) = (0, GENESIS);
    for entry in audit.iter().map(Audited::entry).filter(|entry| entry.tenant_id == tenant) {
        if entry.seq != seq + 1 || entry.prev != hash || entry.digest() != entry.hash {
            wrong.push(format!("entry {} of {tenant} does not follow {seq}", entry.seq));
        }
        (seq, hash) = (entry.seq, &entry.hash);
    }
    let head = facts::audit_head(world, tenant).map_or((0, GENESIS.to_owned()), |head| (head.seq, head.hash));
    if head != (seq, hash.to_owned()) {
        wrong.push(format!("the chain of {tenant} ends at {seq}, and its head says {}", head.0));
    }
}

fn who_and_why(row: &Audited, wrong: &mut Vec<String>) {
    let is = |acts: &[Act]| acts.iter().any(|act| row.is(*act));
    let human = is(&[
        Act::ConfirmationRequested,
        Act::ChangeStarted,
        Act::ChangeCancelled,
        Act::RollbackRetried,
        Act::TierReset,
    ]);
    let entry = row.entry();
    let settings = is(&[Act::ConfigEdited, Act::CooldownSet]);
    if entry.who.is_empty() || (human || settings) == (entry.who == SYSTEM) {
        wrong.push(format!("{} of {} was done by `{}`", entry.action, entry.tenant_id, entry.who));
    }
    if human && entry.why.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
        wrong.push(format!("{} of {} has no reason", entry.action, entry.tenant_id));
    }
}

fn of_change(watch: &Watch, audit: &[Audited], change: &Change, wrong: &mut Vec<String>) {
    let id = change.transition_id.as_str();
    let rows = |act: Act| {
        audit.iter().filter(move |row| row.entry().transition_id.as_deref() == Some(id) && row.is(act))
    };
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
        && (row.entry().who != change.changed_by
            || row.entry().why.as_deref() != Some(change.reason.as_str()))
    {
        wrong.push(format!("change {id} was started by {} for {:?}", row.entry().who, row.entry().why));
    }
}
