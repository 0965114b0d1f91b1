//! The item store.

use super::Ports;
use crate::cloud::Doom;
use crate::operation::Operation;
use crate::tables::Row;
use capstan_core::ports::{
    Effect, Item, Key, Page, PageOf, Query, ReadAs, RecordEffect, RecordWrite, Store, StoreError, Table,
    Write,
};
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;

/// An item's place, for the record of calls.
struct Place<'a> {
    table: Table,
    partition: &'a str,
    sort: &'a str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.table.name(), self.partition)?;
        if self.sort.is_empty() { Ok(()) } else { write!(f, "/{}", self.sort) }
    }
}

/// The places of a transaction in order, and whether each is written or only checked.
#[derive(Clone)]
struct Places(Arc<[(Key, bool)]>);

impl Places {
    fn of(writes: &[RecordWrite]) -> Self {
        let checked = |write: &RecordWrite| matches!(write.effect, RecordEffect::Plain(Effect::Check));
        let place = |write: &RecordWrite| (write.key.clone(), !checked(write));
        Self(writes.iter().map(place).collect())
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, _)) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}{}", Place { table: key.table, partition: &key.partition, sort: &key.sort })?;
        }
        Ok(())
    }
}

impl Store for Ports {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let place = Place { table: key.table, partition: &key.partition, sort: &key.sort };
        let row = self.call(Operation::GetItem, place, |world, _| world.get_row(&self.homes, key)).await?;
        Ok(row.map(|row| row.item().clone()))
    }

    async fn get_as<T>(&self, key: &Key) -> Result<Option<ReadAs<T>>, StoreError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        let place = Place { table: key.table, partition: &key.partition, sort: &key.sort };
        let row = self.call(Operation::GetItem, place, |world, _| world.get_row(&self.homes, key)).await?;
        Ok(row.map(|row| row.read()))
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        let place = Place { table: query.table, partition: &query.partition, sort: &query.prefix };
        let found =
            self.call(Operation::Query, place, |world, _| world.query_rows(&self.homes, query)).await?;
        Ok(found.page())
    }

    async fn query_as<T>(&self, query: &Query) -> Result<PageOf<T>, StoreError>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        let place = Place { table: query.table, partition: &query.partition, sort: &query.prefix };
        let found =
            self.call(Operation::Query, place, |world, _| world.query_rows(&self.homes, query)).await?;
        Ok(found.page_of())
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let plain = |Write { key, effect, condition }| RecordWrite {
            key,
            effect: RecordEffect::Plain(effect),
            condition,
        };
        self.transact_records(writes.into_iter().map(plain).collect()).await
    }

    async fn transact_records(&self, writes: Vec<RecordWrite>) -> Result<(), StoreError> {
        let places = Places::of(&writes);
        let keys = places.clone();
        self.call(Operation::TransactWriteItems, places, |world, _| {
            world.transact_rows(&self.homes, writes, &keys.0)
        })
        .await
    }

    async fn put(&self, put: RecordWrite) -> Result<(), StoreError> {
        let writes = vec![put];
        let places = Places::of(&writes);
        let keys = places.clone();
        self.call(Operation::PutItem, places, |world, _| {
            if !writes.iter().all(RecordWrite::is_put) {
                return Err(StoreError::Invalid("it is no put".to_owned()));
            }
            world.transact_rows(&self.homes, writes, &keys.0)
        })
        .await
    }

    async fn put_batch(&self, puts: Vec<(Key, Item)>) -> Result<Vec<Key>, StoreError> {
        let places = Places(puts.iter().map(|(key, _)| (key.clone(), true)).collect());
        let on_disk = self.world.is_on_disk();
        let row = |(key, item): (Key, Item)| {
            let row = Row::new(item);
            if on_disk && key.table.is_bulk() {
                // Before the lock, not behind it.
                row.json();
            }
            (key, row)
        };
        let puts = puts.into_iter().map(row).collect();
        self.call(Operation::BatchWriteItem, places, |world, doom| {
            world.put_rows(&self.homes, puts, doom == Some(Doom::Partly))
        })
        .await
    }
}
