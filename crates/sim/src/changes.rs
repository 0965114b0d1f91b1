//! Which parts of the world differ from what is on disk.
//!
//! A world in memory collects nothing: the names of changed parts are made only when somebody will write them.

use crate::cloud::Part;
use capstan_core::ports::Key;
use capstan_core::tier::ResourceKind;
use std::collections::BTreeSet;

/// A part of the world with a key of its own on disk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entry {
    Row(Key),
    Cloud(Part, String),
    Execution(String),
    Notice(usize),
    Drain(String),
    Meter(ResourceKind, String),
    /// Alarms and subscriptions.
    Watch,
}

/// The changed parts, and whether an answer waits for them to be durable.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    wanted: bool,
    entries: BTreeSet<Entry>,
    pressing: bool,
}

impl Changes {
    /// From now on, collect.
    pub(crate) const fn want(&mut self) {
        self.wanted = true;
    }
    /// Notes a change that follows from what is stored and the time; it can wait for the next write.
    pub(crate) fn add(&mut self, entry: impl FnOnce() -> Entry) {
        if self.wanted {
            self.entries.insert(entry());
        }
    }
    /// Notes a change that must be durable before the answer is given.
    pub(crate) fn demand(&mut self, entry: impl FnOnce() -> Entry) {
        self.add(entry);
        self.press();
    }
    /// Has what is noted so far written soon, and the time with it.
    pub(crate) const fn press(&mut self) {
        self.pressing = self.wanted;
    }
    /// The changes, if they must be written now.
    pub(crate) fn take(&mut self) -> Option<BTreeSet<Entry>> {
        std::mem::take(&mut self.pressing).then(|| std::mem::take(&mut self.entries))
    }
}
