//! The promises, each in a file of its own: what must hold after every step, and what must hold at the end.
//!
//! They are said of the whole world and not of rows picked by hand: of every resource in the cloud, every change there ever
//! was, every row of the register, the audit and the bill.

mod acts;
mod audit;
mod ended;
mod explained;
mod money;
mod notices;
mod one_change;
mod orphans;
mod rollback;
mod serving;
mod stores;
mod stuck;
mod target;
mod upkeep;

pub(super) use acts::{Acts, Before, undoing};
pub(super) use notices::Word;
pub(super) use orphans::Orphans;
pub(super) use stuck::got_stuck;
pub(super) use target::{Asked, completed};
pub(super) use upkeep::{REAPED, SEALED, goes_on, look as upkeep};

use super::watch::Watch;
use capstan_core::time::Timestamp;
use serde::Serialize;
use sim::{Effect, World};
use std::fmt;

/// What is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// Every change ends, within its bound, and what is stuck is so for a reason and can be led out.
    Ended,
    /// At most one change of a tenant at any moment.
    OneChange,
    /// What exists is what the records explain, no more, no less, and nobody touches another tenant's.
    Explained,
    /// The application is never pointed at what does not serve.
    Serving,
    /// No store with data goes before its time, or without its snapshot.
    Stores,
    /// After a rollback the world is what it was.
    Rollback,
    /// After a change is completed the cloud is what the target tier's configuration means.
    Target,
    /// Every act is in the audit, once, with who and why.
    Audit,
    /// Every entry of the audit is sealed within its bound.
    Sealed,
    /// People are told of every end, every time a change got stuck and every cleanup that failed, and of nothing that was not.
    Notices,
    /// Every retired store is deleted when its date has come.
    Reaped,
    /// What was made by hand is reported, and not touched.
    Orphans,
    /// No function panics.
    NoPanic,
    /// Nothing is billed that no entry of the register accounts for.
    Money,
}

impl Promise {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::OneChange => "one-change",
            Self::Explained => "explained",
            Self::Serving => "serving",
            Self::Stores => "stores",
            Self::Rollback => "rollback",
            Self::Target => "target",
            Self::Audit => "audit",
            Self::Sealed => "sealed",
            Self::Notices => "notices",
            Self::Reaped => "reaped",
            Self::Orphans => "orphans",
            Self::NoPanic => "no-panic",
            Self::Money => "money",
        }
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which.
    pub promise: Promise,
    /// When, on the virtual clock.
    pub at: Timestamp,
    /// What was found, and where.
    pub what: String,
}

/// What must hold whenever changes or tenants' states were written.
pub(super) fn one_change(watch: &mut Watch, world: &World) {
    one_change::look(watch, world);
}

/// What must hold after every step.
pub(super) fn look(watch: &mut Watch, world: &World, new: &[Effect]) {
    stores::look(watch, world, new);
    explained::look(watch, world, new);
    serving::look(watch, world);
    notices::look(watch, world);
}

/// What must hold at the end, when no change is under way and every fault is healed.
pub(super) fn at_the_end(watch: &mut Watch, world: &World) {
    ended::at_the_end(watch, world);
    explained::at_the_end(watch, world);
    serving::at_the_end(watch, world);
    stores::at_the_end(watch, world);
    rollback::at_the_end(watch, world);
    target::at_the_end(watch, world);
    audit::at_the_end(watch, world);
    notices::at_the_end(watch, world);
    money::at_the_end(watch, world);
    orphans::at_the_end(watch, world);
    upkeep::at_the_end(watch, world);
}
