//! The functions by name, their arity, and the few that are neither about arrays nor about text.

use std::borrow::Cow;

use serde_json::Value;

use super::{array, text};
use crate::entropy::Entropy;
use crate::number;

pub(super) type Arguments<'a> = &'a [Cow<'a, Value>];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Array,
    ArrayContains,
    ArrayGetItem,
    ArrayLength,
    ArrayPartition,
    ArrayRange,
    ArrayUnique,
    Base64Decode,
    Base64Encode,
    Format,
    Hash,
    JsonMerge,
    JsonToString,
    MathAdd,
    MathRandom,
    StringSplit,
    StringToJson,
    Uuid,
}

/// Name, function, least and most arguments.
const TABLE: [(&str, Function, usize, usize); 18] = [
    ("States.Array", Function::Array, 0, usize::MAX),
    ("States.ArrayContains", Function::ArrayContains, 2, 2),
    ("States.ArrayGetItem", Function::ArrayGetItem, 2, 2),
    ("States.ArrayLength", Function::ArrayLength, 1, 1),
    ("States.ArrayPartition", Function::ArrayPartition, 2, 2),
    ("States.ArrayRange", Function::ArrayRange, 3, 3),
    ("States.ArrayUnique", Function::ArrayUnique, 1, 1),
    ("States.Base64Decode", Function::Base64Decode, 1, 1),
    ("States.Base64Encode", Function::Base64Encode, 1, 1),
    ("States.Format", Function::Format, 1, usize::MAX),
    ("States.Hash", Function::Hash, 2, 2),
    ("States.JsonMerge", Function::JsonMerge, 3, 3),
    ("States.JsonToString", Function::JsonToString, 1, 1),
    ("States.MathAdd", Function::MathAdd, 2, 2),
    ("States.MathRandom", Function::MathRandom, 2, 3),
    ("States.StringSplit", Function::StringSplit, 2, 2),
    ("States.StringToJson", Function::StringToJson, 1, 1),
    ("States.UUID", Function::Uuid, 0, 0),
];

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        TABLE.iter().find(|(known, ..)| *known == name).map(|(_, function, ..)| *function)
    }

    pub(super) fn takes(self, count: usize) -> bool {
        TABLE.iter().any(|(_, function, least, most)| *function == self && (*least..=*most).contains(&count))
    }

    pub(super) fn call(self, arguments: Arguments<'_>, entropy: &mut Entropy) -> Result<Value, String> {
        match (self, arguments) {
            (Self::Array, items) => Ok(Value::Array(items.iter().map(|i| i.as_ref().clone()).collect())),
            (Self::ArrayContains, [items, item]) => array::contains(items, item),
            (Self::ArrayGetItem, [items, index]) => array::get(items, index),
            (Self::ArrayLength, [items]) => array::length(items),
            (Self::ArrayPartition, [items, size]) => array::partition(items, size),
            (Self::ArrayRange, [first, last, step]) => array::range(first, last, step),
            (Self::ArrayUnique, [items]) => array::unique(items),
            (Self::Base64Decode, [encoded]) => text::decode(encoded),
            (Self::Base64Encode, [plain]) => text::encode(plain),
            (Self::Format, [template, values @ ..]) => text::format(template, values),
            (Self::Hash, [data, algorithm]) => text::hash(data, algorithm),
            (Self::JsonMerge, [base, over, deep]) => merge(base, over, deep),
            (Self::JsonToString, [data]) => Ok(Value::String(data.to_string())),
            (Self::MathAdd, [a, b]) => add(a, b),
            (Self::MathRandom, [from, to]) => random(from, to, entropy),
            (Self::MathRandom, [from, to, seed]) => {
                random(from, to, &mut Entropy::new(whole(seed, "the seed")?.cast_unsigned()))
            }
            (Self::StringSplit, [whole, separators]) => text::split(whole, separators),
            (Self::StringToJson, [json]) => parse(json),
            (Self::Uuid, []) => Ok(Value::String(entropy.uuid())),
            _ => Err("wrong number of arguments".to_owned()),
        }
    }
}

pub(super) fn whole(value: &Value, what: &str) -> Result<i64, String> {
    number::rounded(value).ok_or_else(|| format!("{what} must be an integer"))
}

pub(super) fn string<'a>(value: &'a Value, what: &str) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("{what} must be a string"))
}

fn add(a: &Value, b: &Value) -> Result<Value, String> {
    let (a, b) = (whole(a, "the first argument")?, whole(b, "the second argument")?);
    a.checked_add(b).map(Value::from).ok_or_else(|| "the sum is too large".to_owned())
}

/// From `from` up to, and without, `to`.
fn random(from: &Value, to: &Value, entropy: &mut Entropy) -> Result<Value, String> {
    let (from, to) = (whole(from, "the start")?, whole(to, "the end")?);
    if from >= to {
        return Err("the start must be less than the end".to_owned());
    }
    Ok(from.wrapping_add_unsigned(entropy.below(to.abs_diff(from))).into())
}

fn parse(json: &Value) -> Result<Value, String> {
    serde_json::from_str(string(json, "the argument")?).map_err(|wrong| format!("not JSON: {wrong}"))
}

/// Only the shallow merge exists: of two fields of one name the second object's wins.
fn merge(base: &Value, over: &Value, deep: &Value) -> Result<Value, String> {
    match (base, over, deep) {
        (Value::Object(base), Value::Object(over), Value::Bool(false)) => {
            let mut merged = base.clone();
            merged.extend(over.clone());
            Ok(Value::Object(merged))
        }
        (_, _, Value::Bool(true)) => Err("deep merging is not supported".to_owned()),
        (_, _, Value::Bool(false)) => Err("the first two arguments must be objects".to_owned()),
        _ => Err("the third argument must be false".to_owned()),
    }
}
