//! Which event of `events/` is for which function, in which world, and what must come of it.

mod alone;
mod audit;
mod canary;
mod changing;
mod console;
mod door;
mod iops;
mod models;
mod reading;
mod steps;

use crate::scenario::Place;

/// A file of `events/`, and what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// `function/case`: the file without its ending.
    pub file: &'static str,
    /// The world it comes into.
    pub place: Place,
    /// What must come of it.
    pub outcome: Outcome,
    /// Whether it must be, word for word, what the state machine hands over next in that world.
    pub as_passed: bool,
}

impl Case {
    /// The function it is for: the folder it lies in.
    pub fn function(&self) -> &'static str {
        self.file.split('/').next().unwrap_or_default()
    }
}

/// What must come of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An HTTP answer of this status.
    Status(u64),
    /// A step's verdict.
    Verdict(&'static str),
    /// An answer, whatever it says.
    Answer,
    /// A failure by this name.
    Failure(&'static str),
}

/// Every case.
pub fn all() -> Vec<Case> {
    [
        reading::CASES,
        audit::CASES,
        changing::CASES,
        door::CASES,
        iops::CASES,
        canary::CASES,
        models::CASES,
        steps::CASES,
        alone::CASES,
        console::CASES,
    ]
    .concat()
}

const fn status(file: &'static str, status: u64, place: Place) -> Case {
    Case { file, place, outcome: Outcome::Status(status), as_passed: false }
}
const fn answers(file: &'static str, place: Place) -> Case {
    Case { file, place, outcome: Outcome::Answer, as_passed: false }
}
/// A step is called as the state machine calls it, and answers.
const fn passed(file: &'static str, verdict: &'static str, place: Place) -> Case {
    Case { file, place, outcome: Outcome::Verdict(verdict), as_passed: true }
}
/// A step is called once more, or out of turn, and answers.
const fn again(file: &'static str, verdict: &'static str, place: Place) -> Case {
    Case { file, place, outcome: Outcome::Verdict(verdict), as_passed: false }
}
/// A step is called as the state machine calls it, and fails.
const fn refused(file: &'static str, error: &'static str, place: Place) -> Case {
    Case { file, place, outcome: Outcome::Failure(error), as_passed: true }
}
/// A function is called out of turn, or with what it can't take, and fails.
const fn fails(file: &'static str, error: &'static str, place: Place) -> Case {
    Case { file, place, outcome: Outcome::Failure(error), as_passed: false }
}
