//! What goes wrong, besides what operators do.

use super::history::Tenant;
use crate::engine::Delivery;
use sim::Fault;
use std::fmt;

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mishap {
    /// Calls go wrong: counted from now on.
    Fault(Fault),
    /// Faults planned so far do not happen any more.
    Heal,
    /// A step to come, counted from now on, is delivered once more.
    Deliver(u64, Delivery),
    /// The tenant's execution is stopped from outside.
    Abort(Tenant),
    /// The tenant's execution runs out of time.
    TimeOut(Tenant),
    /// A schedule fires: by its place among those of the template.
    Fire(usize),
    /// Nothing moves for so many seconds, and then all that is due meanwhile comes late.
    Jump(u64),
}

/// The kinds of things that can go wrong, as they are counted.
pub(super) fn kinds_of(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Duplicate => "duplicate-delivery",
        Delivery::AtOnce => "concurrent-delivery",
        Delivery::Late(_) => "late-delivery",
    }
}

impl fmt::Display for Mishap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => write!(f, "fault {fault}"),
            Self::Heal => f.write_str("heal"),
            Self::Deliver(nth, Delivery::Duplicate) => write!(f, "duplicate {nth}"),
            Self::Deliver(nth, Delivery::AtOnce) => write!(f, "at-once {nth}"),
            Self::Deliver(nth, Delivery::Late(by)) => write!(f, "late {nth} {}", by.as_seconds_ceil()),
            Self::Abort(tenant) => write!(f, "abort {tenant}"),
            Self::TimeOut(tenant) => write!(f, "time-out {tenant}"),
            Self::Fire(schedule) => write!(f, "fire {schedule}"),
            Self::Jump(seconds) => write!(f, "jump {seconds}"),
        }
    }
}
