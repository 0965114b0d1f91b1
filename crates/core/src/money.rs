//! US dollars as whole micro-dollars: exact sums, cents and unit prices alike, no binary fractions.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

const MICROS_PER_USD: i64 = 1_000_000;

/// An amount of US dollars, exact to a millionth. In JSON it is a plain number of dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(i64);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From whole dollars.
    pub const fn dollars(amount: i64) -> Self {
        Self(amount * MICROS_PER_USD)
    }
    /// From millionths of a dollar.
    pub const fn micros(amount: i64) -> Self {
        Self(amount)
    }
    /// The amount in millionths of a dollar.
    pub const fn as_micros(self) -> i64 {
        self.0
    }
    /// From a number of dollars, rounded to the nearest millionth; `None` if not finite or out of range.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
    pub fn from_f64(amount: f64) -> Option<Self> {
        let micros = (amount * 1e6).round();
        (micros.is_finite() && micros.abs() < 9e18).then_some(Self(micros as i64))
    }
    /// The amount as a number of dollars.
    #[expect(clippy::cast_precision_loss, reason = "for display and JSON; exact below nine billion dollars")]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
    /// Rounded to whole cents, half away from zero.
    #[must_use]
    pub fn to_cents(self) -> Self {
        let half = if self.0 < 0 { -5_000 } else { 5_000 };
        Self((self.0 + half) / 10_000 * 10_000)
    }
    /// Whether the amount is a whole number of cents.
    pub fn is_whole_cents(self) -> bool {
        self.0 % 10_000 == 0
    }
    /// The amount times a factor, rounded to the nearest millionth.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self::from_f64(self.as_f64() * factor).unwrap_or(Self(i64::MAX))
    }
}

impl Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}
impl Sub for Usd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}
impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}
impl fmt::Display for Usd {
    /// `$1,234.50`; cents are always shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.to_cents().0 / 10_000;
        let sign = if cents < 0 { "-" } else { "" };
        let digits = (cents.abs() / 100).to_string();
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        write!(f, "{sign}${grouped}.{:02}", cents.abs() % 100)
    }
}
impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % MICROS_PER_USD == 0 {
            serializer.serialize_i64(self.0 / MICROS_PER_USD)
        } else {
            serializer.serialize_f64(self.as_f64())
        }
    }
}
impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let amount = f64::deserialize(deserializer)?;
        Self::from_f64(amount).ok_or_else(|| serde::de::Error::custom("not an amount of US dollars"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_with_thousands_and_cents() {
        assert_eq!(Usd::dollars(750_000).to_string(), "$750,000.00");
        assert_eq!(Usd::micros(1_234_567).to_string(), "$1.23");
        assert_eq!((Usd::ZERO - Usd::micros(5_000)).to_string(), "-$0.01");
    }

    #[test]
    fn json_is_a_plain_number_and_reads_back() {
        for amount in [Usd::dollars(350), Usd::micros(1_006_000), Usd::ZERO] {
            let text = serde_json::to_string(&amount).unwrap();
            assert_eq!(serde_json::from_str::<Usd>(&text).unwrap(), amount);
        }
        assert_eq!(serde_json::to_string(&Usd::dollars(350)).unwrap(), "350");
    }
}
