//! Leaves out of a failing case whatever it can do without, so that what is left is the tale to be understood.
//!
//! Delta debugging: halves, quarters and so on of the events are left out as long as the same promise is still broken; then
//! the times between events are shortened, and the order of what is due at once is made plain.

use super::history::Case;
use super::invariants::Promise;
use super::run::play;
use super::stage::Stage;
use capstan_core::time::Millis;

/// Plays at most: shrinking is for people, who wait.
const MOST: usize = 400;

/// The smallest case found that breaks the same promise.
pub fn shrink(stage: &Stage, case: &Case, promise: Promise) -> Case {
    let mut plays = 0;
    let mut fails = |candidate: &Case| {
        plays += 1;
        plays <= MOST && play(stage, candidate).violations.iter().any(|one| one.promise == promise)
    };
    let mut best = case.clone();
    let mut size = best.events.len().div_ceil(2);
    while size > 0 {
        let mut from = 0;
        let mut shrunk = false;
        while from < best.events.len() {
            let candidate = without(&best, from, size);
            if fails(&candidate) {
                best = candidate;
                shrunk = true;
            } else {
                from += size;
            }
        }
        if !shrunk || size > best.events.len() {
            size = if size == 1 && shrunk { 1 } else { size / 2 };
        }
    }
    shorten(&mut best, &mut fails);
    best
}

/// The case without some events; those after them stay at their time.
fn without(case: &Case, from: usize, size: usize) -> Case {
    let mut smaller = case.clone();
    let end = (from + size).min(smaller.events.len());
    let gone: u64 = smaller.events.drain(from..end).map(|event| event.after.0).sum();
    if let Some(next) = smaller.events.get_mut(from) {
        next.after = Millis(next.after.0 + gone);
    }
    smaller
}

fn shorten(best: &mut Case, fails: &mut impl FnMut(&Case) -> bool) {
    if best.interleave {
        let plain = Case { interleave: false, ..best.clone() };
        if fails(&plain) {
            *best = plain;
        }
    }
    for at in 0..best.events.len() {
        for part in [0, 1, 2, 3] {
            let mut candidate = best.clone();
            let seconds = candidate.events[at].after.as_seconds_ceil() * part / 4;
            candidate.events[at].after = Millis::seconds(seconds);
            if candidate != *best && fails(&candidate) {
                *best = candidate;
                break;
            }
        }
    }
}
