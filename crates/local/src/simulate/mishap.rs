//! What goes wrong, besides what operators do.

use super::history::Tenant;
use super::run::name_of;
use crate::engine::Delivery;
use sim::{Fault, Nth};
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
    /// Somebody makes a stream by hand, with the tenant's tag.
    Orphan(Tenant),
    /// Nothing moves for so many seconds, and then all that is due meanwhile comes late.
    Jump(u64),
}

/// The kinds of things that can go wrong, as they are counted.
pub(super) const fn kinds_of(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Duplicate => "duplicate-delivery",
        Delivery::AtOnce => "concurrent-delivery",
        Delivery::Late(_) => "late-delivery",
    }
}

impl Mishap {
    /// The name under which it is counted where it happens, and whether it is to happen every time; `None`: it is no mishap.
    pub(super) const fn counted_as(&self) -> Option<(&'static str, bool)> {
        let kind = match self {
            Self::Fault(fault) => return Some((name_of(fault.kind), matches!(fault.nth, Nth::Every))),
            Self::Heal => return None,
            Self::Deliver(_, delivery) => kinds_of(*delivery),
            Self::Abort(_) => "aborted",
            Self::TimeOut(_) => "execution-timed-out",
            Self::Fire(_) => "schedule-fired",
            Self::Orphan(_) => "orphan-planted",
            Self::Jump(_) => "clock-jump",
        };
        Some((kind, false))
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
            Self::Orphan(tenant) => write!(f, "orphan {tenant}"),
            Self::Jump(seconds) => write!(f, "jump {seconds}"),
        }
    }
}
