//! Comparing JSON numbers by value: `1` is `1.0`, and integers are not squeezed through floating point.

use std::cmp::Ordering;

use serde_json::{Number, Value};

pub(crate) fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// Equality of data, numbers by value.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare(a, b) == Some(Ordering::Equal),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// A text that is the same for the same data ([`same`]) and for no other: whole numbers are written as integers.
pub(crate) fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() => {
            let whole = number.as_f64().and_then(integral);
            whole.map_or_else(|| number.to_string(), |whole| whole.to_string())
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                format!("{}:{}", Value::from(name.as_str()), canonical(value))
            };
            let mut fields: Vec<String> = fields.iter().map(field).collect();
            fields.sort_unstable();
            format!("{{{}}}", fields.join(","))
        }
        _ => value.to_string(),
    }
}

/// A whole number, rounded half away from zero when it has a fraction, as the intrinsic functions take them.
pub(crate) fn rounded(value: &Value) -> Option<i64> {
    let number = value.as_number()?;
    if let Some(whole) = number.as_i64() {
        return Some(whole);
    }
    integral(number.as_f64()?.round())
}

/// A float without a fraction as an integer, if it names one: beyond 2^53 it doesn't.
pub(crate) fn integral(float: f64) -> Option<i64> {
    if float.abs() > 9_007_199_254_740_992.0 {
        return None;
    }
    format!("{float:.0}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn by_value() {
        assert!(same(&json!({"a": [1]}), &json!({"a": [1.0]})));
        assert!(!same(&json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992_i64)));
        assert_eq!(rounded(&json!(2.5)), Some(3));
        assert_eq!(rounded(&json!(-0.2)), Some(0));
        assert_eq!(rounded(&json!(1e300)), None);
    }
}
