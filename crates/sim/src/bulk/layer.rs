//! Changes that are not on the disk yet, over what is.

use crate::homes::{Homes, name_of, table_of};
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
    /// What rows were before, by when they ceased to be it and a count.
    pub(super) history: BTreeMap<(u64, u64), (String, Arc<Row>)>,
}

impl Layer {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.stream.is_empty() && self.history.is_empty()
    }
}

/// Partitions lie together, in the order of their sort keys.
pub(super) fn place(homes: &Homes, key: &Key) -> String {
    format!("{}{}", prefix(homes, key.table, &key.partition), key.sort)
}

/// What the keys of a partition begin with.
pub(super) fn prefix(homes: &Homes, table: Table, partition: &str) -> String {
    format!("{}/{partition}{SEPARATOR}", name_of(homes.of(table), table))
}

/// The key behind a place, and the table's name where it is none of the stack's.
pub(super) fn key_of(place: &str) -> Option<(Option<Arc<str>>, Key)> {
    let (front, sort) = place.split_once(SEPARATOR)?;
    let (home, partition) = front.split_once('/')?;
    let table = table_of(home)?;
    let key = Key { table, partition: partition.to_owned(), sort: sort.to_owned() };
    Some(((home != table.name()).then(|| Arc::from(home)), key))
}

/// What the places of a table begin with, and what none of them reaches.
pub(super) fn all_of(home: &str) -> (String, String) {
    // The character after `/`.
    (format!("{home}/"), format!("{home}0"))
}

/// What comes before the JSON of a row whose time of writing is kept.
const STAMPED: u8 = 1;

/// A row as it is on disk: when it was written, then its item.
pub(super) fn stamped(row: &Row) -> Vec<u8> {
    let mut bytes = vec![STAMPED];
    bytes.extend(row.written.to_be_bytes());
    // Plain data with string keys: it always has a JSON form.
    bytes.extend(serde_json::to_vec(row.item()).unwrap_or_default());
    bytes
}

/// When a row was written, and its JSON. What was stored before times were kept was always there.
pub(super) fn unstamped(bytes: &[u8]) -> (u64, &[u8]) {
    match bytes.split_first().map(|(first, rest)| (*first, rest.split_first_chunk())) {
        Some((STAMPED, Some((written, json)))) => (u64::from_be_bytes(*written), json),
        _ => (0, bytes),
    }
}

/// What a row was before, as it is on disk: its place and itself.
pub(super) fn former(place: &str, row: &Row) -> Vec<u8> {
    [place.as_bytes(), b"\n", &stamped(row)].concat()
}

/// The other way round.
pub(super) fn of_former(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
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
        place: format!(
            "{}/{}{SEPARATOR}{}",
            name_of(record.home.as_ref(), record.key.table),
            record.key.partition,
            record.key.sort
        ),
        modified: record.modified,
        at: record.at.as_millis(),
        item: record.item().clone(),
    };
    // Plain data with string keys: it always has a JSON form.
    serde_json::to_vec(&stored).unwrap_or_default()
}

pub(super) fn decode(sequence: u64, bytes: &[u8]) -> Option<StreamRecord> {
    let stored: Stored = serde_json::from_slice(bytes).ok()?;
    let (home, key) = key_of(&stored.place)?;
    Some(StreamRecord {
        sequence,
        home,
        key,
        modified: stored.modified,
        at: Timestamp::from_millis(stored.at),
        row: Arc::new(Row::new(stored.item)),
    })
}
