//! Changes that are not on the disk yet, over what is.

use crate::stream::StreamRecord;
use crate::tables::{Row, SEPARATOR};
use capstan_core::ports::{Item, Key, Table};
use capstan_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows by their keys on disk, and records of the stream; `None` where they are gone.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) rows: BTreeMap<String, Option<Arc<Row>>>,
    pub(super) stream: BTreeMap<u64, Option<StreamRecord>>,
}

impl Layer {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.stream.is_empty()
    }
}

/// Partitions lie together, in the order of their sort keys.
pub(super) fn place(key: &Key) -> String {
    format!("{}{}", prefix(key.table, &key.partition), key.sort)
}

/// What the keys of a partition begin with.
pub(super) fn prefix(table: Table, partition: &str) -> String {
    format!("{}/{partition}{SEPARATOR}", table.name())
}

/// The key behind a place.
pub(super) fn key_of(place: &str) -> Option<Key> {
    let (front, sort) = place.split_once(SEPARATOR)?;
    let (table, partition) = front.split_once('/')?;
    let table = Table::ALL.into_iter().find(|known| known.name() == table)?;
    Some(Key { table, partition: partition.to_owned(), sort: sort.to_owned() })
}

/// A record of the stream as it is on disk. The item is there as well as in its table, where it may be another by then.
#[derive(Serialize, Deserialize)]
struct Stored {
    place: String,
    modified: bool,
    at: u64,
    item: Item,
}

pub(super) fn encode(record: &StreamRecord) -> Vec<u8> {
    let stored = Stored {
        place: place(&record.key),
        modified: record.modified,
        at: record.at.as_millis(),
        item: record.item().clone(),
    };
    // Plain data with string keys: it always has a JSON form.
    serde_json::to_vec(&stored).unwrap_or_default()
}

pub(super) fn decode(sequence: u64, bytes: &[u8]) -> Option<StreamRecord> {
    let stored: Stored = serde_json::from_slice(bytes).ok()?;
    Some(StreamRecord {
        sequence,
        key: key_of(&stored.place)?,
        modified: stored.modified,
        at: Timestamp::from_millis(stored.at),
        row: Arc::new(Row::new(stored.item)),
    })
}
