//! The 25 features of a host at a moment, from the window of samples before it.
//!
//! The endpoint's contract names features that hosts do not report (reads and writes apart, sequential and random access,
//! capacity). Each of those is derived here from what they do report, by a rule that stands beside it, so that a model sees a
//! quantity that moves with the host. A constant in its place would teach the model nothing and hide that it is missing.

use serde::{Deserialize, Serialize};

/// How many features there are.
pub const FEATURES: usize = 25;

/// The features' names in the order of the endpoint's contract.
pub const NAMES: [&str; FEATURES] = [
    "read_iops",
    "write_iops",
    "total_iops",
    "iops_variance",
    "avg_latency",
    "p95",
    "p99",
    "latency_spike_count",
    "bandwidth",
    "throughput_variance",
    "error_rate",
    "error_trend",
    "hour",
    "weekday",
    "time_since_last_alert",
    "seq_ratio",
    "rand_ratio",
    "queue_depth",
    "io_size_avg",
    "io_size_variance",
    "iops_per_latency",
    "anomaly_score",
    "trend_score",
    "capacity",
    "workload_type",
];

/// What a host reported of one second. `None`: it did not say.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sample {
    /// When, in seconds since 1970.
    pub at: u64,
    /// Processor in use, %.
    pub cpu: f64,
    /// Memory in use, %.
    pub memory: f64,
    /// Disks, MB/s.
    pub disk: f64,
    /// Network, MB/s.
    pub network: f64,
    /// Operations a second.
    pub iops: Option<f64>,
    /// Latency, ms.
    pub latency: Option<f64>,
    /// Errors, %.
    pub error_rate: Option<f64>,
    /// Throughput, MB/s.
    pub throughput: Option<f64>,
    /// Operations that wait.
    pub queue_depth: Option<f64>,
}

impl Sample {
    /// A sample of an idle host that reports the least.
    pub fn at(at: u64) -> Self {
        Self { at, ..Self::default() }
    }

    /// Operations a second: as reported, or one for every MB that the disks move.
    fn total_iops(&self) -> f64 {
        self.iops.unwrap_or(self.disk)
    }
    /// MB/s: as reported, or what disks and network move.
    fn bandwidth(&self) -> f64 {
        self.throughput.unwrap_or(self.disk + self.network)
    }
    /// Operations that wait: as reported, or by how much the processor is asked for beyond four fifths.
    fn queue(&self) -> f64 {
        self.queue_depth.unwrap_or_else(|| (self.cpu - 80.0).max(0.0))
    }
    /// Milliseconds: as reported, or what an operation takes at this load (Little's law, from those that wait).
    fn latency(&self) -> f64 {
        self.latency.unwrap_or_else(|| 1_000.0 * (1.0 + self.queue()) / (1.0 + self.total_iops()))
    }
    /// KB of one operation.
    fn io_size(&self) -> f64 {
        1_024.0 * self.bandwidth() / self.total_iops().max(1.0)
    }
}

/// What is known beside the samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// How unusual the last sample is by the built-in detector, 0 to 1.
    pub anomaly: f64,
    /// When the host last had an alert, in seconds since 1970; `None`: never.
    pub last_alert: Option<u64>,
}

/// The window holds no sample, so there is nothing to compute a feature from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the window holds no sample")]
pub struct NoSample;

/// The 25 features, finite all of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct Features([f64; FEATURES]);

impl Features {
    /// Of the last of these samples, which are in the order of time; the others are the window before it.
    pub fn of(window: &[Sample], setting: &Setting) -> Result<Self, NoSample> {
        let (first, last) = (window.first().ok_or(NoSample)?, window.last().ok_or(NoSample)?);
        let series = |of: fn(&Sample) -> f64| window.iter().map(of).collect::<Vec<f64>>();
        let iops = series(Sample::total_iops);
        let latency = series(Sample::latency);
        let bandwidth = series(Sample::bandwidth);
        let size = series(Sample::io_size);
        let errors = series(|sample| sample.error_rate.unwrap_or(0.0));
        let load = series(|sample| sample.cpu.max(sample.memory));
        let total = last.total_iops();
        // What goes out over the network was read, the rest of what moves was written.
        let read = last.network / (last.network + last.disk).max(f64::MIN_POSITIVE);
        // Large operations are sequential ones: half of them at 64 KB.
        let sequential = last.io_size() / (last.io_size() + 64.0);
        let features = [
            total * read,
            total * (1.0 - read),
            total,
            variance(&iops),
            mean(&latency),
            quantile(&latency, 0.95),
            quantile(&latency, 0.99),
            spikes(&latency),
            last.bandwidth(),
            variance(&bandwidth),
            last.error_rate.unwrap_or(0.0),
            slope(window, &errors),
            hour(last.at),
            weekday(last.at),
            // Without an alert: since when the host is known.
            seconds(last.at.saturating_sub(setting.last_alert.unwrap_or(first.at))),
            sequential,
            1.0 - sequential,
            last.queue(),
            mean(&size),
            variance(&size),
            total / last.latency().max(1e-3),
            setting.anomaly,
            slope(window, &load),
            // What is left of the fuller of processor and memory.
            100.0 - last.cpu.max(last.memory),
            workload(last, sequential),
        ];
        Ok(Self(features.map(bounded)))
    }

    /// From numbers in the order of [`NAMES`]; `None` where they are not 25 finite ones.
    pub fn from_numbers(numbers: &[f64]) -> Option<Self> {
        let features: [f64; FEATURES] = numbers.try_into().ok()?;
        features.iter().all(|number| number.is_finite()).then_some(Self(features))
    }

    /// In the order of [`NAMES`].
    pub const fn numbers(&self) -> &[f64; FEATURES] {
        &self.0
    }

    /// One row of the endpoint's `text/csv`.
    pub fn to_csv(&self) -> String {
        self.0.map(|number| number.to_string()).join(",")
    }
}

impl TryFrom<Vec<f64>> for Features {
    type Error = String;
    fn try_from(numbers: Vec<f64>) -> Result<Self, String> {
        Self::from_numbers(&numbers).ok_or_else(|| format!("{FEATURES} finite numbers are wanted"))
    }
}
impl From<Features> for Vec<f64> {
    fn from(features: Features) -> Self {
        features.0.to_vec()
    }
}

/// Finite, and small enough to be squared.
const fn bounded(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number.clamp(-1e150, 1e150) }
}

#[expect(clippy::cast_precision_loss, reason = "counts and seconds are far below 2^52")]
const fn seconds(number: u64) -> f64 {
    number as f64
}

fn count(numbers: &[f64]) -> f64 {
    seconds(numbers.len() as u64)
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / count(numbers).max(1.0)
}

fn variance(numbers: &[f64]) -> f64 {
    let mean = mean(numbers);
    numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / count(numbers).max(1.0)
}

/// The smallest number that this share of them does not exceed.
fn quantile(numbers: &[f64], share: f64) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    let rank = (share * count(numbers)).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// How many exceed twice the median.
fn spikes(numbers: &[f64]) -> f64 {
    let limit = 2.0 * quantile(numbers, 0.5);
    seconds(numbers.iter().filter(|number| **number > limit).count() as u64)
}

/// The least-squares slope, a minute.
fn slope(window: &[Sample], numbers: &[f64]) -> f64 {
    let start = window.first().map_or(0, |sample| sample.at);
    let minutes: Vec<f64> =
        window.iter().map(|sample| seconds(sample.at.saturating_sub(start)) / 60.0).collect();
    let (middle, mean) = (mean(&minutes), mean(numbers));
    let spread: f64 = minutes.iter().map(|minute| (minute - middle).powi(2)).sum();
    if spread <= 0.0 {
        return 0.0;
    }
    let common: f64 =
        minutes.iter().zip(numbers).map(|(minute, number)| (minute - middle) * (number - mean)).sum();
    common / spread
}

/// Hour of the day in UTC, with its minutes: 0 to 24.
fn hour(at: u64) -> f64 {
    seconds(at % 86_400) / 3_600.0
}

/// Monday is 0. 1970 began on a Thursday.
fn weekday(at: u64) -> f64 {
    seconds((at / 86_400 + 3) % 7)
}

/// What the host mostly does: 0 rests, 1 random access, 2 sequential access, 3 computes.
fn workload(sample: &Sample, sequential: f64) -> f64 {
    if sample.cpu < 5.0 && sample.total_iops() < 1.0 {
        0.0
    } else if sample.cpu > 50.0 && sample.bandwidth() < 10.0 {
        3.0
    } else if sequential < 0.5 {
        1.0
    } else {
        2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CALM: Setting = Setting { anomaly: 0.0, last_alert: None };

    fn feature(features: Features, name: &str) -> f64 {
        features.numbers()[NAMES.iter().position(|known| *known == name).unwrap()]
    }

    fn minutes(samples: impl IntoIterator<Item = Sample>) -> Vec<Sample> {
        // 2026-01-01 00:00, a Thursday.
        (0..)
            .zip(samples)
            .map(|(minute, sample)| Sample { at: 1_767_225_600 + minute * 60, ..sample })
            .collect()
    }

    #[test]
    fn they_are_computed_from_the_window() {
        let latencies = (1..=100).map(|n| Sample { latency: Some(f64::from(n)), ..Sample::at(0) });
        let features = Features::of(&minutes(latencies), &CALM).unwrap();
        assert!((feature(features, "avg_latency") - 50.5).abs() < 1e-9);
        assert!((feature(features, "p95") - 95.0).abs() < 1e-9);
        assert!((feature(features, "p99") - 99.0).abs() < 1e-9);
        assert!((feature(features, "hour") - 1.65).abs() < 1e-9);
        assert!((feature(features, "weekday") - 3.0).abs() < 1e-9);
        assert!((feature(features, "time_since_last_alert") - 99.0 * 60.0).abs() < 1e-9);
    }

    #[test]
    fn errors_that_grow_have_a_trend_and_steady_ones_have_none() {
        let rising = (0..10).map(|n| Sample { error_rate: Some(f64::from(n) / 2.0), ..Sample::at(0) });
        let features = Features::of(&minutes(rising), &CALM).unwrap();
        assert!((feature(features, "error_trend") - 0.5).abs() < 1e-9);
        let steady = (0..10).map(|_| Sample { error_rate: Some(4.0), ..Sample::at(0) });
        let features = Features::of(&minutes(steady), &CALM).unwrap();
        assert!(feature(features, "error_trend").abs() < 1e-9);
    }

    #[test]
    fn what_hosts_do_not_report_moves_with_what_they_do() {
        let of = |sample: Sample| Features::of(&[sample], &CALM).unwrap();
        let calm = of(Sample { cpu: 10.0, memory: 20.0, disk: 10.0, network: 30.0, ..Sample::at(60) });
        let busy = of(Sample { cpu: 99.0, memory: 90.0, disk: 500.0, network: 20.0, ..Sample::at(60) });
        for name in
            ["read_iops", "write_iops", "total_iops", "queue_depth", "capacity", "seq_ratio", "bandwidth"]
        {
            assert!((feature(calm, name) - feature(busy, name)).abs() > 1e-6, "{name}");
        }
        // Reads and writes are all there is.
        let [read, write, total] = ["read_iops", "write_iops", "total_iops"].map(|name| feature(busy, name));
        assert!((read + write - total).abs() < 1e-6);
    }

    #[test]
    fn no_sample_is_no_row() {
        assert_eq!(Features::of(&[], &CALM), Err(NoSample));
    }

    proptest! {
        #[test]
        fn they_are_finite_whatever_is_reported(
            numbers in prop::collection::vec(prop::array::uniform9(-1e100..1e100_f64), 1..20),
            known in any::<bool>(),
        ) {
            let sample = |[cpu, memory, disk, network, iops, latency, error_rate, throughput, queue_depth]: [f64; 9]| {
                let some = |number: f64| known.then_some(number);
                Sample {
                    at: 0, cpu, memory, disk, network, iops: some(iops), latency: some(latency),
                    error_rate: some(error_rate), throughput: some(throughput), queue_depth: some(queue_depth),
                }
            };
            let features = Features::of(&minutes(numbers.into_iter().map(sample)), &CALM).unwrap();
            prop_assert!(features.numbers().iter().all(|number| number.is_finite()));
            let csv: Vec<f64> = features.to_csv().split(',').map(|text| text.parse().unwrap()).collect();
            prop_assert_eq!(Features::from_numbers(&csv), Some(features));
        }
    }
}
