//! The bill: what each resource cost an hour, from when on, for whom.
//!
//! A resource leaves a trail of rates; the cost of a span is the trail integrated over it. Rejected: a running
//! sum, which would be wrong as soon as a month ends between two looks.

use capstan_core::money::Usd;
use capstan_core::tier::ResourceKind;
use capstan_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const MILLIS_PER_HOUR: i128 = 3_600_000;
/// Nobody asks for more than the running month, so older parts of a trail are dropped.
const MEMORY: Millis = Millis::days(62);

/// A rate from a time on, until the next one of the same trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rate {
    from: Timestamp,
    tenant: Option<String>,
    hourly_micros: i64,
}

/// A span of time in which a resource cost something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill<'a> {
    /// What.
    pub kind: ResourceKind,
    /// Its name.
    pub name: &'a str,
    /// The tenant in its tag; `None`: nobody's.
    pub tenant: Option<&'a str>,
    /// From when on.
    pub from: Timestamp,
    /// Until when; `None`: it still does.
    pub until: Option<Timestamp>,
}

/// The trails, by resource.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Meter(pub(crate) BTreeMap<(ResourceKind, String), Vec<Rate>>);

impl Meter {
    /// Notes the rate of a resource from `at` on; `true` if it is another than before.
    pub(crate) fn note(
        &mut self,
        kind: ResourceKind,
        name: &str,
        at: Timestamp,
        tenant: Option<&str>,
        rate: Usd,
    ) -> bool {
        let hourly_micros = rate.as_micros();
        let key = (kind, name.to_owned());
        if hourly_micros == 0 && !self.0.contains_key(&key) {
            return false;
        }
        let trail = self.0.entry(key).or_default();
        let same = |last: &Rate| last.hourly_micros == hourly_micros && last.tenant.as_deref() == tenant;
        if trail.last().is_some_and(same) {
            return false;
        }
        while trail.get(1).is_some_and(|next| at.since(next.from) > MEMORY) {
            trail.remove(0);
        }
        trail.push(Rate { from: at, tenant: tenant.map(str::to_owned), hourly_micros });
        true
    }

    /// Every span in which something was billed.
    pub(crate) fn bills(&self) -> impl Iterator<Item = Bill<'_>> {
        self.0.iter().flat_map(|((kind, name), trail)| {
            let billed = trail.iter().enumerate().filter(|(_, rate)| rate.hourly_micros != 0);
            billed.map(|(index, rate)| Bill {
                kind: *kind,
                name,
                tenant: rate.tenant.as_deref(),
                from: rate.from,
                until: trail.get(index + 1).map(|next| next.from),
            })
        })
    }

    /// What all resources of a kind cost in this span.
    pub(crate) fn by_kind(&self, from: Timestamp, to: Timestamp) -> BTreeMap<ResourceKind, Usd> {
        let mut totals: BTreeMap<ResourceKind, i128> = BTreeMap::new();
        for ((kind, _), trail) in &self.0 {
            for (index, rate) in trail.iter().enumerate() {
                let until = trail.get(index + 1).map_or(to, |next| next.from.min(to));
                let length = until.since(rate.from.max(from));
                *totals.entry(*kind).or_default() += i128::from(rate.hourly_micros) * i128::from(length.0);
            }
        }
        let usd = |total: i128| Usd::micros(i64::try_from(total / MILLIS_PER_HOUR).unwrap_or(i64::MAX));
        totals.into_iter().map(|(kind, total)| (kind, usd(total))).collect()
    }

    /// What a tenant's resources cost in this span.
    pub(crate) fn cost(&self, tenant: &str, from: Timestamp, to: Timestamp) -> Usd {
        let mut total: i128 = 0;
        for trail in self.0.values() {
            for (index, rate) in trail.iter().enumerate() {
                let until = trail.get(index + 1).map_or(to, |next| next.from.min(to));
                let length = until.since(rate.from.max(from));
                if rate.tenant.as_deref() == Some(tenant) {
                    total += i128::from(rate.hourly_micros) * i128::from(length.0);
                }
            }
        }
        Usd::micros(i64::try_from(total / MILLIS_PER_HOUR).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_is_integrated_over_the_span_asked_for() {
        let mut meter = Meter::default();
        let start = Timestamp::from_millis(0);
        let kind = ResourceKind::Stream;
        meter.note(kind, "s", start, Some("t"), Usd::dollars(2));
        assert!(!meter.note(kind, "s", start + Millis::hours(1), Some("t"), Usd::dollars(2)));
        meter.note(kind, "s", start + Millis::hours(10), Some("t"), Usd::dollars(5));
        meter.note(kind, "s", start + Millis::hours(12), None, Usd::ZERO);
        let end = start + Millis::hours(100);
        assert_eq!(meter.cost("t", start, end), Usd::dollars(30));
        assert_eq!(meter.cost("t", start + Millis::hours(9), start + Millis::hours(11)), Usd::dollars(7));
        assert_eq!(meter.cost("u", start, end), Usd::ZERO);
    }
}
