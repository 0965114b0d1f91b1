//! The tables that do not fit into memory: on the disk alone, in a file of their own beside the world's.
//!
//! What is put is first a change in memory, which everybody sees at once, and then on the disk together with all that came
//! in meanwhile: one wait serves many, as with the world's own journal. So the disk holds a prefix of what happened, rows
//! and stream alike, and nobody is told of more. Memory holds what waits for the disk, the end of the stream that nobody has
//! taken yet, and no more pages than the cache of the file may have.
//!
//! Items that are past their `expires_at` go by and by, as in the cloud, which promises days.
//! Rejected: the world's own tables, which are in memory whole (docs/decisions/0010), since ten million metrics are
//! gigabytes; and a second index by expiry, since every metric would be written twice for it.

mod layer;
mod restore;
mod tail;

use crate::disk::{Disk, DiskError};
use crate::homes::Homes;
use crate::stream::StreamRecord;
use crate::tables::{Checked, Done, Found, Row, check_query};
use capstan_core::ports::{Key, Query, RecordWrite, StoreError};
use capstan_core::time::Timestamp;
use layer::{Layer, decode, encode, key_of, place, prefix, stamped, unstamped};
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tail::Tail;

const ROWS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("rows");
const STREAM: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("stream");

/// The tables and their stream.
#[derive(Debug)]
pub(crate) struct Bulk {
    database: Database,
    changes: Mutex<Changes>,
    /// Rung when a write is over.
    over: Condvar,
}

#[derive(Debug, Default)]
struct Changes {
    /// What nobody writes yet.
    fresh: Layer,
    /// What is being written.
    leaving: Arc<Layer>,
    /// The number of the last change, and of the last that is on the disk.
    made: u64,
    written: u64,
    /// Somebody writes.
    writing: bool,
    /// A write has failed: nothing may overtake it.
    failed: Option<String>,
    /// The last record of the stream.
    last: u64,
    /// How many rows were replaced or deleted since the start.
    former: u64,
    tail: Tail,
    /// Where the search for what has expired goes on.
    swept: String,
}

type Rows = BTreeMap<String, Arc<Row>>;

fn trouble(error: impl Into<redb::Error>) -> StoreError {
    StoreError::Unavailable(error.into().to_string())
}

impl Bulk {
    /// Opens the file, or makes it.
    pub(crate) fn open(path: &Path) -> Result<Self, DiskError> {
        let database = Disk::open_unchecked(path)?.into_database();
        let last = database
            .begin_read()
            .map_err(redb::Error::from)
            .and_then(|reading| last_of(&reading))
            .map_err(|error| DiskError::Damaged { path: path.to_owned(), reason: error.to_string() })?;
        let changes = Changes { last, tail: Tail::after(last), ..Changes::default() };
        Ok(Self { database, changes: Mutex::new(changes), over: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The row at a key.
    pub(crate) fn get(&self, homes: &Homes, key: &Key) -> Result<Option<Arc<Row>>, StoreError> {
        let place = place(homes, key);
        let table = {
            let changes = self.lock();
            if let Some(row) = changes.known(&place) {
                return Ok(row.clone());
            }
            self.rows()?
        };
        at(table.as_ref(), &place)
    }

    /// The rows on the disk as they are now.
    fn rows(&self) -> Result<Option<OnDisk>, StoreError> {
        known(self.database.begin_read().map_err(trouble)?.open_table(ROWS))
    }

    /// A page of a partition.
    pub(crate) fn query(&self, homes: &Homes, query: &Query) -> Result<Found, StoreError> {
        check_query(query)?;
        let before = prefix(homes, query.table, &query.partition);
        let Some((from, to)) = range(query, &before) else { return Ok(Found::default()) };
        let (over, reading) = {
            let changes = self.lock();
            let layers = [&*changes.leaving, &changes.fresh];
            let within = |layer: &Layer| {
                let range = layer.rows.range::<str, _>((as_str(&from), as_str(&to)));
                range.map(|(place, row)| (place.clone(), row.clone())).collect::<Vec<_>>()
            };
            let over: BTreeMap<String, Option<Arc<Row>>> = layers.into_iter().flat_map(within).collect();
            (over, self.database.begin_read().map_err(trouble)?)
        };
        // What is changed in memory may take the place of what is read, or take it away.
        let enough = query.limit + 1 + over.len();
        let mut rows = read(&reading, (as_str(&from), as_str(&to)), query.descending, enough)?;
        for (place, row) in over {
            match row {
                Some(row) => drop(rows.insert(place, row)),
                None => drop(rows.remove(&place)),
            }
        }
        let sorts = rows.into_iter().map(|(place, row)| (place[before.len()..].to_owned(), row));
        Ok(if query.descending { Found::of(sorts.rev(), query.limit) } else { Found::of(sorts, query.limit) })
    }

    /// Checks all, then changes all. Answers what to wait for.
    pub(crate) fn transact(
        &self,
        homes: &Homes,
        writes: Vec<RecordWrite>,
        at: At,
    ) -> Result<u64, StoreError> {
        let mut changes = self.lock();
        let table = self.rows()?;
        let mut before = Vec::with_capacity(writes.len());
        for write in &writes {
            before.push(changes.row(table.as_ref(), &place(homes, &write.key))?);
        }
        let checked = Checked::of(writes, |index| before[index].as_deref())?;
        for ((key, row), before) in checked.0.into_iter().zip(before) {
            match row {
                Done::Nothing => {}
                Done::Deleted => {
                    let place = place(homes, &key);
                    changes.remember(&key, &place, before.as_ref(), at);
                    changes.fresh.rows.insert(place, None);
                }
                Done::Put(row) => changes.put(homes, &key, before.as_ref(), row, at),
            }
        }
        changes.made += 1;
        Ok(changes.made)
    }

    /// Puts items whatever is there. Answers what to wait for.
    pub(crate) fn put(&self, homes: &Homes, puts: Vec<(Key, Row)>, at: At) -> Result<u64, StoreError> {
        let mut changes = self.lock();
        let table = self.rows()?;
        let mut before = Vec::with_capacity(puts.len());
        for (key, _) in &puts {
            let looks = key.table.has_stream() || key.table.variable().is_some();
            before.push(if looks { changes.row(table.as_ref(), &place(homes, key))? } else { None });
        }
        for ((key, row), before) in puts.into_iter().zip(before) {
            changes.put(homes, &key, before.as_ref(), row, at);
        }
        changes.made += 1;
        Ok(changes.made)
    }

    /// Waits until the change of this number is on the disk. Whoever comes while nobody writes, writes all there is; those who
    /// come meanwhile wait for that, and only those for whom it was not enough wait for the next.
    pub(crate) fn wait_for(&self, number: u64) -> Result<(), String> {
        let mut changes = self.lock();
        loop {
            if changes.written >= number {
                return Ok(());
            }
            if let Some(reason) = &changes.failed {
                return Err(reason.clone());
            }
            if !changes.writing {
                break;
            }
            changes = self.over.wait(changes).unwrap_or_else(PoisonError::into_inner);
        }
        changes.writing = true;
        changes.leaving = Arc::new(std::mem::take(&mut changes.fresh));
        let (layer, made) = (Arc::clone(&changes.leaving), changes.made);
        drop(changes);
        let mut turn = Turn { bulk: self, ended: Err("a write was given up half-way".to_owned()) };
        turn.ended = self.write(&layer).map(|()| made).map_err(|error| error.to_string());
        let ended = turn.ended.clone();
        drop(turn);
        ended.map(drop)
    }

    /// Waits until nobody writes, and has others wait until the turn is over: it changes the file by itself.
    fn turn(&self) -> Turn<'_> {
        let mut changes = self.lock();
        while changes.writing {
            changes = self.over.wait(changes).unwrap_or_else(PoisonError::into_inner);
        }
        changes.writing = true;
        Turn { bulk: self, ended: Ok(changes.written) }
    }

    /// The number of the last change.
    pub(crate) fn made(&self) -> u64 {
        self.lock().made
    }

    fn write(&self, layer: &Layer) -> Result<(), redb::Error> {
        let writing = self.database.begin_write()?;
        {
            let mut rows = writing.open_table(ROWS)?;
            for (place, row) in &layer.rows {
                match row {
                    Some(row) => drop(rows.insert(place.as_str(), stamped(row).as_slice())?),
                    None => drop(rows.remove(place.as_str())?),
                }
            }
            let mut stream = writing.open_table(STREAM)?;
            for (sequence, record) in &layer.stream {
                match record {
                    Some(record) => drop(stream.insert(sequence, encode(record).as_slice())?),
                    None => drop(stream.remove(sequence)?),
                }
            }
        }
        restore::keep(&writing, layer)?;
        // Synced on return: that is redb's default.
        writing.commit()?;
        Ok(())
    }

    /// The records of the stream after one, in order.
    pub(crate) fn stream_after(&self, sequence: u64, limit: usize) -> Result<Vec<StreamRecord>, StoreError> {
        let after = (Bound::Excluded(sequence), Bound::Unbounded);
        let (over, reading) = {
            let mut changes = self.lock();
            if let Some(records) = changes.tail.take(sequence, limit) {
                return Ok(records);
            }
            // What is on the disk comes before what is not: where nothing of it is left, it need not be asked.
            let leaving = changes.leaving.stream.range(after);
            let fresh = changes.fresh.stream.range(after);
            let mut room = limit;
            // All that is gone, and as many records as are asked for.
            let wanted = |(_, record): &(&u64, &Option<StreamRecord>)| {
                let wanted = record.is_none() || room > 0;
                room = room.saturating_sub(usize::from(record.is_some()));
                wanted
            };
            let over: BTreeMap<u64, Option<StreamRecord>> = leaving
                .chain(fresh)
                .filter(wanted)
                .map(|(number, record)| (*number, record.clone()))
                .collect();
            (over, self.database.begin_read().map_err(trouble)?)
        };
        let mut records = BTreeMap::new();
        if let Some(table) = known(reading.open_table(STREAM))? {
            for entry in table.range(sequence + 1..).map_err(trouble)?.take(limit + over.len()) {
                let (number, bytes) = entry.map_err(trouble)?;
                let record = decode(number.value(), bytes.value());
                let damaged =
                    || StoreError::Unavailable(format!("record {} of the stream is damaged", number.value()));
                records.insert(number.value(), record.ok_or_else(damaged)?);
            }
        }
        for (number, record) in over {
            match record {
                Some(record) => drop(records.insert(number, record)),
                None => drop(records.remove(&number)),
            }
        }
        Ok(records.into_values().take(limit).collect())
    }

    /// Takes records off the stream. It need not be durable: who sees one again has seen it before.
    pub(crate) fn stream_done(&self, sequences: &[u64]) {
        let mut changes = self.lock();
        for sequence in sequences {
            changes.tail.remove(*sequence);
            // One that was never written need not be.
            let unwritten = matches!(changes.fresh.stream.remove(sequence), Some(Some(_)));
            if !unwritten {
                changes.fresh.stream.insert(*sequence, None);
            }
        }
        changes.made += 1;
    }

    /// Looks at so many rows for those that have expired at `now`, and takes these away; how many.
    pub(crate) fn sweep(
        &self,
        now: Timestamp,
        lasting: &[String],
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.forget(now)?;
        let from = self.lock().swept.clone();
        let reading = self.database.begin_read().map_err(trouble)?;
        let rows = read(&reading, (Bound::Excluded(from.as_str()), Bound::Unbounded), false, limit)?;
        let seconds = now.as_millis() / 1_000;
        let mut changes = self.lock();
        changes.swept = if rows.len() < limit {
            String::new()
        } else {
            rows.keys().next_back().cloned().unwrap_or_default()
        };
        let mut gone = 0;
        for (place, row) in rows {
            let expired =
                row.item().get("expires_at").and_then(Value::as_u64).is_some_and(|at| at <= seconds);
            let lasts = lasting
                .iter()
                .any(|home| place.strip_prefix(home.as_str()).is_some_and(|rest| rest.starts_with('/')));
            // What has been written since is another row.
            let known = changes.fresh.rows.contains_key(&place) || changes.leaving.rows.contains_key(&place);
            if expired && !known && !lasts {
                changes.fresh.rows.insert(place, None);
                gone += 1;
            }
        }
        changes.made += u64::from(gone > 0);
        Ok(gone)
    }

    /// Every row of the stack's own tables, for those who look from outside; for tests, not for gigabytes.
    pub(crate) fn all(&self) -> Result<Vec<(Key, Arc<Row>)>, StoreError> {
        let changes = self.lock();
        let reading = self.database.begin_read().map_err(trouble)?;
        let mut rows = read(&reading, (Bound::Unbounded, Bound::Unbounded), false, usize::MAX)?;
        for (place, row) in changes.leaving.rows.iter().chain(&changes.fresh.rows) {
            match row {
                Some(row) => drop(rows.insert(place.clone(), Arc::clone(row))),
                None => drop(rows.remove(place)),
            }
        }
        let own = |(home, key): (Option<Arc<str>>, Key)| home.is_none().then_some(key);
        Ok(rows.into_iter().filter_map(|(place, row)| Some((key_of(&place).and_then(own)?, row))).collect())
    }
}

/// When something happens: as the cloud lives it, and as people do, which backups go by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub(crate) now: Timestamp,
    pub(crate) wall: Timestamp,
}

type OnDisk = redb::ReadOnlyTable<&'static str, &'static [u8]>;

/// Whoever writes. When it goes, also by a panic, others go on.
struct Turn<'a> {
    bulk: &'a Bulk,
    /// The number of the last change that is on the disk now.
    ended: Result<u64, String>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut changes = self.bulk.lock();
        changes.writing = false;
        let mut layer = Arc::default();
        match &self.ended {
            Ok(made) => {
                changes.written = *made;
                std::mem::swap(&mut layer, &mut changes.leaving);
            }
            Err(reason) => changes.failed = Some(reason.clone()),
        }
        drop(changes);
        self.bulk.over.notify_all();
        // Thousands of rows: nobody waits for that.
        drop(layer);
    }
}

fn at(table: Option<&OnDisk>, place: &str) -> Result<Option<Arc<Row>>, StoreError> {
    let found = table.map(|table| table.get(place)).transpose().map_err(trouble)?.flatten();
    found.map(|bytes| parsed(place, bytes.value())).transpose()
}

impl Changes {
    /// The row at a place, where it is not what the disk has.
    fn known(&self, place: &str) -> Option<&Option<Arc<Row>>> {
        self.fresh.rows.get(place).or_else(|| self.leaving.rows.get(place))
    }

    fn row(&self, table: Option<&OnDisk>, place: &str) -> Result<Option<Arc<Row>>, StoreError> {
        self.known(place).map_or_else(|| at(table, place), |row| Ok(row.clone()))
    }

    fn put(&mut self, homes: &Homes, key: &Key, before: Option<&Arc<Row>>, mut row: Row, at: At) {
        row.written = at.wall.as_millis();
        let row = Arc::new(row);
        let same = before.is_some_and(|before| **before == *row);
        if same {
            return;
        }
        let place = place(homes, key);
        self.remember(key, &place, before, at);
        let home = homes.of(key.table).cloned();
        if key.table.has_stream() {
            self.last += 1;
            let (sequence, modified) = (self.last, before.is_some());
            let (key, at) = (key.clone(), at.now);
            let record = StreamRecord { sequence, home, key, modified, at, row: Arc::clone(&row) };
            self.tail.add(record.clone());
            self.fresh.stream.insert(sequence, Some(record));
        }
        self.fresh.rows.insert(place, Some(row));
    }

    /// Keeps what a row was before, where its table can be restored.
    fn remember(&mut self, key: &Key, place: &str, before: Option<&Arc<Row>>, at: At) {
        let Some(before) = before.filter(|_| key.table.variable().is_some()) else { return };
        self.former += 1;
        let former = (place.to_owned(), Arc::clone(before));
        self.fresh.history.insert((at.wall.as_millis(), self.former), former);
    }
}

fn parsed(place: &str, bytes: &[u8]) -> Result<Arc<Row>, StoreError> {
    let (written, json) = unstamped(bytes);
    let item = serde_json::from_slice(json);
    item.map(|item| Arc::new(Row::written_at(item, written)))
        .map_err(|error| StoreError::Unavailable(format!("the row {place} is damaged: {error}")))
}

fn known<T>(table: Result<T, TableError>) -> Result<Option<T>, StoreError> {
    match table {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(trouble(error)),
    }
}

fn last_of(reading: &ReadTransaction) -> Result<u64, redb::Error> {
    match reading.open_table(STREAM) {
        Ok(table) => Ok(table.last()?.map_or(0, |(sequence, _)| sequence.value())),
        Err(TableError::TableDoesNotExist(_)) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

fn as_str(bound: &Bound<String>) -> Bound<&str> {
    match bound {
        Bound::Included(text) => Bound::Included(text),
        Bound::Excluded(text) => Bound::Excluded(text),
        Bound::Unbounded => Bound::Unbounded,
    }
}

/// From where to where an answer may lie; `None`: nowhere.
fn range(query: &Query, before: &str) -> Option<(Bound<String>, Bound<String>)> {
    let least = format!("{before}{}", query.prefix);
    // No text has a greater character.
    let most = format!("{least}{}", char::MAX);
    let after = query.after.as_ref().map(|after| format!("{before}{after}"));
    let (from, to) = match after {
        None => (Bound::Included(least), Bound::Included(most)),
        Some(after) if query.descending && after > most => (Bound::Included(least), Bound::Included(most)),
        Some(after) if query.descending && after <= least => return None,
        Some(after) if query.descending => (Bound::Included(least), Bound::Excluded(after)),
        Some(after) if after < least => (Bound::Included(least), Bound::Included(most)),
        Some(after) if after >= most => return None,
        Some(after) => (Bound::Excluded(after), Bound::Included(most)),
    };
    Some((from, to))
}

fn read(
    reading: &ReadTransaction,
    (from, to): (Bound<&str>, Bound<&str>),
    descending: bool,
    limit: usize,
) -> Result<Rows, StoreError> {
    let mut rows = Rows::new();
    let Some(table) = known(reading.open_table(ROWS))? else { return Ok(rows) };
    let mut entries = table.range::<&str>((from, to)).map_err(trouble)?;
    while rows.len() < limit {
        let Some(entry) = (if descending { entries.next_back() } else { entries.next() }) else { break };
        let (place, bytes) = entry.map_err(trouble)?;
        rows.insert(place.value().to_owned(), parsed(place.value(), bytes.value())?);
    }
    Ok(rows)
}
