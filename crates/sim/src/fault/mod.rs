//! Faults: which call goes wrong, and how.
//!
//! A plan is a list; the first fault that fits a call decides. Each counts the calls from the moment it was
//! planned, so a fault added to a world that has run for days still means "the next one" by `1`.

mod text;

pub use text::FaultParseError;

use crate::operation::Operation;
use capstan_core::time::Millis;

/// Which of the calls that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nth {
    /// The n-th call of one and the same operation, from 1.
    Of(u32),
    /// Every call.
    Every,
    /// The k-th call of all, whatever it is, from 1; nothing happens if it does not fit.
    Overall(u32),
    /// The k-th of all calls that may change something, from 1.
    Changing(u32),
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// Refused: too many calls.
    Throttled,
    /// The service fails and does nothing.
    Error,
    /// Refused: not allowed.
    Denied,
    /// Refused: a limit is reached.
    Quota,
    /// Refused: not now.
    Busy,
    /// A write to the store meets a condition that does not hold (any more), as when somebody else wrote first.
    Stale,
    /// No answer, and nothing was done.
    Timeout,
    /// No answer, but it was done.
    TimeoutAfter,
    /// The answer takes this long.
    Slow(Millis),
    /// The caller stands still for this long before the call is made, and everything else goes on meanwhile: a request
    /// that hangs on its way, or a process that is frozen. One that would stand still past its time limit is killed at
    /// the limit.
    Stall(Millis),
    /// The same, and whoever invoked the caller is told at once that nobody knows what became of it, as a workflow is
    /// that loses its connection: it invokes again while the first run may still act.
    Lost(Millis),
    /// The caller dies before the call does anything.
    Crash,
    /// The call is carried out, then the caller dies.
    CrashAfter,
    /// The life cycle that this creation or change starts ends badly. A creation ends `Failed` (a stream, which
    /// knows no such state, is gone). An endpoint that is changed ends `Failed`; stores go back to what they were.
    Fails,
    /// The life cycle that this call starts never ends.
    Never,
    /// Of a batch every other item is put, and the rest is handed back.
    Partly,
}

/// A fault to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The service, such as `opensearch`, or `*`.
    pub service: String,
    /// The operation, such as `CreateDomain`, or `*`.
    pub operation: String,
    /// Which call.
    pub nth: Nth,
    /// What goes wrong.
    pub kind: FaultKind,
}

/// How many calls there were, by operation and in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    by_operation: [u32; Operation::ALL.len()],
    pub(crate) overall: u32,
    pub(crate) changing: u32,
}

impl Counts {
    pub(crate) const fn new() -> Self {
        Self { by_operation: [0; Operation::ALL.len()], overall: 0, changing: 0 }
    }
    pub(crate) const fn count(&mut self, operation: Operation) {
        self.by_operation[operation as usize] += 1;
        self.overall += 1;
        self.changing += operation.mutates() as u32;
    }
    pub(crate) const fn of(&self, operation: Operation) -> u32 {
        self.by_operation[operation as usize]
    }
}

/// A fault and the counts at the time it was planned.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) fault: Fault,
    since: Counts,
}

impl Planned {
    pub(crate) const fn new(fault: Fault, since: Counts) -> Self {
        Self { fault, since }
    }

    /// Whether the call just counted is the one.
    pub(crate) fn fits(&self, operation: Operation, counts: &Counts) -> bool {
        let Fault { service, operation: name, nth, .. } = &self.fault;
        let named =
            (service == "*" || service == operation.service()) && (name == "*" || name == operation.name());
        named
            && match *nth {
                Nth::Every => true,
                Nth::Of(n) => counts.of(operation) - self.since.of(operation) == n,
                Nth::Changing(k) => operation.mutates() && counts.changing - self.since.changing == k,
                Nth::Overall(k) => counts.overall - self.since.overall == k,
            }
    }
}
