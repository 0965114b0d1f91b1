//! What [`Store`] promises of its queries.

use super::store::{key, put};
use crate::case::{Case, Checked, Failure, cases, equal, store_invalid};
use crate::stage::Stage;
use capstan_core::ports::{Page, Query, Store, Table};
use serde_json::{Value, json};

pub(super) fn cases<P: Store>() -> Vec<Case<P>> {
    cases! { "Store":
        items_come_in_the_order_of_their_bytes [query, transact],
        a_prefix_cuts_either_way [query, transact],
        pages_meet_every_item_once [query, transact],
        a_start_outside_of_the_prefix_is_taken [query, transact],
        a_page_may_be_larger_than_a_megabyte [query, transact],
        only_the_partition_is_read [query, transact],
        what_is_wrong_with_a_query_is_said [query],
    }
}

const TABLE: Table = Table::TierLedger;

fn query(partition: &str) -> Query {
    Query {
        table: TABLE,
        partition: partition.to_owned(),
        prefix: String::new(),
        after: None,
        descending: false,
        limit: 1000,
    }
}

async fn fill<P: Store>(ports: &P, partition: &str, sorts: &[&str]) -> Checked {
    let value = json!({ "version": 1 });
    let writes = sorts.iter().map(|sort| put(&key(TABLE, partition, sort), &value, None)).collect();
    ports.transact(writes).await?;
    Ok(())
}

fn sorts(page: &Page) -> Vec<String> {
    let sort =
        |item: &capstan_core::ports::Item| item.get("entry").and_then(Value::as_str).map(str::to_owned);
    page.items.iter().filter_map(sort).collect()
}

async fn walk<P: Store>(ports: &P, asked: &Query) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut after = asked.after.clone();
    loop {
        let page = ports.query(&Query { after, ..asked.clone() }).await?;
        crate::case::holds("a page has no more than its limit", page.items.len() <= asked.limit)?;
        found.extend(sorts(&page));
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
        equal("a page goes on after its last item", &after, &found.last().cloned())?;
    }
}

async fn items_come_in_the_order_of_their_bytes<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let partition = stage.name("p");
    // U+FFFD is before U+1F6A2 in UTF-8, and after it in UTF-16.
    let mut expected = vec!["1", "10", "2", "A", "Z", "a", "a b", "a-b", "z", "ä", "\u{fffd}", "🚢"];
    fill(ports, &partition, &expected).await?;
    equal(
        "up",
        &sorts(&ports.query(&query(&partition)).await?),
        &expected.iter().map(|&it| it.to_owned()).collect(),
    )?;
    expected.reverse();
    let down = ports.query(&Query { descending: true, ..query(&partition) }).await?;
    equal("down", &sorts(&down), &expected.iter().map(|&it| it.to_owned()).collect())
}

const ENTRIES: [&str; 7] = ["a/1", "a/2", "a/3", "b/1", "b/2", "c", "ä/1"];

async fn a_prefix_cuts_either_way<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let partition = stage.name("p");
    fill(ports, &partition, &ENTRIES).await?;
    for prefix in ["", "a", "a/", "b/2", "c", "ä", "z"] {
        let mut expected: Vec<String> =
            ENTRIES.iter().filter(|it| it.starts_with(prefix)).map(|&it| it.to_owned()).collect();
        let up = Query { prefix: prefix.to_owned(), ..query(&partition) };
        equal(&format!("{prefix} up"), &sorts(&ports.query(&up).await?), &expected)?;
        expected.reverse();
        let down = Query { descending: true, ..up };
        equal(&format!("{prefix} down"), &sorts(&ports.query(&down).await?), &expected)?;
    }
    Ok(())
}

async fn pages_meet_every_item_once<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let partition = stage.name("p");
    fill(ports, &partition, &ENTRIES).await?;
    for (prefix, limit) in [("", 1), ("", 2), ("", 7), ("", 8), ("a/", 1), ("a/", 2), ("a/", 3)] {
        let mut expected: Vec<String> =
            ENTRIES.iter().filter(|it| it.starts_with(prefix)).map(|&it| it.to_owned()).collect();
        let up = Query { prefix: prefix.to_owned(), limit, ..query(&partition) };
        equal(&format!("{prefix} by {limit} up"), &walk(ports, &up).await?, &expected)?;
        expected.reverse();
        equal(
            &format!("{prefix} by {limit} down"),
            &walk(ports, &Query { descending: true, ..up }).await?,
            &expected,
        )?;
    }
    Ok(())
}

async fn a_start_outside_of_the_prefix_is_taken<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let partition = stage.name("p");
    fill(ports, &partition, &ENTRIES).await?;
    for (after, descending, expected) in [
        ("a", false, vec!["b/1", "b/2"]),
        ("c", false, vec![]),
        ("b/1", false, vec!["b/2"]),
        ("b/11", false, vec!["b/2"]),
        ("c", true, vec!["b/2", "b/1"]),
        ("a/3", true, vec![]),
        ("b/2", true, vec!["b/1"]),
    ] {
        let asked =
            Query { prefix: "b/".to_owned(), after: Some(after.to_owned()), descending, ..query(&partition) };
        let found = sorts(&ports.query(&asked).await?);
        equal(
            &format!("after {after}, {descending}"),
            &found,
            &expected.into_iter().map(str::to_owned).collect(),
        )?;
    }
    Ok(())
}

async fn a_page_may_be_larger_than_a_megabyte<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let partition = stage.name("p");
    let large = json!({ "text": "x".repeat(300 * 1024) });
    for number in 0..5 {
        ports.transact(vec![put(&key(TABLE, &partition, &number.to_string()), &large, None)]).await?;
    }
    let page = ports.query(&query(&partition)).await?;
    equal("all in one", &(sorts(&page).len(), page.next), &(5, None))?;
    let page = ports.query(&Query { limit: 4, ..query(&partition) }).await?;
    equal("all but one", &(sorts(&page).len(), page.next), &(4, Some("3".to_owned())))
}

async fn only_the_partition_is_read<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let (partition, longer) = (stage.name("p"), format!("{}x", stage.name("p")));
    fill(ports, &longer, &["a"]).await?;
    equal("of another", &ports.query(&query(&partition)).await?, &Page::default())?;
    equal("of itself", &sorts(&ports.query(&query(&longer)).await?), &vec!["a".to_owned()])
}

async fn what_is_wrong_with_a_query_is_said<P: Store>(ports: &P, stage: &Stage<'_>) -> Checked {
    let partition = stage.name("p");
    for limit in [0, 1001] {
        store_invalid("a limit", ports.query(&Query { limit, ..query(&partition) }).await)?;
    }
    let unsorted = Query { table: Table::AppConfig, ..query(&partition) };
    store_invalid("a table without a sort key", ports.query(&unsorted).await)?;
    store_invalid("an empty partition", ports.query(&query("")).await)
}
