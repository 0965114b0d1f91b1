//! Histories drawn from a seed.
//!
//! Most are one change with a few mishaps, which find most of what there is to find and are cheap; the others are tales of
//! several changes, tenants and operators. What goes wrong is bounded: planned faults strike once or in a burst, outages
//! are healed, so that every change can end.

use super::chance::Chance;
use super::history::{Act, Case, Doing, Event, Histories, Lengths, Start, Tenant};
use super::mishap::Mishap;
use crate::engine::Delivery;
use capstan_core::tier::Tier;
use capstan_core::time::Millis;
use sim::{Fault, FaultKind, Nth, Operation};

/// Of a hundred histories, so many are one change.
const SINGLE: u64 = 80;
/// Seconds in which a change is usually over.
const CHANGE: u64 = 1_300;
/// The same where life cycles are brief.
const BRIEF_CHANGE: u64 = 90;
/// The same where life cycles are quick.
const QUICK_CHANGE: u64 = 130;
/// Of a hundred histories, so many have quick life cycles.
const QUICK: u64 = 90;
/// Of a hundred single moves, of which there are many more, so many have brief life cycles; and so many these or quick ones.
const BRIEF: u64 = 80;
const BRIEF_OR_QUICK: u64 = 97;
/// Keeps the draws of single moves apart from those of mixed histories of the same seed.
const SINGLES: u64 = 0x5349_4e47_4c45_5321;
/// Seconds that a late delivery comes later at most: past the end of most changes.
const LATEST: u64 = 3_000;

impl Case {
    /// The history of one run of a simulation of this kind.
    pub fn drawn(kind: Histories, seed: u64, run: u64) -> Self {
        match kind {
            Histories::Mixed => Self::draw(seed, run),
            Histories::Single => Self::draw_single(seed, run),
        }
    }

    /// One move of one tenant with one or two mishaps.
    fn draw_single(seed: u64, run: u64) -> Self {
        let mut chance = Chance::of_run(seed ^ SINGLES, run);
        let from = chance.one_of(&Tier::ALL);
        let (tenant, to) = (Tenant(0), other_than(&mut chance, from));
        let world = chance.next() >> 32;
        let interleave = chance.percent(50);
        let (lengths, length) = match chance.between(0, 99) {
            0..BRIEF => (Lengths::Brief, BRIEF_CHANGE),
            BRIEF..BRIEF_OR_QUICK => (Lengths::Quick, QUICK_CHANGE),
            _ => (Lengths::Slow, CHANGE),
        };
        let mut events = vec![at(5, Doing::Act(tenant, Act::Ask { to, bypass: true }))];
        for _ in 0..chance.between(1, 2) {
            mishaps(&mut chance, tenant, 0, length, &mut events);
        }
        Self { start: Start::In(from), seed: world, lengths, interleave, events: told(events) }
    }

    /// The mixed history of one run of a simulation.
    pub fn draw(seed: u64, run: u64) -> Self {
        let mut chance = Chance::of_run(seed, run);
        let single = chance.percent(SINGLE);
        let start = chance.one_of(&Start::ALL);
        let world = chance.next() >> 32;
        let interleave = chance.percent(50);
        let (lengths, length) =
            if chance.percent(QUICK) { (Lengths::Quick, QUICK_CHANGE) } else { (Lengths::Slow, CHANGE) };
        let events = if single { one_change(&mut chance, start, length) } else { tale(&mut chance, length) };
        Self { start, seed: world, lengths, interleave, events: told(events) }
    }
}

/// Drawn at absolute times; told as what comes after what.
fn told(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by_key(|event| event.after);
    let mut last = Millis(0);
    for event in &mut events {
        let at = event.after;
        event.after = Millis(at.0 - last.0);
        last = at;
    }
    events
}

fn at(seconds: u64, what: Doing) -> Event {
    Event { after: Millis::seconds(seconds), what }
}

fn other_than(chance: &mut Chance, tier: Tier) -> Tier {
    let others: Vec<Tier> = Tier::ALL.into_iter().filter(|other| *other != tier).collect();
    chance.one_of(&others)
}

fn one_change(chance: &mut Chance, start: Start, length: u64) -> Vec<Event> {
    let tenant = Tenant(0);
    let to = other_than(chance, start.tier());
    let bypass = chance.percent(20);
    let act = if chance.percent(10) {
        Act::Race { to: [to, other_than(chance, start.tier())], turns: chance.next() >> 32 }
    } else {
        Act::Ask { to, bypass }
    };
    // Faults may meet the request itself, so some come before it.
    let mut events = vec![at(5, Doing::Act(tenant, act))];
    for _ in 0..chance.between(0, 3) {
        mishaps(chance, tenant, 0, length, &mut events);
    }
    if chance.percent(15) {
        events.push(at(chance.between(5, length), Doing::Act(tenant, Act::Cancel)));
    }
    events
}

/// Several changes of one or more tenants.
fn tale(chance: &mut Chance, length: u64) -> Vec<Event> {
    let mut events = Vec::new();
    for tenant in 0..chance.between(1, 3) {
        let tenant = Tenant(usize::try_from(tenant).unwrap_or(0));
        let mut time = chance.between(0, 600);
        for _ in 0..chance.between(1, 4) {
            events.push(at(time, Doing::Act(tenant, any_act(chance))));
            if chance.percent(50) {
                mishaps(chance, tenant, time, time + length, &mut events);
            }
            time += match chance.between(0, 9) {
                0..=1 => 0,
                2..=5 => chance.between(1, length),
                6 => 9 * 24 * 3_600,
                _ => chance.between(length, 3 * length),
            };
        }
    }
    events
}

fn any_act(chance: &mut Chance) -> Act {
    let to = chance.one_of(&Tier::ALL);
    match chance.between(0, 99) {
        0..=9 => Act::Ask { to, bypass: false },
        10..=54 => Act::Ask { to, bypass: true },
        55..=64 => Act::Race { to: [to, chance.one_of(&Tier::ALL)], turns: chance.next() >> 32 },
        65..=69 => Act::Replay { turns: chance.next() >> 32 },
        70..=84 => Act::Cancel,
        85..=87 => Act::Reset,
        88..=95 => Act::Edit { tier: to, most: chance.between(60, 400) },
        _ => Act::Cooldown { hours: chance.between(0, 48) },
    }
}

/// One thing that goes wrong between two times; some are more than one event.
fn mishaps(chance: &mut Chance, tenant: Tenant, from: u64, to: u64, events: &mut Vec<Event>) {
    let when = if chance.percent(40) { from } else { chance.between(from, to) };
    let mut add = |seconds: u64, mishap: Mishap| events.push(at(seconds, Doing::Mishap(mishap)));
    match chance.between(0, 99) {
        0..=44 => add(when, Mishap::Fault(any_fault(chance))),
        45..=54 => {
            let (first, kind) = (chance.small(300), burst_kind(chance));
            for nth in first..first + chance.between(2, 12) {
                let nth = Nth::Overall(u32::try_from(nth).unwrap_or(1));
                add(when, Mishap::Fault(Fault { service: "*".into(), operation: "*".into(), nth, kind }));
            }
        }
        55..=59 => {
            let operation = chance.one_of(&drawn());
            let kind = burst_kind(chance);
            let (service, operation) = (operation.service().to_owned(), operation.name().to_owned());
            add(when, Mishap::Fault(Fault { service, operation, nth: Nth::Every, kind }));
            add(when + chance.between(10, 900), Mishap::Heal);
        }
        60..=66 => add(when, Mishap::Deliver(chance.small(200), Delivery::Duplicate)),
        67..=73 => add(when, Mishap::Deliver(chance.small(200), Delivery::AtOnce)),
        74..=82 => {
            let by = Millis::seconds(chance.small(LATEST));
            add(when, Mishap::Deliver(chance.small(200), Delivery::Late(by)));
        }
        83..=87 => add(when, Mishap::Abort(tenant)),
        88..=90 => add(when, Mishap::TimeOut(tenant)),
        91..=95 => add(when, Mishap::Fire(usize::try_from(chance.between(0, 3)).unwrap_or(0))),
        96 => add(when, Mishap::Orphan(tenant)),
        _ => add(when, Mishap::Jump(chance.small(20_000))),
    }
}

/// The operations that faults are drawn for. Those that change tables and functions as resources are no part of a change of a
/// tier: without them a seed's tale stays what it was.
fn drawn() -> Vec<Operation> {
    const OTHERS: [Operation; 14] = [
        Operation::UpdateTable,
        Operation::DeleteTable,
        Operation::ListBackups,
        Operation::RestoreTable,
        Operation::Scan,
        Operation::UpdateFunctionConfiguration,
        Operation::GetFunctionConcurrency,
        Operation::GetLambdaAccount,
        Operation::PutFunctionConcurrency,
        Operation::ListEventSourceMappings,
        Operation::CreateEventSourceMapping,
        Operation::DeleteEventSourceMapping,
        Operation::GetUsagePlans,
        Operation::UpdateUsagePlan,
    ];
    Operation::ALL.into_iter().filter(|operation| !OTHERS.contains(operation)).collect()
}

fn burst_kind(chance: &mut Chance) -> FaultKind {
    chance.one_of(&[
        FaultKind::Throttled,
        FaultKind::Error,
        FaultKind::Denied,
        FaultKind::Busy,
        FaultKind::Timeout,
        FaultKind::TimeoutAfter,
        FaultKind::Crash,
        FaultKind::CrashAfter,
    ])
}

fn any_fault(chance: &mut Chance) -> Fault {
    let slow = Millis::seconds(chance.between(1, 70));
    // Most functions are killed after 60 s.
    let still = Millis::seconds(chance.between(1, 59));
    let kind = chance.one_of(&[
        FaultKind::Throttled,
        FaultKind::Error,
        FaultKind::Denied,
        FaultKind::Quota,
        FaultKind::Busy,
        FaultKind::Stale,
        FaultKind::Timeout,
        FaultKind::TimeoutAfter,
        FaultKind::Slow(slow),
        FaultKind::Stall(still),
        FaultKind::Lost(still),
        FaultKind::Crash,
        FaultKind::CrashAfter,
        FaultKind::Fails,
    ]);
    let narrow = chance.percent(50) || matches!(kind, FaultKind::Fails | FaultKind::Stale);
    if narrow {
        let fitting: Vec<Operation> = drawn()
            .into_iter()
            .filter(|operation| kind.touches(*operation) && (operation.mutates() || chance.percent(20)))
            .collect();
        let operation = chance.one_of(&fitting);
        let nth = Nth::Of(u32::try_from(chance.small(40)).unwrap_or(1));
        let (service, operation) = (operation.service().to_owned(), operation.name().to_owned());
        return Fault { service, operation, nth, kind };
    }
    let nth = Nth::Overall(u32::try_from(chance.small(2_000)).unwrap_or(1));
    Fault { service: "*".to_owned(), operation: "*".to_owned(), nth, kind }
}
