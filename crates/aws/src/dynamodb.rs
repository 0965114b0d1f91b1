//! The item store on `DynamoDB`.
//!
//! Transactions go by `TransactWriteItems`, one of a single write too: it is the one write that bears a token, so a try that
//! is repeated after a lost answer is recognised and not refused by its own condition. A put that is said to be alone goes by
//! `PutItem`, at half the price: where a try of it got no answer and the next one fails by its condition, nobody knows.

mod check;
mod refuse;
mod request;
mod value;

use crate::Aws;
use crate::doubt::Doubt;
use aws_sdk_dynamodb::types::AttributeValue;
use capstan_core::ports::{Effect, Item, Key, Page, Query, RecordWrite, Store, StoreError, Table, Write};
use request::{Bound, bound, next_after};
use std::collections::{BTreeMap, HashMap};

impl Aws {
    pub(crate) fn table_name(&self, table: Table) -> String {
        let named = self.config.table_names.get(&table);
        named.map_or_else(|| format!("{}{}", table.name(), self.config.table_suffix), String::clone)
    }

    /// "Requested resource not found" is all that the service says: the tables and the region asked are added.
    fn named(&self, tables: &[String], refusal: StoreError) -> StoreError {
        match refusal {
            StoreError::Invalid(words) if words.starts_with("ResourceNotFound") => {
                let region = self.dynamodb().config().region().map_or("no region", |region| region.as_ref());
                StoreError::Invalid(format!("{words}: table {} in {region}", tables.join(" or ")))
            }
            refusal => refusal,
        }
    }
}

impl Store for Aws {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        check::key(key)?;
        let table = self.table_name(key.table);
        let request = self.dynamodb().get_item().table_name(&table).consistent_read(true);
        let answer = request.set_key(Some(request::key(key))).send().await;
        let answer = answer.map_err(|error| self.named(&[table], refuse::unread(&error)))?;
        answer.item.map(value::item).transpose()
    }

    /// One item more than asked for is read: only so is it known whether there is more.
    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        let sort = check::query(query)?;
        let Bound::From(start) = bound(query) else { return Ok(Page::default()) };
        let table = self.table_name(query.table);
        let mut start: Option<HashMap<String, AttributeValue>> = start;
        let mut items: Vec<Item> = Vec::new();
        loop {
            let missing =
                i32::try_from(query.limit.saturating_add(1).saturating_sub(items.len())).unwrap_or(i32::MAX);
            let mut request = self
                .dynamodb()
                .query()
                .table_name(&table)
                .consistent_read(true)
                .scan_index_forward(!query.descending)
                .limit(missing)
                .key_condition_expression("#p = :p")
                .expression_attribute_names("#p", query.table.partition_key())
                .expression_attribute_values(":p", AttributeValue::S(query.partition.clone()))
                .set_exclusive_start_key(start);
            if !query.prefix.is_empty() {
                request = request
                    .key_condition_expression("#p = :p AND begins_with(#s, :s)")
                    .expression_attribute_names("#s", sort)
                    .expression_attribute_values(":s", AttributeValue::S(query.prefix.clone()));
            }
            let page = request.send().await;
            let page =
                page.map_err(|error| self.named(std::slice::from_ref(&table), refuse::unread(&error)))?;
            for item in page.items.unwrap_or_default() {
                items.push(value::item(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() || items.len() > query.limit {
                break;
            }
        }
        let next = next_after(&mut items, query.limit, sort);
        Ok(Page { items, next })
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        check::writes(&writes)?;
        let mut tables: Vec<String> = writes.iter().map(|write| self.table_name(write.key.table)).collect();
        tables.sort();
        tables.dedup();
        let mut request = self.dynamodb().transact_write_items();
        for write in writes {
            let table = self.table_name(write.key.table);
            request = request.transact_items(request::write(table, write)?);
        }
        let doubt = Doubt::default();
        let sent = request.customize().interceptor(doubt.clone()).send().await;
        sent.map(drop).map_err(|error| self.named(&tables, refuse::unwritten(&error, &doubt)))
    }

    async fn put(&self, put: RecordWrite) -> Result<(), StoreError> {
        let writes = [put.plain()?];
        check::writes(&writes)?;
        let [Write { key, effect: Effect::Put(item), condition }] = writes else {
            return Err(StoreError::Invalid("it is no put".to_owned()));
        };
        let table = self.table_name(key.table);
        let request = request::put(self.dynamodb().put_item().table_name(&table), key.table, item, condition);
        let doubt = Doubt::default();
        let sent = request.customize().interceptor(doubt.clone()).send().await;
        sent.map(drop).map_err(|error| self.named(&[table], refuse::not_put(&error, &doubt)))
    }

    /// What was put is put, so a try that is repeated after a lost answer does no harm.
    async fn put_batch(&self, puts: Vec<(Key, Item)>) -> Result<Vec<Key>, StoreError> {
        check::puts(&puts)?;
        let mut by_table: BTreeMap<Table, Vec<(Key, Item)>> = BTreeMap::new();
        for put in puts {
            by_table.entry(put.0.table).or_default().push(put);
        }
        let names: BTreeMap<String, Table> =
            by_table.keys().map(|table| (self.table_name(*table), *table)).collect();
        let mut request = self.dynamodb().batch_write_item();
        for (table, puts) in by_table {
            request = request.request_items(self.table_name(table), request::puts(puts)?);
        }
        let doubt = Doubt::default();
        let sent = request.customize().interceptor(doubt.clone()).send().await;
        let tables: Vec<String> = names.keys().cloned().collect();
        let answer = sent.map_err(|error| self.named(&tables, refuse::unput(&error, &doubt)))?;
        let left = answer.unprocessed_items.unwrap_or_default().into_iter();
        let keys = left.flat_map(|(name, requests)| {
            let table = names.get(&name).copied();
            requests.into_iter().filter_map(move |request| request::key_of_put(table?, &request))
        });
        Ok(keys.collect())
    }
}
