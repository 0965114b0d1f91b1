//! How each state has fared: one short entry for every state that was entered, however often, so that it is known where
//! an execution stands without its history, which grows with every round of a loop.

use serde::{Deserialize, Serialize};

use super::branch::Branch;
use crate::machine::StateId;
use crate::time::Millis;

/// How a state has fared: its latest visit, and how many there were. Of iterations of a Map, the one that came last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    id: StateId,
    /// The state's name.
    pub state: String,
    /// How often it was entered.
    pub visits: u32,
    /// When it was entered, the last time.
    pub entered_at: Millis,
    /// When it was left; `None` while it goes on.
    pub left_at: Option<Millis>,
    /// Attempts of this visit: 1, and one for each retry.
    pub attempts: u32,
    /// It did not end well: its failure was caught, or ended the branch, or it was stopped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// The name of the latest error of this visit, which a retry may yet mend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The visits, in the order in which the states were first entered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Visits(Vec<Visit>);

impl Visits {
    pub(super) fn all(&self) -> &[Visit] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&mut self, branch: &Branch) -> Option<&mut Visit> {
        self.0.iter_mut().find(|visit| visit.id == branch.state)
    }

    pub(super) fn entered(&mut self, branch: &Branch, at: Millis) {
        if let Some(visit) = self.of(branch) {
            visit.visits = visit.visits.saturating_add(1);
            (visit.entered_at, visit.left_at) = (at, None);
            (visit.attempts, visit.failed, visit.error) = (0, false, None);
        } else {
            self.0.push(Visit {
                id: branch.state,
                state: branch.name.clone(),
                visits: 1,
                entered_at: at,
                left_at: None,
                attempts: 0,
                failed: false,
                error: None,
            });
        }
    }

    pub(super) fn tried(&mut self, branch: &Branch) {
        if let Some(visit) = self.of(branch) {
            visit.attempts = visit.attempts.saturating_add(1);
        }
    }

    /// It has failed, and is tried again, or not (`for_good`).
    pub(super) fn failed(&mut self, branch: &Branch, error: &str, for_good: bool) {
        if let Some(visit) = self.of(branch) {
            visit.error = Some(error.to_owned());
            visit.failed = for_good;
        }
    }

    pub(super) fn left(&mut self, branch: &Branch, at: Millis) {
        if let Some(visit) = self.of(branch) {
            visit.left_at = Some(at);
            if !visit.failed {
                visit.error = None;
            }
        }
    }

    /// It was stopped where it stood.
    pub(super) fn stopped(&mut self, branch: &Branch, at: Millis) {
        if let Some(visit) = self.of(branch).filter(|visit| visit.left_at.is_none()) {
            (visit.left_at, visit.failed) = (Some(at), true);
        }
    }

    /// The execution is over: what was still open ended with it.
    pub(super) fn over(&mut self, at: Millis, error: Option<&str>) {
        for visit in self.0.iter_mut().filter(|visit| visit.left_at.is_none()) {
            (visit.left_at, visit.failed) = (Some(at), true);
            if visit.error.is_none() {
                visit.error = error.map(str::to_owned);
            }
        }
    }
}
