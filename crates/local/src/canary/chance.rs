//! Chance of a drill, from a seed: splitmix64 (Steele, Lea and Flood 2014), and what is drawn from it.

/// A sequence of numbers that looks random; the same seed gives the same sequence.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// The sequence of one run.
    pub(super) fn new(seed: u64, run: u64) -> Self {
        let mut chance = Self(seed);
        let mixed = chance.next();
        chance.0 = mixed ^ run.wrapping_mul(0xd1b5_4a32_d192_ed03);
        chance
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// From 0 to below 65 536.
    pub(super) fn sixteen_bits(&mut self) -> usize {
        let [low, high, ..] = self.next().to_le_bytes();
        usize::from(u16::from_le_bytes([low, high]))
    }

    pub(super) fn is(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// From the normal distribution (Box and Muller).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// How many events there are where `mean` are expected; `none` is exp(−mean). For small means (Knuth).
    pub(super) fn poisson(&mut self, none: f64) -> u32 {
        let (mut count, mut product) = (0, self.unit());
        while product > none && count < 10_000 {
            product *= self.unit();
            count += 1;
        }
        count
    }
}
