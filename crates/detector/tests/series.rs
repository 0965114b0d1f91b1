//! What the detector makes of made series: seeded, so a run is repeated exactly.
#![expect(clippy::expect_used, clippy::cast_precision_loss, reason = "a test")]

use detector::{Detector, Reading};

/// Every five minutes.
const STEP: i64 = 300;
const DAY: usize = 288;

/// A small generator of noise (xorshift).
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
    /// About normal, with deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

fn readings(values: impl IntoIterator<Item = f64>) -> Vec<Reading> {
    let mut detector = Detector::new();
    (0..).zip(values).map(|(at, value)| detector.observe(at * STEP, value).expect("a finite value")).collect()
}

/// The numbers of the samples that were alarms.
fn alarms(readings: &[Reading]) -> Vec<usize> {
    let alarms = readings.iter().enumerate().filter(|(_, reading)| reading.score >= 0.5);
    alarms.map(|(at, _)| at).collect()
}

fn noisy(seed: u64, count: usize, value: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut noise = Noise(seed);
    (0..count).map(|at| value(at) + noise.normal()).collect()
}

/// A load that swings through the day.
fn swing(at: usize) -> f64 {
    100.0 + 40.0 * ((at % DAY) as f64 / DAY as f64 * std::f64::consts::TAU).sin()
}

#[test]
fn a_spike_is_found_at_once_and_at_every_level() {
    for (seed, scale) in [(1, 1.0), (2, 1e-9), (3, 1e12), (4, -5.0)] {
        let mut values = noisy(seed, 2000, |_| 50.0);
        values[1500] += 30.0;
        let values: Vec<f64> = values.into_iter().map(|value| value * scale).collect();
        let readings = readings(values);
        assert!(readings[1500].score >= 0.5, "seed {seed}: {:?}", readings[1500]);
        assert_eq!(readings[1500].since, Some(1500 * STEP));
        assert!(readings[1500].one_in > 500.0, "seed {seed}: {:?}", readings[1500]);
        let (low, high) = readings[1500].expected;
        assert!(low < 50.0 * scale && 50.0 * scale < high && high - low < 20.0 * scale.abs(), "{low} {high}");
        assert_eq!(readings[1520].since, None, "it is over");
    }
}

#[test]
fn a_level_shift_is_found_and_then_learnt() {
    for seed in 1..=8 {
        let values = noisy(seed, 4000, |at| if at < 2000 { 50.0 } else { 80.0 });
        let alarms = alarms(&readings(values));
        assert!(alarms.contains(&2000), "seed {seed}: {alarms:?}");
        let late = alarms.iter().filter(|at| **at > 2300).count();
        assert!(late <= 2, "seed {seed}: {alarms:?}");
    }
}

#[test]
fn a_lively_series_that_falls_flat_is_found() {
    for seed in 1..=8 {
        let values = noisy(seed, 3000, |at| swing(at) / 4.0);
        let values =
            values.iter().enumerate().map(|(at, value)| if at < 2000 { *value } else { values[2000] });
        let alarms = alarms(&readings(values));
        let found = alarms.iter().any(|at| (2001..2400).contains(at));
        assert!(found, "seed {seed}: {alarms:?}");
    }
}

#[test]
fn a_seasonal_series_is_not_an_anomaly_every_day() {
    for seed in 1..=8 {
        let values = noisy(seed, 14 * DAY, swing);
        let alarms = alarms(&readings(values));
        let late = alarms.iter().filter(|at| **at > 3 * DAY).count();
        assert!(late <= 3, "seed {seed}: {alarms:?}");
    }
}

#[test]
fn the_wrong_value_for_the_time_of_day_is_found() {
    for seed in 1..=8 {
        let values = noisy(seed, 14 * DAY, |at| {
            // In the night of the tenth day the load is that of noon.
            if (10 * DAY + 200..10 * DAY + 230).contains(&at) { 139.0 } else { swing(at) }
        });
        let alarms = alarms(&readings(values));
        let found = alarms.iter().any(|at| (10 * DAY + 200..10 * DAY + 235).contains(at));
        assert!(found, "seed {seed}: {alarms:?}");
    }
}

#[test]
fn a_drift_is_not_an_anomaly_for_ever() {
    for seed in 1..=8 {
        let values = noisy(seed, 8000, |at| at as f64 / 50.0);
        let alarms = alarms(&readings(values));
        let late = alarms.iter().filter(|at| **at > 4000).count();
        assert!(late <= 4, "seed {seed}: {alarms:?}");
    }
}

#[test]
fn a_constant_series_is_never_an_anomaly() {
    for value in [0.0, 45.0, -1e-9, 1e300] {
        for reading in readings(std::iter::repeat_n(value, 5000)) {
            assert!(reading.score < 1e-9 && reading.since.is_none(), "{value}: {reading:?}");
        }
    }
}

#[test]
fn spikes_that_come_every_day_are_learnt() {
    let mut noise = Noise(5);
    let values: Vec<f64> =
        (0..14 * DAY).map(|at| if at % DAY == 100 { 90.0 } else { 10.0 } + noise.normal()).collect();
    let alarms = alarms(&readings(values));
    let late = alarms.iter().filter(|at| **at > 4 * DAY).count();
    assert!(late <= 2, "{alarms:?}");
}

#[test]
fn missing_repeated_and_unordered_samples_do_no_harm() {
    let mut noise = Noise(9);
    let mut detector = Detector::new();
    let mut late = 0;
    for at in 0..14 * DAY {
        // A third is missing, a tenth comes twice, a tenth comes an hour late, and for two days there is nothing.
        if noise.uniform() < 0.33 || (5 * DAY..7 * DAY).contains(&at) {
            continue;
        }
        let seconds =
            i64::try_from(at).expect("a small number") * STEP - if noise.uniform() < 0.1 { 3600 } else { 0 };
        let value = swing(at) + noise.normal();
        for _ in 0..if noise.uniform() < 0.1 { 2 } else { 1 } {
            let reading = detector.observe(seconds, value).expect("a finite value");
            late += usize::from(reading.score >= 0.5 && at > 3 * DAY);
        }
    }
    assert!(late <= 4, "{late} alarms");
}

#[test]
fn growing_unrest_is_found() {
    for seed in 1..=8 {
        let mut noise = Noise(seed);
        let values: Vec<f64> =
            (0..3000).map(|at| 50.0 + noise.normal() * if at < 2500 { 1.0 } else { 6.0 }).collect();
        let alarms = alarms(&readings(values));
        assert!(alarms.iter().any(|at| (2500..2520).contains(at)), "seed {seed}: {alarms:?}");
    }
}
