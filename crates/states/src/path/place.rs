//! `ResultPath`: putting a value where a reference path points, making objects on the way.

use serde_json::{Map, Value};

use super::Step;

/// Puts `value` into `target`. When the path can't apply, nothing is changed and the answer is `false`: some way
/// point is no object, or an index is outside its array (arrays are never made or extended).
pub(crate) fn place(target: &mut Value, steps: &[Step], value: Value) -> bool {
    if !fits(target, steps) {
        return false;
    }
    let mut here = target;
    for step in steps {
        here = match (step, here) {
            (Step::Name(name), Value::Object(fields)) => {
                fields.entry(name.as_str()).or_insert_with(|| Value::Object(Map::new()))
            }
            (Step::Index(index), Value::Array(items)) => {
                match usize::try_from(*index).ok().and_then(|at| items.get_mut(at)) {
                    Some(item) => item,
                    None => return false,
                }
            }
            _ => return false,
        };
    }
    *here = value;
    true
}

fn fits(target: &Value, steps: &[Step]) -> bool {
    let mut here = target;
    for (at, step) in steps.iter().enumerate() {
        let next = match (step, here) {
            (Step::Name(name), Value::Object(fields)) => fields.get(name),
            (Step::Index(index), Value::Array(items)) => {
                match usize::try_from(*index).ok().and_then(|at| items.get(at)) {
                    None => return false,
                    found => found,
                }
            }
            _ => return false,
        };
        match next {
            Some(found) => here = found,
            None => return steps[at..].iter().all(|step| matches!(step, Step::Name(_))),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::Path;
    use super::*;
    use serde_json::json;

    fn placed(mut target: Value, path: &str) -> Option<Value> {
        let path = Path::parse_reference(path).unwrap();
        place(&mut target, &path.steps, json!(6)).then_some(target)
    }

    #[test]
    fn overwrites_creates_or_refuses() {
        for (target, path, after) in [
            (json!({"m": {"d": [1, 2]}}), "$.m.d", Some(json!({"m": {"d": 6}}))),
            (json!({"m": {"d": 1}}), "$.m.r.sum", Some(json!({"m": {"d": 1, "r": {"sum": 6}}}))),
            (json!({"a": [1, {"b": 2}]}), "$.a[1].b", Some(json!({"a": [1, {"b": 6}]}))),
            (json!({"a": [1, 2]}), "$.a[0]", Some(json!({"a": [6, 2]}))),
            (json!("foo"), "$", Some(json!(6))),
            (json!("foo"), "$.x", None),
            (json!([1]), "$.x", None),
            (json!({"a": 1}), "$.a.b", None),
            (json!({"a": null}), "$.a.b", None),
            (json!({"a": [1]}), "$.a[1]", None),
            (json!({}), "$.a[0]", None),
        ] {
            assert_eq!(placed(target.clone(), path), after, "{target} {path}");
        }
    }
}
