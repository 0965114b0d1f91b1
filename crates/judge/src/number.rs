//! Counts as numbers to calculate with.

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(crate) const fn number(count: u64) -> f64 {
    count as f64
}
