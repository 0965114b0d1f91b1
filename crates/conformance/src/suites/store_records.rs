//! What [`Store`] promises of records: they are written and read by the same calls as items, and are the same there.

use super::store::{item, key, put};
use crate::case::{Case, Checked, Failure, cases, equal, store_invalid};
use crate::stage::Stage;
use capstan_core::ports::{
    Condition, Effect, Extent, Item, Key, Query, ReadAs, RecordEffect, RecordWrite, Store, StoreError,
    Stored, Table,
};
use serde_json::{Value, json};
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn cases<P: Store>() -> Vec<Case<P>> {
    cases! { "Store":
        a_record_is_the_item_that_it_says_it_is [get, get_as, transact_records],
        an_item_is_read_as_a_record [get_as, query_as, transact],
        conditions_hold_for_records_too [get_as, transact_records],
        a_put_that_is_alone_holds_its_condition [get, put],
        records_come_by_pages_as_items_do [query_as, transact_records],
        what_is_no_such_record_is_told_apart_from_what_is_absent [get_as, query_as, transact],
        a_record_too_large_is_refused [get, transact_records],
    }
}

const TABLE: Table = Table::TierLedger;

/// What items are read as here.
type Row = BTreeMap<String, Value>;

/// A row on its way into the store.
#[derive(Debug)]
struct Kept(Arc<Row>);

impl Stored for Kept {
    fn item(&self) -> Result<Item, String> {
        Ok(self.0.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }
    fn version(&self) -> u64 {
        self.0.get("version").and_then(Value::as_u64).unwrap_or_default()
    }
    fn extent(&self) -> Extent {
        Extent::of(&*self.0).unwrap_or_default()
    }
    fn record(&self) -> Arc<dyn Any + Send + Sync> {
        Arc::<Row>::clone(&self.0)
    }
}

fn row(key: &Key, more: &Value) -> Row {
    item(key, more).into_iter().collect()
}

fn keep(key: &Key, more: &Value, condition: Option<Condition>) -> RecordWrite {
    let effect = RecordEffect::Put(Arc::new(Kept(Arc::new(row(key, more)))));
    RecordWrite { key: key.clone(), effect, condition }
}

fn all(partition: &str, limit: usize) -> Query {
    Query {
        table: TABLE,
        partition: partition.to_owned(),
        prefix: String::new(),
        after: None,
        descending: false,
        limit,
    }
}

/// The rows that were read, or what was wrong with them.
fn read(rows: Vec<ReadAs<Row>>) -> Vec<Result<Row, String>> {
    rows.into_iter().map(|row| row.map(|row| (*row).clone())).collect()
}

async fn one<P: Store>(ports: &P, key: &Key) -> Result<Option<Result<Row, String>>, Failure> {
    Ok(ports.get_as::<Row>(key).await?.map(|row| row.map(|row| (*row).clone())))
}

async fn a_record_is_the_item_that_it_says_it_is<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let key = key(TABLE, &stage.name("p"), "a");
    let value =
        json!({ "version": 1, "text": "zwölf \n", "half": 0.5, "nested": { "list": [1, null, true] } });
    equal("before it is put", &one(ports, &key).await?, &None)?;
    ports.transact_records(vec![keep(&key, &value, Some(Condition::Absent))]).await?;
    equal("as an item", &ports.get(&key).await?, &Some(item(&key, &value)))?;
    equal("as a record", &one(ports, &key).await?, &Some(Ok(row(&key, &value))))?;
    let gone = RecordWrite { key: key.clone(), effect: RecordEffect::Plain(Effect::Delete), condition: None };
    ports.transact_records(vec![gone]).await?;
    equal("once deleted", &one(ports, &key).await?, &None)
}

async fn an_item_is_read_as_a_record<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let (partition, value) = (stage.name("p"), json!({ "version": 7, "state": "STABLE" }));
    let key = key(TABLE, &partition, "a");
    ports.transact(vec![put(&key, &value, None)]).await?;
    let wanted = Ok(row(&key, &value));
    equal("by its key", &one(ports, &key).await?, &Some(wanted.clone()))?;
    let page = ports.query_as::<Row>(&all(&partition, 10)).await?;
    equal("by a query", &(read(page.items), page.next), &(vec![wanted], None))
}

async fn a_put_that_is_alone_holds_its_condition<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let place = key(TABLE, &stage.name("p"), "a");
    let write = |version: u64, condition| keep(&place, &json!({ "version": version }), condition);
    ports.put(write(1, Some(Condition::Absent))).await?;
    let there = ports.put(write(2, Some(Condition::Absent))).await;
    equal("where something is", &there, &Err(StoreError::ConditionFailed(0)))?;
    ports.put(write(2, Some(Condition::VersionIs(1)))).await?;
    let late = ports.put(write(3, Some(Condition::VersionIs(1)))).await;
    equal("over another version", &late, &Err(StoreError::ConditionFailed(0)))?;
    equal("what is there", &ports.get(&place).await?, &Some(item(&place, &json!({ "version": 2 }))))?;
    ports.put(write(9, None)).await?;
    equal("whatever is there", &ports.get(&place).await?, &Some(item(&place, &json!({ "version": 9 }))))?;
    let gone =
        RecordWrite { key: place.clone(), effect: RecordEffect::Plain(Effect::Delete), condition: None };
    store_invalid("a deletion", ports.put(gone).await)
}

async fn conditions_hold_for_records_too<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let partition = stage.name("p");
    let (a, b) = (key(TABLE, &partition, "a"), key(TABLE, &partition, "b"));
    let version = |n: u64| json!({ "version": n });
    ports.transact_records(vec![keep(&a, &version(1), Some(Condition::Absent))]).await?;
    for (at, condition) in [(1, Condition::Absent), (1, Condition::VersionIs(2))] {
        let writes = vec![keep(&b, &version(1), None), keep(&a, &version(2), Some(condition.clone()))];
        let answer = ports.transact_records(writes).await;
        equal(&format!("{condition:?}"), &answer, &Err(StoreError::ConditionFailed(at)))?;
        equal("nothing was written", &one(ports, &b).await?, &None)?;
    }
    ports.transact_records(vec![keep(&a, &version(2), Some(Condition::VersionIs(1)))]).await?;
    equal("the next version", &one(ports, &a).await?, &Some(Ok(row(&a, &version(2)))))
}

async fn records_come_by_pages_as_items_do<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let partition = stage.name("p");
    let keys: Vec<Key> = ["a", "b", "c"].map(|sort| key(TABLE, &partition, sort)).into();
    let value = json!({ "version": 1 });
    ports.transact_records(keys.iter().map(|key| keep(key, &value, None)).collect()).await?;
    let (mut found, mut query) = (Vec::new(), all(&partition, 2));
    for _ in 0..3 {
        let page = ports.query_as::<Row>(&query).await?;
        found.extend(read(page.items));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    equal("all of them", &found, &keys.iter().map(|key| Ok(row(key, &value))).collect())
}

async fn what_is_no_such_record_is_told_apart_from_what_is_absent<P: Store>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let partition = stage.name("p");
    let key = key(TABLE, &partition, "a");
    equal("absent", &ports.get_as::<u64>(&key).await?, &None)?;
    ports.transact(vec![put(&key, &json!({ "version": 1 }), None)]).await?;
    let single = ports.get_as::<u64>(&key).await?;
    equal("an item is no number", &single.map(|read| read.is_err()), &Some(true))?;
    let page = ports.query_as::<u64>(&all(&partition, 10)).await?;
    let wrong: Vec<bool> = page.items.iter().map(Result::is_err).collect();
    equal("in a page neither", &wrong, &vec![true])
}

async fn a_record_too_large_is_refused<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let key = key(TABLE, &stage.name("p"), "a");
    let large = json!({ "version": 1, "text": "x".repeat(400 * 1024) });
    store_invalid("above 400 KB", ports.transact_records(vec![keep(&key, &large, None)]).await)?;
    equal("nothing is there", &ports.get(&key).await?, &None)
}
