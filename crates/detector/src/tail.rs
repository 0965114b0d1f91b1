//! How rare a magnitude is among those seen before.
//!
//! A histogram over the logarithm of the magnitude, whose old counts fade. Within what was seen it answers with the share
//! that was as large or larger. Beyond that the tail goes on as a power law fitted to the largest share (Hill's estimator,
//! drawn towards a prior because it is fitted to few), so a value never seen has a finite rarity that grows with its
//! distance. Quantiles of a sorted window were rejected: they need the window.

use crate::bytes::{BytesError, Reader, Writer};

/// Number of bins; with [`WIDTH`] they span 2^-8 to 2^4.
const BINS: usize = 48;
/// Width of a bin, in powers of two.
const WIDTH: f32 = 0.25;
/// The power of two at which the first bin begins. What is smaller is counted there.
const LOWEST: f32 = -8.0;
/// How many samples it takes until a count weighs half.
const HALF_LIFE: f32 = 4000.0;
/// The share of the largest magnitudes to which the tail is fitted.
const TAIL_SHARE: f32 = 0.005;
/// The tail holds at least this many samples' weight, or it is no fit.
const TAIL_COUNT: f32 = 5.0;
/// The prior of the tail: its mean excess in powers of two, and how many samples it counts for.
const PRIOR_EXCESS: f32 = 0.25;
const PRIOR_COUNT: f32 = 4.0;
/// Fewer samples than this say nothing.
const LEAST: f32 = 10.0;

/// The magnitudes seen so far.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tail {
    bins: [f32; BINS],
    total: f32,
    /// The weight of the next sample: weights grow instead of all counts fading each time.
    weight: f32,
}

impl Tail {
    pub(crate) const fn new() -> Self {
        Self { bins: [0.0; BINS], total: 0.0, weight: 1.0 }
    }

    pub(crate) fn add(&mut self, magnitude: f32) {
        let (bin, _) = place(magnitude);
        self.bins[bin] += self.weight;
        self.total += self.weight;
        self.weight *= (std::f32::consts::LN_2 / HALF_LIFE).exp();
        if self.weight > 100.0 {
            for bin in &mut self.bins {
                *bin /= self.weight;
            }
            self.total = self.bins.iter().sum();
            self.weight = 1.0;
        }
    }

    /// The negative decimal logarithm of the probability of a magnitude this large: 3 is one in a thousand.
    pub(crate) fn rarity(&self, magnitude: f32) -> f32 {
        let samples = self.total / self.weight;
        if samples < LEAST {
            return 0.0;
        }
        let (bin, at) = place(magnitude);
        let above: f32 = self.bins[bin + 1..].iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "a bin's number is below 48")]
        let share = (above + self.bins[bin] * (1.0 - (at - bin as f32))) / self.total;
        let fitted = TAIL_SHARE.max(TAIL_COUNT / samples);
        if share > fitted { -share.log10() } else { self.beyond(at, share, fitted) }
    }

    /// The rarity of what lies `at` so many bins, in the tail that holds the share `fitted`.
    fn beyond(&self, at: f32, share: f32, fitted: f32) -> f32 {
        let (mut held, mut excess, mut first) = (0.0, 0.0, BINS);
        while first > 0 && held < fitted * self.total {
            first -= 1;
            held += self.bins[first];
        }
        #[expect(clippy::cast_precision_loss, reason = "a bin's number is below 48")]
        let start = first as f32;
        if at <= start {
            return -share.max(1e-12).log10();
        }
        let mut middle = WIDTH / 2.0;
        for bin in &self.bins[first..] {
            excess += bin * middle;
            middle += WIDTH;
        }
        let mean = (excess / self.weight + PRIOR_COUNT * PRIOR_EXCESS) / (held / self.weight + PRIOR_COUNT);
        -(held / self.total).log10() + (at - start) * WIDTH / mean * std::f32::consts::LOG10_E
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        for bin in self.bins {
            to.float(bin);
        }
        to.float(self.total);
        to.float(self.weight);
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, BytesError> {
        let mut tail = Self::new();
        for bin in &mut tail.bins {
            *bin = from.amount()?;
        }
        tail.total = from.amount()?;
        tail.weight = from.amount()?;
        if !(1.0..=101.0).contains(&tail.weight) {
            return Err(BytesError::Broken("the weight of a sample"));
        }
        Ok(tail)
    }
}

/// The bin of a magnitude, and where it lies among the bins.
fn place(magnitude: f32) -> (usize, f32) {
    #[expect(clippy::cast_precision_loss, reason = "48")]
    let at = ((magnitude.max(1e-9).log2() - LOWEST) / WIDTH).clamp(0.0, BINS as f32 - 0.001);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..48")]
    let bin = at as usize;
    (bin, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_nothing_before_it_has_seen_anything() {
        let mut tail = Tail::new();
        for _ in 0..9 {
            tail.add(1.0);
        }
        assert!(tail.rarity(100.0).abs() < f32::EPSILON);
    }

    #[test]
    fn one_in_a_hundred_is_two() {
        let mut tail = Tail::new();
        for at in 0..2000 {
            tail.add(if at % 100 == 0 { 4.0 } else { 0.5 });
        }
        let rarity = tail.rarity(2.0);
        assert!((1.9..=2.1).contains(&rarity), "{rarity}");
    }

    #[test]
    fn what_lies_further_out_is_rarer() {
        let mut tail = Tail::new();
        for at in 0_u16..3000 {
            tail.add(f32::from(at % 97) / 97.0);
        }
        let mut last = 0.0;
        for magnitude in [0.1, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0] {
            let rarity = tail.rarity(magnitude);
            assert!(rarity >= last, "{magnitude}: {rarity} after {last}");
            last = rarity;
        }
        assert!(last > 6.0, "{last}");
    }

    #[test]
    fn the_old_fades() {
        let mut tail = Tail::new();
        for _ in 0..500 {
            tail.add(4.0);
        }
        for _ in 0..60_000 {
            tail.add(0.1);
        }
        let rarity = tail.rarity(3.0);
        assert!(rarity > 3.0, "{rarity}");
        assert!(tail.total.is_finite() && tail.weight <= 101.0);
    }
}
