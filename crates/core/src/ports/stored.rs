//! Records on their way into the store, which become items only when somebody needs items: the wire to DynamoDB does, a
//! store in memory does not.

use super::{Condition, Effect, Extent, Item, Key, StoreError, Write};
use std::any::Any;
use std::fmt;
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
    /// Whether it puts something.
    pub const fn is_put(&self) -> bool {
        matches!(self.effect, RecordEffect::Put(_) | RecordEffect::Plain(Effect::Put(_)))
    }

    /// The same as a write of an item.
    pub fn plain(self) -> Result<Write, StoreError> {
        let effect = match self.effect {
            RecordEffect::Put(record) => Effect::Put(record.item().map_err(StoreError::Invalid)?),
            RecordEffect::Plain(effect) => effect,
        };
        Ok(Write { key: self.key, effect, condition: self.condition })
    }
}
