//! What [`Store`] promises of its writes. Queries and values are in files of their own.

use crate::case::{Case, Checked, Failure, both, cases, equal, holds, store_invalid, store_refused};
use crate::stage::Stage;
use capstan_core::ports::{Condition, Effect, Item, Key, SortKind, Store, StoreError, Table, Write};
use serde_json::{Value, json};

pub(super) fn cases<P: Store>() -> Vec<Case<P>> {
    cases! { "Store":
        an_item_is_put_replaced_and_deleted [get, transact],
        every_table_is_there [get, transact],
        absent_holds_while_nothing_is_there [get, transact],
        a_version_is_compared [transact],
        an_attribute_is_compared [transact],
        an_attribute_that_is_not_there_is_not_null [transact],
        a_delete_and_a_check_bear_conditions_too [get, transact],
        all_is_written_or_nothing [get, transact],
        a_hundred_writes_are_the_most [get, transact],
        no_write_at_all_is_refused [transact],
        a_key_is_written_once_in_a_transaction [get, transact],
        a_check_must_have_a_condition [transact],
        an_item_holds_its_key [get, transact],
        a_key_fits_its_table [get, transact],
        of_two_at_once_one_wins [get, transact],
    }
}

pub(super) fn key(table: Table, partition: &str, sort: &str) -> Key {
    Key { table, partition: partition.to_owned(), sort: sort.to_owned() }
}

/// An item at its key, with more attributes.
pub(super) fn item(key: &Key, more: &Value) -> Item {
    let mut item = more.as_object().cloned().unwrap_or_default();
    item.insert(key.table.partition_key().to_owned(), json!(key.partition));
    if let Some(name) = key.table.sort_key() {
        let sort = match key.table.sort_kind() {
            SortKind::Text => json!(key.sort),
            SortKind::Number => json!(key.sort.parse::<u64>().unwrap_or_default()),
        };
        item.insert(name.to_owned(), sort);
    }
    item
}

pub(super) fn put(key: &Key, more: &Value, condition: Option<Condition>) -> Write {
    Write { key: key.clone(), effect: Effect::Put(item(key, more)), condition }
}

fn place(stage: &Stage<'_>, sort: &str) -> Key {
    key(Table::TierLedger, &stage.name("p"), sort)
}

fn version(n: u64) -> Value {
    json!({ "version": n, "state": "STABLE", "nested": { "list": [1, "two", null, true] } })
}

async fn an_item_is_put_replaced_and_deleted<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let key = place(stage, "a");
    equal("before it is put", &ports.get(&key).await?, &None)?;
    ports.transact(vec![put(&key, &version(1), None)]).await?;
    equal("once put", &ports.get(&key).await?, &Some(item(&key, &version(1))))?;
    ports.transact(vec![put(&key, &json!({ "other": 2 }), None)]).await?;
    equal("the whole item is replaced", &ports.get(&key).await?, &Some(item(&key, &json!({ "other": 2 }))))?;
    let delete = || Write { key: key.clone(), effect: Effect::Delete, condition: None };
    ports.transact(vec![delete()]).await?;
    equal("once deleted", &ports.get(&key).await?, &None)?;
    ports.transact(vec![delete()]).await?;
    Ok(())
}

async fn every_table_is_there<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    for table in Table::ALL {
        let sort = match (table.sort_key(), table.sort_kind()) {
            (None, _) => "",
            (Some(_), SortKind::Text) => "s",
            (Some(_), SortKind::Number) => "1800000000",
        };
        let key = key(table, &stage.name("p"), sort);
        ports.transact(vec![put(&key, &version(1), Some(Condition::Absent))]).await?;
        equal(table.name(), &ports.get(&key).await?, &Some(item(&key, &version(1))))?;
    }
    Ok(())
}

/// The first write of each is in the way of nothing, so that the index says which one failed.
async fn condition<P: Store>(ports: &P, stage: &Stage<'_>, at: &Key, it: Condition, is: bool) -> Checked {
    let first = put(&place(stage, "first"), &version(1), None);
    let answer = ports.transact(vec![first, put(at, &version(1), Some(it.clone()))]).await;
    let expected = if is { Ok(()) } else { Err(StoreError::ConditionFailed(1)) };
    equal(&format!("{it:?}"), &answer, &expected)
}

async fn absent_holds_while_nothing_is_there<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let key = place(stage, "a");
    condition(ports, stage, &key, Condition::Absent, true).await?;
    condition(ports, stage, &key, Condition::Absent, false).await?;
    equal("it is the first one", &ports.get(&key).await?, &Some(item(&key, &version(1))))
}

async fn a_version_is_compared<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let key = place(stage, "a");
    condition(ports, stage, &key, Condition::VersionIs(1), false).await?;
    ports.transact(vec![put(&key, &version(1), None)]).await?;
    condition(ports, stage, &key, Condition::VersionIs(2), false).await?;
    condition(ports, stage, &key, Condition::VersionIs(1), true).await?;
    ports.transact(vec![put(&key, &json!({ "version": "1" }), None)]).await?;
    condition(ports, stage, &key, Condition::VersionIs(1), false).await
}

async fn an_attribute_is_compared<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let key = place(stage, "a");
    let is = |name, value| Condition::AttributeIs(name, value);
    condition(ports, stage, &key, is("state", json!("STABLE")), false).await?;
    ports.transact(vec![put(&key, &version(1), None)]).await?;
    for (it, holds) in [
        (is("state", json!("STABLE")), true),
        (is("state", json!("stable")), false),
        (is("state", json!(null)), false),
        (is("version", json!(1)), true),
        (is("version", json!("1")), false),
        (is("nested", json!({ "list": [1, "two", null, true] })), true),
        (is("nested", json!({ "list": [1, "two"] })), false),
    ] {
        condition(ports, stage, &key, it, holds).await?;
    }
    Ok(())
}

async fn an_attribute_that_is_not_there_is_not_null<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let key = place(stage, "a");
    let null = || Condition::AttributeIs("state", json!(null));
    ports.transact(vec![put(&key, &json!({ "version": 1 }), None)]).await?;
    condition(ports, stage, &key, null(), false).await?;
    ports.transact(vec![put(&key, &json!({ "state": null }), None)]).await?;
    condition(ports, stage, &key, null(), true).await
}

async fn a_delete_and_a_check_bear_conditions_too<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let key = place(stage, "a");
    ports.transact(vec![put(&key, &version(1), None)]).await?;
    let other = put(&place(stage, "b"), &version(1), None);
    for effect in [Effect::Check, Effect::Delete] {
        for (n, expected) in [(2, Err(StoreError::ConditionFailed(0))), (1, Ok(()))] {
            let condition = Some(Condition::VersionIs(n));
            let write = Write { key: key.clone(), effect: effect.clone(), condition };
            equal(
                &format!("{effect:?} of {n}"),
                &ports.transact(vec![write, other.clone()]).await,
                &expected,
            )?;
        }
    }
    equal("it was deleted in the end", &ports.get(&key).await?, &None)?;
    let check = Write { key, effect: Effect::Check, condition: Some(Condition::Absent) };
    ports.transact(vec![check]).await?;
    Ok(())
}

async fn all_is_written_or_nothing<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let [a, b, c] = ["a", "b", "c"].map(|sort| place(stage, sort));
    ports.transact(vec![put(&b, &version(1), None)]).await?;
    let answer = ports
        .transact(vec![
            put(&a, &version(1), Some(Condition::Absent)),
            put(&b, &version(3), Some(Condition::VersionIs(2))),
            put(&c, &version(1), Some(Condition::VersionIs(9))),
        ])
        .await;
    equal("the first that fails is named", &answer, &Err(StoreError::ConditionFailed(1)))?;
    equal("the one before it", &ports.get(&a).await?, &None)?;
    equal("itself", &ports.get(&b).await?, &Some(item(&b, &version(1))))?;
    let other = key(Table::AppConfig, &stage.name("p"), "");
    ports
        .transact(vec![
            put(&a, &version(1), Some(Condition::Absent)),
            Write { key: b.clone(), effect: Effect::Delete, condition: Some(Condition::VersionIs(1)) },
            Write { key: c, effect: Effect::Check, condition: Some(Condition::Absent) },
            put(&other, &version(1), None),
        ])
        .await?;
    let left =
        (ports.get(&a).await?.is_some(), ports.get(&b).await?.is_some(), ports.get(&other).await?.is_some());
    equal("over two tables", &left, &(true, false, true))
}

async fn a_hundred_writes_are_the_most<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let writes = |count: u32| -> Vec<Write> {
        (0..count).map(|n| put(&place(stage, &format!("{n:03}")), &version(1), None)).collect()
    };
    store_invalid("101 writes", ports.transact(writes(101)).await)?;
    equal("nothing was written", &ports.get(&place(stage, "000")).await?, &None)?;
    ports.transact(writes(100)).await?;
    holds("the last one was written", ports.get(&place(stage, "099")).await?.is_some())
}

async fn no_write_at_all_is_refused<P: Store>(ports: &P, _: &Stage<'_>) -> Checked {
    store_invalid("nothing", ports.transact(Vec::new()).await)
}

async fn a_key_is_written_once_in_a_transaction<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let key = place(stage, "a");
    let twice = vec![put(&key, &version(1), None), put(&key, &version(2), None)];
    store_invalid("twice", ports.transact(twice).await)?;
    let check = Write { key: key.clone(), effect: Effect::Check, condition: Some(Condition::Absent) };
    store_invalid("checked and written", ports.transact(vec![check, put(&key, &version(1), None)]).await)?;
    equal("nothing was written", &ports.get(&key).await?, &None)
}

async fn a_check_must_have_a_condition<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let check = Write { key: place(stage, "a"), effect: Effect::Check, condition: None };
    store_invalid("a check of nothing", ports.transact(vec![check]).await)
}

async fn an_item_holds_its_key<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let (a, b) = (place(stage, "a"), place(stage, "b"));
    for (what, wrong) in [
        ("another sort key", item(&b, &version(1))),
        ("another partition", item(&key(a.table, &stage.name("q"), "a"), &version(1))),
        ("no key at all", version(1).as_object().cloned().unwrap_or_default()),
    ] {
        let write = Write { key: a.clone(), effect: Effect::Put(wrong), condition: None };
        store_invalid(what, ports.transact(vec![write]).await)?;
    }
    equal("nothing was written", &(ports.get(&a).await?, ports.get(&b).await?), &(None, None))
}

async fn a_key_fits_its_table<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let partition = stage.name("p");
    for (what, wrong) in [
        ("an empty partition key", key(Table::TierLedger, "", "a")),
        ("an empty sort key", key(Table::TierLedger, &partition, "")),
        ("a sort key that the table has not", key(Table::AppConfig, &partition, "a")),
    ] {
        store_invalid(what, ports.get(&wrong).await)?;
        store_invalid(what, ports.transact(vec![put(&wrong, &version(1), None)]).await)?;
    }
    Ok(())
}

async fn of_two_at_once_one_wins<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let at = place(stage, "a");
    for round in 1..=10 {
        let guard = if round == 1 { Condition::Absent } else { Condition::VersionIs(round - 1) };
        let write = || vec![put(&at, &version(round), Some(guard.clone()))];
        let (one, other) = both(ports.transact(write()), ports.transact(write())).await;
        let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
        won.map_err(|error| Failure(format!("neither of two won: {error} and {lost:?}")))?;
        let fair =
            |error: &StoreError| matches!(error, StoreError::ConditionFailed(0) | StoreError::Conflict);
        store_refused("the other one", lost, fair)?;
    }
    Ok(())
}
