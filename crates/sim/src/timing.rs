//! How long things take: one table, so that the whole simulation's sense of time can be read at one place.
//!
//! The ranges are what operators see in us-east-1 and what the services' own guides say where they say
//! anything; each line names its reason. A length is drawn from the range by seed, cycle, name and count.

use crate::chance::draw;
use capstan_core::time::Millis;

/// How long life cycles take. Whatever it is, the same seed gives the same lengths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pace {
    /// As long as in the cloud: minutes.
    #[default]
    AsInTheCloud,
    /// Any length between these two, final snapshots included. What waits for a life cycle looks every few seconds, so
    /// that short ones make a simulation many times cheaper; and since every length is as likely for every kind,
    /// they end in orders that never come up at the cloud's pace.
    Within {
        /// The least.
        least: Millis,
        /// The most, not less than `least`.
        most: Millis,
    },
}

impl Pace {
    /// Five to thirty seconds: for simulations that count runs, not minutes.
    pub const QUICK: Self = Self::Within { least: Millis::seconds(5), most: Millis::seconds(30) };
}

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
    TableRestore,
    TableSetting,
    TableCapacity,
    TableDelete,
    FunctionUpdate,
    Training,
    TrainingStop,
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
            // "95 percent of customers' table restores complete in less than one hour"; small ones in 10 to 20 minutes.
            Self::TableRestore => (10 * 60, 20 * 60),
            Self::TableSetting => (5, 15),
            Self::TableCapacity => (30, 2 * 60),
            Self::TableDelete => (5, 30),
            Self::FunctionUpdate => (2, 8),
            // An instance is launched and the image fetched, which takes most of it; a few thousand rows are learnt in seconds.
            Self::Training => (4 * 60, 8 * 60),
            Self::TrainingStop => (20, 60),
        }
    }

    /// What a final snapshot adds to a deletion, at the cloud's pace.
    pub(crate) const FINAL_SNAPSHOT: Millis = Millis::minutes(1);

    /// How long this one takes, the `count`-th of its resource.
    pub(crate) fn length(self, pace: Pace, seed: u64, name: &str, count: u32) -> Millis {
        let (least, most) = match pace {
            Pace::AsInTheCloud => {
                let (least, most) = self.seconds();
                (least * 1_000, most * 1_000)
            }
            Pace::Within { least, most } => (least.0, most.0.max(least.0)),
        };
        let spread = (most - least).saturating_add(1);
        Millis(least + draw(seed, self as u64, name, u64::from(count)) % spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_stay_in_their_range_and_spread_over_it() {
        let pace = Pace::AsInTheCloud;
        let lengths: Vec<_> =
            (0..500).map(|n| Cycle::EndpointCreate.length(pace, n, "endpoint", 0)).collect();
        assert!(lengths.iter().all(|l| (Millis::minutes(6)..=Millis::minutes(9)).contains(l)));
        assert!(lengths.iter().any(|l| *l < Millis::minutes(7)));
        assert!(lengths.iter().any(|l| *l > Millis::minutes(8)));
        assert_eq!(Cycle::ServerlessCacheModify.length(pace, 1, "x", 4), Millis::seconds(30));
    }

    #[test]
    fn at_another_pace_all_kinds_take_their_length_from_one_range() {
        for cycle in [Cycle::DomainCreate, Cycle::StreamDelete, Cycle::Drain] {
            let lengths: Vec<_> = (0..500).map(|n| cycle.length(Pace::QUICK, n, "x", 0)).collect();
            assert!(lengths.iter().all(|l| (Millis::seconds(5)..=Millis::seconds(30)).contains(l)));
            assert!(lengths.iter().any(|l| *l < Millis::seconds(10)));
            assert!(lengths.iter().any(|l| *l > Millis::seconds(25)));
            assert_eq!(cycle.length(Pace::QUICK, 3, "x", 1), cycle.length(Pace::QUICK, 3, "x", 1));
        }
        let always = Pace::Within { least: Millis(7), most: Millis(7) };
        assert_eq!(Cycle::DomainCreate.length(always, 1, "x", 0), Millis(7));
    }
}
