//! Chance that can be repeated: the same seed gives the same draws.
//!
//! Two forms. [`Chance`] is a stream (`SplitMix64`), for ids. [`draw`] is a hash of its arguments, for lengths of
//! time: it depends on nothing but what is asked, so the order in which two handlers happen to call does not
//! change how long a resource takes.

/// The constants of `SplitMix64` (Steele, Lea, Flood 2014): its output passes the usual batteries of tests, in eight lines.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of pseudo-random numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }
    /// Where the stream stands, to go on from there later.
    pub(crate) const fn state(&self) -> u64 {
        self.0
    }
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }
    pub(crate) fn bytes(&mut self) -> [u8; 16] {
        let wide = (u128::from(self.next()) << 64) | u128::from(self.next());
        wide.to_be_bytes()
    }
}

/// A number that depends on the seed, the words and the count, and on nothing else.
pub(crate) fn draw(seed: u64, kind: u64, name: &str, count: u64) -> u64 {
    let mut hash = mix(seed ^ GOLDEN).wrapping_add(mix(kind.wrapping_mul(GOLDEN)));
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    mix(hash.wrapping_add(count.wrapping_mul(GOLDEN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_stream_and_another_seed_another() {
        let (mut one, mut same, mut other) = (Chance::new(7), Chance::new(7), Chance::new(8));
        let first: Vec<_> = (0..64).map(|_| one.bytes()).collect();
        assert_eq!(first, (0..64).map(|_| same.bytes()).collect::<Vec<_>>());
        assert_ne!(first, (0..64).map(|_| other.bytes()).collect::<Vec<_>>());
    }

    #[test]
    fn a_draw_depends_on_each_of_its_arguments() {
        let base = draw(1, 2, "name", 3);
        assert_eq!(base, draw(1, 2, "name", 3));
        for other in
            [draw(9, 2, "name", 3), draw(1, 9, "name", 3), draw(1, 2, "nam", 3), draw(1, 2, "name", 9)]
        {
            assert_ne!(base, other);
        }
    }
}
