//! What all resources have in common: stages, and life cycles that end at a time set when they begin.
//!
//! Nothing ticks. A resource stores "this stage ends then", and whoever looks at a later time finds it ended.
//! Rejected: a queue of timers beside the resources, a second truth that a restart would have to bring back.

use crate::cloud::{Answer, Cx, Doom, Refusal};
use crate::timing::{Cycle, Pace};
use capstan_core::ports::Tags;
use capstan_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a resource is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    Creating,
    Ready,
    Changing,
    Deleting,
    /// Could not be made (or brought back): it can only be deleted.
    Failed,
}

/// How a life cycle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Made,
    MakingFailed,
    Changed,
    ChangeFailed,
    Gone,
}

/// A resource's stage and when it ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Life {
    pub(crate) stage: Stage,
    /// When the cycle under way ends; `None` at rest, and for one that never ends.
    ends: Option<Timestamp>,
    /// Whether the cycle under way ends badly.
    fails: bool,
    /// When the last cycle ended; while one is under way, when it began.
    since: Timestamp,
    /// Cycles begun so far.
    cycles: u32,
}

impl Life {
    fn new(cx: &Cx<'_>, cycle: Cycle, name: &str) -> Self {
        let mut life = Self { stage: Stage::Creating, ends: None, fails: false, since: cx.now, cycles: 0 };
        life.enter(cx, Stage::Creating, cycle, name, Millis(0));
        life
    }

    fn enter(&mut self, cx: &Cx<'_>, stage: Stage, cycle: Cycle, name: &str, more: Millis) {
        let more = if cx.pace == Pace::AsInTheCloud { more } else { Millis(0) };
        let ends = cx.now + cycle.length(cx.pace, cx.seed, name, self.cycles) + more;
        self.stage = stage;
        self.ends = (cx.doom != Some(Doom::Never)).then_some(ends);
        self.fails = cx.doom == Some(Doom::Fails) && stage != Stage::Deleting;
        self.since = cx.now;
        self.cycles += 1;
    }

    pub(crate) const fn due(&self) -> Option<Timestamp> {
        self.ends
    }

    /// When the last cycle ended or will end; `None` for one that never does.
    pub(crate) fn settled_at(&self) -> Option<Timestamp> {
        let at_rest = matches!(self.stage, Stage::Ready | Stage::Failed);
        self.ends.or_else(|| at_rest.then_some(self.since))
    }

    fn settle(&mut self, at: Timestamp) -> Option<Ended> {
        let ended_at = self.ends.filter(|ends| *ends <= at)?;
        self.since = ended_at;
        self.ends = None;
        let fails = std::mem::take(&mut self.fails);
        let (stage, ended) = match (self.stage, fails) {
            (Stage::Creating, false) => (Stage::Ready, Ended::Made),
            (Stage::Creating, true) => (Stage::Failed, Ended::MakingFailed),
            (Stage::Deleting, _) => (Stage::Deleting, Ended::Gone),
            (_, false) => (Stage::Ready, Ended::Changed),
            (_, true) => (Stage::Ready, Ended::ChangeFailed),
        };
        self.stage = stage;
        Some(ended)
    }
}

/// A resource with settings in force, and others on their way while it is being changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resource<S> {
    pub(crate) life: Life,
    pub(crate) tags: Tags,
    /// In force; what it is being made with, while `Creating`.
    pub(crate) current: S,
    /// What it is being brought to.
    pub(crate) next: Option<S>,
}

impl<S> Resource<S> {
    pub(crate) fn new(cx: &Cx<'_>, cycle: Cycle, name: &str, settings: S, tags: &Tags) -> Self {
        Self { life: Life::new(cx, cycle, name), tags: tags.clone(), current: settings, next: None }
    }

    /// One that has been there all along.
    pub(crate) fn at_rest_since(cx: &Cx<'_>, settings: S) -> Self {
        let life = Life { stage: Stage::Ready, ends: None, fails: false, since: cx.now, cycles: 0 };
        Self { life, tags: Tags::new(), current: settings, next: None }
    }

    pub(crate) fn change(&mut self, cx: &Cx<'_>, cycle: Cycle, name: &str, next: S) {
        self.next = Some(next);
        self.life.enter(cx, Stage::Changing, cycle, name, Millis(0));
    }

    pub(crate) fn delete(&mut self, cx: &Cx<'_>, cycle: Cycle, name: &str, more: Millis) {
        self.life.enter(cx, Stage::Deleting, cycle, name, more);
    }

    /// What it is being brought to, or is.
    pub(crate) fn target(&self) -> &S {
        self.next.as_ref().unwrap_or(&self.current)
    }

    /// Whether it serves: made, and not on its way out.
    pub(crate) const fn serves(&self) -> bool {
        matches!(self.life.stage, Stage::Ready | Stage::Changing)
    }

    pub(crate) fn settle(&mut self, at: Timestamp) -> Option<Ended> {
        let ended = self.life.settle(at)?;
        // Whatever the end, nothing is under way any more; only a good one leaves its mark.
        if let (Some(next), Ended::Changed) = (self.next.take(), ended) {
            self.current = next;
        }
        Some(ended)
    }

    /// Itself, if it takes a change now.
    pub(crate) fn ready(&self, name: &str) -> Answer<()> {
        match self.life.stage {
            Stage::Ready => Ok(()),
            Stage::Failed => Err(Refusal::invalid(format!("`{name}` failed and can only be deleted"))),
            stage => Err(Refusal::busy(format!("`{name}` is {stage:?} and takes no change now"))),
        }
    }

    /// Itself, if it can be deleted now where only what is at rest can be.
    pub(crate) fn at_rest(&self, name: &str) -> Answer<()> {
        if self.life.stage == Stage::Failed { Ok(()) } else { self.ready(name) }
    }
}

/// All resources of a kind, by name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shelf<S>(pub(crate) BTreeMap<String, Resource<S>>);

impl<S> Default for Shelf<S> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<S> Shelf<S> {
    pub(crate) fn get(&self, name: &str) -> Option<&Resource<S>> {
        self.0.get(name)
    }

    /// The resource, or `NotFound`.
    pub(crate) fn found(&mut self, name: &str) -> Answer<&mut Resource<S>> {
        self.0.get_mut(name).ok_or_else(|| Refusal::not_found(name))
    }

    /// The resource if it takes a change now: else `NotFound`, `Busy` or, once failed, `Invalid`.
    pub(crate) fn ready(&mut self, name: &str) -> Answer<&mut Resource<S>> {
        let resource = self.found(name)?;
        resource.ready(name)?;
        Ok(resource)
    }

    /// The resource if it is at rest, failed included.
    pub(crate) fn at_rest(&mut self, name: &str) -> Answer<&mut Resource<S>> {
        let resource = self.found(name)?;
        resource.at_rest(name)?;
        Ok(resource)
    }

    /// Refuses a name that is taken, also by what is on its way out.
    pub(crate) fn free(&self, name: &str) -> Answer<()> {
        if self.0.contains_key(name) { Err(Refusal::exists(name)) } else { Ok(()) }
    }

    pub(crate) fn put(&mut self, name: &str, resource: Resource<S>) {
        self.0.insert(name.to_owned(), resource);
    }

    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.0.values().filter_map(|resource| resource.life.due()).min()
    }

    /// Ends every cycle due at `at`, drops what is gone, and tells the names of both.
    pub(crate) fn settle(&mut self, at: Timestamp, mut tell: impl FnMut(&str, &mut Resource<S>, Ended)) {
        self.0.retain(|name, resource| match resource.settle(at) {
            None => true,
            Some(ended) => {
                tell(name, resource, ended);
                ended != Ended::Gone
            }
        });
    }
}
