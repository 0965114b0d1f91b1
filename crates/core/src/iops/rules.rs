//! The thresholds: what is wrong with one sample whatever came before (facts page, "Built-in model", part a).

use super::metric::{Metric, Series};

/// A threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// What is looked at.
    pub series: Series,
    /// On which side of it is wrong.
    pub bound: Bound,
    /// What it adds to the score, which ends at 100.
    pub points: u8,
    /// What else must hold: this series above this.
    pub only_above: Option<(Series, f64)>,
}

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// More than this is wrong.
    Above(f64),
    /// Less than this is wrong.
    Below(f64),
}

/// Every threshold.
pub const RULES: [Rule; 5] = [
    Rule { series: Series::Iops, bound: Bound::Above(100_000.0), points: 20, only_above: None },
    Rule { series: Series::Latency, bound: Bound::Above(10.0), points: 25, only_above: None },
    Rule { series: Series::ErrorRate, bound: Bound::Above(1.0), points: 30, only_above: None },
    Rule { series: Series::QueueDepth, bound: Bound::Above(64.0), points: 15, only_above: None },
    Rule {
        series: Series::Throughput,
        bound: Bound::Below(1_000.0),
        points: 10,
        only_above: Some((Series::Iops, 50_000.0)),
    },
];

impl Rule {
    /// The value that breaks it, if the metric does. What was not measured breaks nothing.
    pub fn broken_by(&self, metric: &Metric) -> Option<f64> {
        let value = metric.get(self.series)?;
        let wrong = match self.bound {
            Bound::Above(limit) => value > limit,
            Bound::Below(limit) => value < limit,
        };
        let concerned = match self.only_above {
            None => true,
            Some((series, least)) => metric.get(series).is_some_and(|value| value > least),
        };
        (wrong && concerned).then_some(value)
    }
}

/// The thresholds that a metric breaks, with the values that break them.
pub fn broken(metric: &Metric) -> impl Iterator<Item = (Rule, f64)> {
    RULES.into_iter().filter_map(|rule| Some((rule, rule.broken_by(metric)?)))
}

/// What they add up to, at most 100.
pub fn score(metric: &Metric) -> u8 {
    broken(metric).fold(0_u8, |sum, (rule, _)| sum.saturating_add(rule.points)).min(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iops::Hostname;
    use proptest::prelude::*;

    fn metric(readings: &[(Series, f64)]) -> Metric {
        Metric::new(Hostname::parse("web-1").unwrap(), 1_800_000_000, readings.iter().copied())
    }

    /// The facts page, line by line: at the limit nothing is wrong yet.
    #[test]
    fn thresholds_are_those_of_the_facts_page() {
        use Series::{ErrorRate, Iops, Latency, QueueDepth, Throughput};
        for (series, limit, points) in
            [(Iops, 100_000.0, 20), (Latency, 10.0, 25), (ErrorRate, 1.0, 30), (QueueDepth, 64.0, 15)]
        {
            assert_eq!(score(&metric(&[(series, limit)])), 0, "{series:?}");
            assert_eq!(score(&metric(&[(series, limit + 0.001)])), points, "{series:?}");
        }
        assert_eq!(score(&metric(&[(Throughput, 999.0)])), 0);
        assert_eq!(score(&metric(&[(Throughput, 999.0), (Iops, 50_000.0)])), 0);
        assert_eq!(score(&metric(&[(Throughput, 999.0), (Iops, 50_001.0)])), 10);
        assert_eq!(score(&metric(&[(Throughput, 1_000.0), (Iops, 50_001.0)])), 0);
        let all = [(Iops, 2e5), (Latency, 50.0), (ErrorRate, 5.0), (QueueDepth, 500.0), (Throughput, 1.0)];
        assert_eq!(score(&metric(&all)), 100);
    }

    proptest! {
        #[test]
        fn a_score_is_the_sum_of_what_is_broken_and_no_more_than_100(
            values in proptest::collection::vec(proptest::option::of(0.0..300_000.0_f64), Series::ALL.len()),
        ) {
            let readings: Vec<(Series, f64)> =
                Series::ALL.into_iter().zip(values).filter_map(|(series, value)| Some((series, value?))).collect();
            let metric = metric(&readings);
            let sum: u32 = broken(&metric).map(|(rule, _)| u32::from(rule.points)).sum();
            prop_assert_eq!(u32::from(score(&metric)), sum.min(100));
        }
    }
}
