//! The state as bytes: a version, then numbers in little-endian order. Floats keep every bit, so that what is read back
//! goes on exactly as what was written.
//!
//! JSON or a derived format would be three times as long, and states are paid for by the kilobyte.

use thiserror::Error;

/// Why bytes are not the state of a detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BytesError {
    /// The bytes were written by a version that this one can't read: begin with a new detector.
    #[error("the state has version {found}, this detector reads version {reads}: begin with a new one")]
    Version {
        /// Of the bytes.
        found: u8,
        /// Of this crate.
        reads: u8,
    },
    /// There are too few bytes or too many: they were cut, or are something else.
    #[error("the state has a wrong length: it was cut, or is something else")]
    Length,
    /// A number that no detector has.
    #[error("the state is broken: {0} is out of its range")]
    Broken(&'static str),
}

pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }
    pub(crate) fn byte(&mut self, value: u8) {
        self.0.push(value);
    }
    pub(crate) fn float(&mut self, value: f32) {
        self.0.extend(value.to_le_bytes());
    }
    pub(crate) fn double(&mut self, value: f64) {
        self.0.extend(value.to_le_bytes());
    }
    pub(crate) fn count(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }
    pub(crate) fn time(&mut self, value: i64) {
        self.0.extend(value.to_le_bytes());
    }
    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}

pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], BytesError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(BytesError::Length)?;
        self.0 = rest;
        Ok(*taken)
    }
    pub(crate) fn byte(&mut self) -> Result<u8, BytesError> {
        self.take::<1>().map(|[byte]| byte)
    }
    /// A finite number.
    pub(crate) fn float(&mut self) -> Result<f32, BytesError> {
        let value = f32::from_le_bytes(self.take()?);
        if value.is_finite() { Ok(value) } else { Err(BytesError::Broken("a number")) }
    }
    /// A finite number that is not negative.
    pub(crate) fn amount(&mut self) -> Result<f32, BytesError> {
        let value = self.float()?;
        if value >= 0.0 { Ok(value) } else { Err(BytesError::Broken("an amount")) }
    }
    pub(crate) fn double(&mut self) -> Result<f64, BytesError> {
        let value = f64::from_le_bytes(self.take()?);
        if value.is_finite() { Ok(value) } else { Err(BytesError::Broken("a number")) }
    }
    pub(crate) fn count(&mut self) -> Result<u32, BytesError> {
        self.take().map(u32::from_le_bytes)
    }
    pub(crate) fn time(&mut self) -> Result<i64, BytesError> {
        self.take().map(i64::from_le_bytes)
    }
    pub(crate) fn end(&self) -> Result<(), BytesError> {
        if self.0.is_empty() { Ok(()) } else { Err(BytesError::Length) }
    }
}
