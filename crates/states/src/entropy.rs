//! Randomness that is part of the execution.
//!
//! `States.UUID`, `States.MathRandom`, task tokens and retry jitter need random numbers, and an execution that is
//! replayed or restored must get the same ones again. So the generator is a number stored with the execution and
//! seeded by the driver; the operating system is never asked. `SplitMix64` is used: one word of state, good enough
//! spread, and nothing here is a secret.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Entropy(u64);

impl Entropy {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, and without, `bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let drawn = u128::from(self.draw());
        u64::try_from((drawn * u128::from(bound)) >> 64).unwrap_or(0)
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let high = (self.draw() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000;
        let low = (self.draw() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFFF,
            low >> 48,
            low & 0xFFFF_FFFF_FFFF
        )
    }

    /// An opaque task token of 128 bits.
    pub(crate) fn token(&mut self) -> String {
        format!("{:016x}{:016x}", self.draw(), self.draw())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let (mut a, mut b) = (Entropy::new(7), Entropy::new(7));
        assert_eq!((a.draw(), a.uuid()), (b.draw(), b.uuid()));
    }

    #[test]
    fn a_uuid_bears_its_version_and_variant() {
        let mut entropy = Entropy::new(1);
        for _ in 0..100 {
            let uuid = entropy.uuid();
            assert_eq!(uuid.len(), 36);
            assert_eq!(&uuid[14..15], "4");
            assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        }
    }

    #[test]
    fn a_bounded_draw_stays_below_its_bound() {
        let mut entropy = Entropy::new(3);
        assert!((0..1000).all(|_| entropy.below(10) < 10));
        assert_eq!(entropy.below(0), 0);
    }
}
