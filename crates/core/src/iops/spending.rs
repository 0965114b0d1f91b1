//! What the month costs: so far, today, and by its end.
//!
//! The bill is hours late, so a day counts for the projection only when it is over. Rejected: today's share of the day, which
//! takes a late bill for a cheap morning; and thirty days a month, which is wrong in seven months of twelve.

use crate::money::Usd;
use crate::ports::DayBill;
use crate::time::{Millis, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// A day that costs more is a runaway (runbook, "Cost Runaway").
pub const RUNAWAY: Usd = Usd::dollars(100);
/// What a month may cost before people are told, and the share of it at which they are (facts page, "Alarms").
pub const BUDGET: Usd = Usd::dollars(60);

/// A day that ran away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Runaway {
    /// The day, such as `2026-11-21`.
    pub day: String,
    /// What it has cost so far.
    pub cost: Usd,
}

/// What the month costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spending {
    /// The month, such as `2026-11`.
    pub month: String,
    /// How many days it has.
    pub days_in_month: u64,
    /// From its first day until now.
    pub month_to_date: Usd,
    /// Today so far.
    pub today: Usd,
    /// Yesterday, which may be of the month before.
    pub yesterday: Usd,
    /// The whole month, if it goes on as its days so far; none on its first day.
    pub projected: Option<Usd>,
    /// By how many whole days the projection was made.
    pub projected_from_days: u64,
    /// What may be spent before people are told.
    pub budget: Usd,
    /// Today or yesterday, where it cost more than [`RUNAWAY`]; the dearer.
    pub runaway: Option<Runaway>,
    /// By service, the dearest first, of the month to date.
    pub by_service: Vec<ServiceCost>,
}

/// What a service cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceCost {
    /// Its name on the bill.
    pub service: String,
    /// This month.
    pub cost: Usd,
}

/// How many days the month of this instant has.
pub fn days_in_month(at: Timestamp) -> u64 {
    let start = at.start_of_month();
    (start + Millis::days(32)).start_of_month().since(start).0 / Millis::days(1).0
}

/// The first instant of what has to be asked for: the month's, or yesterday's where that is earlier.
pub fn asked_from(now: Timestamp) -> Timestamp {
    now.start_of_month().min(start_of_day(now - Millis::days(1)))
}

fn start_of_day(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_millis() / Millis::days(1).0 * Millis::days(1).0)
}

fn total(day: &DayBill) -> Usd {
    day.by_service.values().copied().sum()
}

impl Spending {
    /// Reckons with the days billed, which are those from [`asked_from`] until today.
    pub fn of(days: &[DayBill], now: Timestamp) -> Self {
        let (month, today) = (now.start_of_month(), start_of_day(now));
        let of_day = |at: Timestamp| days.iter().filter(|day| day.day == at).map(total).sum::<Usd>();
        let this_month = || days.iter().filter(|day| day.day >= month);
        let month_to_date = this_month().map(total).sum();
        let whole_days = today.since(month).0 / Millis::days(1).0;
        let days_in_month = days_in_month(now);
        let whole: Usd = this_month().filter(|day| day.day < today).map(total).sum();
        #[expect(clippy::cast_precision_loss, reason = "a month has at most 31 days")]
        let projected = (whole_days > 0)
            .then(|| whole.times(days_in_month as f64 / whole_days as f64).max(month_to_date));
        let (cost, yesterday) = (of_day(today), of_day(today - Millis::days(1)));
        let dearer = if yesterday > cost { today - Millis::days(1) } else { today };
        let runaway = (cost.max(yesterday) > RUNAWAY)
            .then(|| Runaway { day: dearer.to_string()[..10].to_owned(), cost: cost.max(yesterday) });
        let mut services: BTreeMap<&str, Usd> = BTreeMap::new();
        for (service, cost) in this_month().flat_map(|day| &day.by_service) {
            let sum = services.entry(service).or_default();
            *sum = *sum + *cost;
        }
        let mut by_service: Vec<ServiceCost> = services
            .into_iter()
            .map(|(service, cost)| ServiceCost { service: service.to_owned(), cost })
            .collect();
        by_service.sort_by_key(|one| std::cmp::Reverse(one.cost));
        Self {
            month: month.to_string()[..7].to_owned(),
            days_in_month,
            month_to_date,
            today: cost,
            yesterday,
            projected,
            projected_from_days: whole_days,
            budget: BUDGET,
            runaway,
            by_service,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn day(text: &str, costs: &[(&str, i64)]) -> DayBill {
        let by_service =
            costs.iter().map(|(service, dollars)| ((*service).to_owned(), Usd::dollars(*dollars))).collect();
        DayBill { day: at(&format!("{text}T00:00:00Z")), by_service, estimated: true }
    }

    #[test]
    fn a_month_has_the_days_that_it_has() {
        for (now, days) in [
            ("2026-11-21T10:00:00Z", 30),
            ("2026-02-28T23:59:59Z", 28),
            ("2028-02-01T00:00:00Z", 29),
            ("2026-12-31T23:59:59Z", 31),
            ("2026-01-31T12:00:00Z", 31),
        ] {
            assert_eq!(days_in_month(at(now)), days, "{now}");
        }
    }

    #[test]
    fn the_projection_counts_whole_days_only() {
        let days = [
            day("2026-02-01", &[("A", 2)]),
            day("2026-02-02", &[("A", 1), ("B", 3)]),
            day("2026-02-03", &[]),
        ];
        let now = Spending::of(&days, at("2026-02-03T01:00:00Z"));
        assert_eq!(
            (now.month_to_date, now.today, now.yesterday),
            (Usd::dollars(6), Usd::ZERO, Usd::dollars(4))
        );
        assert_eq!((now.projected, now.projected_from_days), (Some(Usd::dollars(84)), 2), "3 a day, 28 days");
        assert_eq!(now.runaway, None);
        let named: Vec<_> = now.by_service.iter().map(|one| (one.service.as_str(), one.cost)).collect();
        assert_eq!(named, [("A", Usd::dollars(3)), ("B", Usd::dollars(3))]);
    }

    #[test]
    fn a_month_never_ends_below_what_it_has_cost() {
        let days = [day("2026-02-01", &[("A", 0)]), day("2026-02-02", &[("A", 90)])];
        assert_eq!(Spending::of(&days, at("2026-02-02T20:00:00Z")).projected, Some(Usd::dollars(90)));
    }

    #[test]
    fn on_the_first_nothing_is_projected_and_yesterday_is_of_the_month_before() {
        let now = at("2026-03-01T00:30:00Z");
        assert_eq!(asked_from(now), at("2026-02-28T00:00:00Z"));
        assert_eq!(asked_from(at("2026-03-15T00:30:00Z")), at("2026-03-01T00:00:00Z"));
        let seen = Spending::of(&[day("2026-02-28", &[("A", 101)]), day("2026-03-01", &[("A", 1)])], now);
        assert_eq!((seen.month_to_date, seen.projected), (Usd::dollars(1), None));
        let runaway = Runaway { day: "2026-02-28".to_owned(), cost: Usd::dollars(101) };
        assert_eq!(seen.runaway, Some(runaway), "today's bill is late: yesterday's shows it first");
    }

    #[test]
    fn a_hundred_dollars_are_no_runaway_and_a_cent_more_is() {
        let now = at("2026-03-05T09:00:00Z");
        assert_eq!(Spending::of(&[day("2026-03-05", &[("A", 100)])], now).runaway, None);
        let mut dear = day("2026-03-05", &[("A", 100)]);
        dear.by_service.insert("B".to_owned(), Usd::micros(10_000));
        assert_eq!(Spending::of(&[dear], now).runaway.map(|seen| seen.day), Some("2026-03-05".to_owned()));
    }
}
