//! Draws that follow from a seed and from nothing else.

/// A stream of draws (`SplitMix64`: enough for histories, and the same on every machine).
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// The stream of one run of a simulation.
    pub(super) fn of_run(seed: u64, run: u64) -> Self {
        let mut stream = Self(seed ^ 0x5851_f42d_4c95_7f2d);
        let start = stream.next().wrapping_add(run.wrapping_mul(0xd134_2543_de82_ef95));
        Self(start)
    }

    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `least` to `most`, both included.
    pub(super) const fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// True in so many of a hundred cases.
    pub(super) const fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    /// One of these, which are not none.
    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.next() % all.len() as u64).unwrap_or(0)]
    }

    /// A number from 1 to `most`, small ones as likely as all large ones together.
    pub(super) fn small(&mut self, most: u64) -> u64 {
        let bits = self.between(0, u64::from(most.max(1).ilog2()));
        self.between(1, (2 << bits) - 1).min(most)
    }
}
