//! The item store in memory, with the rules of the real one.
//!
//! Items are shared (`Arc`): a read hands out one copy, the world keeps its own, and a fork of a world copies none. A
//! row also remembers what it was last read as, since most rows are read far more often than they are written.

use crate::homes::Homes;
use crate::number::{beyond_range, normalize};
use capstan_core::ports::{
    Condition, Effect, Extent, Item, Key, MOST_PUTS, Page, PageOf, Query, ReadAs, RecordEffect, RecordWrite,
    SortKind, StoreError, Stored, Table, is_digits, read_as,
};
use capstan_core::time::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::any::Any;
use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

/// `DynamoDB`'s limit for an item.
const LARGEST_ITEM: usize = 400 * 1024;
/// `DynamoDB`'s limit for a transaction, in writes.
const MOST_WRITES: usize = 100;
/// `DynamoDB`'s limit for a transaction, in bytes.
const LARGEST_TRANSACTION: usize = 4 * 1024 * 1024;
/// A hundred records of this size are a transaction that is not too large.
const SMALL: usize = LARGEST_TRANSACTION / MOST_WRITES / 2;
/// Stands between partition and sort key in the stored form, so neither may hold it.
pub(crate) const SEPARATOR: char = '\u{1f}';

/// A row: what was put, an item or a record, and the other as soon as somebody wanted it.
#[derive(Debug)]
pub(crate) struct Row {
    record: Option<Arc<dyn Stored>>,
    item: OnceLock<Item>,
    read: OnceLock<Arc<dyn Any + Send + Sync>>,
    /// When it was written, in milliseconds of people's time; 0: always there. Kept where a table can be restored.
    pub(crate) written: u64,
    json: OnceLock<Box<[u8]>>,
}

impl Row {
    pub(crate) fn new(mut item: Item) -> Self {
        item.values_mut().for_each(normalize);
        Self { record: None, item: item.into(), read: OnceLock::new(), json: OnceLock::new(), written: 0 }
    }

    pub(crate) fn written_at(item: Item, written: u64) -> Self {
        let mut row = Self::new(item);
        row.written = written;
        row
    }

    fn of(record: Arc<dyn Stored>) -> Self {
        let read = record.record().into();
        Self { record: Some(record), item: OnceLock::new(), read, json: OnceLock::new(), written: 0 }
    }

    pub(crate) fn item(&self) -> &Item {
        self.item.get_or_init(|| {
            let made = self.record.as_ref().map(|record| record.item());
            let mut item = made.and_then(Result::ok).unwrap_or_default();
            item.values_mut().for_each(normalize);
            item
        })
    }

    /// The item as JSON, for the disk. Made once: a row of a table with a stream is written twice.
    pub(crate) fn json(&self) -> &[u8] {
        // Plain data with string keys: it always has a JSON form.
        self.json.get_or_init(|| serde_json::to_vec(self.item()).unwrap_or_default().into())
    }

    fn version(&self) -> Option<u64> {
        match &self.record {
            Some(record) => Some(record.version()),
            None => self.item().get("version").and_then(Value::as_u64),
        }
    }

    /// The item as a `T`. Kept where nobody has read it as anything else before; what can't be read is read again.
    pub(crate) fn read<T: DeserializeOwned + Send + Sync + 'static>(&self) -> ReadAs<T> {
        if let Some(known) = self.read.get().and_then(|known| Arc::clone(known).downcast().ok()) {
            return Ok(known);
        }
        let read: Arc<T> = read_as(self.item())?;
        // Who was first in between has read the same.
        let _ = self.read.set(Arc::<T>::clone(&read));
        Ok(read)
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.item() == other.item()
    }
}

/// Rows found, in order, and the sort key to go on after, if there is more.
#[derive(Debug, Default)]
pub(crate) struct Found {
    rows: Vec<Arc<Row>>,
    next: Option<String>,
}

impl Found {
    /// At most so many of these rows.
    pub(crate) fn of(rows: impl Iterator<Item = (String, Arc<Row>)>, limit: usize) -> Self {
        let mut rows = rows;
        let mut found = Self::default();
        let mut last = None;
        for (sort, row) in rows.by_ref().take(limit) {
            found.rows.push(row);
            last = Some(sort);
        }
        found.next = last.filter(|_| rows.next().is_some());
        found
    }

    pub(crate) fn page(self) -> Page {
        Page { items: self.rows.iter().map(|row| row.item().clone()).collect(), next: self.next }
    }

    pub(crate) fn page_of<T: DeserializeOwned + Send + Sync + 'static>(self) -> PageOf<T> {
        PageOf { items: self.rows.iter().map(|row| row.read()).collect(), next: self.next }
    }
}

/// Shared by copies of a world until one of them writes to it.
type Partition = BTreeMap<String, Arc<Row>>;
type Partitions = BTreeMap<String, Arc<Partition>>;

/// What a row was before.
#[derive(Debug, Clone, PartialEq)]
struct Former {
    home: Option<Arc<str>>,
    key: Key,
    row: Arc<Row>,
    /// When it ceased to be it, in milliseconds of people's time.
    until: u64,
}

/// All tables, in the order of [`Table::ALL`], then those that restores made, and what they hold was before.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tables([Partitions; Table::ALL.len()], BTreeMap<Arc<str>, Partitions>, Vec<Former>);

impl Tables {
    fn side(&self, homes: &Homes, table: Table) -> Option<&Partitions> {
        match homes.of(table) {
            None => Some(&self.0[table as usize]),
            Some(home) => self.1.get(home),
        }
    }

    fn side_mut(&mut self, homes: &Homes, table: Table) -> &mut Partitions {
        match homes.of(table) {
            None => &mut self.0[table as usize],
            Some(home) => self.1.entry(Arc::clone(home)).or_default(),
        }
    }

    pub(crate) fn row(&self, homes: &Homes, key: &Key) -> Option<&Arc<Row>> {
        self.side(homes, key.table)?.get(&key.partition)?.get(&key.sort)
    }

    pub(crate) fn item(&self, table: Table, partition: &str, sort: &str) -> Option<&Item> {
        Some(self.0[table as usize].get(partition)?.get(sort)?.item())
    }

    pub(crate) fn get(&self, homes: &Homes, key: &Key) -> Result<Option<Arc<Row>>, StoreError> {
        check_key(key)?;
        Ok(self.row(homes, key).cloned())
    }

    pub(crate) fn query(&self, homes: &Homes, query: &Query) -> Result<Found, StoreError> {
        check_query(query)?;
        let Some(partition) = self.side(homes, query.table).and_then(|side| side.get(&query.partition))
        else {
            return Ok(Found::default());
        };
        let (from, to) = bounds(query);
        if matches!((&from, &to), (Bound::Included(a) | Bound::Excluded(a), Bound::Excluded(b)) if a >= b) {
            return Ok(Found::default());
        }
        let range = partition.range::<str, _>((from, to));
        let fits = |entry: &(&String, &Arc<Row>)| entry.0.starts_with(&query.prefix);
        Ok(if query.descending {
            page(range.rev().skip_while(|entry| !fits(entry)).take_while(fits), query.limit)
        } else {
            page(range.take_while(fits), query.limit)
        })
    }

    /// Checks all, then writes all. Nothing is changed by a refused transaction.
    pub(crate) fn transact(
        &mut self,
        homes: &Homes,
        writes: Vec<RecordWrite>,
        wall: Timestamp,
    ) -> Result<(), StoreError> {
        let keys: Vec<Key> = writes.iter().map(|write| write.key.clone()).collect();
        let checked = Checked::of(writes, |index| {
            keys.get(index).and_then(|key| self.row(homes, key)).map(|row| &**row)
        })?;
        for (key, row) in checked.0 {
            match row {
                Done::Put(row) => self.put_row(homes, key, row, wall),
                Done::Deleted => {
                    self.remember(homes, &key, wall);
                    self.delete(homes, &key);
                }
                Done::Nothing => {}
            }
        }
        Ok(())
    }

    pub(crate) fn put(&mut self, homes: &Homes, key: Key, item: Item, wall: Timestamp) {
        self.put_row(homes, key, Row::new(item), wall);
    }

    pub(crate) fn put_row(&mut self, homes: &Homes, key: Key, mut row: Row, wall: Timestamp) {
        if key.table.variable().is_some() {
            row.written = wall.as_millis();
            if let Some(same) = self.row(homes, &key).filter(|before| ***before == row) {
                row.written = same.written;
            } else {
                self.remember(homes, &key, wall);
            }
        }
        let partition = self.side_mut(homes, key.table).entry(key.partition).or_default();
        Arc::make_mut(partition).insert(key.sort, Arc::new(row));
    }

    /// Keeps what a row is until now, where its table can be restored.
    fn remember(&mut self, homes: &Homes, key: &Key, wall: Timestamp) {
        if key.table.variable().is_none() {
            return;
        }
        if let Some(row) = self.row(homes, key).cloned() {
            let home = homes.of(key.table).cloned();
            self.2.push(Former { home, key: key.clone(), row, until: wall.as_millis() });
        }
    }

    /// Makes a table of the rows that another held at a time.
    pub(crate) fn restore(&mut self, source: Option<&str>, table: Table, target: &str, at: u64) {
        let mut made = Partitions::new();
        let mut add = |partition: &str, sort: &str, row: &Arc<Row>| {
            let rows = made.entry(partition.to_owned()).or_default();
            Arc::make_mut(rows).insert(sort.to_owned(), Arc::clone(row));
        };
        let now = source.map_or(Some(&self.0[table as usize]), |source| self.1.get(source));
        for (partition, rows) in now.into_iter().flatten() {
            let then = rows.iter().filter(|(_, row)| row.written <= at);
            then.for_each(|(sort, row)| add(partition, sort, row));
        }
        let was = |former: &&Former| {
            former.home.as_deref() == source
                && former.key.table == table
                && former.row.written <= at
                && former.until > at
        };
        for Former { key, row, .. } in self.2.iter().filter(was) {
            add(&key.partition, &key.sort, row);
        }
        self.1.insert(Arc::from(target), made);
    }

    /// Forgets the rows of a table that a restore made.
    pub(crate) fn drop_home(&mut self, home: &str) {
        self.1.remove(home);
        self.2.retain(|former| former.home.as_deref() != Some(home));
    }

    /// The rows of a table by its home, in the order of keys, after a place.
    pub(crate) fn at_home(
        &self,
        home: Option<&str>,
        table: Table,
    ) -> impl Iterator<Item = (&str, &str, &Row)> {
        let side = home.map_or(Some(&self.0[table as usize]), |home| self.1.get(home));
        side.into_iter().flatten().flat_map(|(partition, rows)| {
            rows.iter().map(move |(sort, row)| (partition.as_str(), sort.as_str(), &**row))
        })
    }

    pub(crate) fn delete(&mut self, homes: &Homes, key: &Key) {
        let table = self.side_mut(homes, key.table);
        if let Some(partition) = table.get_mut(&key.partition) {
            if !partition.contains_key(&key.sort) {
                return;
            }
            Arc::make_mut(partition).remove(&key.sort);
            if partition.is_empty() {
                table.remove(&key.partition);
            }
        }
    }

    /// Every row of a table with its keys, in the order of keys.
    pub(crate) fn rows(&self, table: Table) -> impl Iterator<Item = (&str, &str, &Row)> {
        let partitions = self.0[table as usize].iter();
        partitions.flat_map(|(partition, rows)| {
            rows.iter().map(move |(sort, row)| (partition.as_str(), sort.as_str(), &**row))
        })
    }

    /// The row of a table at these keys.
    pub(crate) fn at(&self, table: Table, partition: &str, sort: &str) -> Option<&Row> {
        Some(self.0[table as usize].get(partition)?.get(sort)?)
    }

    /// Every item of a table, in the order of keys.
    pub(crate) fn all(&self, table: Table) -> impl Iterator<Item = &Item> {
        self.shared(table).map(|row| row.item())
    }

    /// Every row of a table, in the order of keys.
    pub(crate) fn shared(&self, table: Table) -> impl Iterator<Item = &Arc<Row>> {
        self.0[table as usize].values().flat_map(|rows| rows.values())
    }
}

/// What is to be done to each key of a transaction that may be carried out.
pub(crate) struct Checked(pub(crate) Vec<(Key, Done)>);

/// What is done to a key.
pub(crate) enum Done {
    Put(Row),
    Deleted,
    Nothing,
}

impl Checked {
    /// Checks the writes against each other and against the rows that are there.
    pub(crate) fn of<'a>(
        writes: Vec<RecordWrite>,
        row: impl Fn(usize) -> Option<&'a Row>,
    ) -> Result<Self, StoreError> {
        check_writes(&writes)?;
        for (index, write) in writes.iter().enumerate() {
            if !write.condition.as_ref().is_none_or(|condition| holds(condition, row(index))) {
                return Err(StoreError::ConditionFailed(index));
            }
        }
        let done = |RecordWrite { key, effect, .. }| {
            let row = match effect {
                RecordEffect::Put(record) => Done::Put(Row::of(record)),
                RecordEffect::Plain(Effect::Put(item)) => Done::Put(Row::new(item)),
                RecordEffect::Plain(Effect::Delete) => Done::Deleted,
                RecordEffect::Plain(Effect::Check) => Done::Nothing,
            };
            (key, row)
        };
        Ok(Self(writes.into_iter().map(done).collect()))
    }
}

/// What is wrong with a query, whatever there is.
pub(crate) fn check_query(query: &Query) -> Result<(), StoreError> {
    let table = query.table.name();
    if query.table.sort_key().is_none() {
        return refuse(format!("table {table} has no sort key to query by"));
    }
    if !(1..=1000).contains(&query.limit) {
        return refuse(format!("a limit of {} is not between 1 and 1000", query.limit));
    }
    if query.partition.is_empty() {
        return refuse("the partition key is empty".to_owned());
    }
    if query.table.sort_kind() == SortKind::Number {
        if !query.prefix.is_empty() {
            return refuse(format!("the sort keys of {table} are numbers, which have no beginning"));
        }
        if query.after.as_ref().is_some_and(|after| !is_digits(after)) {
            return refuse(format!("a sort key of {table} is ten digits"));
        }
    }
    Ok(())
}

/// What is wrong with a batch of puts, whatever there is.
pub(crate) fn check_puts(puts: &[(Key, Row)]) -> Result<(), StoreError> {
    if puts.is_empty() || puts.len() > MOST_PUTS {
        return refuse(format!("{} puts are not 1 to {MOST_PUTS}", puts.len()));
    }
    let mut keys = HashSet::with_capacity(puts.len());
    for (index, (key, row)) in puts.iter().enumerate() {
        check_key(key)?;
        if !keys.insert(key) {
            return refuse(format!("put {index} is on the key of another"));
        }
        check_item(key, row.item())?;
    }
    Ok(())
}

/// The range of sort keys that may hold an answer; the prefix cuts it further.
fn bounds(query: &Query) -> (Bound<&str>, Bound<&str>) {
    let prefix = query.prefix.as_str();
    match query.after.as_deref() {
        None => (Bound::Included(prefix), Bound::Unbounded),
        Some(after) if query.descending => (Bound::Included(prefix), Bound::Excluded(after)),
        Some(after) if after < prefix => (Bound::Included(prefix), Bound::Unbounded),
        Some(after) => (Bound::Excluded(after), Bound::Unbounded),
    }
}

fn page<'a>(mut entries: impl Iterator<Item = (&'a String, &'a Arc<Row>)>, limit: usize) -> Found {
    let mut rows = Vec::new();
    let mut last = None;
    for (sort, row) in entries.by_ref().take(limit) {
        rows.push(Arc::clone(row));
        last = Some(sort);
    }
    let next = if entries.next().is_some() { last.cloned() } else { None };
    Found { rows, next }
}

fn holds(condition: &Condition, row: Option<&Row>) -> bool {
    match (condition, row) {
        (Condition::Absent, row) => row.is_none(),
        (Condition::VersionIs(version), Some(row)) => row.version() == Some(*version),
        (Condition::AttributeIs(name, value), Some(row)) => {
            let mut value = value.clone();
            normalize(&mut value);
            row.item().get(*name) == Some(&value)
        }
        (_, None) => false,
    }
}

fn refuse<T>(message: String) -> Result<T, StoreError> {
    Err(StoreError::Invalid(message))
}

pub(crate) fn check_key(key: &Key) -> Result<(), StoreError> {
    let table = key.table.name();
    if key.partition.is_empty() {
        return refuse(format!("the partition key for {table} is empty"));
    }
    if key.table.sort_key().is_some() == key.sort.is_empty() {
        let message = if key.sort.is_empty() { "needs a sort key" } else { "has no sort key" };
        return refuse(format!("table {table} {message}"));
    }
    if key.table.sort_kind() == SortKind::Number && !is_digits(&key.sort) {
        return refuse(format!("a sort key of {table} is ten digits"));
    }
    if key.partition.contains(SEPARATOR) || key.sort.contains(SEPARATOR) {
        return refuse(format!("a key for {table} holds the control character U+001F"));
    }
    Ok(())
}

fn check_writes(writes: &[RecordWrite]) -> Result<(), StoreError> {
    if writes.is_empty() || writes.len() > MOST_WRITES {
        return refuse(format!("{} writes are not 1 to {MOST_WRITES}", writes.len()));
    }
    let mut total = 0;
    for (index, write) in writes.iter().enumerate() {
        check_key(&write.key)?;
        // Mostly they are a handful.
        if writes[..index].iter().any(|other| other.key == write.key) {
            return refuse(format!("write {index} is on the key of another"));
        }
        match &write.effect {
            RecordEffect::Put(record) => total += check_record(&write.key, &**record)?,
            RecordEffect::Plain(Effect::Put(item)) => total += check_item(&write.key, item)?,
            RecordEffect::Plain(Effect::Check) if write.condition.is_none() => {
                return refuse(format!("write {index} checks nothing: it has no condition"));
            }
            RecordEffect::Plain(Effect::Delete | Effect::Check) => {}
        }
    }
    if total > LARGEST_TRANSACTION {
        return refuse(format!("the transaction holds {total} bytes, the limit is {LARGEST_TRANSACTION}"));
    }
    Ok(())
}

/// A record well below every limit needs no item to be checked by: its JSON is no shorter than two thirds of what the
/// service counts.
fn check_record(key: &Key, record: &dyn Stored) -> Result<usize, StoreError> {
    let Extent { bytes, extreme } = record.extent();
    if !extreme && bytes <= SMALL {
        return Ok(bytes);
    }
    check_item(key, &record.item().map_err(StoreError::Invalid)?)
}

/// Checks that the item bears its key and is not too large; tells its size.
fn check_item(key: &Key, item: &Item) -> Result<usize, StoreError> {
    let name = key.table.partition_key();
    if item.get(name).and_then(Value::as_str) != Some(&key.partition) {
        return refuse(format!("the item does not hold its key attribute `{name}`"));
    }
    if !key.table.bears(item, &key.sort) {
        let name = key.table.sort_key().unwrap_or_default();
        return refuse(format!("the item does not hold its key attribute `{name}`"));
    }
    if let Some(number) = item.values().find_map(beyond_range) {
        return refuse(format!("{number:e} is beyond the range of numbers"));
    }
    let size = object_size(item);
    if size > LARGEST_ITEM {
        return refuse(format!("the item holds {size} bytes, the limit is {LARGEST_ITEM}"));
    }
    Ok(size)
}

/// Sizes as the `DynamoDB` guide counts them ("item sizes and formats").
fn object_size(object: &Item) -> usize {
    object.iter().map(|(name, value)| name.len() + size(value)).sum()
}

fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        // Up to 38 digits, two a byte, one more byte.
        Value::Number(number) => number.to_string().len() / 2 + 1,
        Value::String(text) => text.len(),
        Value::Array(values) => 3 + values.iter().map(|value| 1 + size(value)).sum::<usize>(),
        Value::Object(object) => 3 + object.len() + object_size(object),
    }
}
