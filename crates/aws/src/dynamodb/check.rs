//! What the port calls wrong and the service would take without a word, or not even be asked: a sort key that the table has
//! not, an item that belongs at another key, a check of nothing, no write at all.

use capstan_core::ports::{
    Effect, Item, Key, MOST_PUTS, Query, SortKind, StoreError, Table, Write, is_digits,
};
use serde_json::Value;

/// Writes of one transaction.
const MOST_WRITES: usize = 100;

fn require(holds: bool, words: impl FnOnce() -> String) -> Result<(), StoreError> {
    if holds { Ok(()) } else { Err(StoreError::Invalid(words())) }
}

/// A key fits its table, and no part of it is empty.
pub(super) fn key(key: &Key) -> Result<(), StoreError> {
    let table = key.table.name();
    require(!key.partition.is_empty(), || format!("the partition key for {table} is empty"))?;
    require(key.table.sort_key().is_some() != key.sort.is_empty(), || {
        let what = if key.sort.is_empty() { "needs a sort key" } else { "has no sort key" };
        format!("table {table} {what}")
    })?;
    number(key.table, &key.sort)
}

/// A number is written with ten digits.
fn number(table: Table, sort: &str) -> Result<(), StoreError> {
    require(table.sort_kind() == SortKind::Text || is_digits(sort), || {
        format!("a sort key of {} is ten digits", table.name())
    })
}

/// Each put of a batch is at its key, and no two at one.
pub(super) fn puts(puts: &[(Key, Item)]) -> Result<(), StoreError> {
    require((1..=MOST_PUTS).contains(&puts.len()), || {
        format!("{} puts are not 1 to {MOST_PUTS}", puts.len())
    })?;
    for (index, (at, item)) in puts.iter().enumerate() {
        key(at)?;
        holds_key(item, at)?;
        require(puts[..index].iter().all(|(other, _)| other != at), || {
            format!("put {index} is on the key of another")
        })?;
    }
    Ok(())
}

/// A query has a partition, a limit, and a sort key to go by: that one is told.
pub(super) fn query(query: &Query) -> Result<&'static str, StoreError> {
    require(!query.partition.is_empty(), || "the partition key is empty".to_owned())?;
    require((1..=1000).contains(&query.limit), || {
        format!("a limit of {} is not between 1 and 1000", query.limit)
    })?;
    if query.table.sort_kind() == SortKind::Number {
        require(query.prefix.is_empty(), || {
            format!("the sort keys of {} are numbers, which have no beginning", query.table.name())
        })?;
        query.after.as_ref().map_or(Ok(()), |after| number(query.table, after))?;
    }
    let words = || StoreError::Invalid(format!("table {} has no sort key to query by", query.table.name()));
    query.table.sort_key().ok_or_else(words)
}

/// Each write is at its key, and each check has a condition.
pub(super) fn writes(writes: &[Write]) -> Result<(), StoreError> {
    require((1..=MOST_WRITES).contains(&writes.len()), || {
        format!("{} writes are not 1 to {MOST_WRITES}", writes.len())
    })?;
    for (index, write) in writes.iter().enumerate() {
        key(&write.key)?;
        match &write.effect {
            Effect::Put(item) => holds_key(item, &write.key)?,
            Effect::Check => require(write.condition.is_some(), || {
                format!("write {index} checks nothing: it has no condition")
            })?,
            Effect::Delete => {}
        }
    }
    Ok(())
}

fn holds_key(item: &Item, key: &Key) -> Result<(), StoreError> {
    let Key { table, partition, sort } = key;
    let name = table.partition_key();
    require(item.get(name).and_then(Value::as_str) == Some(partition), || {
        format!("the item does not hold its key attribute `{name}`")
    })?;
    require(table.bears(item, sort), || {
        format!("the item does not hold its key attribute `{}`", table.sort_key().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use capstan_core::ports::Condition;
    use serde_json::json;

    fn at(table: Table, partition: &str, sort: &str) -> Key {
        Key { table, partition: partition.to_owned(), sort: sort.to_owned() }
    }

    #[test]
    fn a_key_fits_its_table() {
        assert!(key(&at(Table::TierLedger, "t", "e")).is_ok() && key(&at(Table::AppConfig, "t", "")).is_ok());
        for wrong in
            [at(Table::TierLedger, "t", ""), at(Table::TierLedger, "", "e"), at(Table::AppConfig, "t", "e")]
        {
            assert!(matches!(key(&wrong), Err(StoreError::Invalid(_))), "{wrong:?}");
        }
    }

    #[test]
    fn a_write_is_at_its_key_and_a_check_has_a_condition() {
        let item = |sort: &str| json!({"tenant_id": "t", "entry": sort}).as_object().unwrap().clone();
        let write = |effect, condition| Write { key: at(Table::TierLedger, "t", "e"), effect, condition };
        assert!(writes(&[write(Effect::Put(item("e")), None), write(Effect::Delete, None)]).is_ok());
        assert!(writes(&[write(Effect::Check, Some(Condition::Absent))]).is_ok());
        for wrong in [
            write(Effect::Put(item("f")), None),
            write(Effect::Put(Item::new()), None),
            write(Effect::Check, None),
        ] {
            assert!(matches!(writes(std::slice::from_ref(&wrong)), Err(StoreError::Invalid(_))), "{wrong:?}");
        }
        assert!(writes(&[]).is_err());
        assert!(writes(&vec![write(Effect::Delete, None); 101]).is_err());
    }

    #[test]
    fn a_query_has_a_limit_and_a_sort_key() {
        let asked = |table, limit| Query {
            table,
            partition: "t".to_owned(),
            prefix: String::new(),
            after: None,
            descending: false,
            limit,
        };
        assert_eq!(query(&asked(Table::TierLedger, 1000)), Ok("entry"));
        for wrong in [asked(Table::TierLedger, 0), asked(Table::TierLedger, 1001), asked(Table::AppConfig, 1)]
        {
            assert!(query(&wrong).is_err());
        }
    }
}
