//! What can be posted: one metric, a list of them, or an object with such a list as `metrics`.

use api::Problem;
use capstan_core::iops::{MOST_METRICS, Raw};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// What was posted.
#[derive(Debug, PartialEq)]
pub(crate) enum Body {
    One(Raw),
    Many(Vec<Raw>),
}

impl Body {
    /// Reads it. 400 if it is neither, 422 if it is a list of none or of too many.
    pub(crate) fn read(text: &str) -> Result<Self, Problem> {
        if text.trim().is_empty() {
            return Err(Problem::malformed("this takes a metric, or a list of metrics, as its body"));
        }
        let body = serde_json::from_str(text).map_err(|error| {
            Problem::malformed(format!("the body is no metric and no list of metrics: {error}"))
        })?;
        match body {
            Self::Many(metrics) if metrics.is_empty() => {
                Err(Problem::invalid_field("metrics", "is empty: give 1 to 500 metrics"))
            }
            Self::Many(metrics) if metrics.len() > MOST_METRICS => {
                let count = metrics.len();
                let detail = format!(
                    "the request holds {count} metrics, the limit is {MOST_METRICS}: nothing was stored, send them in parts"
                );
                Err(Problem::new(422, "TOO_MANY_METRICS", detail))
            }
            body => Ok(body),
        }
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodyVisitor)
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Body, A::Error> {
        let mut metrics = Vec::new();
        while let Some(metric) = access.next_element()? {
            metrics.push(metric);
        }
        Ok(Body::Many(metrics))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Body, A::Error> {
        let mut fields: Vec<(String, Value)> = Vec::with_capacity(8);
        let mut metrics: Option<Vec<Raw>> = None;
        while let Some(name) = access.next_key::<String>()? {
            if name != "metrics" {
                fields.push((name, access.next_value()?));
            } else if metrics.replace(access.next_value()?).is_some() {
                return Err(A::Error::custom("`metrics` is given twice"));
            }
        }
        match metrics {
            None => Ok(Body::One(Raw::Fields(fields))),
            Some(metrics) if fields.is_empty() => Ok(Body::Many(metrics)),
            Some(_) => Err(A::Error::custom("beside `metrics` there is no other field")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_metric_and_lists_are_told_apart() {
        assert!(matches!(Body::read(r#"{"hostname": "a"}"#), Ok(Body::One(_))));
        assert!(matches!(Body::read("{}"), Ok(Body::One(_))));
        for text in [r#"[{}, 1, "x", null]"#, r#"{"metrics": [{}, [], true, 1.5]}"#] {
            assert!(matches!(Body::read(text), Ok(Body::Many(list)) if list.len() == 4), "{text}");
        }
        for (text, code) in [
            ("", "MALFORMED_REQUEST"),
            (" ", "MALFORMED_REQUEST"),
            ("1", "MALFORMED_REQUEST"),
            ("{", "MALFORMED_REQUEST"),
            ("{} {}", "MALFORMED_REQUEST"),
            (r#"{"cpuUsage": NaN}"#, "MALFORMED_REQUEST"),
            (r#"{"cpuUsage": 1e999}"#, "MALFORMED_REQUEST"),
            (r#"{"metrics": {}}"#, "MALFORMED_REQUEST"),
            (r#"{"metrics": [], "metrics": []}"#, "MALFORMED_REQUEST"),
            (r#"{"metrics": [{}], "hostname": "a"}"#, "MALFORMED_REQUEST"),
            ("[]", "INVALID_FIELDS"),
        ] {
            assert_eq!(Body::read(text).unwrap_err().code, code, "{text}");
        }
    }

    #[test]
    fn five_hundred_are_taken_and_one_more_is_not() {
        let list = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        assert!(Body::read(&list(500)).is_ok());
        let refusal = Body::read(&list(501)).unwrap_err();
        assert_eq!((refusal.status, refusal.code), (422, "TOO_MANY_METRICS"));
        assert!(refusal.detail.contains("501") && refusal.detail.contains("nothing was stored"));
    }
}
