//! How long things are expected to take: for the estimate before a change and the time left during it.

use super::{Action, Desired, Direction, Phase, ResourceKind, Spec};
use crate::time::Millis;

/// How long connections are waited for when the application drains; those left then are cut.
pub const LONGEST_DRAIN: Millis = Millis::minutes(2);

/// Minutes one action is expected to take. Read off the services' usual times; the real ones vary by a third.
pub fn of_action(action: &Action) -> u32 {
    match (&action.before, &action.after) {
        (Desired::Absent, after) => after.spec().map_or(0, |spec| create(spec.kind())),
        (_, Desired::Absent) => 2,
        (Desired::Serving { spec: before, .. }, Desired::Serving { spec: after, .. }) if before != after => {
            reshape(before, after)
        }
        _ => 1,
    }
}

const fn create(kind: ResourceKind) -> u32 {
    match kind {
        ResourceKind::Domain => 12,
        ResourceKind::Collection => 3,
        ResourceKind::CacheGroup => 7,
        ResourceKind::ServerlessCache => 2,
        ResourceKind::Endpoint | ResourceKind::GraphCluster => 8,
        ResourceKind::Stream => 1,
    }
}

fn reshape(before: &Spec, after: &Spec) -> u32 {
    match (before, after) {
        (Spec::Endpoint { instance_type: before, .. }, Spec::Endpoint { instance_type: after, .. }) => {
            if before == after {
                5
            } else {
                9
            }
        }
        (Spec::Domain(_) | Spec::CacheGroup(_), _) => 10,
        (Spec::GraphServerless(_), Spec::GraphServerless(_)) => 1,
        (Spec::GraphServerless(_) | Spec::GraphProvisioned { .. }, _) => 12,
        (Spec::StreamOnDemand | Spec::StreamProvisioned { .. }, _) => 3,
        _ => 1,
    }
}

/// Minutes a phase is expected to take: its actions run side by side.
pub fn of_phase(phase: Phase, actions: &[Action]) -> u32 {
    actions.iter().filter(|action| action.phase == phase).map(of_action).max().unwrap_or(0)
}

/// Minutes a whole change is expected to take.
pub fn of_change(direction: Direction, actions: &[Action]) -> u32 {
    let drain = u32::from(direction == Direction::ScalingDown);
    (of_phase(Phase::Provision, actions) + drain + of_phase(Phase::Cleanup, actions)).max(1)
}
