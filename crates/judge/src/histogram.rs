//! Latencies in fixed, log-spaced buckets: small, mergeable by addition, and a quantile within 4.5 %.
//!
//! Rejected: t-digests and `DDSketch` with moving buckets (what several writers add up must have one grid), and HDR
//! histograms (their grid needs a unit and a range chosen per use).

use crate::number::number;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many buckets there are, numbered from 0.
pub const BUCKETS: u8 = 160;
/// The upper edge of bucket 0, in milliseconds. Bucket i ends at `FIRST_MILLIS` × 2^(i/8); the last holds all above it.
pub const FIRST_MILLIS: f64 = 0.1;
/// Buckets to a doubling.
const TO_A_DOUBLING: f64 = 8.0;

/// Counts of latencies by bucket. In JSON an object from the bucket's number to its count: `{"72": 11, "80": 1}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<u8, u32>", into = "BTreeMap<u8, u32>")]
pub struct Histogram(Vec<(u8, u32)>);

impl From<BTreeMap<u8, u32>> for Histogram {
    fn from(map: BTreeMap<u8, u32>) -> Self {
        Self(map.into_iter().filter(|(_, count)| *count > 0).collect())
    }
}

impl From<Histogram> for BTreeMap<u8, u32> {
    fn from(histogram: Histogram) -> Self {
        histogram.0.into_iter().collect()
    }
}

impl Histogram {
    /// The bucket of a latency in milliseconds; none for what is no latency: negative, infinite or not a number.
    pub fn bucket_of(millis: f64) -> Option<u8> {
        if !millis.is_finite() || millis < 0.0 {
            return None;
        }
        if millis <= FIRST_MILLIS {
            return Some(0);
        }
        let place = ((millis / FIRST_MILLIS).log2() * TO_A_DOUBLING).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to the buckets there are"
        )]
        Some(place.clamp(0.0, f64::from(BUCKETS - 1)) as u8)
    }

    /// Where a bucket ends, in milliseconds.
    pub fn upper_millis(bucket: u8) -> f64 {
        FIRST_MILLIS * (f64::from(bucket) / TO_A_DOUBLING).exp2()
    }

    /// Counts one latency in milliseconds; says whether it was one.
    pub fn record(&mut self, millis: f64) -> bool {
        let bucket = Self::bucket_of(millis);
        if let Some(bucket) = bucket {
            self.add(bucket, 1);
        }
        bucket.is_some()
    }

    /// Adds to a bucket.
    pub fn add(&mut self, bucket: u8, count: u32) {
        match self.0.binary_search_by_key(&bucket, |(at, _)| *at) {
            Ok(at) => self.0[at].1 = self.0[at].1.saturating_add(count),
            Err(at) => self.0.insert(at, (bucket, count)),
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            self.add(*bucket, *count);
        }
    }

    /// How many latencies there are.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// How many lie in buckets above this one.
    pub fn above(&self, bucket: u8) -> u64 {
        self.0.iter().filter(|(at, _)| *at > bucket).map(|(_, count)| u64::from(*count)).sum()
    }

    /// Buckets with their counts, from the fastest on.
    pub fn buckets(&self) -> impl Iterator<Item = (u8, u32)> + '_ {
        self.0.iter().copied()
    }
}

/// A sum of histograms over a whole rollout.
#[derive(Debug, Clone)]
pub(crate) struct Latencies {
    counts: [u64; BUCKETS as usize],
    total: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: [0; BUCKETS as usize], total: 0 }
    }
}

impl Latencies {
    pub(crate) fn add(&mut self, histogram: &Histogram) {
        for (bucket, count) in histogram.buckets() {
            if let Some(slot) = self.counts.get_mut(usize::from(bucket)) {
                *slot += u64::from(count);
                self.total += u64::from(count);
            }
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// How many lie in a bucket.
    pub(crate) fn at(&self, bucket: u8) -> u64 {
        self.counts.get(usize::from(bucket)).copied().unwrap_or(0)
    }

    /// The bucket in which the share `part` of all latencies is reached.
    pub(crate) fn quantile(&self, part: f64) -> Option<u8> {
        let wanted = number(self.total) * part;
        let mut seen = 0;
        for bucket in 0..BUCKETS {
            seen += self.counts[usize::from(bucket)];
            if seen > 0 && number(seen) >= wanted {
                return Some(bucket);
            }
        }
        None
    }

    /// The quantile in milliseconds: the geometric middle of its bucket.
    pub(crate) fn millis(&self, part: f64) -> Option<f64> {
        self.quantile(part).map(|bucket| Histogram::upper_millis(bucket) * (-0.5 / TO_A_DOUBLING).exp2())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_latency_has_no_bucket() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
            assert_eq!(Histogram::bucket_of(bad), None);
            let mut histogram = Histogram::default();
            assert!(!histogram.record(bad));
            assert_eq!(histogram.total(), 0);
        }
    }

    #[test]
    fn a_latency_lies_below_its_buckets_end_and_above_the_one_before() {
        for millis in [0.0, 0.05, 0.1, 0.11, 1.0, 12.7, 250.0, 799.9, 60_000.0] {
            let bucket = Histogram::bucket_of(millis).unwrap();
            assert!(millis <= Histogram::upper_millis(bucket) * 1.000_001, "{millis}");
            assert!(bucket == 0 || millis > Histogram::upper_millis(bucket - 1) * 0.999_999, "{millis}");
        }
        assert_eq!(Histogram::bucket_of(1e300), Some(BUCKETS - 1));
    }

    #[test]
    fn a_quantile_is_within_a_few_percent() {
        let mut sum = Latencies::default();
        let mut histogram = Histogram::default();
        (1..=10_000_u32).for_each(|n| assert!(histogram.record(f64::from(n) / 10.0)));
        sum.add(&histogram);
        for part in [0.5, 0.95, 0.99] {
            let (found, real) = (sum.millis(part).unwrap(), part * 1_000.0);
            assert!((found / real - 1.0).abs() < 0.046, "{part}: {found} and not {real}");
        }
        assert_eq!(Latencies::default().millis(0.95), None);
    }

    #[test]
    fn merging_is_adding_and_survives_json() {
        let (mut left, mut right, mut both) =
            (Histogram::default(), Histogram::default(), Histogram::default());
        for n in 1..500_u32 {
            let millis = f64::from(n * n) / 7.0;
            if n % 3 == 0 {
                left.record(millis)
            } else {
                right.record(millis)
            };
            both.record(millis);
        }
        left.merge(&right);
        assert_eq!(left, both);
        let text = serde_json::to_string(&both).unwrap();
        assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), both);
    }
}
