#![doc = include_str!("../README.md")]

mod bytes;
mod detector;
mod memory;
mod smooth;
mod still;
mod tail;

pub use bytes::BytesError;
pub use detector::{Aspect, Detector, NotFinite, Reading};
