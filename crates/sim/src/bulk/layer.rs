//! Changes that are not on the disk yet, over what is.

use crate::homes::{Homes, name_of, table_of};
use crate::stream::StreamRecord;
use crate::tables::{Row, SEPARATOR};
use capstan_core::ports::{Item, Key, Table};
use capstan_core::time::Timestamp;
use serde::Deserialize;
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
    bytes.extend(row.json());
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

/// A record of the stream as earlier versions have written it.
#[derive(Deserialize)]
struct Stored {
    place: String,
    modified: bool,
    at: u64,
    item: Item,
}

/// What a record on disk begins with. JSON, as earlier versions wrote it, begins otherwise.
const VERSION: u8 = 1;
/// The bytes before the place: version, whether there was an item before, when, and the place's length.
const FRONT: usize = 1 + 1 + 8 + 4;

/// A record as it is on disk: the front, the place, the item. That is there as well as in its table, where it may be another
/// by then.
pub(super) fn encode(record: &StreamRecord) -> Vec<u8> {
    let place = format!(
        "{}/{}{SEPARATOR}{}",
        name_of(record.home.as_ref(), record.key.table),
        record.key.partition,
        record.key.sort
    );
    let json = record.row.json();
    let length = u32::try_from(place.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(FRONT + place.len() + json.len());
    bytes.extend([VERSION, u8::from(record.modified)]);
    bytes.extend(record.at.as_millis().to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(place.as_bytes());
    bytes.extend(json);
    bytes
}

pub(super) fn decode(sequence: u64, bytes: &[u8]) -> Option<StreamRecord> {
    let Stored { place, modified, at, item } = match bytes.split_first()? {
        (&VERSION, _) => stored(bytes)?,
        _ => serde_json::from_slice(bytes).ok()?,
    };
    let (home, key) = key_of(&place)?;
    Some(StreamRecord {
        sequence,
        home,
        key,
        modified,
        at: Timestamp::from_millis(at),
        row: Arc::new(Row::new(item)),
    })
}

fn stored(bytes: &[u8]) -> Option<Stored> {
    let (front, rest) = bytes.split_at_checked(FRONT)?;
    let length = u32::from_le_bytes(front.get(10..)?.try_into().ok()?);
    let (place, item) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some(Stored {
        place: String::from_utf8(place.to_vec()).ok()?,
        modified: front.get(1)? != &0,
        at: u64::from_le_bytes(front.get(2..10)?.try_into().ok()?),
        item: serde_json::from_slice(item).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn records_read_back_as_they_were_also_those_of_earlier_versions() {
        let item = json!({"hostname": "web-1", "timestamp": 1_795_000_000, "cpuUsage": 7.5, "iops": 3});
        let item = item.as_object().unwrap().clone();
        let key =
            Key { table: Table::IopsMetrics, partition: "web-1".to_owned(), sort: "1795000000".to_owned() };
        let at = Timestamp::from_millis(1_795_000_001_234);
        let row = Arc::new(Row::new(item.clone()));
        let record = StreamRecord { sequence: 9, home: None, key: key.clone(), modified: true, at, row };
        let place = place(&Homes::default(), &key);
        let earlier = json!({"place": place, "modified": true, "at": at.as_millis(), "item": item});
        for bytes in [encode(&record), earlier.to_string().into_bytes()] {
            let read = decode(9, &bytes).unwrap();
            assert_eq!((read.sequence, &read.key, read.modified, read.at), (9, &key, true, at));
            assert_eq!(read.item(), &item);
            for length in 0..bytes.len() {
                assert!(decode(9, &bytes[..length]).is_none(), "cut at {length}");
            }
        }
    }
}
