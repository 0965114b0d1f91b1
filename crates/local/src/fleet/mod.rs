//! Hosts that are made up: each with a day of its own, some noise, and trouble on demand.
//!
//! What a host reports at an instant follows from the seed, its number and the instant alone, so that a feed that is begun
//! again tells the same story. Nothing in here waits or sends.

mod incident;
mod past;
mod replay;

use capstan_core::iops::{Hostname, Metric, Series};
pub use incident::Incident;
pub use past::{LASTS, Past, SHORTEST};
pub use replay::{ReplayError, replay};

const DAY: f64 = 86_400.0;

/// A number of hosts.
#[derive(Debug, Clone, Copy)]
pub struct Fleet {
    seed: u64,
    hosts: u32,
}

/// Trouble on the first hosts of a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// Which.
    pub incident: Incident,
    /// On how many hosts.
    pub hosts: u32,
    /// Since when, in seconds since 1970.
    pub since: u64,
}

/// What a series is like on a calm day: at night, how much more at noon, and how much it wavers.
struct Calm {
    night: f64,
    noon: f64,
    noise: f64,
}

const fn calm(series: Series) -> Calm {
    let (night, noon, noise) = match series {
        Series::CpuUsage => (18.0, 32.0, 3.0),
        Series::MemoryUsage => (52.0, 10.0, 1.0),
        Series::DiskIo => (40.0, 90.0, 9.0),
        Series::NetworkIo => (25.0, 110.0, 8.0),
        Series::Iops => (1_500.0, 5_500.0, 350.0),
        Series::Latency => (1.6, 1.8, 0.25),
        Series::ErrorRate => (0.02, 0.05, 0.02),
        Series::Throughput => (180.0, 420.0, 30.0),
        Series::QueueDepth => (2.0, 7.0, 1.0),
    };
    Calm { night, noon, noise }
}

impl Fleet {
    /// So many hosts, all of them from this seed.
    pub const fn new(hosts: u32, seed: u64) -> Self {
        Self { seed, hosts }
    }

    /// How many hosts there are.
    pub const fn hosts(self) -> u32 {
        self.hosts
    }

    /// What a host reports at this second; `None` if there is no such host.
    pub fn metric(self, host: u32, at: u64, trouble: Option<Trouble>) -> Option<Metric> {
        let name = Hostname::parse(&format!("host-{host:05}")).ok().filter(|_| host < self.hosts)?;
        let own = |what: u64| unit(mix(self.seed, u64::from(host), what));
        // No host is as large as the others, nor at its noon when they are.
        let (size, phase) = (0.7 + 0.6 * own(1), own(2) * 0.2);
        let hour = (seconds(at) / DAY + phase).fract();
        let light = (1.0 - (hour * std::f64::consts::TAU).cos()) / 2.0;
        let readings = Series::ALL.map(|series| {
            let Calm { night, noon, noise } = calm(series);
            let waver = gauss(mix(self.seed ^ at, u64::from(host), 16 + series as u64));
            let value = (night + noon * light) * size + noise * waver;
            (series, bounded(series, value))
        });
        let mut metric = Metric::new(name, at, readings);
        if let Some(trouble) = trouble.filter(|trouble| host < trouble.hosts && at >= trouble.since) {
            metric = trouble.incident.strike(&metric, at - trouble.since);
        }
        Some(metric)
    }
}

/// Within what a metric may be, and with as many decimals as hosts report.
fn bounded(series: Series, value: f64) -> f64 {
    let most = if series.is_percentage() { 100.0 } else { f64::MAX };
    (value.clamp(0.0, most) * 100.0).round() / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
const fn seconds(at: u64) -> f64 {
    at as f64
}

/// `SplitMix64` over what it is of.
fn mix(seed: u64, host: u64, what: u64) -> u64 {
    let mut z = seed ^ host.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ what.wrapping_mul(0xD1B5_4A32_D192_ED03);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Between 0 and 1.
fn unit(bits: u64) -> f64 {
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

/// About normal, with a width of 1: the sum of four of even chance.
fn gauss(bits: u64) -> f64 {
    let parts =
        (0..4).map(|part| f64::from(u16::try_from((bits >> (part * 16)) & 0xffff).unwrap_or(0)) / 65_535.0);
    (parts.sum::<f64>() - 2.0) * 3.0_f64.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use capstan_core::iops::rules;

    const NOON: u64 = 1_795_262_400;

    #[test]
    fn a_fleet_is_the_same_again_and_no_host_is_as_another() {
        let fleet = Fleet::new(3, 7);
        assert_eq!(fleet.metric(1, NOON, None), fleet.metric(1, NOON, None));
        assert_ne!(fleet.metric(1, NOON, None), Fleet::new(3, 8).metric(1, NOON, None));
        let cpu =
            |host, at| fleet.metric(host, at, None).and_then(|metric| metric.get(Series::CpuUsage)).unwrap();
        assert!((cpu(0, NOON) - cpu(1, NOON)).abs() > 0.01);
        assert!(fleet.metric(3, NOON, None).is_none());
    }

    /// In a calm fleet no threshold is broken, at no time of the day.
    #[test]
    fn a_calm_day_breaks_no_threshold_and_has_a_night() {
        let fleet = Fleet::new(50, 1);
        let mut range = (f64::MAX, f64::MIN);
        for host in 0..50 {
            for minute in 0..1_440 {
                let metric = fleet.metric(host, NOON + minute * 60, None).unwrap();
                assert_eq!(rules::score(&metric), 0, "{metric:?}");
                let cpu = metric.get(Series::CpuUsage).unwrap();
                range = (range.0.min(cpu), range.1.max(cpu));
            }
        }
        assert!(range.0 < 25.0 && range.1 > 45.0, "{range:?}");
    }

    #[test]
    fn trouble_strikes_its_hosts_from_its_moment_on_and_leaves_metrics_that_can_be_sent() {
        let fleet = Fleet::new(4, 1);
        for incident in Incident::ALL {
            let trouble = Some(Trouble { incident, hosts: 2, since: NOON });
            assert_eq!(fleet.metric(0, NOON - 1, trouble), fleet.metric(0, NOON - 1, None));
            assert_eq!(fleet.metric(2, NOON + 900, trouble), fleet.metric(2, NOON + 900, None));
            let struck = fleet.metric(1, NOON + 900, trouble).unwrap();
            assert_ne!(Some(&struck), fleet.metric(1, NOON + 900, None).as_ref(), "{incident:?}");
            for (series, value) in struck.readings() {
                assert!(
                    value >= 0.0 && (!series.is_percentage() || value <= 100.0),
                    "{incident:?} {series:?} {value}"
                );
            }
        }
    }
}
