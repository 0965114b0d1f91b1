//! A request of a browser, read from the proxy event.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capstan_core::web::{decode, encode, fields, is_loopback};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where the console's pages are.
pub(crate) const ROOT: &str = "/console";
/// The largest form, in bytes.
const MAX_FORM: usize = 64 * 1024;

/// A request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// `GET`, `HEAD` or `POST`.
    pub(crate) method: String,
    /// The path after [`ROOT`], decoded: `/tier/plan`, or nothing.
    pub(crate) path: String,
    /// What stands after `?`.
    pub(crate) query: BTreeMap<String, String>,
    /// The fields of a form that was sent.
    pub(crate) form: BTreeMap<String, String>,
    /// Cookies by name.
    pub(crate) cookies: BTreeMap<String, String>,
    /// Scheme and host, as the browser sees them: `https://abc.example`.
    pub(crate) origin: String,
    /// What stands before [`ROOT`] in the browser's path: the stage, or nothing.
    pub(crate) prefix: String,
    /// `If-None-Match`.
    pub(crate) if_none_match: Option<String>,
    /// Whether it is a piece of a page that is fetched while that stands.
    pub(crate) live: bool,
}

/// What can't be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It is no event of API Gateway.
    #[error("not an API Gateway proxy event: {0} is missing")]
    Event(&'static str),
    /// It is too large, or no form.
    #[error("the form can't be read: {0}")]
    Form(&'static str),
}

impl Request {
    pub(crate) fn read(event: &Value) -> Result<Self, Unreadable> {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        let method = text("/httpMethod").ok_or(Unreadable::Event("httpMethod"))?.to_owned();
        let path = text("/path").ok_or(Unreadable::Event("path"))?;
        let host = text("/requestContext/domainName").ok_or(Unreadable::Event("domainName"))?;
        let here = is_loopback(host);
        // API Gateway alone says what is before the path: the stage, or what a domain of one's own maps.
        let whole = if here { path } else { text("/requestContext/path").unwrap_or(path) };
        let (prefix, own) = parted(whole).ok_or(Unreadable::Event("the console's path"))?;
        let own = own.trim_end_matches('/');
        let scheme = if here { "http" } else { "https" };
        let mut request = Self {
            method,
            path: decode(own, false),
            query: members(event, "queryStringParameters"),
            origin: format!("{scheme}://{host}"),
            prefix: prefix.to_owned(),
            ..Self::default()
        };
        for (name, value) in members(event, "headers") {
            match name.to_ascii_lowercase().as_str() {
                "cookie" => request.cookies = cookies(&value),
                "if-none-match" => request.if_none_match = Some(value),
                "hx-request" => request.live = value == "true",
                _ => {}
            }
        }
        if request.method == "POST" {
            request.form = form(event)?;
        }
        Ok(request)
    }

    /// A path of the console as the browser has to ask for it.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{ROOT}{path}", self.prefix)
    }

    /// Its path with the query, to come back to.
    pub(crate) fn with_query(&self) -> String {
        let pair = |(name, value): (&String, &String)| format!("{}={}", encode(name), encode(value));
        let query: Vec<String> = self.query.iter().map(pair).collect();
        let path: Vec<String> = self.path.split('/').map(encode).collect();
        if query.is_empty() { path.join("/") } else { format!("{}?{}", path.join("/"), query.join("&")) }
    }

    /// Whether cookies go over lines that others may listen to.
    pub(crate) fn is_local(&self) -> bool {
        self.origin.starts_with("http://")
    }

    /// A field of the form, without blanks around it.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.form.get(name).map_or("", |value| value.trim())
    }

    /// A query parameter.
    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// What stands before [`ROOT`], and what after it; a name that only begins with it is another one.
fn parted(path: &str) -> Option<(&str, &str)> {
    let mut whole = path.match_indices(ROOT).map(|(at, _)| (&path[..at], &path[at + ROOT.len()..]));
    whole.find(|(_, after)| after.is_empty() || after.starts_with('/'))
}

fn members(event: &Value, name: &str) -> BTreeMap<String, String> {
    let object = event.get(name).and_then(Value::as_object);
    let pair = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    object.into_iter().flatten().filter_map(pair).collect()
}

fn form(event: &Value) -> Result<BTreeMap<String, String>, Unreadable> {
    let body = event.get("body").and_then(Value::as_str).unwrap_or_default();
    if body.len() > MAX_FORM {
        return Err(Unreadable::Form("it is over 64 KB"));
    }
    if event.get("isBase64Encoded").and_then(Value::as_bool) != Some(true) {
        return Ok(fields(body));
    }
    let bytes = STANDARD.decode(body).map_err(|_| Unreadable::Form("it is not base64"))?;
    let body = String::from_utf8(bytes).map_err(|_| Unreadable::Form("it is not UTF-8"))?;
    Ok(fields(&body))
}

fn cookies(header: &str) -> BTreeMap<String, String> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    };
    header.split(';').filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(host: &str, path: &str, context: &str) -> Value {
        json!({
            "httpMethod": "POST", "path": path, "headers": {"Cookie": "a=1; b=x=y", "HX-Request": "true"},
            "queryStringParameters": {"q": "1 2"}, "body": "reason=a+b%26c&empty=", "isBase64Encoded": false,
            "requestContext": {"domainName": host, "path": context},
        })
    }

    #[test]
    fn a_request_is_read_with_its_stage() {
        let request =
            Request::read(&event("abc.example", "/console/tier/plan", "/prod/console/tier/plan")).unwrap();
        assert_eq!((request.path.as_str(), request.origin.as_str()), ("/tier/plan", "https://abc.example"));
        assert_eq!(request.at("/tier"), "/prod/console/tier");
        assert_eq!((request.field("reason"), request.field("none")), ("a b&c", ""));
        let mapped = Request::read(&event(
            "abc.example",
            "/console/hosts/console",
            "/console-of-x/console/hosts/console",
        ))
        .unwrap();
        assert_eq!((mapped.path.as_str(), mapped.prefix.as_str()), ("/hosts/console", "/console-of-x"));
        assert_eq!((request.cookies["b"].as_str(), request.asked("q")), ("x=y", Some("1 2")));
        assert!(request.live);
    }

    #[test]
    fn on_one_machine_there_is_no_stage() {
        let request = Request::read(&event("127.0.0.1:3000", "/console", "/local/console")).unwrap();
        assert_eq!((request.path.as_str(), request.at("/tier").as_str()), ("", "/console/tier"));
        assert!(request.is_local());
    }
}
