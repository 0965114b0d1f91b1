//! What goes back: from a function's proxy response to HTTP.

use super::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A reply. Header names are in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    pub(super) fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self { status, headers: vec![("content-type".to_owned(), content_type.to_owned())], body }
    }

    /// What to get instead.
    pub(super) fn to(location: &str) -> Self {
        let mut reply = Self::new(303, "text/plain; charset=utf-8", Vec::new());
        reply.headers.push(("location".to_owned(), location.to_owned()));
        reply
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Headers that belong to the connection, which is the server's.
const OF_CONNECTION: [&str; 6] =
    ["connection", "content-length", "keep-alive", "transfer-encoding", "upgrade", "trailer"];

/// Reads `{statusCode, headers, multiValueHeaders, body, isBase64Encoded}`.
pub(super) fn from_proxy(answer: &Value) -> Result<Reply, Problem> {
    let status = match answer.get("statusCode") {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let status =
        status.and_then(|status| u16::try_from(status).ok()).filter(|status| (200..600).contains(status));
    let status = status.ok_or_else(Problem::malformed_answer)?;
    let coded = answer.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or(false);
    let body = match answer.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if coded => {
            STANDARD.decode(text).map_err(|_| Problem::malformed_answer())?
        }
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(_) => return Err(Problem::malformed_answer()),
    };
    let mut reply = Reply { status, headers: Vec::new(), body };
    for (name, value) in entries(answer, "headers") {
        reply.set(name, value);
    }
    for (name, values) in entries(answer, "multiValueHeaders") {
        // What is in both stands in the second alone.
        reply.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        values.as_array().into_iter().flatten().for_each(|value| reply.set(name, value));
    }
    if reply.header("content-type").is_none() {
        reply.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    Ok(reply)
}

fn entries<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    answer.get(name).and_then(Value::as_object).into_iter().flatten()
}

impl Reply {
    fn set(&mut self, name: &str, value: &Value) {
        let name = name.to_ascii_lowercase();
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return,
        };
        if !OF_CONNECTION.contains(&name.as_str()) {
            self.headers.push((name, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_proxy_response_becomes_http() {
        let answer = json!({
            "statusCode": 201,
            "headers": { "Content-Type": "text/plain", "X-One": 1, "Connection": "close" },
            "multiValueHeaders": { "x-one": ["a", "b"] },
            "body": "aGk=",
            "isBase64Encoded": true,
        });
        let reply = from_proxy(&answer).unwrap();
        assert_eq!((reply.status, reply.body.as_slice()), (201, &b"hi"[..]));
        assert_eq!(reply.header("content-type"), Some("text/plain"));
        assert_eq!(reply.headers.iter().filter(|(name, _)| name == "x-one").count(), 2);
        assert_eq!(reply.header("connection"), None);
    }

    #[test]
    fn what_is_no_proxy_response_is_a_bad_gateway() {
        for bad in [
            json!(null),
            json!({}),
            json!({ "statusCode": 99 }),
            json!({ "statusCode": "x" }),
            json!({ "statusCode": 200, "body": {} }),
            json!({ "statusCode": 200, "body": "%", "isBase64Encoded": true }),
        ] {
            assert_eq!(from_proxy(&bad).unwrap_err().status, 502, "{bad}");
        }
    }
}
