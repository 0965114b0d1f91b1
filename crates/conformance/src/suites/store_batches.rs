//! What [`Store`] promises of batches of puts, and of sort keys that are numbers.

use super::store::{item, key, put};
use crate::case::{Case, Checked, cases, equal, store_invalid};
use crate::stage::Stage;
use capstan_core::ports::{Item, Key, Query, Store, Table};
use serde_json::{Value, json};

pub(super) fn cases<P: Store>() -> Vec<Case<P>> {
    cases! { "Store":
        a_batch_is_put_whatever_is_there [get, put_batch],
        the_same_batch_twice_is_there_once [query, put_batch],
        a_batch_spans_tables [get, put_batch],
        twenty_five_are_the_most_of_a_batch [put_batch],
        what_is_wrong_with_a_batch_is_said [put_batch],
        numbers_are_in_their_order_and_not_in_that_of_their_digits [query, put_batch],
        pages_of_numbers_meet_every_item_once [query, put_batch],
        a_number_is_ten_digits [get, query, transact, put_batch],
    }
}

fn metric(stage: &Stage<'_>, at: u64) -> Key {
    key(Table::IopsMetrics, &stage.name("host"), &format!("{at:010}"))
}

fn puts(keys: &[Key], more: &Value) -> Vec<(Key, Item)> {
    keys.iter().map(|key| (key.clone(), item(key, more))).collect()
}

async fn a_batch_is_put_whatever_is_there<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let keys = [metric(stage, 1_800_000_000), metric(stage, 1_800_000_060)];
    for more in [json!({"cpuUsage": 75.5, "version": 3}), json!({"cpuUsage": 12})] {
        equal("nothing is left over", &ports.put_batch(puts(&keys, &more)).await?, &Vec::new())?;
        for key in &keys {
            equal("the whole item", &ports.get(key).await?, &Some(item(key, &more)))?;
        }
    }
    Ok(())
}

fn all(stage: &Stage<'_>) -> Query {
    Query {
        table: Table::IopsMetrics,
        partition: stage.name("host"),
        prefix: String::new(),
        after: None,
        descending: false,
        limit: 1000,
    }
}

async fn seconds<P: Store>(ports: &P, query: &Query) -> Result<Vec<u64>, crate::case::Failure> {
    let page = ports.query(query).await?;
    Ok(page.items.iter().filter_map(|item| item.get("timestamp")?.as_u64()).collect())
}

async fn the_same_batch_twice_is_there_once<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let keys: Vec<Key> = (0..25).map(|at| metric(stage, 1_800_000_000 + at)).collect();
    for _ in 0..2 {
        ports.put_batch(puts(&keys, &json!({"cpuUsage": 1}))).await?;
    }
    equal("items", &seconds(ports, &all(stage)).await?.len(), &25)
}

async fn a_batch_spans_tables<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let keys = [metric(stage, 1_800_000_000), key(Table::IopsAnalysis, &stage.name("subject"), "head")];
    ports.put_batch(puts(&keys, &json!({"a": 1}))).await?;
    for key in &keys {
        equal(key.table.name(), &ports.get(key).await?, &Some(item(key, &json!({"a": 1}))))?;
    }
    Ok(())
}

async fn twenty_five_are_the_most_of_a_batch<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let keys: Vec<Key> = (0..26).map(|at| metric(stage, 1_800_000_000 + at)).collect();
    store_invalid("26 puts", ports.put_batch(puts(&keys, &json!({}))).await)?;
    store_invalid("none", ports.put_batch(Vec::new()).await)
}

async fn what_is_wrong_with_a_batch_is_said<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let (one, other) = (metric(stage, 1_800_000_000), metric(stage, 1_800_000_001));
    store_invalid("one key twice", ports.put_batch(puts(&[one.clone(), one.clone()], &json!({}))).await)?;
    store_invalid("another key's item", ports.put_batch(vec![(one, item(&other, &json!({})))]).await)
}

const SECONDS: [u64; 5] = [7, 90, 1_000, 999_999_999, 1_800_000_000];

async fn fill<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let keys: Vec<Key> = SECONDS.iter().map(|at| metric(stage, *at)).collect();
    ports.put_batch(puts(&keys, &json!({"cpuUsage": 1}))).await?;
    Ok(())
}

async fn numbers_are_in_their_order_and_not_in_that_of_their_digits<P: Store>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    fill(ports, stage).await?;
    equal("up", &seconds(ports, &all(stage)).await?, &SECONDS.to_vec())?;
    let down = Query { descending: true, after: Some(format!("{:010}", 1_000)), ..all(stage) };
    equal("down, before 1000", &seconds(ports, &down).await?, &vec![90, 7])?;
    let up = Query { after: Some(format!("{:010}", 95)), ..all(stage) };
    equal("up, after 95", &seconds(ports, &up).await?, &SECONDS[2..].to_vec())
}

async fn pages_of_numbers_meet_every_item_once<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    fill(ports, stage).await?;
    for descending in [false, true] {
        let mut query = Query { descending, limit: 2, ..all(stage) };
        let mut found = Vec::new();
        loop {
            let page = ports.query(&query).await?;
            found.extend(page.items.iter().filter_map(|item| item.get("timestamp")?.as_u64()));
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        if descending {
            found.reverse();
        }
        equal("all", &found, &SECONDS.to_vec())?;
    }
    Ok(())
}

async fn a_number_is_ten_digits<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    for sort in ["1", "18000000001", "+800000000", "180000000a", "-000000001"] {
        let key = key(Table::IopsMetrics, &stage.name("host"), sort);
        store_invalid(sort, ports.get(&key).await)?;
        store_invalid(sort, ports.transact(vec![put(&key, &json!({}), None)]).await)?;
        store_invalid(sort, ports.put_batch(vec![(key.clone(), item(&key, &json!({})))]).await)?;
        store_invalid(sort, ports.query(&Query { after: Some(sort.to_owned()), ..all(stage) }).await)?;
    }
    store_invalid("a beginning", ports.query(&Query { prefix: "18".to_owned(), ..all(stage) }).await)
}
