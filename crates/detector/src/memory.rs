//! What was seen before, as a small set of patterns.
//!
//! A pattern is a point in a plane. A new point that lies near a stored one is known: that pattern moves a little towards
//! it. One that lies near none is new, and is stored at once, so what was new is known the next time it is met: an anomaly
//! that goes on or comes back is reported once. The pattern not met for longest makes room. This is clustering by leaders,
//! the idea that adaptive resonance is built on.
//!
//! Distances are shares of the range of values seen so far, so they mean the same for every metric.

use crate::bytes::{BytesError, Reader, Writer};

/// How many patterns are kept.
const PATTERNS: usize = 80;
/// How far a known pattern moves towards what was met.
const RATE: f32 = 0.02;
/// A range is at least this share of the numbers in it: what is finer is the float's own noise.
const FINEST: f32 = 1e-6;

pub(crate) type Point = [f32; 2];

/// How the second coordinate is measured. The first one always is in shares of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Second {
    /// There is none: it is always 0.
    None,
    /// In shares of its range.
    Range,
    /// As a share of a day, around the clock.
    Clock,
}

/// Patterns, those met last at the end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Memory {
    second: Second,
    patterns: Vec<Point>,
    low: Point,
    high: Point,
}

impl Memory {
    pub(crate) const fn new(second: Second) -> Self {
        Self { second, patterns: Vec::new(), low: [0.0; 2], high: [0.0; 2] }
    }

    /// How far a point lies from the nearest pattern, as a share of the range seen before; and learns it. A time of day
    /// at which nothing is known yet makes no point strange.
    /// `magnitude` is that of the numbers that the first coordinate was computed from.
    pub(crate) fn meet(&mut self, point: Point, near: f32, magnitude: f32) -> f32 {
        if self.patterns.is_empty() {
            (self.low, self.high) = (point, point);
            self.patterns.push(point);
            return 0.0;
        }
        let units = [self.unit(0, magnitude), self.unit(1, magnitude)];
        let (mut least, mut nearest) = (f32::INFINITY, 0);
        let mut known = self.second != Second::Clock;
        for (at, pattern) in self.patterns.iter().enumerate() {
            let distance = self.distance(point, *pattern, units);
            known = known || around_the_clock(point[1], pattern[1]) <= near;
            if distance < least {
                (least, nearest) = (distance, at);
            }
        }
        for ((low, high), number) in self.low.iter_mut().zip(&mut self.high).zip(point) {
            (*low, *high) = (low.min(number), high.max(number));
        }
        if least > near {
            if self.patterns.len() >= PATTERNS {
                self.patterns.remove(0);
            }
            if self.patterns.len() == self.patterns.capacity() {
                // Never more room than for all: there are many memories.
                let more = self.patterns.len().max(4).min(PATTERNS - self.patterns.len());
                self.patterns.reserve_exact(more);
            }
            self.patterns.push(point);
        } else {
            self.patterns[nearest..].rotate_left(1);
            if let Some(pattern) = self.patterns.last_mut() {
                for (known, number) in pattern.iter_mut().zip(point) {
                    *known += RATE * (number - *known);
                }
            }
        }
        if known { least } else { 0.0 }
    }

    /// One over the range of a coordinate.
    fn unit(&self, axis: usize, magnitude: f32) -> f32 {
        1.0 / (self.high[axis] - self.low[axis]).max(FINEST * magnitude).max(1e-30)
    }

    fn distance(&self, point: Point, pattern: Point, units: Point) -> f32 {
        let first = (point[0] - pattern[0]).abs() * units[0];
        match self.second {
            Second::None => first,
            Second::Range => first.max((point[1] - pattern[1]).abs() * units[1]),
            Second::Clock => first.max(around_the_clock(point[1], pattern[1])),
        }
    }

    /// The lowest and the highest first coordinate of the patterns whose second one lies within `around` of `second` on
    /// the clock; of all of them if none does.
    pub(crate) fn around(&self, second: f32, around: f32) -> Option<(f32, f32)> {
        let near = |pattern: &&Point| around_the_clock(pattern[1], second) <= around;
        let span = |low_high: Option<(f32, f32)>, pattern: &Point| {
            let (low, high) = low_high.unwrap_or((pattern[0], pattern[0]));
            Some((low.min(pattern[0]), high.max(pattern[0])))
        };
        let here = self.patterns.iter().filter(near).fold(None, span);
        here.or_else(|| self.patterns.iter().fold(None, span))
    }

    /// The range of the first coordinate so far.
    pub(crate) fn range(&self) -> f32 {
        self.high[0] - self.low[0]
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        let axes = if self.second == Second::None { 1 } else { 2 };
        to.byte(u8::try_from(self.patterns.len()).unwrap_or(u8::MAX));
        for point in [&self.low, &self.high].into_iter().chain(&self.patterns) {
            for number in &point[..axes] {
                to.float(*number);
            }
        }
    }

    pub(crate) fn read(second: Second, from: &mut Reader<'_>) -> Result<Self, BytesError> {
        let count = usize::from(from.byte()?);
        if count > PATTERNS {
            return Err(BytesError::Broken("the number of patterns"));
        }
        let mut point = || {
            let first = from.float()?;
            Ok::<_, BytesError>([first, if second == Second::None { 0.0 } else { from.float()? }])
        };
        let (low, high) = (point()?, point()?);
        let patterns = (0..count).map(|_| point()).collect::<Result<_, _>>()?;
        Ok(Self { second, patterns, low, high })
    }
}

/// How far apart two times of day are.
fn around_the_clock(one: f32, other: f32) -> f32 {
    let apart = (one - other).abs();
    apart.min(1.0 - apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_is_known() {
        let mut memory = Memory::new(Second::None);
        for value in [0.0, 10.0] {
            memory.meet([value, 0.0], 0.06, 10.0);
        }
        let new = memory.meet([20.0, 0.0], 0.06, 20.0);
        assert!((new - 1.0).abs() < 1e-6, "a range away: {new}");
        let known = memory.meet([20.0, 0.0], 0.06, 20.0);
        assert!(known < 1e-6, "{known}");
        let between = memory.meet([15.0, 0.0], 0.06, 20.0);
        assert!((between - 0.25).abs() < 1e-6, "a quarter of the range from both: {between}");
    }

    #[test]
    fn the_clock_goes_around() {
        let mut memory = Memory::new(Second::Clock);
        memory.meet([0.0, 0.99], 0.06, 1.0);
        let unknown = memory.meet([1.0, 0.5], 0.06, 1.0);
        assert!(unknown < 1e-6, "nothing is known at noon: {unknown}");
        let distance = memory.meet([0.0, 0.01], 0.06, 1.0);
        assert!((distance - 0.02).abs() < 1e-4, "{distance}");
        assert_eq!(memory.around(0.0, 0.05), Some((0.0, 0.0)));
        assert_eq!(memory.around(0.25, 0.05), Some((0.0, 1.0)), "none is near, so all count");
    }

    #[test]
    fn the_pattern_not_met_for_longest_makes_room() {
        let mut memory = Memory::new(Second::None);
        let mut value: f32 = 1.0;
        for _ in 0..100 {
            memory.meet([value, 0.0], 0.06, value);
            value *= 2.0;
        }
        assert_eq!(memory.patterns.len(), PATTERNS);
        assert!(memory.patterns.iter().all(|pattern| pattern[0] > 1e6));
    }
}
