//! Numbers as the store keeps them. It has one kind, and no floats: what is whole comes back whole however it was
//! written, and what has more than its range is refused.

use capstan_core::ports::whole;
use serde_json::Value;

/// The first number within that the service does not keep: beyond 10^126, or nearer to zero than 10^-130.
pub(crate) fn beyond_range(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) if number.is_f64() => number.as_f64().filter(|it| {
            let size = it.abs();
            size >= 1e126 || (size > 0.0 && size < 1e-130)
        }),
        Value::Array(values) => values.iter().find_map(beyond_range),
        Value::Object(object) => object.values().find_map(beyond_range),
        _ => None,
    }
}

/// Makes whole numbers whole.
pub(crate) fn normalize(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(same) = number.as_f64().filter(|_| number.is_f64()).and_then(whole) {
                *number = same;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(normalize),
        Value::Object(object) => object.values_mut().for_each(normalize),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whole_numbers_are_whole_and_all_others_stay() {
        let mut value =
            json!([2.0, -7.0, -0.0, 1e18, 1e20, 0.5, u64::MAX, i64::MIN, { "n": [1.0] }, "1.0", null]);
        normalize(&mut value);
        let expected = json!([2, -7, 0, 1_000_000_000_000_000_000_u64, 1e20, 0.5, u64::MAX, i64::MIN, { "n": [1] }, "1.0", null]);
        assert_eq!(value, expected);
    }

    #[test]
    fn the_range_is_that_of_the_service() {
        for inside in [0.0, 9.9e125, -9.9e125, 1e-130] {
            assert_eq!(beyond_range(&json!({ "list": [inside] })), None);
        }
        for outside in [1e126, -1e126, 1e-131, -1e-131] {
            assert_eq!(beyond_range(&json!({ "list": [1, outside] })), Some(outside));
        }
    }
}
