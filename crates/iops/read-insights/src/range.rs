//! The times asked for.

use api::{Problem, Request};
use capstan_core::iops::{INSIGHTS_KEPT, day_of};
use capstan_core::ports::Clock;

const DAY: u64 = 86_400;

/// From when to when, both included, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) since: u64,
    pub(crate) until: u64,
}

impl Range {
    /// Reads `since` (a day ago) and `until` (as late as a metric may be). No longer than insights are kept.
    pub(crate) fn read(clock: &impl Clock, request: &Request) -> Result<Self, Problem> {
        let latest = (clock.wall() + capstan_core::iops::AHEAD).as_millis() / 1_000;
        let until = second(request, "until")?.unwrap_or(latest).min(latest);
        let since = second(request, "since")?.unwrap_or_else(|| until.saturating_sub(DAY));
        if since > until {
            return Err(Problem::invalid_field("since", "is later than `until`"));
        }
        // What is older is gone.
        Ok(Self { since: since.max(latest.saturating_sub(INSIGHTS_KEPT + DAY)), until })
    }

    /// The last seconds, so many of them.
    pub(crate) fn last(clock: &impl Clock, length: u64) -> Self {
        let latest = (clock.wall() + capstan_core::iops::AHEAD).as_millis() / 1_000;
        Self { since: (clock.wall().as_millis() / 1_000).saturating_sub(length), until: latest }
    }

    /// The days in it, the latest first.
    pub(crate) fn days(self) -> impl Iterator<Item = String> {
        let (first, last) = (self.since / DAY, self.until / DAY);
        (first..=last).rev().map(|day| day_of(day * DAY))
    }
}

fn second(request: &Request, name: &str) -> Result<Option<u64>, Problem> {
    Ok(request.time(name)?.map(|at| at.as_millis() / 1_000))
}
