//! What each arm did over time, for pictures: rates since the start, with bounds that hold at all times together.
//!
//! For people to read, as the bounds of a [`Report`](crate::Report) are; no verdict is made of it.

use crate::confidence;
use crate::criteria::Tally;
use crate::histogram::{BUCKETS, Histogram, Latencies};
use crate::judge::Rollout;
use crate::measure::{Arm, merged};
use crate::report::{BOUNDS, Share};
use serde::Serialize;

/// The share of answers that are slower than the 95th percentile.
const SLOWEST: f64 = 0.05;

/// What both arms did until a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    /// Until when, in seconds since the epoch.
    pub until: u64,
    /// The new model.
    pub canary: ArmRates,
    /// The model in use.
    pub baseline: ArmRates,
}

/// What one arm did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArmRates {
    /// Requests that failed, of all.
    pub errors: Share,
    /// 95th percentile of latency.
    pub slowest: Quantile,
}

/// A percentile of latency, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quantile {
    /// As it was measured; none without samples.
    pub value: Option<f64>,
    /// The true one is above this …
    pub low: f64,
    /// … and below this, at all times with 95 % certainty; none as long as there are too few samples to say so.
    pub high: Option<f64>,
}

#[derive(Debug, Default)]
struct Sum {
    errors: u64,
    requests: u64,
    latencies: Latencies,
}

impl Sum {
    fn add(&mut self, arm: &Arm) {
        self.errors += arm.sum(|counts| counts.errors.into());
        self.requests += arm.requests();
        arm.groups().for_each(|(_, counts)| self.latencies.add(&counts.latency));
    }

    fn rates(&self) -> ArmRates {
        let tally = Tally { hits: self.errors, samples: self.requests };
        ArmRates { errors: tally.into(), slowest: slowest(&self.latencies) }
    }
}

/// The 95th percentile lies in a bucket unless it is out of the question that a twentieth is above it: the bounds of a share
/// turned round (Howard and Ramdas 2022 have the same of a fixed quantile).
fn slowest(latencies: &Latencies) -> Quantile {
    let above = |bucket: u8| confidence::share(latencies.above(bucket), latencies.total(), BOUNDS);
    let first = |enough: &dyn Fn((f64, f64)) -> bool| {
        let (mut from, mut until) = (0, BUCKETS);
        while from < until {
            let middle = from.midpoint(until);
            if enough(above(middle)) { until = middle } else { from = middle + 1 }
        }
        (from < BUCKETS).then_some(from)
    };
    let low = first(&|(low, _)| low <= SLOWEST).and_then(|bucket| bucket.checked_sub(1));
    let high = first(&|(_, high)| high <= SLOWEST);
    Quantile {
        value: latencies.millis(1.0 - SLOWEST),
        low: low.map_or(0.0, Histogram::upper_millis),
        high: high.map(Histogram::upper_millis),
    }
}

impl Rollout {
    /// Rates of both arms since the start, at the end of each interval; of more than `most` evenly so many, the last among
    /// them. What was measured before the start is left out.
    pub fn rates(&self, most: usize) -> Vec<Rates> {
        let started = self.intervals.iter().filter(|interval| interval.percent > 0).cloned();
        let intervals = merged(started);
        let every = intervals.len().div_ceil(most.max(1)).max(1);
        let (mut canary, mut baseline) = (Sum::default(), Sum::default());
        let mut rates = Vec::new();
        for (index, interval) in intervals.iter().enumerate() {
            canary.add(&interval.canary);
            baseline.add(&interval.baseline);
            if (intervals.len() - 1 - index).is_multiple_of(every) {
                rates.push(Rates {
                    until: interval.end(),
                    canary: canary.rates(),
                    baseline: baseline.rates(),
                });
            }
        }
        rates
    }
}

impl Latencies {
    /// How many lie in buckets above this one.
    fn above(&self, bucket: u8) -> u64 {
        self.total() - (0..=bucket).map(|bucket| self.at(bucket)).sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Interval;
    use crate::number::number;

    /// Ten seconds with so many requests on both arms, of which the canary fails some and is slow in others.
    fn interval(start: u64, requests: u32, errors: u32, slow: u32) -> Interval {
        let mut interval =
            Interval { start, seconds: 10, percent: 50, canary: Arm::default(), baseline: Arm::default() };
        for request in 0..requests {
            let millis = if request < slow { 400.0 } else { 20.0 };
            interval.canary.group(1).record(request < errors, millis, None);
            interval.baseline.group(2).record(false, 20.0, None);
        }
        interval
    }

    fn rollout(intervals: Vec<Interval>) -> Rollout {
        Rollout { settings: crate::Settings::default(), entered: vec![1_000], intervals }
    }

    #[test]
    fn rates_grow_with_the_rollout_and_narrow() {
        let rates = rollout((0..30).map(|n| interval(1_000 + 10 * n, 40, 2, 4)).collect()).rates(100);
        assert_eq!((rates.len(), rates[0].until, rates[29].until), (30, 1_010, 1_300));
        let (first, last) = (rates[0].canary, rates[29].canary);
        assert_eq!((last.errors.hits, last.errors.samples, last.errors.share), (60, 1_200, Some(0.05)));
        assert!(last.errors.high - last.errors.low < first.errors.high - first.errors.low);
        assert_eq!(rates[29].baseline.errors.hits, 0);
        // A tenth of the canary's answers is slow: so is its 95th percentile, which a few answers don't show.
        assert!(first.slowest.high.is_none() && first.slowest.low < 30.0, "{:?}", first.slowest);
        let (low, value) = (last.slowest.low, last.slowest.value.unwrap());
        assert!(low > 300.0 && low <= value && value <= last.slowest.high.unwrap(), "{:?}", last.slowest);
        let other = rates[29].baseline.slowest;
        assert!(other.low < 20.0 && other.high.unwrap() < 25.0, "{other:?}");
    }

    #[test]
    fn of_many_some_are_kept_with_the_last() {
        let many = rollout((0..95).map(|n| interval(1_000 + 10 * n, 1, 0, 0)).collect());
        let rates = many.rates(10);
        assert_eq!((rates.len(), rates.last().unwrap().until), (10, 1_950));
        assert_eq!(rates.last().unwrap().canary.errors.samples, 95);
    }

    #[test]
    fn before_the_start_and_without_measurements_there_is_nothing() {
        assert_eq!(rollout(Vec::new()).rates(10), []);
        let mut before = interval(900, 5, 0, 0);
        before.percent = 0;
        assert_eq!(rollout(vec![before]).rates(0), []);
        let silent = rollout(vec![interval(1_000, 0, 0, 0)]).rates(10);
        let slowest = silent[0].canary.slowest;
        assert_eq!((silent[0].canary.errors.share, slowest.value, slowest.high), (None, None, None));
    }

    #[test]
    fn the_bounds_hold_what_is_true() {
        // 200 rollouts of a latency whose 95th percentile is known: uniform up to 100 ms. Bounds that hold with 95 % certainty
        // at all times may miss in 10 of them; a bucket's width is on their side.
        let mut missed = 0;
        let mut state = 7_u64;
        for _ in 0..200 {
            let mut sum = Latencies::default();
            let mut out = false;
            for _ in 0..30 {
                let mut histogram = Histogram::default();
                for _ in 0..20 {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    histogram.record(number(state >> 40) / number(1 << 24) * 100.0);
                }
                sum.add(&histogram);
                let found = slowest(&sum);
                out |= found.low > 95.0 || found.high.is_some_and(|high| high < 95.0);
            }
            missed += u32::from(out);
        }
        assert!(missed <= 10, "{missed} of 200");
    }
}
