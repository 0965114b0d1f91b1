//! What [`Store`] promises of the values it keeps.

use super::store::{item, key, put};
use crate::case::{Case, Checked, Failure, cases, equal, store_invalid};
use crate::stage::Stage;
use capstan_core::ports::{Condition, Key, Store, StoreError, Table};
use serde_json::{Value, json};

pub(super) fn cases<P: Store>() -> Vec<Case<P>> {
    cases! { "Store":
        every_kind_of_value_comes_back [get, transact],
        numbers_come_back_as_they_are [get, transact],
        a_number_equals_itself_however_written [transact],
        a_number_too_large_is_refused [transact],
        an_item_has_400_kb_at_most [get, transact],
        a_transaction_has_4_mb_at_most [get, transact],
        names_and_keys_may_be_any_text [get, transact],
        a_control_character_may_be_in_a_key [get, transact],
    }
}

fn place(stage: &Stage<'_>, sort: &str) -> Key {
    key(Table::TierAudit, &stage.name("p"), sort)
}

async fn comes_back<P: Store>(ports: &P, at: &Key, more: &Value, expected: &Value) -> Checked {
    ports.transact(vec![put(at, more, None)]).await?;
    equal("what comes back", &ports.get(at).await?, &Some(item(at, expected)))
}

async fn every_kind_of_value_comes_back<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let mut deep = json!("the end");
    for _ in 0..28 {
        deep = json!({ "d": deep });
    }
    let value = json!({
        "null": null, "yes": true, "no": false, "empty": "", "text": "Größe → 🚢\n\"\\\u{7f}",
        "list": [], "object": {}, "mixed": [[], {}, null, "", [1, [2, [3]]], { "a": [{ "b": null }] }], "deep": deep,
    });
    comes_back(ports, &place(stage, "a"), &value, &value).await
}

async fn numbers_come_back_as_they_are<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let value = json!({
        "zero": 0, "large": u64::MAX, "small": i64::MIN, "cents": 350.25, "tiny": 1e-9, "third": 1.0 / 3.0,
        "sum": 0.1 + 0.2, "negative": -0.5, "list": [1, 2.5, -3],
    });
    comes_back(ports, &place(stage, "a"), &value, &value).await?;
    // There is one kind of number: what is whole comes back whole.
    let given =
        json!({ "whole": 2.0, "hundred": 1e2, "negative": -7.0, "nothing": 0.0, "list": [{ "n": 1.0 }] });
    let expected = json!({ "whole": 2, "hundred": 100, "negative": -7, "nothing": 0, "list": [{ "n": 1 }] });
    comes_back(ports, &place(stage, "b"), &given, &expected).await
}

async fn a_number_equals_itself_however_written<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let at = place(stage, "a");
    let value = json!({ "version": 2.0, "hours": 24, "cost": 350.25 });
    ports.transact(vec![put(&at, &value, None)]).await?;
    for condition in [
        Condition::VersionIs(2),
        Condition::AttributeIs("version", json!(2)),
        Condition::AttributeIs("hours", json!(24.0)),
        Condition::AttributeIs("cost", json!(350.25)),
    ] {
        let answer = ports.transact(vec![put(&at, &value, Some(condition.clone()))]).await;
        equal(&format!("{condition:?}"), &answer, &Ok(()))?;
    }
    let other = Some(Condition::AttributeIs("cost", json!(350.26)));
    equal(
        "another number",
        &ports.transact(vec![put(&at, &value, other)]).await,
        &Err(StoreError::ConditionFailed(0)),
    )
}

async fn a_number_too_large_is_refused<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let at = place(stage, "a");
    for number in [1e126, -1e200, 1e-131] {
        let answer = ports.transact(vec![put(&at, &json!({ "number": [{ "n": number }] }), None)]).await;
        store_invalid(&format!("{number:e}"), answer)?;
    }
    Ok(())
}

async fn sized<P: Store>(ports: &P, at: &Key, bytes: usize) -> Result<Result<(), StoreError>, Failure> {
    Ok(ports.transact(vec![put(at, &json!({ "text": "x".repeat(bytes) }), None)]).await)
}

async fn an_item_has_400_kb_at_most<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let at = place(stage, "a");
    store_invalid("above", sized(ports, &at, 400 * 1024).await?)?;
    equal("nothing was written", &ports.get(&at).await?, &None)?;
    sized(ports, &at, 399 * 1024).await??;
    equal("it is there", &ports.get(&at).await?.map(|it| it.len()), &Some(3))
}

async fn a_transaction_has_4_mb_at_most<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let writes = |count: u32| -> Vec<_> {
        let large = json!({ "text": "x".repeat(390 * 1024) });
        (0..count).map(|n| put(&place(stage, &format!("{n:02}")), &large, None)).collect()
    };
    store_invalid("above", ports.transact(writes(11)).await)?;
    equal("nothing was written", &ports.get(&place(stage, "00")).await?, &None)?;
    ports.transact(writes(10)).await?;
    Ok(())
}

/// Reserved words of the service too: `name`, `status`, `value`, `size`.
async fn names_and_keys_may_be_any_text<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let at = place(stage, "2026/ä ö#:🚢\"'");
    let value = json!({ "name": 1, "status": "s", "value": 2, "size": 3, "a.b": 4, "a-b": 5, "#c": 6, ":c": 7, "ä": 8 });
    comes_back(ports, &at, &value, &value).await?;
    for name in ["name", "status", "value", "size", "a.b", "#c", "ä"] {
        let condition = Some(Condition::AttributeIs(name, value[name].clone()));
        equal(name, &ports.transact(vec![put(&at, &value, condition)]).await, &Ok(()))?;
    }
    Ok(())
}

async fn a_control_character_may_be_in_a_key<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let value = json!({ "version": 1 });
    comes_back(ports, &place(stage, "a\u{1f}b"), &value, &value).await
}
