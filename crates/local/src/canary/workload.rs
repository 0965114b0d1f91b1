//! A workload to rehearse canaries on: hosts that send at very different rates, latencies with a heavy tail, bursts of
//! trouble and a level that drifts, common to both arms, and hosts that are bad by themselves.

use super::chance::Chance;
use judge::{Arm, BUCKETS, Counts, GROUPS, Histogram, Interval};

/// How a model behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Behaviour {
    /// Share of requests that fail in quiet times.
    pub errors: f64,
    /// Latencies are so many times the usual ones …
    pub slower: f64,
    /// … or only the tail is: the median stays, and the 95th percentile is so many times the usual one.
    pub slower_tail: f64,
    /// Share of requests on which it comes to another severity than the other model.
    pub disagrees: f64,
    /// It gets no requests, or none is measured.
    pub silent: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self { errors: 0.01, slower: 1.0, slower_tail: 1.0, disagrees: 0.02, silent: false }
    }
}

/// What comes in, and how both models answer it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Workload {
    /// How many hosts there are.
    pub hosts: u32,
    /// Requests a second of all hosts together.
    pub rate: f64,
    /// How long an interval of measurement is, in seconds. The judge looks after each.
    pub interval_seconds: u32,
    /// The new model.
    pub canary: Behaviour,
    /// The model in use.
    pub baseline: Behaviour,
    /// Standard deviation of the logarithm of the hosts' own factors for errors; for latencies a third of it.
    pub uneven: f64,
    /// How many hosts fail half of the time, whichever model answers.
    pub noisy_hosts: u32,
    /// Whether there are bursts and drift, common to both arms: errors five times as many and latencies doubled for some
    /// seconds, every other minute; and a level that doubles and halves in the course of the rollout.
    pub weather: bool,
    /// Requests of one host that fail or pass together.
    pub together: u32,
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            hosts: 400,
            rate: 100.0,
            interval_seconds: 1,
            canary: Behaviour::default(),
            baseline: Behaviour::default(),
            uneven: 0.3,
            noisy_hosts: 0,
            weather: true,
            together: 1,
        }
    }
}

/// The median of latencies in quiet times, in milliseconds.
const MEDIAN_MILLIS: f64 = 40.0;
/// Standard deviation of their logarithm.
const SPREAD: f64 = 0.5;
/// A share of requests that takes longer, with a tail falling off as a power law.
const STRAGGLERS: f64 = 0.01;
const STRAGGLERS_POWER: f64 = 1.5;
/// Buckets of the histogram to a doubling.
const TO_A_DOUBLING: f64 = 8.0;
/// Hosts whose group is below this part of all go to the canary at most: the rest is held back, so that there is a
/// baseline to compare with at 100 %, too.
const MOST_ON_CANARY: u16 = GROUPS / 100 * 95;
/// A burst begins so often, and ends so often, in each second.
const BURSTS: (f64, f64) = (1.0 / 120.0, 0.2);

/// Latencies to draw from, in places of the histogram (eighths of a doubling over a tenth of a millisecond).
#[derive(Debug, Clone)]
pub struct Latencies(Vec<f32>);

impl Latencies {
    /// A table of draws, the same every time.
    pub fn new() -> Self {
        let mut chance = Chance::new(0x1a7e, 0);
        let place = |millis: f64| (millis / judge::FIRST_MILLIS).log2() * TO_A_DOUBLING;
        let draw = |_| {
            let mut millis = MEDIAN_MILLIS * (SPREAD * chance.normal()).exp();
            if chance.is(STRAGGLERS) {
                millis *= 2.0 * (1.0 - chance.unit()).powf(-1.0 / STRAGGLERS_POWER);
            }
            #[expect(clippy::cast_possible_truncation, reason = "eighths of a doubling need no more")]
            let place = place(millis.min(60_000.0)) as f32;
            place
        };
        let mut places: Vec<f32> = (0..1_u32 << 16).map(draw).collect();
        places.sort_unstable_by(f32::total_cmp);
        Self(places)
    }

    /// The place that a part of all is below.
    fn quantile(&self, part: f64) -> f64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the table")]
        let at = (part * f64::from(1_u32 << 16)) as usize;
        f64::from(self.0[at.min(self.0.len() - 1)])
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

struct Host {
    group: u16,
    /// exp(−the requests expected in an interval).
    none: f64,
    errors: f64,
    /// In places of the histogram.
    slower: f64,
}

/// One rollout's world.
pub(super) struct World<'a> {
    workload: &'a Workload,
    latencies: &'a Latencies,
    chance: Chance,
    hosts: Vec<Host>,
    bursting: bool,
    phase: f64,
    /// For each arm: how latencies are moved and stretched around the median.
    shift: [(f64, f64); 2],
}

impl<'a> World<'a> {
    pub(super) fn new(workload: &'a Workload, latencies: &'a Latencies, mut chance: Chance) -> Self {
        // Zipf's law, flattened at the top.
        let weight = |host: u32| 1.0 / f64::from(host + 10).powf(0.8);
        let sum: f64 = (0..workload.hosts).map(weight).sum();
        let hosts = (0..workload.hosts).map(|host| {
            let own = (workload.uneven * chance.normal() - workload.uneven.powi(2) / 2.0).exp();
            let slower = workload.uneven / 3.0 * chance.normal() * std::f64::consts::LOG2_E * TO_A_DOUBLING;
            // Which group is by the hash, so it has nothing to do with the rate.
            let group = u16::try_from(chance.below(u64::from(GROUPS))).unwrap_or_default();
            let expected = workload.rate * f64::from(workload.interval_seconds) * weight(host) / sum;
            Host { group, none: (-expected).exp(), errors: own, slower }
        });
        let mut hosts: Vec<Host> = hosts.collect();
        for _ in 0..workload.noisy_hosts {
            let at = usize::try_from(chance.below(u64::from(workload.hosts))).unwrap_or_default();
            hosts[at].errors = f64::INFINITY;
        }
        hosts.sort_by_key(|host| host.group);
        let phase = chance.unit() * std::f64::consts::TAU;
        let (middle, high) = (latencies.quantile(0.5), latencies.quantile(0.95));
        let shift = [workload.baseline, workload.canary].map(|model| {
            let tail = model.slower_tail.log2() * TO_A_DOUBLING;
            (model.slower.log2() * TO_A_DOUBLING, (high - middle + tail) / (high - middle))
        });
        Self { workload, latencies, chance, hosts, bursting: false, phase, shift }
    }

    /// What is measured in the interval that begins here.
    pub(super) fn interval(&mut self, start: u64, elapsed: u64, percent: u8) -> Interval {
        let seconds = self.workload.interval_seconds;
        let mut interval =
            Interval { start, seconds, percent, canary: Arm::default(), baseline: Arm::default() };
        let mut baseline = Baseline::default();
        self.draw(elapsed, percent, &mut interval.canary, &mut baseline);
        if baseline.counts.requests > 0 {
            for (bucket, count) in (0..BUCKETS).zip(baseline.latency).filter(|(_, count)| *count > 0) {
                baseline.counts.latency.add(bucket, count);
            }
            // Which of the baseline's hosts it was is not asked.
            *interval.baseline.group(GROUPS - 1) = baseline.counts;
        }
        interval
    }

    fn draw(&mut self, at: u64, percent: u8, canary: &mut Arm, baseline: &mut Baseline) {
        let (mut more_errors, mut slower) = (1.0, 0.0);
        if self.workload.weather {
            let (begins, ends) = BURSTS;
            for _ in 0..self.workload.interval_seconds {
                self.bursting = self.chance.is(if self.bursting { 1.0 - ends } else { begins });
            }
            #[expect(clippy::cast_precision_loss, reason = "minutes")]
            let level = (at as f64 / 300.0 + self.phase).sin();
            more_errors = level.exp2() * if self.bursting { 5.0 } else { 1.0 };
            slower = level * 2.0 + if self.bursting { TO_A_DOUBLING } else { 0.0 };
        }
        let limit = MOST_ON_CANARY.min(GROUPS / 100 * u16::from(percent));
        for host in &self.hosts {
            let on_canary = host.group < limit;
            let model = if on_canary { self.workload.canary } else { self.workload.baseline };
            let arrived = self.chance.poisson(host.none);
            if model.silent || arrived == 0 {
                continue;
            }
            let share = if host.errors.is_finite() {
                (model.errors * host.errors * more_errors).min(1.0)
            } else {
                0.5
            };
            let (moved, stretched) = self.shift[usize::from(on_canary)];
            let middle = f64::from(self.latencies.0[1 << 15]);
            // Hosts are in the order of their groups, so a group is appended.
            let mut own = on_canary.then(|| canary.group(host.group));
            let mut failed = false;
            for number in 0..arrived {
                if number % self.workload.together == 0 {
                    failed = self.chance.is(share);
                }
                let drawn = f64::from(self.latencies.0[self.chance.sixteen_bits()]);
                let stretched = if drawn > middle { middle + (drawn - middle) * stretched } else { drawn };
                let place = stretched + moved + host.slower + slower;
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
                let bucket = place.ceil().clamp(0.0, f64::from(BUCKETS - 1)) as u8;
                if let Some(counts) = &mut own {
                    counts.requests += 1;
                    counts.errors += u32::from(failed);
                    counts.latency.add(bucket, 1);
                    counts.scored += 1;
                    counts.disagreed += u32::from(self.chance.is(model.disagrees));
                } else {
                    baseline.counts.requests += 1;
                    baseline.counts.errors += u32::from(failed);
                    baseline.latency[usize::from(bucket)] += 1;
                }
            }
        }
    }
}

struct Baseline {
    counts: Counts,
    latency: [u32; BUCKETS as usize],
}

impl Default for Baseline {
    fn default() -> Self {
        let counts = Counts { latency: Histogram::default(), ..Counts::default() };
        Self { counts, latency: [0; BUCKETS as usize] }
    }
}
