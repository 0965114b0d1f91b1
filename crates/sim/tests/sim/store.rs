//! The simulated store, held to the port's promises; and what only this one promises.

use crate::setting::*;
use crate::store_conformance as suite;
use capstan_core::ports::{
    Condition, Extent, Item, Key, Query, RecordEffect, RecordWrite, Store, StoreError, Stored, Table,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sim::SharedWorld;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[test]
fn writes_and_conditions() {
    ask(suite::writes_and_conditions(&ports(&world())));
}

#[test]
fn wrong_requests() {
    ask(suite::wrong_requests(&ports(&world())));
}

#[test]
fn pages() {
    ask(suite::pages(&ports(&world())));
}

#[test]
fn what_dynamodb_would_refuse_too() {
    let p = ports(&world());
    assert!(matches!(ask(p.transact(Vec::new())), Err(StoreError::Invalid(_))));
    let mut check = put(Table::TierConfig, "t", "DEV", json!({}));
    check.effect = capstan_core::ports::Effect::Check;
    assert!(matches!(ask(p.transact(vec![check])), Err(StoreError::Invalid(_))));
    let text = "x".repeat(399 * 1024);
    let large = (0..11).map(|n| put(Table::TierConfig, "t", &format!("{n}"), json!({ "text": text })));
    assert!(matches!(ask(p.transact(large.collect())), Err(StoreError::Invalid(_))));
    let separator = put(Table::TierConfig, "t\u{1f}u", "DEV", json!({}));
    assert!(matches!(ask(p.transact(vec![separator])), Err(StoreError::Invalid(_))));
}

/// A record that counts how often it was made an item.
#[derive(Debug)]
struct Counted {
    config: Arc<Config>,
    made: Arc<AtomicU32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Config {
    tenant_id: String,
    tier: String,
    text: String,
    version: u64,
}

impl Stored for Counted {
    fn item(&self) -> Result<Item, String> {
        self.made.fetch_add(1, Ordering::Relaxed);
        let Ok(Value::Object(item)) = serde_json::to_value(&*self.config) else {
            return Err("no object".to_owned());
        };
        Ok(item)
    }
    fn version(&self) -> u64 {
        self.config.version
    }
    fn extent(&self) -> Extent {
        Extent::of(&*self.config).unwrap_or_default()
    }
    fn record(&self) -> Arc<dyn Any + Send + Sync> {
        Arc::<Config>::clone(&self.config)
    }
}

fn put_config(text: &str, version: u64, made: &Arc<AtomicU32>) -> RecordWrite {
    let config = Config { tenant_id: "t".to_owned(), tier: "DEV".to_owned(), text: text.to_owned(), version };
    let condition = if version == 1 { Condition::Absent } else { Condition::VersionIs(version - 1) };
    let record = Counted { config: Arc::new(config), made: Arc::clone(made) };
    RecordWrite {
        key: Key { table: Table::TierConfig, partition: "t".to_owned(), sort: "DEV".to_owned() },
        effect: RecordEffect::Put(Arc::new(record)),
        condition: Some(condition),
    }
}

#[test]
fn a_record_is_read_as_it_was_put_and_as_an_item_by_who_wants_one() {
    let world = world();
    let p = ports(&world);
    let made = Arc::new(AtomicU32::new(0));
    let write = put_config("one", 1, &made);
    let key = write.key.clone();
    ask(p.transact_records(vec![write])).unwrap();
    let read = || ask(p.get_as::<Config>(&key)).unwrap().unwrap().unwrap();
    let (first, again) = (read(), read());
    assert!(Arc::ptr_eq(&first, &again), "nothing was copied");
    let item = ask(p.get(&key)).unwrap().unwrap();
    assert_eq!(serde_json::to_value(&*first).unwrap(), Value::Object(item.clone()));
    assert_eq!(world.with(|world| world.items(Table::TierConfig).cloned().collect::<Vec<_>>()), [item]);
    // A copy of the world goes its own way.
    let fork = SharedWorld::new(world.fork());
    ask(p.transact_records(vec![put_config("two", 2, &made)])).unwrap();
    assert_eq!((read().text.as_str(), first.text.as_str()), ("two", "one"));
    assert_eq!(ask(ports(&fork).get_as::<Config>(&key)).unwrap().unwrap().unwrap().text, "one");
    // The conditions hold for records as for items, and so does the limit.
    let stale = ask(p.transact_records(vec![put_config("two", 2, &made)]));
    assert_eq!(stale, Err(StoreError::ConditionFailed(0)));
    let large = ask(p.transact_records(vec![put_config(&"x".repeat(400 * 1024), 3, &made)]));
    assert!(matches!(large, Err(StoreError::Invalid(_))), "{large:?}");
    // What can't be read as what is wanted says why, time and again.
    assert!(ask(p.get_as::<u64>(&key)).unwrap().unwrap().unwrap_err().contains("invalid type"));
    let rows = Query {
        table: Table::TierConfig,
        partition: "t".to_owned(),
        prefix: String::new(),
        after: None,
        descending: false,
        limit: 10,
    };
    let page = ask(p.query_as::<Config>(&rows)).unwrap();
    assert_eq!(page.items.into_iter().map(|row| row.unwrap().text.clone()).collect::<Vec<_>>(), ["two"]);
}

proptest! {
    #[test]
    fn any_history_agrees_with_the_model(history in suite::histories()) {
        ask(suite::agrees_with_the_model(&ports(&world()), history))?;
    }
}
