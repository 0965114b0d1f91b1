//! What is found in one sample: thresholds it breaks and series that behave as they never did, added up to one score.

use super::metric::{Metric, Series};
use super::rules::{self, Bound};
use serde::{Deserialize, Serialize};

/// Evidence that counts for nothing, and evidence than which more counts no more, as powers of ten: once in 100 samples
/// happens all the time, once in ten million does not.
const NO_EVIDENCE: f64 = 2.0;
const FULL_EVIDENCE: f64 = 7.0;
/// What a series that behaves oddly adds at most. One alone is worth an insight and wakes nobody up; two at once do.
const MOST_WEIGHT: f64 = 0.6;

/// What the detector says of one series at one sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Which series.
    pub series: Series,
    /// What was measured.
    pub value: f64,
    /// What was to be expected, from and to.
    pub expected: (f64, f64),
    /// Since when it is odd, in seconds since 1970.
    pub since: u64,
    /// For how many samples it has been odd, with this one; 0: it is as always.
    pub lasting: u32,
    /// How rare the oddest of them is: one in so many samples.
    pub rarity: f64,
}

impl Seen {
    /// How hard it is to believe that nothing has happened, as a power of ten: the rarity of what began it, and ten times
    /// that for each sample more that it lasts. What is odd once is chance more often than not, with so many series; what
    /// stays odd is not.
    fn evidence(&self) -> f64 {
        if self.lasting == 0 { 0.0 } else { self.rarity.max(1.0).log10() + f64::from(self.lasting - 1) }
    }

    /// How odd the series is, from 0 (as always) to 1.
    pub fn oddness(&self) -> f64 {
        ((self.evidence() - NO_EVIDENCE) / (FULL_EVIDENCE - NO_EVIDENCE)).clamp(0.0, 1.0)
    }

    /// The share that it takes of what is left up to a score of 100.
    fn weight(&self) -> f64 {
        MOST_WEIGHT * self.oddness()
    }
}

/// One reason for an insight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Which series.
    pub metric: Series,
    /// What was measured.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// What was expected at least; for a threshold, the limit if less is wrong.
    pub expected_low: Option<f64>,
    /// What was expected at most; for a threshold, the limit if more is wrong.
    pub expected_high: Option<f64>,
    /// Since when it is so, in seconds since 1970.
    pub since: u64,
    /// Once in how many samples it is so; of thresholds nobody counts.
    pub rarity: Option<f64>,
    /// What it adds to the score, from 0 to 100.
    pub points: f64,
}

/// A sample's score and the reasons for it, the weightiest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Assessment {
    /// From 0 to 100.
    pub score: u8,
    /// How sure it is, from 0 to 1.
    pub confidence: f64,
    /// Why.
    pub findings: Vec<Finding>,
}

/// Adds up what thresholds and the detector say.
///
/// Thresholds alone come to their sum (facts page). Each series that behaves oddly takes a share of what is left up to 100,
/// so that no order matters and the whole never exceeds it.
pub fn assess(metric: &Metric, seen: &[Seen]) -> Assessment {
    let mut findings: Vec<Finding> =
        rules::broken(metric).map(|(rule, value)| threshold(metric, rule, value)).collect();
    let by_rules = f64::from(rules::score(metric)) / 100.0;
    let mut left = 1.0 - by_rules;
    let mut surest: f64 = if findings.is_empty() { 0.0 } else { 1.0 };
    for (seen, weight) in seen.iter().map(|seen| (seen, seen.weight())).filter(|(_, weight)| *weight > 0.0) {
        left *= 1.0 - weight;
        surest = surest.max(weight / MOST_WEIGHT);
        findings.push(Finding {
            metric: seen.series,
            value: seen.value,
            unit: seen.series.unit().to_owned(),
            expected_low: Some(rounded(seen.expected.0)),
            expected_high: Some(rounded(seen.expected.1)),
            since: seen.since,
            rarity: Some(seen.rarity.round()),
            points: rounded(weight * 100.0),
        });
    }
    findings.sort_by(|a, b| b.points.total_cmp(&a.points));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
    let score = ((1.0 - left) * 100.0).round().clamp(0.0, 100.0) as u8;
    Assessment { score, confidence: rounded(surest), findings }
}

fn threshold(metric: &Metric, rule: rules::Rule, value: f64) -> Finding {
    let (low, high) = match rule.bound {
        Bound::Above(limit) => (None, Some(limit)),
        Bound::Below(limit) => (Some(limit), None),
    };
    Finding {
        metric: rule.series,
        value,
        unit: rule.series.unit().to_owned(),
        expected_low: low,
        expected_high: high,
        since: metric.at,
        rarity: None,
        points: f64::from(rule.points),
    }
}

/// To three decimals, for people. What is too large for that stays as it is.
fn rounded(value: f64) -> f64 {
    if value.abs() < 1e12 { (value * 1e3).round() / 1e3 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iops::Hostname;
    use proptest::prelude::*;

    fn metric(readings: &[(Series, f64)]) -> Metric {
        Metric::new(Hostname::parse("web-1").unwrap(), 1_800_000_000, readings.iter().copied())
    }

    /// Odd for so many samples, at first once in a thousand.
    fn seen(series: Series, lasting: u32) -> Seen {
        Seen { series, value: 97.0, expected: (20.0, 40.0), since: 1_799_999_940, lasting, rarity: 1_000.0 }
    }

    #[test]
    fn thresholds_alone_come_to_their_sum() {
        let broken = metric(&[(Series::Latency, 12.0), (Series::ErrorRate, 2.0)]);
        let found = assess(&broken, &[]);
        assert_eq!((found.score, found.findings.len()), (55, 2));
        assert_eq!(found.findings[0].metric, Series::ErrorRate);
        assert_eq!(assess(&metric(&[(Series::CpuUsage, 99.0)]), &[]), Assessment::default());
    }

    #[test]
    fn what_is_odd_once_is_nothing_what_lasts_is_an_insight_and_two_series_at_once_are_critical() {
        let calm = metric(&[(Series::CpuUsage, 97.0)]);
        let score = |seen: &[Seen]| assess(&calm, seen).score;
        let alone = |lasting| score(&[seen(Series::CpuUsage, lasting)]);
        assert_eq!((alone(0), alone(1), alone(4), alone(100)), (0, 12, 48, 60));
        let rare = Seen { rarity: 1e7, ..seen(Series::CpuUsage, 1) };
        assert_eq!(score(&[rare]), 60);
        assert_eq!(score(&[seen(Series::CpuUsage, 5), seen(Series::MemoryUsage, 5)]), 84);
        let finding = &assess(&calm, &[seen(Series::CpuUsage, 5)]).findings[0];
        assert_eq!((finding.expected_low, finding.expected_high), (Some(20.0), Some(40.0)));
        assert_eq!((finding.since, finding.rarity), (1_799_999_940, Some(1_000.0)));
    }

    proptest! {
        #[test]
        fn a_score_stays_within_100_whatever_is_found_and_in_any_order(
            lasting in proptest::collection::vec(0..12_u32, Series::ALL.len()),
            iops in 0.0..2e5_f64,
            error in 0.0..100.0_f64,
        ) {
            let metric = metric(&[(Series::Iops, iops), (Series::ErrorRate, error)]);
            let mut all: Vec<Seen> = Series::ALL.into_iter().zip(lasting).map(|(series, lasting)| seen(series, lasting)).collect();
            let one = assess(&metric, &all);
            all.reverse();
            prop_assert!(one.score <= 100 && one.score >= rules::score(&metric));
            prop_assert_eq!(one.score, assess(&metric, &all).score);
            prop_assert!((0.0..=1.0).contains(&one.confidence));
        }
    }
}
