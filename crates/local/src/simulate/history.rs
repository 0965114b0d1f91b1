//! What happens in one run: acts of operators and mishaps, each so long after the one before.
//!
//! One list for both, since a failure is a tale in which they alternate, and shrinking is leaving parts of it out. It has
//! a text form that says all that matters, so a failure can be replayed from one line.

use super::mishap::Mishap;
use capstan_core::tier::Tier;
use capstan_core::time::Millis;
use sim::Pace;
use std::collections::BTreeMap;

/// The tenants there are: two whose ids begin alike, so that their resources' names nearly meet, and one besides.
pub const TENANTS: [&str; 3] = [
    "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b",
    "8d3c7a52-77aa-4c11-8b0f-5d6e7f809112",
    "1f0e9d8c-7b6a-4958-8736-251403f2e1d0",
];

/// One of [`TENANTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tenant(pub usize);

/// Where the first tenant is when a run begins. The second is in STAGING, the third was never seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Start {
    /// Never seen before.
    Fresh,
    /// In this tier, with all its resources; in DEV by having come down from STAGING.
    In(Tier),
}

impl Start {
    /// Every start.
    pub const ALL: [Self; 4] =
        [Self::Fresh, Self::In(Tier::Dev), Self::In(Tier::Staging), Self::In(Tier::Production)];

    /// The tier.
    pub const fn tier(self) -> Tier {
        match self {
            Self::Fresh => Tier::Dev,
            Self::In(tier) => tier,
        }
    }
}

/// What an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Asks for a change, and confirms it where that is asked for; past the cooldown, if `bypass`.
    Ask {
        /// To where.
        to: Tier,
        /// Past the cooldown.
        bypass: bool,
    },
    /// Two requests at the same time, call by call in turns drawn from `turns`.
    Race {
        /// To where.
        to: [Tier; 2],
        /// The order.
        turns: u64,
    },
    /// The last token once more, twice at the same time.
    Replay {
        /// The order.
        turns: u64,
    },
    /// Stops the change under way, or has a stuck one undone again.
    Cancel,
    /// Declares a stuck tier stable.
    Reset,
    /// Edits a tier's configuration: so many instances at most.
    Edit {
        /// Of which tier.
        tier: Tier,
        /// The new value.
        most: u64,
    },
    /// Sets the cooldown.
    Cooldown {
        /// In hours.
        hours: u64,
    },
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// A tenant's operator acts.
    Act(Tenant, Act),
    /// Something goes wrong.
    Mishap(Mishap),
}

/// What happens, and how long after the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Since the event before, or the beginning.
    pub after: Millis,
    /// What.
    pub what: Doing,
}

/// Which histories are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Histories {
    /// Mostly one change with a few mishaps, the others tales of several changes, tenants and operators.
    #[default]
    Mixed,
    /// One move of one tenant, with one or two mishaps.
    Single,
}

/// How long life cycles take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lengths {
    /// 1 to 10 seconds: most are over at the first look.
    Brief,
    /// 5 to 30 seconds.
    Quick,
    /// Minutes, as in the cloud.
    Slow,
}

impl Lengths {
    /// As the simulated cloud takes it.
    pub const fn pace(self) -> Pace {
        match self {
            Self::Brief => Pace::Within { least: Millis::seconds(1), most: Millis::seconds(10) },
            Self::Quick => Pace::QUICK,
            Self::Slow => Pace::AsInTheCloud,
        }
    }
}

/// One run: where it begins, what chance there is, and what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where the first tenant is.
    pub start: Start,
    /// What lengths of life cycles, ids and the order of what is due at once are drawn from.
    pub seed: u64,
    /// How long life cycles take.
    pub lengths: Lengths,
    /// Things due at the same instant take turns, call by call.
    pub interleave: bool,
    /// What happens, in order.
    pub events: Vec<Event>,
}

impl Case {
    /// Whether it is one change of one tenant, whatever goes wrong with it.
    pub fn is_single(&self) -> bool {
        let acts = self.events.iter().filter(|event| {
            matches!(event.what, Doing::Act(_, Act::Ask { .. } | Act::Race { .. } | Act::Replay { .. }))
        });
        acts.count() <= 1
    }

    /// What is to go wrong, by the names under which it is counted, and how often; `None`: every time.
    pub fn planned(&self) -> BTreeMap<&'static str, Option<u64>> {
        let mut planned: BTreeMap<&'static str, Option<u64>> = BTreeMap::new();
        for event in &self.events {
            let Doing::Mishap(mishap) = &event.what else { continue };
            let Some((kind, every)) = mishap.counted_as() else { continue };
            let count = planned.entry(kind).or_insert(Some(0));
            *count = count.filter(|_| !every).map(|count| count + 1);
        }
        planned
    }
}
