//! Trouble as hosts know it.

use super::bounded;
use capstan_core::iops::{Metric, Series};

/// A kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Incident {
    /// The processor is busy all at once.
    CpuSpike,
    /// Memory grows, half a percent a minute.
    Leak,
    /// A disk is full: writes fail and wait.
    DiskFull,
    /// A volume is saturated.
    SlowDisk,
    /// Ten times the traffic.
    NetworkFlood,
    /// The host does nothing any more.
    Stall,
}

impl Incident {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::CpuSpike, Self::Leak, Self::DiskFull, Self::SlowDisk, Self::NetworkFlood, Self::Stall];

    /// The metric as it is so many seconds into the trouble.
    pub(super) fn strike(self, metric: &Metric, seconds: u64) -> Metric {
        let minutes = f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)) / 60.0;
        let struck = metric.readings().map(|(series, value)| {
            let value = match (self, series) {
                (Self::CpuSpike, Series::CpuUsage) => 97.0 + value / 50.0,
                (Self::CpuSpike, Series::Latency) => value * 2.0,
                (Self::Leak, Series::MemoryUsage) => value + minutes / 2.0,
                (Self::DiskFull, Series::DiskIo | Series::Throughput) => value * 0.02,
                (Self::DiskFull, Series::ErrorRate) => 35.0 + value,
                (Self::DiskFull, Series::Latency) => 60.0 + value,
                (Self::DiskFull, Series::QueueDepth) => 200.0 + value,
                (Self::SlowDisk, Series::Iops) => value + 120_000.0,
                (Self::SlowDisk, Series::Latency) => value * 15.0,
                (Self::SlowDisk, Series::QueueDepth) => value * 30.0,
                (Self::NetworkFlood, Series::NetworkIo) => value * 10.0,
                (Self::NetworkFlood, Series::CpuUsage) => value + 25.0,
                (
                    Self::Stall,
                    Series::CpuUsage | Series::DiskIo | Series::NetworkIo | Series::Throughput | Series::Iops,
                ) => value * 0.01,
                _ => value,
            };
            (series, bounded(series, value))
        });
        Metric::new(metric.hostname.clone(), metric.at, struck)
    }
}
