//! Instants and lengths of time. Where "now" comes from is a port ([`crate::ports::Clock`]).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::{Add, Sub};

/// A length of time in milliseconds; never negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// From seconds.
    pub const fn seconds(n: u64) -> Self {
        Self(n * 1_000)
    }
    /// From minutes.
    pub const fn minutes(n: u64) -> Self {
        Self::seconds(n * 60)
    }
    /// From hours.
    pub const fn hours(n: u64) -> Self {
        Self::minutes(n * 60)
    }
    /// From days.
    pub const fn days(n: u64) -> Self {
        Self::hours(n * 24)
    }
    /// Whole seconds, rounded up: what is left is never said to be less than it is.
    pub const fn as_seconds_ceil(self) -> u64 {
        self.0.div_ceil(1_000)
    }
    /// Seconds with their fraction.
    #[expect(clippy::cast_precision_loss, reason = "lengths here are far below 2^53 ms")]
    pub fn as_seconds_f64(self) -> f64 {
        self.0 as f64 / 1e3
    }
}
impl Add for Millis {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// An instant: milliseconds since 1970-01-01T00:00:00Z. In JSON it is RFC 3339 text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }
    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }
    /// How long since `earlier`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Option<Self> {
        // An offset ends at 23:59 (RFC 3339 §5.6); the parser takes more.
        let offset = text.len().checked_sub(6).and_then(|at| text.get(at..)).unwrap_or_default();
        if offset.starts_with(['+', '-']) && offset.get(1..3).is_some_and(|hours| hours > "23") {
            return None;
        }
        let instant: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(instant.as_millisecond()).ok().map(Self)
    }
    /// The first instant of the month (UTC) this one lies in.
    #[must_use]
    pub fn start_of_month(self) -> Self {
        let text = self.to_string();
        Self::parse(&format!("{}-01T00:00:00Z", &text[..7])).unwrap_or(self)
    }
}
impl Add<Millis> for Timestamp {
    type Output = Self;
    fn add(self, length: Millis) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}
impl Sub<Millis> for Timestamp {
    type Output = Self;
    fn sub(self, length: Millis) -> Self {
        Self(self.0.saturating_sub(length.0))
    }
}
impl fmt::Display for Timestamp {
    /// RFC 3339, UTC, always with milliseconds, so that texts sort as the instants do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = i64::try_from(self.0).unwrap_or(i64::MAX);
        match jiff::Timestamp::from_millisecond(millis) {
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => f.write_str("9999-12-31T23:59:59.999Z"),
        }
    }
}
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not an RFC 3339 time")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_sorts_as_the_instants_do_and_reads_back() {
        let instants = [0, 1, 999, 1_000, 1_763_700_000_123].map(Timestamp::from_millis);
        let texts: Vec<String> = instants.iter().map(ToString::to_string).collect();
        assert!(texts.is_sorted());
        assert_eq!(texts[1], "1970-01-01T00:00:00.001Z");
        for (instant, text) in instants.iter().zip(&texts) {
            assert_eq!(Timestamp::parse(text), Some(*instant));
        }
    }

    #[test]
    fn the_month_starts_on_its_first_day() {
        let at = Timestamp::parse("2026-11-21T06:11:50Z").unwrap();
        assert_eq!(at.start_of_month().to_string(), "2026-11-01T00:00:00.000Z");
    }
}
