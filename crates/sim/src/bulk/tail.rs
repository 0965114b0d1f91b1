//! The end of the stream that nobody has taken yet, in memory: who keeps up need not read from the disk what was put a moment
//! ago.

use crate::stream::StreamRecord;
use std::collections::BTreeMap;
use std::ops::Bound;

/// The most records in it. Who falls behind further reads what is older from the disk.
const MOST: usize = 10_000;

/// The records after one.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// All records after this one are here, but for those that are seen to.
    after: u64,
    records: BTreeMap<u64, StreamRecord>,
}

impl Tail {
    pub(super) const fn after(sequence: u64) -> Self {
        Self { after: sequence, records: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, record: StreamRecord) {
        self.records.insert(record.sequence, record);
        if self.records.len() > MOST
            && let Some((sequence, _)) = self.records.pop_first()
        {
            self.after = sequence;
        }
    }

    /// Records after one, if they are here. Those up to it are not kept any longer: who asks has them.
    pub(super) fn take(&mut self, sequence: u64, limit: usize) -> Option<Vec<StreamRecord>> {
        if sequence < self.after {
            return None;
        }
        self.records = self.records.split_off(&(sequence + 1));
        self.after = sequence;
        let range = self.records.range((Bound::Excluded(sequence), Bound::Unbounded));
        Some(range.take(limit).map(|(_, record)| record.clone()).collect())
    }

    pub(super) fn remove(&mut self, sequence: u64) {
        self.records.remove(&sequence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::Row;
    use capstan_core::ports::{Item, Key, Table};
    use capstan_core::time::Timestamp;
    use std::sync::Arc;

    fn record(sequence: u64) -> StreamRecord {
        let key = Key { table: Table::IopsMetrics, partition: "h".to_owned(), sort: "0000000001".to_owned() };
        let at = Timestamp::from_millis(1);
        StreamRecord { sequence, home: None, key, modified: false, at, row: Arc::new(Row::new(Item::new())) }
    }

    fn taken(tail: &mut Tail, after: u64, limit: usize) -> Option<Vec<u64>> {
        let records = tail.take(after, limit)?;
        Some(records.iter().map(|record| record.sequence).collect())
    }

    #[test]
    fn it_has_all_after_one_or_says_that_it_has_not() {
        let mut tail = Tail::after(7);
        assert_eq!(taken(&mut tail, 6, 10), None, "what was there before is on the disk");
        assert_eq!(taken(&mut tail, 7, 10), Some(vec![]));
        (8..=12).for_each(|sequence| tail.add(record(sequence)));
        tail.remove(9);
        assert_eq!(taken(&mut tail, 7, 2), Some(vec![8, 10]));
        assert_eq!(taken(&mut tail, 10, 10), Some(vec![11, 12]));
        assert_eq!(taken(&mut tail, 7, 10), None, "they were taken");
    }

    #[test]
    fn it_is_no_longer_than_it_may_be() {
        let mut tail = Tail::default();
        (1..=MOST as u64 + 3).for_each(|sequence| tail.add(record(sequence)));
        assert_eq!(tail.records.len(), MOST);
        assert_eq!(taken(&mut tail, 2, 1), None);
        assert_eq!(taken(&mut tail, 3, 1), Some(vec![4]));
    }
}
