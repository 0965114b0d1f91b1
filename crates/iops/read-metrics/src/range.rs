//! The times asked for.

use api::{Problem, Request};
use capstan_core::iops::AHEAD;
use capstan_core::ports::Clock;

/// From when to when, both included, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) since: u64,
    pub(crate) until: u64,
}

impl Range {
    /// Reads `since` (so many seconds before the end) and `until` (as late as a metric may be).
    pub(crate) fn read(clock: &impl Clock, request: &Request, length: u64) -> Result<Self, Problem> {
        let latest = (clock.wall() + AHEAD).as_millis() / 1_000;
        let until = second(request, "until")?.unwrap_or(latest).min(latest);
        let since = second(request, "since")?.unwrap_or_else(|| until.saturating_sub(length));
        if since > until {
            return Err(Problem::invalid_field("since", "is later than `until`"));
        }
        Ok(Self { since, until })
    }
}

/// A time as a second; of one within a second, that second.
pub(crate) fn second(request: &Request, name: &str) -> Result<Option<u64>, Problem> {
    Ok(request.time(name)?.map(|at| at.as_millis() / 1_000))
}
