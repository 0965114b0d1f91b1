//! How often the shards of a stream may be counted anew, and what a plan makes of that.
//!
//! Kinesis takes ten `UpdateShardCount` calls of a stream in any 24 hours, and one goes to double or to half. A change that fails
//! needs as many calls to go back as it took to go there. So a plan reshards only if both fit; see docs/decisions/0006.

use super::converge::stream::legal_step;
use super::ledger::Registered;
use super::{Desired, Direction, Objection, Spec};
use crate::time::{Millis, Timestamp};
use std::ops::RangeInclusive;

/// Calls in the window.
const MOST: usize = 10;
/// The window.
const WINDOW: Millis = Millis::hours(24);
/// How many shards a stream on demand may have open: what the service starts it with, to the most that any tier has.
const OPEN_ON_DEMAND: RangeInclusive<u32> = 4..=20;

/// The calls from one number of shards to another.
fn steps(from: u32, to: u32) -> usize {
    let next = |open: &u32| (*open != to).then(|| legal_step(*open, to));
    std::iter::successors(Some(from), next).count() - 1
}

/// The most calls that bringing a stream from one shape to another may take.
pub fn calls(before: &Spec, after: &Spec) -> usize {
    match (before, after) {
        (Spec::StreamProvisioned { shards: from }, Spec::StreamProvisioned { shards: to }) => {
            steps(*from, *to)
        }
        (Spec::StreamOnDemand, Spec::StreamProvisioned { shards }) => {
            OPEN_ON_DEMAND.map(|open| steps(open, *shards)).max().unwrap_or(0)
        }
        _ => 0,
    }
}

/// The same of what is desired; nothing where a stream is made or goes.
pub fn of_desired(before: &Desired, after: &Desired) -> usize {
    let served = |desired: &Desired| desired.spec().filter(|_| desired.serves()).cloned();
    served(before).zip(served(after)).map_or(0, |(before, after)| calls(&before, &after))
}

/// The times of the calls that still count.
pub fn recent(at: &[Timestamp], now: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
    at.iter().copied().filter(move |at| now.since(*at) < WINDOW)
}

/// From when on the way there and back may be gone; `None`: now.
pub(super) fn again_at(entry: &Registered, wanted: &Spec, now: Timestamp) -> Option<Timestamp> {
    let former = entry.desired.spec()?;
    let there = calls(former, wanted);
    if there == 0 {
        return None;
    }
    let mut used: Vec<Timestamp> = recent(&entry.resharded_at, now).collect();
    used.sort_unstable();
    let surplus = (used.len() + there + calls(wanted, former)).checked_sub(MOST).filter(|more| *more > 0)?;
    used.get(surplus - 1).map(|at| *at + WINDOW)
}

/// What a stream is brought to where it can't be brought to the shape wanted for now. Going down it keeps its shards, and from
/// on demand it stays there, which carries any load. `None`: there is no such shape, and the change is to wait.
pub(super) fn instead(entry: &Registered, direction: Direction) -> Option<Spec> {
    let former = entry.desired.spec()?;
    let keeps = direction == Direction::ScalingDown || matches!(former, Spec::StreamOnDemand);
    keeps.then(|| former.clone())
}

/// The objection to a plan that needs more calls than there are left. Only plans that go up can meet it: an emergency may always go
/// down.
pub fn objection(actions: &[super::Action], register: &[Registered], now: Timestamp) -> Option<Objection> {
    actions.iter().find_map(|action| {
        let entry = register.iter().find(|entry| entry.resource == action.resource)?;
        let wanted = action.after.spec().filter(|_| action.after.serves())?;
        let at = again_at(entry, wanted, now)?;
        Some(Objection::new(
            "STREAM_RESHARDS_USED_UP",
            format!(
                "{}: Kinesis takes {MOST} changes of a stream's shards in 24 hours, and too few of them are left to go there and, if it \
                 fails, back. Try again from {at} on",
                entry.resource.name
            ),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::{ResourceKind, ResourceRef, Stamp, Tier};
    use proptest::prelude::*;

    const FIVE: Spec = Spec::StreamProvisioned { shards: 5 };
    const TWENTY: Spec = Spec::StreamProvisioned { shards: 20 };

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn entry(spec: Spec, resharded_at: Vec<Timestamp>) -> Registered {
        let id = crate::ids::TransitionId::parse("019b76da-a800-73cb-a1e4-59320dd7044c").unwrap();
        let stamp = Stamp { tier: Tier::Staging, transition_id: id.clone(), or_of: None };
        Registered {
            tenant_id: crate::ids::TenantId::parse("8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b").unwrap(),
            entry: String::new(),
            resource: ResourceRef { kind: ResourceKind::Stream, name: "s".to_owned() },
            desired: Desired::Serving { spec, stamp },
            settled: true,
            made_at: at(0),
            made_by: id,
            mode_switched_at: Vec::new(),
            resharded_at,
            version: 1,
        }
    }

    #[test]
    fn calls_are_counted_as_the_service_takes_them() {
        assert_eq!([calls(&FIVE, &TWENTY), calls(&TWENTY, &FIVE)], [2, 2]);
        assert_eq!(calls(&TWENTY, &Spec::StreamProvisioned { shards: 4 }), 3);
        assert_eq!([calls(&FIVE, &Spec::StreamOnDemand), calls(&FIVE, &FIVE)], [0, 0]);
        // From 4 by 8 and 16.
        assert_eq!(calls(&Spec::StreamOnDemand, &TWENTY), 3);
    }

    #[test]
    fn a_change_waits_until_the_way_there_and_back_is_free() {
        let used = |count: u64| (0..count).map(|n| at(n * 1_000)).collect::<Vec<_>>();
        let now = at(100_000);
        // Two there and two back, of ten.
        assert_eq!(again_at(&entry(FIVE, used(6)), &TWENTY, now), None);
        assert_eq!(again_at(&entry(FIVE, used(7)), &TWENTY, now), Some(at(0) + WINDOW));
        assert_eq!(again_at(&entry(FIVE, used(9)), &TWENTY, now), Some(at(2_000) + WINDOW));
        assert_eq!(again_at(&entry(FIVE, used(9)), &TWENTY, at(2_000) + WINDOW), None);
        assert_eq!(again_at(&entry(FIVE, used(9)), &FIVE, now), None);
    }

    #[test]
    fn what_goes_down_or_is_on_demand_keeps_what_it_has() {
        assert_eq!(instead(&entry(TWENTY, Vec::new()), Direction::ScalingDown), Some(TWENTY));
        assert_eq!(
            instead(&entry(Spec::StreamOnDemand, Vec::new()), Direction::ScalingUp),
            Some(Spec::StreamOnDemand)
        );
        assert_eq!(instead(&entry(FIVE, Vec::new()), Direction::ScalingUp), None);
    }

    proptest! {
        /// Whatever was used, from the time that is said the change may be made, and a moment before it may not.
        #[test]
        fn the_time_said_is_the_first(used in proptest::collection::vec(0u64..86_400_000, 0..10)) {
            let now = at(86_400_000 - 1);
            let entry = entry(FIVE, used.into_iter().map(at).collect());
            if let Some(from) = again_at(&entry, &TWENTY, now) {
                prop_assert!(from > now);
                prop_assert_eq!(again_at(&entry, &TWENTY, from), None);
                prop_assert!(again_at(&entry, &TWENTY, at(from.as_millis() - 1)).is_some());
            }
        }
    }
}
