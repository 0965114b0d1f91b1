#![doc = include_str!("../README.md")]

mod detectors;
mod window;

pub use detectors::Watch;
pub use window::{MOST_KEPT, WINDOW, Window};
