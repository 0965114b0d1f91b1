//! How long things take: one table, so that the whole simulation's sense of time can be read at one place.
//!
//! The ranges are what operators see in us-east-1 and what the services' own guides say where they say
//! anything; each line names its reason. A length is drawn from the range by seed, cycle, name and count.

use crate::chance::draw;
use capstan_core::time::Millis;

/// A life cycle: a resource on its way from one resting state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cycle {
    EndpointCreate,
    EndpointUpdate,
    EndpointCount,
    EndpointDelete,
    DomainCreate,
    DomainUpdate,
    DomainDelete,
    CollectionCreate,
    CollectionDelete,
    CacheGroupCreate,
    CacheGroupType,
    CacheGroupNodes,
    CacheGroupDelete,
    ServerlessCacheCreate,
    ServerlessCacheModify,
    ServerlessCacheDelete,
    ClusterCreate,
    ClusterCapacity,
    ClusterFailover,
    ClusterDelete,
    GraphInstanceCreate,
    GraphInstanceDelete,
    StreamCreate,
    StreamReshard,
    StreamMode,
    StreamDelete,
    Drain,
}

impl Cycle {
    /// Least and most seconds.
    #[expect(clippy::match_same_arms, reason = "each line has its own reason, also where two lengths agree")]
    const fn seconds(self) -> (u64, u64) {
        match self {
            // An instance is launched, the model fetched, the container started and health-checked.
            Self::EndpointCreate => (6 * 60, 9 * 60),
            // Blue/green: a whole new fleet, then the shift of traffic.
            Self::EndpointUpdate => (7 * 60, 10 * 60),
            // Only added instances start; the model is fetched again on each.
            Self::EndpointCount => (3 * 60, 5 * 60),
            Self::EndpointDelete => (20, 60),
            // "10 to 15 minutes" in the developer guide; small domains come a little earlier.
            Self::DomainCreate => (9 * 60, 14 * 60),
            // Blue/green: the same work with the copying of shards, on a fleet that runs already.
            Self::DomainUpdate => (8 * 60, 12 * 60),
            Self::DomainDelete => (3 * 60, 5 * 60),
            Self::CollectionCreate => (60, 3 * 60),
            Self::CollectionDelete => (60, 60),
            Self::CacheGroupCreate => (5 * 60, 8 * 60),
            // Online scaling: new nodes, a full sync, then the switch of roles.
            Self::CacheGroupType => (8 * 60, 12 * 60),
            Self::CacheGroupNodes => (5 * 60, 8 * 60),
            Self::CacheGroupDelete => (3 * 60, 5 * 60),
            // "In under a minute" says the launch note; with the network endpoint it is one to two.
            Self::ServerlessCacheCreate | Self::ServerlessCacheDelete => (60, 2 * 60),
            Self::ServerlessCacheModify => (30, 30),
            // Storage volume and endpoints only; instances take their own time.
            Self::ClusterCreate => (60, 2 * 60),
            Self::ClusterCapacity => (20, 20),
            // "Typically within 30 seconds" in the user guide.
            Self::ClusterFailover => (20, 40),
            Self::ClusterDelete => (60, 3 * 60),
            Self::GraphInstanceCreate => (4 * 60, 8 * 60),
            Self::GraphInstanceDelete => (2 * 60, 4 * 60),
            Self::StreamCreate | Self::StreamDelete => (20, 40),
            // A handful of shards; thousands take minutes.
            Self::StreamReshard | Self::StreamMode => (20, 60),
            // Clients end what they have in hand and reconnect elsewhere.
            Self::Drain => (30, 60),
        }
    }

    /// What a final snapshot adds to a deletion.
    pub(crate) const FINAL_SNAPSHOT: Millis = Millis::minutes(1);

    /// How long this one takes, the `count`-th of its resource.
    pub(crate) fn length(self, seed: u64, name: &str, count: u32) -> Millis {
        let (least, most) = self.seconds();
        let spread = (most - least) * 1_000 + 1;
        Millis(least * 1_000 + draw(seed, self as u64, name, u64::from(count)) % spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_stay_in_their_range_and_spread_over_it() {
        let lengths: Vec<_> = (0..500).map(|n| Cycle::EndpointCreate.length(n, "endpoint", 0)).collect();
        assert!(lengths.iter().all(|l| (Millis::minutes(6)..=Millis::minutes(9)).contains(l)));
        assert!(lengths.iter().any(|l| *l < Millis::minutes(7)));
        assert!(lengths.iter().any(|l| *l > Millis::minutes(8)));
        assert_eq!(Cycle::ServerlessCacheModify.length(1, "x", 4), Millis::seconds(30));
    }
}
