//! A streaming anomaly detector: one series, constant memory, one pass.
//!
//! PLACEHOLDER: a robust z-score, to be replaced as a whole by the detector that is judged on the Numenta Anomaly
//! Benchmark. Who uses it (crate `analyze-metrics`, `src/watch.rs`) knows [`Detector::new`], [`Detector::observe`],
//! [`Detector::to_bytes`] and [`Detector::from_bytes`], and nothing else.

/// Samples before which nothing is odd.
const LEARNING: u64 = 30;
/// How fast the centre and the width follow, per sample.
const PACE: f64 = 0.02;
/// From how many widths off on a value is odd.
const ODD: f64 = 6.0;
/// The form of the bytes.
const FORM: u8 = 1;
const LENGTH: usize = 1 + 4 * 8;

/// What the detector makes of one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// How odd it is, from 0 to 1; from 0.5 on it is an anomaly.
    pub score: f64,
    /// What was to be expected, from and to.
    pub expected: (f64, f64),
    /// One in how many samples is as odd as this. At least 1.
    pub one_in: f64,
    /// Since when it is odd, in seconds since 1970, if it is.
    pub since: Option<i64>,
}

/// A sample that can't be taken. The detector is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotFinite;

/// Bytes that are no state of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BytesError;

/// The state of one series.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Detector {
    count: u64,
    centre: f64,
    width: f64,
    /// Since when it has been odd, as its bits; 0 while it is not.
    since: i64,
}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next value. Times are seconds since 1970.
    pub fn observe(&mut self, at: i64, value: f64) -> Result<Reading, NotFinite> {
        if !value.is_finite() {
            return Err(NotFinite);
        }
        if self.count == 0 {
            self.centre = value;
        }
        let floor = (self.centre.abs() * 0.01).max(1e-9);
        let width = self.width.max(floor) * 1.5;
        let off = (value - self.centre).abs() / width;
        let odd = self.count >= LEARNING && off >= ODD;
        let score = if self.count < LEARNING { 0.0 } else { (off / (off + ODD)).clamp(0.0, 1.0) };
        let expected = (self.centre - ODD * width, self.centre + ODD * width);
        self.since = match (odd, self.since) {
            (false, _) => 0,
            (true, 0) => at,
            (true, since) => since,
        };
        // What is odd moves the centre slowly, so that it does not become the rule at once.
        let young = f64::from(u32::try_from(self.count).unwrap_or(u32::MAX)) + 1.0;
        let pace = if odd { PACE / 4.0 } else { PACE.max(1.0 / young) };
        let reach = ODD * width;
        let step = (value - self.centre).clamp(-reach, reach);
        self.centre += pace * step;
        self.width += pace * (step.abs() - self.width);
        self.count += 1;
        let since = Some(self.since).filter(|since| *since != 0);
        Ok(Reading { score, expected, one_in: off.exp().clamp(1.0, 1e9), since })
    }

    /// The state, to be kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORM];
        for word in [self.count, self.centre.to_bits(), self.width.to_bits(), self.since.cast_unsigned()] {
            bytes.extend(word.to_be_bytes());
        }
        bytes
    }

    /// A state that was kept.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
        if bytes.len() != LENGTH || bytes.first() != Some(&FORM) {
            return Err(BytesError);
        }
        let word = |index: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[1 + index * 8..9 + index * 8]);
            u64::from_be_bytes(word)
        };
        let (centre, width) = (f64::from_bits(word(1)), f64::from_bits(word(2)));
        if !centre.is_finite() || !width.is_finite() {
            return Err(BytesError);
        }
        Ok(Self { count: word(0), centre, width, since: word(3).cast_signed() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_is_odd_a_wave_is_not_and_a_state_goes_on_where_it_was() {
        let mut detector = Detector::new();
        for at in 0..600_u32 {
            let value = 30.0 + 5.0 * (f64::from(at % 60) / 60.0 * std::f64::consts::TAU).sin();
            assert!(detector.observe(i64::from(at) * 60, value).unwrap().score < 0.5, "{at}");
        }
        let mut again = Detector::from_bytes(&detector.to_bytes()).unwrap();
        assert_eq!(again, detector);
        let (one, other) = (detector.observe(36_000, 99.0).unwrap(), again.observe(36_000, 99.0).unwrap());
        assert!(one.score >= 0.5 && one.expected.1 < 99.0 && one.since == Some(36_000), "{one:?}");
        assert_eq!(one, other);
        assert_eq!(detector.observe(36_060, 99.0).unwrap().since, Some(36_000));
        assert_eq!(detector.observe(36_120, f64::NAN), Err(NotFinite));
        assert_eq!(Detector::from_bytes(&[]), Err(BytesError));
    }
}
