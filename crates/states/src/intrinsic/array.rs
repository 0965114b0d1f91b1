//! Functions about arrays.

use std::collections::HashSet;

use serde_json::Value;

use super::function::whole;
use crate::number;

/// `States.ArrayRange` makes at most so many elements.
const MAX_RANGE: usize = 1000;

fn items(value: &Value) -> Result<&[Value], String> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| "the first argument must be an array".to_owned())
}

pub(super) fn contains(array: &Value, item: &Value) -> Result<Value, String> {
    Ok(items(array)?.iter().any(|candidate| number::same(candidate, item)).into())
}

pub(super) fn get(array: &Value, index: &Value) -> Result<Value, String> {
    let index = whole(index, "the index")?;
    let found = usize::try_from(index).ok().and_then(|at| items(array).ok()?.get(at));
    items(array)?;
    found.cloned().ok_or_else(|| format!("the index {index} is out of range"))
}

pub(super) fn length(array: &Value) -> Result<Value, String> {
    Ok(items(array)?.len().into())
}

pub(super) fn partition(array: &Value, size: &Value) -> Result<Value, String> {
    let size = usize::try_from(whole(size, "the chunk size")?).unwrap_or(0);
    if size == 0 {
        return Err("the chunk size must be a positive integer".to_owned());
    }
    Ok(items(array)?.chunks(size).map(|chunk| Value::Array(chunk.to_vec())).collect())
}

/// Both ends are included.
pub(super) fn range(first: &Value, last: &Value, step: &Value) -> Result<Value, String> {
    let (first, last) = (whole(first, "the first value")?, whole(last, "the last value")?);
    let step = whole(step, "the increment")?;
    if step == 0 {
        return Err("the increment must not be zero".to_owned());
    }
    let mut made = Vec::new();
    let mut next = Some(first);
    while let Some(value) = next.filter(|n| if step > 0 { *n <= last } else { *n >= last }) {
        if made.len() == MAX_RANGE {
            return Err(format!("more than {MAX_RANGE} elements"));
        }
        made.push(value);
        next = value.checked_add(step);
    }
    Ok(made.into())
}

/// The first of those that are the same, numbers by value.
pub(super) fn unique(array: &Value) -> Result<Value, String> {
    let mut seen = HashSet::new();
    Ok(items(array)?.iter().filter(|item| seen.insert(number::canonical(item))).cloned().collect())
}
