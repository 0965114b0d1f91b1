//! The simulated store, held to the port's promises; and what only this one promises.

use crate::setting::*;
use crate::store_conformance as suite;
use capstan_core::ports::{Store, StoreError, Table};
use proptest::prelude::*;
use serde_json::json;

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

proptest! {
    #[test]
    fn any_history_agrees_with_the_model(history in suite::histories()) {
        ask(suite::agrees_with_the_model(&ports(&world()), history))?;
    }
}
