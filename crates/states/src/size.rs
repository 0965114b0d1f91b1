//! How large data is, as JSON text, without writing it.
//!
//! Every payload has a limit, so this runs at every state that makes new data. It stops counting at the limit. Depth is
//! limited too: what nests deeper than a JSON reader accepts could be stored and never read back.

use serde_json::Value;

/// Levels of arrays and objects that data may have. JSON readers stop at 128, and a stored execution adds some.
pub(crate) const MAX_DEPTH: usize = 100;

/// How large a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Its length as compact JSON.
    pub(crate) bytes: usize,
    /// Its levels, 1 for a plain value.
    pub(crate) depth: usize,
}

/// The extent of `value`, or `None` when it is longer than `limit` bytes or nests too deep.
pub(crate) fn within(value: &Value, limit: usize) -> Option<Extent> {
    let mut left = limit;
    let unused = take(value, &mut left, MAX_DEPTH)?;
    Some(Extent { bytes: limit - left, depth: MAX_DEPTH - unused })
}

/// Counts down the bytes, and answers how many of the `depth` levels were not needed.
fn take(value: &Value, left: &mut usize, depth: usize) -> Option<usize> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Null | Value::Bool(true) => spend(left, 4)?,
        Value::Bool(false) => spend(left, 5)?,
        Value::Number(number) => spend(left, number_len(number))?,
        Value::String(text) => spend(left, text_len(text))?,
        Value::Array(items) => {
            spend(left, 2 + items.len().saturating_sub(1))?;
            return items.iter().try_fold(depth, |unused, item| Some(unused.min(take(item, left, depth)?)));
        }
        Value::Object(fields) => {
            spend(left, 2 + fields.len().saturating_sub(1))?;
            return fields.iter().try_fold(depth, |unused, (name, field)| {
                spend(left, text_len(name) + 1)?;
                Some(unused.min(take(field, left, depth)?))
            });
        }
    }
    Some(depth)
}

fn spend(left: &mut usize, bytes: usize) -> Option<()> {
    *left = left.checked_sub(bytes)?;
    Some(())
}

fn number_len(number: &serde_json::Number) -> usize {
    if let Some(n) = number.as_u64() {
        return decimal_len(n);
    }
    number.as_i64().map_or_else(|| number.to_string().len(), |n| 1 + decimal_len(n.unsigned_abs()))
}

fn decimal_len(n: u64) -> usize {
    n.checked_ilog10().map_or(1, |log| log as usize + 1)
}

fn text_len(text: &str) -> usize {
    // Mostly nothing needs escaping, and this much the compiler makes fast.
    let special = |b: u8| u8::from(b < 0x20) | u8::from(b == b'"') | u8::from(b == b'\\');
    if text.bytes().fold(0, |any, b| any | special(b)) == 0 {
        return text.len() + 2;
    }
    let escapes: usize = text
        .bytes()
        .map(|b| match b {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0C => 1,
            0..=0x1F => 5,
            _ => 0,
        })
        .sum();
    text.len() + escapes + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn stops_at_the_limit() {
        assert_eq!(within(&json!("abc"), 5), Some(Extent { bytes: 5, depth: 1 }));
        assert_eq!(within(&json!({"a": [1]}), 9), Some(Extent { bytes: 9, depth: 3 }));
        assert_eq!(within(&json!("abc"), 4), None);
        let mut deep = json!(1);
        for _ in 0..MAX_DEPTH {
            deep = json!([deep]);
        }
        assert_eq!(within(&deep, 10_000), None);
    }

    proptest! {
        #[test]
        fn counts_what_the_writer_writes(text in ".*", n in any::<i64>(), f in -1e9..1e9f64) {
            let value = json!({ text.clone(): [text, n, f, null, true, false, {}, []] });
            prop_assert_eq!(within(&value, usize::MAX).unwrap().bytes, value.to_string().len());
        }
    }
}
