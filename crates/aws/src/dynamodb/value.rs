//! JSON and attribute values. Numbers are kept as their digits; a whole number comes back whole.

use aws_sdk_dynamodb::types::AttributeValue;
use capstan_core::ports::{Item, StoreError, whole};
use serde_json::{Map, Number, Value};
use std::collections::HashMap;

/// A JSON value as an attribute.
pub(super) fn attribute(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(it) => AttributeValue::Bool(it),
        Value::Number(it) => AttributeValue::N(it.to_string()),
        Value::String(it) => AttributeValue::S(it),
        Value::Array(list) => AttributeValue::L(list.into_iter().map(attribute).collect()),
        Value::Object(map) => AttributeValue::M(attributes(map)),
    }
}

/// An item as attributes.
pub(super) fn attributes(item: Item) -> HashMap<String, AttributeValue> {
    item.into_iter().map(|(name, value)| (name, attribute(value))).collect()
}

/// Attributes as an item.
pub(super) fn item(attributes: HashMap<String, AttributeValue>) -> Result<Item, StoreError> {
    let read = |(name, attribute)| value(attribute).map(|value| (name, value));
    attributes.into_iter().map(read).collect::<Result<Map<_, _>, _>>()
}

fn value(attribute: AttributeValue) -> Result<Value, StoreError> {
    Ok(match attribute {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(it) => Value::Bool(it),
        AttributeValue::N(digits) => Value::Number(number(&digits)?),
        AttributeValue::S(it) => Value::String(it),
        AttributeValue::L(list) => Value::Array(list.into_iter().map(value).collect::<Result<_, _>>()?),
        AttributeValue::M(map) => Value::Object(item(map)?),
        _ => {
            return Err(StoreError::Invalid(
                "an attribute is a set or binary, which JSON has no word for".to_owned(),
            ));
        }
    })
}

fn number(digits: &str) -> Result<Number, StoreError> {
    let exact = digits.parse::<u64>().map(Number::from).or_else(|_| digits.parse::<i64>().map(Number::from));
    if let Ok(exact) = exact {
        return Ok(exact);
    }
    let number = digits.parse::<f64>().ok().and_then(|it| whole(it).or_else(|| Number::from_f64(it)));
    number.ok_or_else(|| StoreError::Invalid(format!("`{digits}` is not a number that JSON can hold")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>()
                .prop_filter("JSON holds no others, and what is whole comes back whole", |it| {
                    it.is_finite() && whole(*it).is_none()
                })
                .prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map(".{0,6}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_json_value_comes_back(given in any_json()) {
            prop_assert_eq!(value(attribute(given.clone())).unwrap(), given);
        }
    }

    #[test]
    fn numbers_are_read_as_the_service_writes_them() {
        for (digits, expected) in [
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("0.1", json!(0.1)),
            ("1E+2", json!(100)),
            ("2.0", json!(2)),
            ("-0.0", json!(0)),
            ("1E+20", json!(1e20)),
            ("2.50", json!(2.5)),
        ] {
            assert_eq!(value(AttributeValue::N(digits.to_owned())).unwrap(), expected);
        }
        assert!(value(AttributeValue::N("many".to_owned())).is_err());
        assert!(value(AttributeValue::Ss(vec!["a".to_owned()])).is_err());
    }
}
