#![doc = include_str!("../README.md")]

mod evaluate;
mod features;
mod rows;
mod train;

pub use evaluate::{Evaluation, Refused, gate};
pub use features::{FEATURES, Features, NAMES, NoSample, Sample, Setting};
pub use rows::{Row, RowError, Rows, read_rows, write_rows};
pub use train::{Model, ModelError, TrainError, Trained};

/// The largest score: critical. A score times 33.33 is a risk of 0 to 100.
pub const HIGHEST: f64 = 3.0;

/// The class of a score: 0 low, 1 medium, 2 high, 3 critical.
pub fn class(score: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 3")]
    let class = score.clamp(0.0, HIGHEST).round() as usize;
    class
}
