//! What the store port promises, written against the trait, so that any store can be held to it.
//!
//! A suite is given an empty store (or one where the partitions it names are empty) and something that runs a
//! future to its end.

use capstan_core::ports::{Condition, Effect, Item, Key, Query, Store, StoreError, Table, Write};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const LEDGER: Table = Table::TierLedger;

fn key(partition: &str, sort: &str) -> Key {
    Key { table: LEDGER, partition: partition.to_owned(), sort: sort.to_owned() }
}

fn item(partition: &str, sort: &str, version: u64) -> Item {
    let value = json!({ "tenant_id": partition, "entry": sort, "version": version });
    value.as_object().cloned().unwrap()
}

fn write(partition: &str, sort: &str, version: u64, condition: Option<Condition>) -> Write {
    Write { key: key(partition, sort), effect: Effect::Put(item(partition, sort, version)), condition }
}

fn query(partition: &str) -> Query {
    Query {
        table: LEDGER,
        partition: partition.to_owned(),
        prefix: String::new(),
        after: None,
        descending: false,
        limit: 1000,
    }
}

/// Puts, gets, replaces and deletes; transactions are all or nothing and name the first write that failed.
pub(crate) async fn writes_and_conditions(store: &impl Store) {
    let there = async |sort: &str| store.get(&key("w", sort)).await.unwrap();
    assert_eq!(there("a").await, None);
    store.transact(vec![write("w", "a", 1, Some(Condition::Absent))]).await.unwrap();
    assert_eq!(there("a").await, Some(item("w", "a", 1)));
    let again = store.transact(vec![write("w", "a", 9, Some(Condition::Absent))]).await;
    assert_eq!(again, Err(StoreError::ConditionFailed(0)));
    let refused = store
        .transact(vec![
            write("w", "b", 1, None),
            write("w", "a", 2, Some(Condition::VersionIs(7))),
            write("w", "c", 1, Some(Condition::VersionIs(1))),
        ])
        .await;
    assert_eq!(refused, Err(StoreError::ConditionFailed(1)));
    assert_eq!((there("a").await, there("b").await), (Some(item("w", "a", 1)), None));
    let attribute = |name, value: Value| Some(Condition::AttributeIs(name, value));
    let check = |condition| Write { key: key("w", "a"), effect: Effect::Check, condition };
    for (condition, holds) in [
        (attribute("entry", json!("a")), true),
        (attribute("entry", json!("b")), false),
        (attribute("missing", json!(null)), false),
        (attribute("version", json!(1)), true),
        (Some(Condition::VersionIs(1)), true),
    ] {
        let expected = if holds { Ok(()) } else { Err(StoreError::ConditionFailed(1)) };
        let answer = store.transact(vec![write("w", "d", 1, None), check(condition.clone())]).await;
        assert_eq!(answer, expected, "{condition:?}");
    }
    store
        .transact(vec![write("w", "a", 2, Some(Condition::VersionIs(1))), write("w", "b", 1, None)])
        .await
        .unwrap();
    assert_eq!((there("a").await, there("b").await), (Some(item("w", "a", 2)), Some(item("w", "b", 1))));
    let delete = |condition| Write { key: key("w", "a"), effect: Effect::Delete, condition };
    assert_eq!(
        store.transact(vec![delete(Some(Condition::VersionIs(1)))]).await,
        Err(StoreError::ConditionFailed(0))
    );
    store.transact(vec![delete(Some(Condition::VersionIs(2)))]).await.unwrap();
    store.transact(vec![delete(None)]).await.unwrap();
    assert_eq!(there("a").await, None);
}

/// What is wrong with a request is said, and nothing is written.
pub(crate) async fn wrong_requests(store: &impl Store) {
    let invalid = async |writes: Vec<Write>| {
        let answer = store.transact(writes).await;
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
    };
    let many =
        |count: u32| (0..count).map(|n| write("many", &format!("{n:03}"), 1, None)).collect::<Vec<_>>();
    invalid(many(101)).await;
    store.transact(many(100)).await.unwrap();
    invalid(vec![write("i", "a", 1, None), write("i", "a", 2, None)]).await;
    invalid(vec![Write { effect: Effect::Put(item("i", "b", 1)), ..write("i", "a", 1, None) }]).await;
    invalid(vec![Write { effect: Effect::Put(item("j", "a", 1)), ..write("i", "a", 1, None) }]).await;
    invalid(vec![write("i", "", 1, None)]).await;
    invalid(vec![write("", "a", 1, None)]).await;
    let sized = |bytes: usize| {
        let mut large = item("i", "a", 1);
        large.insert("text".to_owned(), json!("x".repeat(bytes)));
        vec![Write { effect: Effect::Put(large), ..write("i", "a", 1, None) }]
    };
    invalid(sized(400 * 1024)).await;
    store.transact(sized(399 * 1024)).await.unwrap();
    for limit in [0, 1001] {
        let answer = store.query(&Query { limit, ..query("i") }).await;
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
    }
    let answer = store.query(&Query { table: Table::AppConfig, ..query("i") }).await;
    assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
    let answer = store.get(&Key { table: Table::AppConfig, ..key("i", "a") }).await;
    assert!(matches!(answer, Err(StoreError::Invalid(_))), "{answer:?}");
}

/// Pages go through a partition in order, either way, and meet every item once.
pub(crate) async fn pages(store: &impl Store) {
    let sorts = ["a/1", "a/2", "a/3", "b/1", "b/2", "ä/1", "c"];
    for sort in sorts {
        store.transact(vec![write("p", sort, 1, None)]).await.unwrap();
    }
    store.transact(vec![write("q", "a/0", 1, None)]).await.unwrap();
    let walk = async |prefix: &str, descending: bool, limit: usize| {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let asked = Query { prefix: prefix.to_owned(), after, descending, limit, ..query("p") };
            let page = store.query(&asked).await.unwrap();
            assert!(page.items.len() <= limit);
            found.extend(page.items.iter().map(|item| item["entry"].as_str().unwrap().to_owned()));
            after = page.next;
            if after.is_none() {
                return found;
            }
        }
    };
    for prefix in ["", "a", "a/", "b/2", "z"] {
        for limit in [1, 2, 3, 1000] {
            let mut expected: Vec<String> =
                sorts.iter().filter(|sort| sort.starts_with(prefix)).map(|&sort| sort.to_owned()).collect();
            expected.sort();
            assert_eq!(walk(prefix, false, limit).await, expected, "{prefix} {limit}");
            expected.reverse();
            assert_eq!(walk(prefix, true, limit).await, expected, "{prefix} {limit} descending");
        }
    }
    assert_eq!(store.query(&query("nobody")).await.unwrap(), capstan_core::ports::Page::default());
}

/// One step of a random history.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Transact(Vec<Write>),
    Query(Query),
}

fn name() -> impl Strategy<Value = String> {
    "[ab]{1,3}"
}

fn any_write() -> impl Strategy<Value = Write> {
    let condition = prop_oneof![
        3 => Just(None),
        1 => Just(Some(Condition::Absent)),
        2 => (0u64..3).prop_map(|version| Some(Condition::VersionIs(version))),
        1 => (0u64..3).prop_map(|version| Some(Condition::AttributeIs("version", json!(version)))),
    ];
    ("[pq]", name(), 0u64..3, 0u8..5, condition).prop_map(|(partition, sort, version, effect, condition)| {
        let effect = match effect {
            0 => Effect::Delete,
            1 if condition.is_some() => Effect::Check,
            _ => Effect::Put(item(&partition, &sort, version)),
        };
        Write { key: key(&partition, &sort), effect, condition }
    })
}

fn any_query() -> impl Strategy<Value = Query> {
    ("[pq]", "[ab]{0,2}", proptest::option::of(name()), any::<bool>(), 1usize..5).prop_map(
        |(partition, prefix, after, descending, limit)| Query {
            table: LEDGER,
            partition,
            prefix,
            after,
            descending,
            limit,
        },
    )
}

/// Random histories.
pub(crate) fn histories() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        proptest::collection::vec(any_write(), 1..5).prop_map(Step::Transact),
        any_query().prop_map(Step::Query),
    ];
    proptest::collection::vec(step, 1..40)
}

/// The simplest store that is right: a map, and everything done by looking at all of it.
#[derive(Default)]
struct Model(BTreeMap<(String, String), Item>);

impl Model {
    fn holds(&self, write: &Write) -> bool {
        let item = self.0.get(&(write.key.partition.clone(), write.key.sort.clone()));
        match &write.condition {
            None => true,
            Some(Condition::Absent) => item.is_none(),
            Some(Condition::VersionIs(version)) => item.is_some_and(|item| item["version"] == json!(version)),
            Some(Condition::AttributeIs(name, value)) => {
                item.is_some_and(|item| item.get(*name) == Some(value))
            }
        }
    }

    fn transact(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        if let Some(index) = writes.iter().position(|write| !self.holds(write)) {
            return Err(StoreError::ConditionFailed(index));
        }
        for write in writes {
            let at = (write.key.partition.clone(), write.key.sort.clone());
            match &write.effect {
                Effect::Put(item) => drop(self.0.insert(at, item.clone())),
                Effect::Delete => drop(self.0.remove(&at)),
                Effect::Check => {}
            }
        }
        Ok(())
    }

    fn query(&self, query: &Query) -> (Vec<Item>, bool) {
        let mut all: Vec<(&String, &Item)> = self
            .0
            .iter()
            .filter(|((partition, sort), _)| *partition == query.partition && sort.starts_with(&query.prefix))
            .map(|((_, sort), item)| (sort, item))
            .collect();
        if query.descending {
            all.reverse();
        }
        all.retain(|(sort, _)| match &query.after {
            None => true,
            Some(after) if query.descending => *sort < after,
            Some(after) => *sort > after,
        });
        let more = all.len() > query.limit;
        (all.into_iter().take(query.limit).map(|(_, item)| item.clone()).collect(), more)
    }
}

/// The store answers as the model does. `Err`: where it did not.
pub(crate) async fn agrees_with_the_model(
    store: &impl Store,
    history: Vec<Step>,
) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    for step in history {
        match step {
            Step::Transact(writes) => {
                let unique: std::collections::HashSet<_> = writes.iter().map(|write| &write.key).collect();
                let answer = store.transact(writes.clone()).await;
                if unique.len() < writes.len() {
                    prop_assert!(matches!(answer, Err(StoreError::Invalid(_))));
                } else {
                    prop_assert_eq!(answer, model.transact(&writes));
                }
            }
            Step::Query(query) => {
                let page =
                    store.query(&query).await.map_err(|error| TestCaseError::fail(error.to_string()))?;
                let (items, more) = model.query(&query);
                let last = items.last().and_then(|item| item["entry"].as_str()).map(str::to_owned);
                prop_assert_eq!(page.next, last.filter(|_| more));
                prop_assert_eq!(page.items, items);
            }
        }
    }
    Ok(())
}
