//! A mean in which the old counts less and less.

use crate::bytes::{BytesError, Reader, Writer};

/// A mean whose weights halve every so many samples. While it is young it is the plain mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mean {
    pub(crate) value: f32,
    /// The share that the newest sample had, which falls until it is the one of the half-life; 0 before the first.
    share: f32,
}

impl Mean {
    pub(crate) const fn new() -> Self {
        Self { value: 0.0, share: 0.0 }
    }

    /// Takes a sample, and answers with the mean.
    pub(crate) fn add(&mut self, sample: f32, half_life: f32) -> f32 {
        let least = 1.0 - (-std::f32::consts::LN_2 / half_life).exp();
        // 1, 1/2, 1/3, …
        self.share = if self.share > 0.0 { (self.share / (1.0 + self.share)).max(least) } else { 1.0 };
        self.value += self.share * (sample - self.value);
        self.value
    }

    pub(crate) fn write(self, to: &mut Writer) {
        to.float(self.value);
        to.float(self.share);
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, BytesError> {
        Ok(Self { value: from.float()?, share: from.amount()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn young_it_is_the_plain_mean_and_later_it_follows() {
        let mut mean = Mean::new();
        for (sample, expected) in [(2.0, 2.0), (4.0, 3.0), (6.0, 4.0)] {
            let is = mean.add(sample, 100.0);
            assert!((is - expected).abs() < 1e-5, "{is}");
        }
        for _ in 0..100 {
            mean.add(0.0, 10.0);
        }
        assert!(mean.value < 0.05, "{}", mean.value);
    }
}
