//! What was put into a table, in order, until somebody has seen to it: the stream of a table of `DynamoDB`.
//!
//! A record stays until it is taken off ([`SharedWorld::stream_done`](crate::SharedWorld::stream_done)), so what is not dealt
//! with when a process dies is dealt with by the next. As there, a put that changes nothing makes no record.

use crate::tables::Row;
use capstan_core::ports::{Item, Key};
use capstan_core::time::Timestamp;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// One put.
#[derive(Debug, Clone)]
pub struct StreamRecord {
    /// Its place in the order of all.
    pub sequence: u64,
    /// The table's name, where it is none of the stack's own.
    pub home: Option<Arc<str>>,
    /// Which item.
    pub key: Key,
    /// Whether there was one before, of other content.
    pub modified: bool,
    /// When.
    pub at: Timestamp,
    pub(crate) row: Arc<Row>,
}

impl StreamRecord {
    /// The item as it was put.
    pub fn item(&self) -> &Item {
        self.row.item()
    }
}

/// The stream of a world in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    last: u64,
    records: BTreeMap<u64, StreamRecord>,
}

impl Stream {
    pub(crate) fn add(
        &mut self,
        home: Option<Arc<str>>,
        key: &Key,
        before: Option<&Row>,
        row: Arc<Row>,
        at: Timestamp,
    ) {
        if before.is_some_and(|before| *before == *row) {
            return;
        }
        self.last += 1;
        let sequence = self.last;
        let record = StreamRecord { sequence, home, key: key.clone(), modified: before.is_some(), at, row };
        self.records.insert(sequence, record);
    }

    pub(crate) fn after(&self, sequence: u64, limit: usize) -> Vec<StreamRecord> {
        let range = self.records.range((Bound::Excluded(sequence), Bound::Unbounded));
        range.take(limit).map(|(_, record)| record.clone()).collect()
    }

    pub(crate) fn done(&mut self, sequences: &[u64]) {
        for sequence in sequences {
            self.records.remove(sequence);
        }
    }
}
