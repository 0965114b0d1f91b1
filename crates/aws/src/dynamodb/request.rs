//! Keys, conditions and writes as the service wants them.

use super::value::{attribute, attributes};
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, PutRequest, TransactWriteItem, WriteRequest,
};
use capstan_core::ports::{Condition, Effect, Item, Key, Query, SortKind, StoreError, Table, Write};
use serde_json::Value;
use std::collections::HashMap;

type Attributes = HashMap<String, AttributeValue>;

fn key_of(table: Table, partition: &str, sort: &str) -> Attributes {
    let mut key =
        Attributes::from([(table.partition_key().to_owned(), AttributeValue::S(partition.to_owned()))]);
    if let Some(name) = table.sort_key() {
        key.insert(name.to_owned(), sort_value(table, sort));
    }
    key
}

/// A sort key as the service has it: a number without the zeros before it.
fn sort_value(table: Table, sort: &str) -> AttributeValue {
    match table.sort_kind() {
        SortKind::Text => AttributeValue::S(sort.to_owned()),
        SortKind::Number => {
            let number = sort.trim_start_matches('0');
            AttributeValue::N(if number.is_empty() { "0" } else { number }.to_owned())
        }
    }
}

/// The sort key of an item, as the port has it.
fn sort_text(item: &Item, name: &str) -> Option<String> {
    match item.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => number.as_u64().map(|number| format!("{number:010}")),
        _ => None,
    }
}

/// Puts of a batch.
pub(super) fn puts(puts: Vec<(Key, Item)>) -> Result<Vec<WriteRequest>, StoreError> {
    let put = |(_, item): (Key, Item)| {
        let put = PutRequest::builder().set_item(Some(attributes(item))).build();
        put.map(|put| WriteRequest::builder().put_request(put).build())
    };
    let built: Result<Vec<WriteRequest>, BuildError> = puts.into_iter().map(put).collect();
    built.map_err(|error| StoreError::Invalid(error.to_string()))
}

/// The key of a put that was handed back.
pub(super) fn key_of_put(table: Table, request: &WriteRequest) -> Option<Key> {
    let item = request.put_request()?.item();
    let partition = item.get(table.partition_key())?.as_s().ok()?.clone();
    let sort = match (table.sort_key(), table.sort_kind()) {
        (None, _) => String::new(),
        (Some(name), SortKind::Text) => item.get(name)?.as_s().ok()?.clone(),
        (Some(name), SortKind::Number) => format!("{:0>10}", item.get(name)?.as_n().ok()?),
    };
    Some(Key { table, partition, sort })
}

/// The key attributes.
pub(super) fn key(key: &Key) -> Attributes {
    key_of(key.table, &key.partition, &key.sort)
}

/// Where a query begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
    /// After this key; `None`: at the beginning.
    From(Option<Attributes>),
    /// Nowhere: nothing is left.
    Nothing,
}

/// The service refuses a start outside of what the prefix allows, so such a start is told to be the beginning or the end.
pub(super) fn bound(query: &Query) -> Bound {
    let Some(after) = &query.after else { return Bound::From(None) };
    if after.starts_with(&query.prefix) {
        return Bound::From(Some(key_of(query.table, &query.partition, after)));
    }
    let past = if query.descending { *after < query.prefix } else { *after > query.prefix };
    if past { Bound::Nothing } else { Bound::From(None) }
}

/// Cuts what was read beyond the limit, and says after which sort key to go on.
pub(super) fn next_after(items: &mut Vec<Item>, limit: usize, sort: &str) -> Option<String> {
    if items.len() <= limit {
        return None;
    }
    items.truncate(limit);
    items.last().and_then(|item| sort_text(item, sort))
}

/// A condition's expression, names and values.
#[derive(Debug, Clone, PartialEq, Default)]
struct Expression {
    text: Option<String>,
    names: HashMap<String, String>,
    values: Attributes,
}

impl Expression {
    fn of(table: Table, condition: Option<Condition>) -> Self {
        let name = |name: &str| HashMap::from([("#c".to_owned(), name.to_owned())]);
        let is = |attribute_name: &str, value: Value| Self {
            text: Some("#c = :c".to_owned()),
            names: name(attribute_name),
            values: Attributes::from([(":c".to_owned(), attribute(value))]),
        };
        match condition {
            None => Self::default(),
            Some(Condition::Absent) => Self {
                text: Some("attribute_not_exists(#c)".to_owned()),
                names: name(table.partition_key()),
                values: Attributes::new(),
            },
            Some(Condition::VersionIs(version)) => is("version", Value::from(version)),
            Some(Condition::AttributeIs(name, value)) => is(name, value),
        }
    }
}

fn filled<T>(map: HashMap<String, T>) -> Option<HashMap<String, T>> {
    (!map.is_empty()).then_some(map)
}

/// A put that is alone.
pub(super) fn put(
    request: PutItemFluentBuilder,
    table: Table,
    item: Item,
    condition: Option<Condition>,
) -> PutItemFluentBuilder {
    let it = Expression::of(table, condition);
    request
        .set_item(Some(attributes(item)))
        .set_condition_expression(it.text)
        .set_expression_attribute_names(filled(it.names))
        .set_expression_attribute_values(filled(it.values))
}

/// One write of a transaction.
pub(super) fn write(table: String, write: Write) -> Result<TransactWriteItem, StoreError> {
    let Write { key: place, effect, condition } = write;
    let item = TransactWriteItem::builder();
    let built: Result<TransactWriteItem, BuildError> = match effect {
        Effect::Put(whole) => {
            let it = Expression::of(place.table, condition);
            let put = Put::builder().table_name(table).set_item(Some(attributes(whole)));
            let put = put.set_condition_expression(it.text).set_expression_attribute_names(filled(it.names));
            put.set_expression_attribute_values(filled(it.values)).build().map(|put| item.put(put).build())
        }
        Effect::Delete => {
            let it = Expression::of(place.table, condition);
            let delete = Delete::builder().table_name(table).set_key(Some(key(&place)));
            let delete =
                delete.set_condition_expression(it.text).set_expression_attribute_names(filled(it.names));
            delete
                .set_expression_attribute_values(filled(it.values))
                .build()
                .map(|it| item.delete(it).build())
        }
        Effect::Check => {
            let it = Expression::of(place.table, condition);
            let check = ConditionCheck::builder().table_name(table).set_key(Some(key(&place)));
            let check =
                check.set_condition_expression(it.text).set_expression_attribute_names(filled(it.names));
            check
                .set_expression_attribute_values(filled(it.values))
                .build()
                .map(|it| item.condition_check(it).build())
        }
    };
    built.map_err(|error| StoreError::Invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn query(prefix: &str, after: Option<&str>, descending: bool) -> Query {
        Query {
            table: Table::TierLedger,
            partition: "t".to_owned(),
            prefix: prefix.to_owned(),
            after: after.map(str::to_owned),
            descending,
            limit: 10,
        }
    }

    #[test]
    fn a_start_outside_the_prefix_is_never_sent() {
        let key = Bound::From(Some(key_of(Table::TierLedger, "t", "effect#1")));
        for (prefix, after, descending, expected) in [
            ("effect#", None, false, Bound::From(None)),
            ("effect#", Some("effect#1"), false, key.clone()),
            ("", Some("effect#1"), true, key),
            ("effect#", Some("a"), false, Bound::From(None)),
            ("effect#", Some("z"), false, Bound::Nothing),
            ("effect#", Some("a"), true, Bound::Nothing),
            ("effect#", Some("z"), true, Bound::From(None)),
        ] {
            assert_eq!(bound(&query(prefix, after, descending)), expected, "{prefix} {after:?} {descending}");
        }
    }

    #[test]
    fn there_is_more_only_if_more_was_read() {
        let item = |sort: &str| json!({"entry": sort}).as_object().unwrap().clone();
        let mut items = vec![item("a"), item("b")];
        assert_eq!(next_after(&mut items, 2, "entry"), None);
        items.push(item("c"));
        assert_eq!(next_after(&mut items, 2, "entry").as_deref(), Some("b"));
        assert_eq!(items.len(), 2);
    }

    #[test]
    fn every_write_bears_its_condition() {
        let place = Key { table: Table::InfrastructureTier, partition: "t".to_owned(), sort: String::new() };
        let whole = json!({"tenant_id": "t", "version": 2}).as_object().unwrap().clone();
        let one = |effect, condition| {
            write("table-dev".to_owned(), Write { key: place.clone(), effect, condition }).unwrap()
        };
        let put = one(Effect::Put(whole), Some(Condition::VersionIs(1)));
        let put = put.put().unwrap();
        assert_eq!(put.condition_expression(), Some("#c = :c"));
        assert_eq!(put.expression_attribute_names().unwrap()["#c"], "version");
        assert_eq!(put.expression_attribute_values().unwrap()[":c"], AttributeValue::N("1".to_owned()));
        let delete = one(Effect::Delete, None);
        assert_eq!(delete.delete().unwrap().condition_expression(), None);
        assert_eq!(delete.delete().unwrap().key().len(), 1);
        let absent = one(Effect::Check, Some(Condition::Absent));
        assert_eq!(absent.condition_check().unwrap().condition_expression(), "attribute_not_exists(#c)");
    }
}
