//! Rows, wherever they are kept: in the world, or on the disk alone.

use crate::changes::Entry;
use crate::tables::{Found, Row, check_key, check_puts};
use crate::world::World;
use capstan_core::ports::{Key, Query, RecordWrite, StoreError, Table};
use std::sync::Arc;

impl World {
    pub(crate) fn get_row(&self, key: &Key) -> Result<Option<Arc<Row>>, StoreError> {
        match self.bulk.as_ref().filter(|_| key.table.is_bulk()) {
            Some(bulk) => check_key(key).and_then(|()| bulk.get(key)),
            None => self.tables.get(key),
        }
    }

    pub(crate) fn query_rows(&self, query: &Query) -> Result<Found, StoreError> {
        match self.bulk.as_ref().filter(|_| query.table.is_bulk()) {
            Some(bulk) => bulk.query(query),
            None => self.tables.query(query),
        }
    }

    /// A transaction; on either side of the tables that are on the disk alone, not across. `places`: its keys in order, and
    /// whether each is written or only checked.
    pub(crate) fn transact_rows(
        &mut self,
        writes: Vec<RecordWrite>,
        places: &[(Key, bool)],
    ) -> Result<(), StoreError> {
        let bulk = places.iter().filter(|(key, _)| key.table.is_bulk()).count();
        if bulk > 0 && bulk < places.len() {
            let words = "a transaction is either on tables of IOps or on others: on one machine they are in two files";
            return Err(StoreError::Invalid(words.to_owned()));
        }
        let tampered = self.tampered(writes);
        if let Some(disk) = self.bulk.as_ref().filter(|_| bulk > 0) {
            if let Some(writes) = tampered {
                self.awaited = Some(disk.transact(writes, self.now)?);
            }
            return Ok(());
        }
        let before = if bulk > 0 { self.before(places) } else { Vec::new() };
        if let Some(writes) = tampered {
            self.tables.transact(writes)?;
        }
        self.note_rows(places, &before);
        Ok(())
    }

    /// Puts items whatever is there, or only every other one; answers the keys of those left out.
    pub(crate) fn put_rows(
        &mut self,
        mut puts: Vec<(Key, Arc<Row>)>,
        half: bool,
    ) -> Result<Vec<Key>, StoreError> {
        check_puts(&puts)?;
        let mut left = Vec::new();
        if half {
            let mut index = 0;
            puts.retain(|(key, _)| {
                index += 1;
                if index % 2 == 0 {
                    left.push(key.clone());
                }
                index % 2 == 1
            });
        }
        let (on_disk, in_memory): (Vec<_>, Vec<_>) =
            puts.into_iter().partition(|(key, _)| self.bulk.is_some() && key.table.is_bulk());
        if let Some(bulk) = self.bulk.as_ref().filter(|_| !on_disk.is_empty()) {
            self.awaited = Some(bulk.put(on_disk, self.now)?);
        }
        let places: Vec<(Key, bool)> = in_memory.iter().map(|(key, _)| (key.clone(), true)).collect();
        let before = self.before(&places);
        for (key, row) in in_memory {
            self.tables.put_row(key, row);
        }
        self.note_rows(&places, &before);
        Ok(left)
    }

    /// The rows of tables with a stream as they are.
    fn before(&self, places: &[(Key, bool)]) -> Vec<Option<Arc<Row>>> {
        let row =
            |(key, _): &(Key, bool)| key.table.has_stream().then(|| self.tables.row(key).cloned()).flatten();
        places.iter().map(row).collect()
    }

    /// Notes that rows of the world's own were written.
    fn note_rows(&mut self, places: &[(Key, bool)], before: &[Option<Arc<Row>>]) {
        for (index, (key, _)) in places.iter().enumerate().filter(|(_, (_, written))| *written) {
            if key.table == Table::AppConfig {
                self.note_drain(&key.partition);
            }
            if let Some(row) = self.tables.row(key).filter(|_| key.table.has_stream()) {
                let before = before.get(index).and_then(Option::as_deref);
                self.stream.add(key, before, Arc::clone(row), self.now);
            }
            self.revisions[key.table as usize] += 1;
            self.changes.demand(|| Entry::Row(key.clone()));
        }
    }
}
