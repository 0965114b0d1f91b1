//! Writes gathered and committed, all or none.

use crate::index::IndexRow;
use crate::record::{Record, RecordError};
use capstan_core::ports::{
    Condition, Effect, Extent, Item, Key, RecordEffect, RecordWrite, Store, StoreError, Stored, read_as,
};
use serde_json::Value;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Writes that happen together.
#[derive(Debug, Clone, Default)]
#[must_use = "a transaction does nothing until it is committed"]
pub struct Transaction {
    writes: Vec<RecordWrite>,
    broken: Option<RecordError>,
}

impl Transaction {
    /// An empty transaction.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a record, on condition that nobody has written it since it was read (version 0: that it is new), and moves
    /// its version on.
    pub fn put<R: Record>(&mut self, record: &mut R) {
        let condition =
            if record.version() == 0 { Condition::Absent } else { Condition::VersionIs(record.version()) };
        record.set_version(record.version() + 1);
        self.push(record, Some(condition));
    }

    /// Puts a record whatever is there. For index rows, whose truth lies in the record they follow.
    pub fn put_always<R: Record>(&mut self, record: &R) {
        self.push(record, None);
    }

    /// Deletes a record, on condition that nobody has written it since it was read.
    pub fn delete<R: Record>(&mut self, record: &R) {
        let condition = Some(Condition::VersionIs(record.version()));
        self.plain(record.key(), Effect::Delete, condition);
    }

    /// Deletes a record whatever is there. For index rows.
    pub fn delete_always<R: Record>(&mut self, record: &R) {
        self.plain(record.key(), Effect::Delete, None);
    }

    /// Deletes a row of the list of changes under way, if it still is the one of this change.
    pub fn delete_listed(&mut self, row: &IndexRow) {
        let transition = row.transition_id.as_ref().map_or(Value::Null, |id| Value::from(id.as_str()));
        let condition = Some(Condition::AttributeIs("transition_id", transition));
        self.plain(row.key(), Effect::Delete, condition);
    }

    /// Demands that nobody has written a record since it was read (version 0: that it is still not there).
    pub fn unchanged<R: Record>(&mut self, record: &R) {
        let condition =
            if record.version() == 0 { Condition::Absent } else { Condition::VersionIs(record.version()) };
        self.plain(record.key(), Effect::Check, Some(condition));
    }

    /// Commits. `Stale`: a condition did not hold and nothing was written.
    pub async fn commit(self, store: &impl Store) -> Result<(), RecordError> {
        let (writes, keys) = self.ready()?;
        store.transact_records(writes).await.map_err(|error| of_store(error, &keys))
    }

    /// The same; a put that is alone goes by [`Store::put`], at half the price. For those who read again and begin anew where
    /// nobody knows whether it was written, since that is so more often then.
    pub async fn commit_cheaply(self, store: &impl Store) -> Result<(), RecordError> {
        let (mut writes, keys) = self.ready()?;
        let alone = if writes.len() == 1 { writes.pop_if(|write| write.is_put()) } else { None };
        let answer = match alone {
            Some(put) => store.put(put).await,
            None => store.transact_records(writes).await,
        };
        answer.map_err(|error| of_store(error, &keys))
    }

    /// The writes and their keys.
    fn ready(self) -> Result<(Vec<RecordWrite>, Vec<Key>), RecordError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let keys = self.writes.iter().map(|write| write.key.clone()).collect();
        Ok((self.writes, keys))
    }

    fn plain(&mut self, key: Key, effect: Effect, condition: Option<Condition>) {
        self.writes.push(RecordWrite { key, effect: RecordEffect::Plain(effect), condition });
    }

    fn push<R: Record>(&mut self, record: &R, condition: Option<Condition>) {
        let key = record.key();
        if R::EXACT && (cfg!(not(debug_assertions)) || stands(record)) {
            let effect = RecordEffect::Put(Arc::new(OnItsWay(Arc::new(record.clone()))));
            return self.writes.push(RecordWrite { key, effect, condition });
        }
        match to_item(record, &key) {
            Ok(item) => self.plain(key, Effect::Put(item), condition),
            Err(message) => {
                self.broken = Some(RecordError::Corrupt {
                    table: key.table.name(),
                    key: format!("{}/{}", key.partition, key.sort),
                    message,
                });
            }
        }
    }
}

fn of_store(error: StoreError, keys: &[Key]) -> RecordError {
    match error {
        StoreError::ConditionFailed(index) => match keys.get(index) {
            Some(key) => {
                RecordError::Stale { table: key.table.name(), key: format!("{}/{}", key.partition, key.sort) }
            }
            None => RecordError::Store(StoreError::ConditionFailed(index)),
        },
        error => RecordError::Store(error),
    }
}

/// A record that becomes an item when somebody needs one.
struct OnItsWay<R>(Arc<R>);

impl<R: Record> fmt::Debug for OnItsWay<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnItsWay").field(&self.0.key()).finish()
    }
}

impl<R: Record> Stored for OnItsWay<R> {
    fn item(&self) -> Result<Item, String> {
        to_item(&*self.0, &self.0.key())
    }
    fn version(&self) -> u64 {
        self.0.version()
    }
    fn extent(&self) -> Extent {
        // What has no JSON is found out where the item is made.
        Extent::of(&*self.0).unwrap_or(Extent { bytes: usize::MAX, extreme: false })
    }
    fn record(&self) -> Arc<dyn Any + Send + Sync> {
        Arc::<R>::clone(&self.0)
    }
}

/// Whether the record stands being written and read: only then may it be kept as it is.
fn stands<R: Record>(record: &R) -> bool {
    let item = to_item(record, &record.key());
    let again = item.as_ref().ok().and_then(|item| read_as::<R>(item).ok());
    let same = again.is_some_and(|again| to_item(&*again, &again.key()) == item);
    debug_assert!(same, "{} {:?} does not read back as it was", R::TABLE.name(), record.keys());
    same
}

/// The record as an item; its key attributes must be the key's, which a slip in a type would break.
fn to_item<R: Record>(record: &R, key: &Key) -> Result<Item, String> {
    let Ok(Value::Object(item)) = serde_json::to_value(record) else {
        return Err("it is not a JSON object".to_owned());
    };
    let has = |attribute: &str, value: &str| item.get(attribute).and_then(Value::as_str) == Some(value);
    let sort_fits = key.table.sort_key().is_none_or(|attribute| has(attribute, &key.sort));
    if has(key.table.partition_key(), &key.partition) && sort_fits {
        Ok(item)
    } else {
        Err("its key attributes are not its key".to_owned())
    }
}
