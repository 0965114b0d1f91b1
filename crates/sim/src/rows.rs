//! Rows, wherever they are kept: in the world, or on the disk alone.

use crate::bulk::At;
use crate::changes::Entry;
use crate::homes::Homes;
use crate::tables::{Found, Row, check_key, check_puts};
use crate::world::World;
use capstan_core::ports::{Key, Query, RecordWrite, StoreError, Table};
use std::sync::Arc;

impl World {
    pub(crate) fn get_row(&self, homes: &Homes, key: &Key) -> Result<Option<Arc<Row>>, StoreError> {
        self.check_home(homes, key.table)?;
        match self.bulk.as_ref().filter(|_| key.table.is_bulk()) {
            Some(bulk) => check_key(key).and_then(|()| bulk.get(homes, key)),
            None => self.tables.get(homes, key),
        }
    }

    pub(crate) fn query_rows(&self, homes: &Homes, query: &Query) -> Result<Found, StoreError> {
        self.check_home(homes, query.table)?;
        match self.bulk.as_ref().filter(|_| query.table.is_bulk()) {
            Some(bulk) => bulk.query(homes, query),
            None => self.tables.query(homes, query),
        }
    }

    /// A transaction; on either side of the tables that are on the disk alone, not across. `places`: its keys in order, and
    /// whether each is written or only checked.
    pub(crate) fn transact_rows(
        &mut self,
        homes: &Homes,
        writes: Vec<RecordWrite>,
        places: &[(Key, bool)],
    ) -> Result<(), StoreError> {
        let bulk = places.iter().filter(|(key, _)| key.table.is_bulk()).count();
        if bulk > 0 && bulk < places.len() {
            let words = "a transaction is either on tables of IOps or on others: on one machine they are in two files";
            return Err(StoreError::Invalid(words.to_owned()));
        }
        for (key, _) in places {
            self.check_home(homes, key.table)?;
        }
        let at = At { now: self.now, wall: self.wall() };
        let tampered = self.tampered(writes);
        if let Some(disk) = self.bulk.as_ref().filter(|_| bulk > 0) {
            if let Some(writes) = tampered {
                self.awaited = Some(disk.transact(homes, writes, at)?);
            }
            return Ok(());
        }
        let before = if bulk > 0 { self.before(homes, places) } else { Vec::new() };
        if let Some(writes) = tampered {
            self.tables.transact(homes, writes, at.wall)?;
        }
        self.note_rows(homes, places, &before);
        Ok(())
    }

    /// Puts items whatever is there, or only every other one; answers the keys of those left out.
    pub(crate) fn put_rows(
        &mut self,
        homes: &Homes,
        mut puts: Vec<(Key, Row)>,
        half: bool,
    ) -> Result<Vec<Key>, StoreError> {
        check_puts(&puts)?;
        for (key, _) in &puts {
            self.check_home(homes, key.table)?;
        }
        let at = At { now: self.now, wall: self.wall() };
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
            self.awaited = Some(bulk.put(homes, on_disk, at)?);
        }
        let places: Vec<(Key, bool)> = in_memory.iter().map(|(key, _)| (key.clone(), true)).collect();
        let before = self.before(homes, &places);
        for (key, row) in in_memory {
            self.tables.put_row(homes, key, row, at.wall);
        }
        self.note_rows(homes, &places, &before);
        Ok(left)
    }

    /// The rows of tables with a stream as they are.
    fn before(&self, homes: &Homes, places: &[(Key, bool)]) -> Vec<Option<Arc<Row>>> {
        let row = |(key, _): &(Key, bool)| {
            key.table.has_stream().then(|| self.tables.row(homes, key).cloned()).flatten()
        };
        places.iter().map(row).collect()
    }

    /// Notes that rows of the world's own were written.
    fn note_rows(&mut self, homes: &Homes, places: &[(Key, bool)], before: &[Option<Arc<Row>>]) {
        for (index, (key, _)) in places.iter().enumerate().filter(|(_, (_, written))| *written) {
            if key.table == Table::AppConfig {
                self.note_drain(&key.partition);
            }
            if let Some(row) = self.tables.row(homes, key).filter(|_| key.table.has_stream()) {
                let before = before.get(index).and_then(Option::as_deref);
                self.stream.add(homes.of(key.table).cloned(), key, before, Arc::clone(row), self.now);
            }
            self.revisions[key.table as usize] += 1;
            self.changes.demand(|| Entry::Row(key.clone()));
        }
    }
}
