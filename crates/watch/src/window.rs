//! The last hour of a host, and what a model is asked with.

use capstan_core::iops::{Metric, Seen, Series};
use model::{Features, NoSample, Sample, Setting};
use std::collections::VecDeque;

/// How far back the window goes, in seconds.
pub const WINDOW: u64 = 3_600;
/// The most samples of it: those of hosts that report every quarter of a minute.
pub const MOST_KEPT: usize = 240;

/// The last hour of a host.
#[derive(Debug, Clone, Default)]
pub struct Window(VecDeque<Sample>);

impl Window {
    /// Takes in a sample, later than those before it.
    pub fn push(&mut self, metric: &Metric) {
        self.0.push_back(sample(metric));
        let begins = metric.at.saturating_sub(WINDOW);
        while self.0.len() > MOST_KEPT || self.0.front().is_some_and(|first| first.at < begins) {
            self.0.pop_front();
        }
    }

    /// The features of the last sample, of which the detectors say this; and when the host last had an alert before it, in
    /// seconds since 1970.
    pub fn features(&mut self, seen: &[Seen], last_alert: Option<u64>) -> Result<Features, NoSample> {
        let anomaly = seen.iter().map(Seen::oddness).fold(0.0, f64::max);
        Features::of(self.0.make_contiguous(), &Setting { anomaly, last_alert })
    }
}

/// What a metric is to the model. What a host must report and did not, in rows from elsewhere, is 0.
fn sample(metric: &Metric) -> Sample {
    let required = |series| metric.get(series).unwrap_or_default();
    Sample {
        at: metric.at,
        cpu: required(Series::CpuUsage),
        memory: required(Series::MemoryUsage),
        disk: required(Series::DiskIo),
        network: required(Series::NetworkIo),
        iops: metric.get(Series::Iops),
        latency: metric.get(Series::Latency),
        error_rate: metric.get(Series::ErrorRate),
        throughput: metric.get(Series::Throughput),
        queue_depth: metric.get(Series::QueueDepth),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use capstan_core::iops::Hostname;

    fn metric(at: u64, cpu: f64) -> Metric {
        Metric::new(Hostname::parse("web-1").unwrap(), at, [(Series::CpuUsage, cpu)])
    }

    #[test]
    fn the_window_is_an_hour_and_no_more_samples_than_are_kept() {
        let mut window = Window::default();
        assert!(window.features(&[], None).is_err());
        for minute in 0..100 {
            window.push(&metric(minute * 60, 1.0));
        }
        assert_eq!(window.0.front().map(|first| first.at), Some(39 * 60));
        for second in 6_000..7_000 {
            window.push(&metric(second, 1.0));
        }
        assert_eq!((window.0.len(), window.0.front().map(|first| first.at)), (MOST_KEPT, Some(6_760)));
    }

    #[test]
    fn what_is_odd_and_when_the_last_alert_was_are_features() {
        let mut window = Window::default();
        window.push(&metric(60_000, 50.0));
        let odd = Seen {
            series: Series::CpuUsage,
            value: 50.0,
            expected: (1.0, 2.0),
            since: 60_000,
            lasting: 1,
            rarity: 1e7,
        };
        let calm = window.features(&[], None).unwrap();
        assert_ne!(window.features(&[odd], None).unwrap(), calm);
        assert_ne!(window.features(&[], Some(59_000)).unwrap(), calm);
    }
}
