//! What is to be done and when.
//!
//! An ordered map is the whole scheduler: the next thing is its first entry. Among things due at the same instant the
//! order is that of arrival, or drawn from a seed, so that a simulation can see more than one order.

use crate::functions::Answer;
use capstan_core::time::Timestamp;
use serde_json::Value;
use states::{TaskId, TimerId};
use std::collections::BTreeMap;

/// A thing to do.
#[derive(Debug, Clone)]
pub(super) enum Due {
    /// Run the function of a task.
    Invoke { execution: String, task: TaskId, function: String, input: Value },
    /// Run a function once more, of whose answer nobody wants to know.
    Again { function: String, input: Value },
    /// Go on with a run that stood still.
    GoOn { run: u64 },
    /// Tell an execution what its task came to.
    Completed { execution: String, task: TaskId, answer: Answer },
    /// Tell an execution that its timer is due.
    Timer { execution: String, timer: TimerId },
    /// Tell whoever wants to know that an execution has ended.
    Announce { execution: String },
    /// Hand an event to a function; `attempt` counts from 1.
    Deliver { function: String, event: Value, attempt: u32 },
    /// Hand the next batch of a stream to its function.
    Feed { stream: usize, lane: usize },
    /// Run what the schedule of this position says, and again after its period.
    Schedule(usize),
}

/// When, a draw, and a count that keeps entries apart.
type Slot = (Timestamp, u64, u64);

#[derive(Debug, Default)]
pub(super) struct Agenda {
    entries: BTreeMap<Slot, Due>,
    /// By execution.
    timers: BTreeMap<String, BTreeMap<TimerId, Slot>>,
    count: u64,
    /// The state of the draws; `None`: in order of arrival.
    draws: Option<u64>,
}

impl Agenda {
    pub(super) fn new(draws: Option<u64>) -> Self {
        Self { draws, ..Self::default() }
    }

    pub(super) fn add(&mut self, at: Timestamp, due: Due) {
        self.count += 1;
        let draw = self.draws.as_mut().map_or(0, draw);
        let slot = (at, draw, self.count);
        if let Due::Timer { execution, timer } = &due {
            if let Some(timers) = self.timers.get_mut(execution) {
                timers.insert(*timer, slot);
            } else {
                self.timers.insert(execution.clone(), BTreeMap::from([(*timer, slot)]));
            }
        }
        self.entries.insert(slot, due);
    }

    pub(super) fn cancel_timer(&mut self, execution: &str, timer: TimerId) {
        if let Some(slot) = self.forget(execution, timer) {
            self.entries.remove(&slot);
        }
    }

    fn forget(&mut self, execution: &str, timer: TimerId) -> Option<Slot> {
        let timers = self.timers.get_mut(execution)?;
        let slot = timers.remove(&timer);
        if timers.is_empty() {
            self.timers.remove(execution);
        }
        slot
    }

    /// The timer of an execution that was set first: the limit of the whole.
    pub(super) fn first_timer(&self, execution: &str) -> Option<TimerId> {
        self.timers.get(execution)?.keys().next().copied()
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.entries.keys().next().map(|(at, ..)| *at)
    }

    /// Takes out the first entry, if it is due by then.
    pub(super) fn take(&mut self, by: Timestamp) -> Option<(Timestamp, Due)> {
        let entry = self.entries.first_entry().filter(|entry| entry.key().0 <= by)?;
        let ((at, ..), due) = entry.remove_entry();
        if let Due::Timer { execution, timer } = &due {
            self.forget(execution, *timer);
        }
        Some((at, due))
    }

    /// Takes out all invocations that are due at exactly this time.
    pub(super) fn take_invocations(&mut self, at: Timestamp) -> Vec<Due> {
        let end = (at, u64::MAX, u64::MAX);
        let invocation = |due: &Due| matches!(due, Due::Invoke { .. });
        let slots: Vec<Slot> = self
            .entries
            .range(..=end)
            .filter(|(slot, due)| slot.0 == at && invocation(due))
            .map(|(slot, _)| *slot)
            .collect();
        slots.iter().filter_map(|slot| self.entries.remove(slot)).collect()
    }

    /// A number below `bound`, which is not 0; 0 when draws are off.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let drawn = self.draws.as_mut().map_or(0, draw);
        usize::try_from(drawn % (bound.max(1) as u64)).unwrap_or(0)
    }

    /// Whether there is anything to do but schedules.
    pub(super) fn only_schedules(&self) -> bool {
        self.entries.values().all(|due| matches!(due, Due::Schedule(_)))
    }

    /// Puts off the schedules due before `to` until then: what is missed is made up for once.
    pub(super) fn put_off_schedules(&mut self, to: Timestamp) {
        let missed: Vec<Slot> = self
            .entries
            .range(..(to, 0, 0))
            .filter(|(_, due)| matches!(due, Due::Schedule(_)))
            .map(|(slot, _)| *slot)
            .collect();
        for slot in missed {
            if let Some(due) = self.entries.remove(&slot) {
                self.add(to, due);
            }
        }
    }
}

/// `SplitMix64`: enough for an order.
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn order(agenda: &mut Agenda) -> Vec<usize> {
        std::iter::from_fn(|| agenda.take(at(u64::MAX)))
            .map(|(_, due)| if let Due::Schedule(index) = due { index } else { usize::MAX })
            .collect()
    }

    #[test]
    fn the_earliest_comes_first_then_who_came_first() {
        let mut agenda = Agenda::new(None);
        for (when, index) in [(5, 0), (3, 1), (5, 2), (3, 3)] {
            agenda.add(at(when), Due::Schedule(index));
        }
        assert!(agenda.take(at(2)).is_none());
        assert_eq!(order(&mut agenda), [1, 3, 0, 2]);
    }

    #[test]
    fn a_seed_draws_an_order_of_its_own_and_the_same_again() {
        let run = |seed| {
            let mut agenda = Agenda::new(Some(seed));
            (0..8).for_each(|index| agenda.add(at(1), Due::Schedule(index)));
            order(&mut agenda)
        };
        assert_eq!(run(1), run(1));
        assert!((2..10).any(|seed| run(seed) != run(1)));
    }

    #[test]
    fn a_cancelled_timer_is_gone_and_missed_schedules_are_made_up_for_once() {
        let mut agenda = Agenda::new(None);
        agenda.add(at(1), Due::Timer { execution: "x".to_owned(), timer: TimerId(1) });
        agenda.cancel_timer("x", TimerId(1));
        assert_eq!(agenda.next(), None);
        agenda.add(at(1), Due::Schedule(0));
        assert!(agenda.only_schedules());
        agenda.put_off_schedules(at(100));
        assert_eq!(agenda.next(), Some(at(100)));
        assert_eq!(order(&mut agenda), [0]);
    }
}
