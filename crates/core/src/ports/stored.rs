//! Records on their way into the store, which become items only when somebody needs items: the wire to DynamoDB does, a
//! store in memory does not.

use super::{Condition, Effect, Item, Key, StoreError, Write};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use std::any::Any;
use std::fmt;
use std::io;
use std::sync::Arc;

/// A record that can be put. What is read back from its item is the same record, bit by bit; one of which that is not
/// so is put as an item.
pub trait Stored: fmt::Debug + Send + Sync {
    /// The item, key attributes included.
    fn item(&self) -> Result<Item, String>;
    /// Its attribute `version`.
    fn version(&self) -> u64;
    /// How large it is, without making the item.
    fn extent(&self) -> Extent;
    /// The record itself, to be read again.
    fn record(&self) -> Arc<dyn Any + Send + Sync>;
}

/// How large a record is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of its JSON.
    pub bytes: usize,
    /// Whether it holds a number that a store might not keep: of 10^126 and more, or nearer to zero than 10^-130.
    pub extreme: bool,
}

impl Extent {
    /// Measures a value; `None` if it has no JSON.
    pub fn of(value: &impl Serialize) -> Option<Self> {
        let mut extent = Self::default();
        let mut counter = Counter(0);
        let gauge = Gauge { extreme: &mut extent.extreme };
        value.serialize(&mut Serializer::with_formatter(&mut counter, gauge)).ok()?;
        extent.bytes = counter.0;
        Some(extent)
    }
}

struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Looks at the numbers that go by.
struct Gauge<'a> {
    extreme: &'a mut bool,
}

impl Formatter for Gauge<'_> {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let size = value.abs();
        *self.extreme |= size >= 1e126 || (size > 0.0 && size < 1e-130);
        CompactFormatter.write_f64(writer, value)
    }
}

/// One write of a transaction of records.
#[derive(Debug, Clone)]
pub struct RecordWrite {
    /// Which item.
    pub key: Key,
    /// What to do with it.
    pub effect: RecordEffect,
    /// What must hold; `None`: do it in any case.
    pub condition: Option<Condition>,
}

/// What a write of a record does.
#[derive(Debug, Clone)]
pub enum RecordEffect {
    /// Puts a record, in place of what is there.
    Put(Arc<dyn Stored>),
    /// As a write of items does.
    Plain(Effect),
}

impl RecordWrite {
    /// The same as a write of an item.
    pub fn plain(self) -> Result<Write, StoreError> {
        let effect = match self.effect {
            RecordEffect::Put(record) => Effect::Put(record.item().map_err(StoreError::Invalid)?),
            RecordEffect::Plain(effect) => effect,
        };
        Ok(Write { key: self.key, effect, condition: self.condition })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_extent_is_that_of_the_json_and_extreme_numbers_are_seen() {
        for value in [json!({}), json!({"a": [1, "zwölf \n", null, 0.5, {"b": true}]})] {
            let bytes = value.to_string().len();
            assert_eq!(Extent::of(&value), Some(Extent { bytes, extreme: false }));
        }
        for extreme in [1e126, -1e126, 1e-131] {
            assert!(Extent::of(&json!([{ "n": extreme }])).unwrap().extreme);
        }
        assert!(!Extent::of(&json!([0.0, 9.9e125, 1e-130])).unwrap().extreme);
    }
}
