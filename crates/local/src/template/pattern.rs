//! Event patterns of EventBridge, as far as rules here use them.
//!
//! A pattern is an object with the event's shape: a list holds the values allowed there, one of which must be met. Of
//! the many matchers `prefix`, `exists` and `anything-but` are known; another is refused when the template is read,
//! so that no rule is silent because it was not understood.

use serde_json::{Map, Value};

/// Which events a rule is for.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern(Map<String, Value>);

impl Pattern {
    /// Reads a pattern; an error says which part of it is not understood.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let object = value.as_object().ok_or("a pattern must be an object")?;
        check_object(object)?;
        Ok(Self(object.clone()))
    }

    /// Whether the event fits.
    pub fn matches(&self, event: &Value) -> bool {
        fits_object(&self.0, Some(event))
    }
}

fn check_object(object: &Map<String, Value>) -> Result<(), String> {
    if object.is_empty() {
        return Err("an empty pattern matches nothing".to_owned());
    }
    for (key, value) in object {
        match value {
            Value::Object(inner) => check_object(inner).map_err(|error| format!("{key}: {error}"))?,
            Value::Array(allowed) if !allowed.is_empty() => {
                for matcher in allowed {
                    check_matcher(matcher).map_err(|error| format!("{key}: {error}"))?;
                }
            }
            _ => return Err(format!("{key} must be an object, or a list of values")),
        }
    }
    Ok(())
}

fn check_matcher(matcher: &Value) -> Result<(), String> {
    let Value::Object(object) = matcher else {
        return if matcher.is_array() { Err("a list in a list".to_owned()) } else { Ok(()) };
    };
    let mut entries = object.iter();
    match (entries.next(), entries.next()) {
        (Some((name, Value::String(_))), None) if name == "prefix" => Ok(()),
        (Some((name, Value::Bool(_))), None) if name == "exists" => Ok(()),
        (Some((name, Value::String(_) | Value::Number(_) | Value::Array(_))), None)
            if name == "anything-but" =>
        {
            Ok(())
        }
        _ => Err(format!("{matcher} is not understood here; prefix, exists and anything-but are")),
    }
}

fn fits_object(pattern: &Map<String, Value>, event: Option<&Value>) -> bool {
    pattern.iter().all(|(key, wanted)| {
        let found = event.and_then(|event| event.get(key));
        match wanted {
            Value::Object(inner) => fits_object(inner, found),
            Value::Array(allowed) => allowed.iter().any(|matcher| fits(matcher, found)),
            _ => false,
        }
    })
}

fn fits(matcher: &Value, found: Option<&Value>) -> bool {
    // A list in the event fits if one of its elements does.
    if let Some(Value::Array(elements)) = found
        && !elements.is_empty()
    {
        return elements.iter().any(|element| fits(matcher, Some(element)));
    }
    let Value::Object(object) = matcher else { return found == Some(matcher) };
    let Some((name, argument)) = object.iter().next() else { return false };
    match (name.as_str(), argument, found) {
        ("prefix", Value::String(prefix), Some(Value::String(text))) => text.starts_with(prefix),
        ("exists", Value::Bool(wanted), found) => found.is_some() == *wanted,
        ("anything-but", Value::Array(not), Some(found)) => !not.contains(found),
        ("anything-but", not, Some(found)) => found != not,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_fits_a_pattern_and_what_does_not() {
        let pattern = Pattern::parse(&json!({
            "source": ["aws.states"],
            "detail": { "status": ["FAILED", "TIMED_OUT"], "name": [{ "prefix": "a" }], "gone": [{ "exists": false }] }
        }))
        .unwrap();
        let event =
            json!({ "source": "aws.states", "detail": { "status": "FAILED", "name": "abc" }, "more": 1 });
        assert!(pattern.matches(&event));
        for (pointer, value) in [
            ("/source", json!("aws.ec2")),
            ("/detail/status", json!("RUNNING")),
            ("/detail/name", json!("xyz")),
            ("/detail", json!({ "status": "FAILED", "name": "abc", "gone": 1 })),
            ("/detail", json!(null)),
        ] {
            let mut other = event.clone();
            *other.pointer_mut(pointer).unwrap() = value;
            assert!(!pattern.matches(&other), "{other}");
        }
        let but = Pattern::parse(&json!({ "a": [{ "anything-but": ["x", "y"] }] })).unwrap();
        assert!(
            but.matches(&json!({ "a": "z" }))
                && !but.matches(&json!({ "a": "x" }))
                && !but.matches(&json!({}))
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (bad, word) in [
            (json!({}), "empty"),
            (json!({ "a": "b" }), "a must be"),
            (json!({ "a": [] }), "a must be"),
            (json!({ "a": { "b": [{ "numeric": [">", 1] }] } }), "not understood"),
            (json!([]), "must be an object"),
        ] {
            assert!(Pattern::parse(&bad).unwrap_err().contains(word), "{bad}");
        }
    }
}
