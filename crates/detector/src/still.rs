//! How long the series has stood still, to the last bit, and how rare that is for it.
//!
//! The memories can't tell: as a series falls flat its movement fades little by little, and every little step is learnt.
//! So the chances to begin to stand and to go on standing are counted, and a run whose probability is small enough and that
//! is longer than any before is reported once.

use crate::bytes::{BytesError, Reader, Writer};

/// A series that has moved less often than this was never lively.
const LIVELY: f32 = 100.0;
/// Counts are halved when there are so many, so that habits of long ago fade.
const MOST: f32 = 8000.0;

/// The counts, without the run under way.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Still {
    /// Samples that came after a move, and those of them that stood.
    moving: f32,
    began: f32,
    /// Samples that came after one that stood, and those of them that stood as well.
    standing: f32,
    went_on: f32,
    /// The run under way, and the longest before it, in samples.
    run: u32,
    longest: u32,
    told: bool,
}

impl Still {
    /// Takes a sample. Answers with the run's rarity, as a negative decimal logarithm, once, when it reaches `bar`.
    pub(crate) fn add(&mut self, stood: bool, bar: f32) -> f32 {
        if !stood {
            self.end();
            return 0.0;
        }
        self.run = self.run.saturating_add(1);
        if self.told || self.run <= self.longest || self.moving < LIVELY {
            return 0.0;
        }
        let begin = (self.began + 1.0) / (self.moving + 2.0);
        let go_on = (self.went_on + 1.0) / (self.standing + 2.0);
        #[expect(clippy::cast_precision_loss, reason = "a run that long is rare enough")]
        let rarity = -begin.log10() - (self.run - 1) as f32 * go_on.log10();
        self.told = rarity >= bar;
        if self.told { rarity } else { 0.0 }
    }

    /// The series moved: the run before counts.
    fn end(&mut self) {
        #[expect(clippy::cast_precision_loss, reason = "what is lost does not count")]
        let run = self.run as f32;
        self.moving += 1.0;
        if self.run > 0 {
            self.began += 1.0;
            self.standing += run;
            self.went_on += run - 1.0;
        }
        if self.moving + self.standing > MOST {
            for count in [&mut self.moving, &mut self.began, &mut self.standing, &mut self.went_on] {
                *count /= 2.0;
            }
        }
        self.longest = self.longest.max(self.run);
        (self.run, self.told) = (0, false);
    }

    pub(crate) fn write(self, to: &mut Writer) {
        for count in [self.moving, self.began, self.standing, self.went_on] {
            to.float(count);
        }
        to.count(self.run);
        to.count(self.longest);
        to.byte(u8::from(self.told));
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, BytesError> {
        let (moving, began, standing, went_on) =
            (from.amount()?, from.amount()?, from.amount()?, from.amount()?);
        if began > moving || went_on > standing {
            return Err(BytesError::Broken("a count of standing still"));
        }
        let (run, longest, told) = (from.count()?, from.count()?, from.byte()? != 0);
        Ok(Self { moving, began, standing, went_on, run, longest, told })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The runs at which something was said.
    fn said(stood: impl IntoIterator<Item = bool>) -> Vec<(usize, u32)> {
        let mut still = Still::default();
        let said = stood.into_iter().enumerate().filter_map(|(at, stood)| {
            let rarity = still.add(stood, 4.0);
            (rarity > 0.0).then_some((at, still.run))
        });
        said.collect()
    }

    #[test]
    fn a_lively_series_that_stands_is_reported_once() {
        let said = said((0..3000).map(|at| at >= 1000));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].1 <= 10, "{said:?}");
    }

    #[test]
    fn standing_is_nothing_to_a_series_that_always_stood_or_often_does() {
        assert_eq!(said((0..3000).map(|_| true)), []);
        // It stands every night, of which the first is news.
        let nights = said((0..6000).map(|at| at % 300 > 150));
        assert!(nights.len() == 1 && nights[0].0 < 300, "{nights:?}");
        // Three in four stand, as rounded values do.
        let said = said((0..6000_u32).map(|at| !at.wrapping_mul(2_654_435_761).is_multiple_of(4)));
        assert!(said.len() <= 1, "{said:?}");
    }
}
