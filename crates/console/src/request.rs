//! A request of a browser, read from the proxy event.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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
        let at = whole.find(ROOT).ok_or(Unreadable::Event("the console's path"))?;
        let (prefix, own) = whole.split_at(at);
        let own = own.strip_prefix(ROOT).unwrap_or_default().trim_end_matches('/');
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

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
    });
    ["127.0.0.1", "localhost", "[::1]"].contains(&name)
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
        return Ok(pairs(body));
    }
    let bytes = STANDARD.decode(body).map_err(|_| Unreadable::Form("it is not base64"))?;
    let body = String::from_utf8(bytes).map_err(|_| Unreadable::Form("it is not UTF-8"))?;
    Ok(pairs(&body))
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name, true), decode(value, true))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn cookies(header: &str) -> BTreeMap<String, String> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    };
    header.split(';').filter_map(pair).collect()
}

/// Undoes percent-encoding; in a form `+` is a space too.
pub(crate) fn decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let coded = match (first, tail) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        rest = tail;
        if let Some((high, low)) = coded {
            bytes.push(high * 16 + low);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(if *first == b'+' && plus_is_space { b' ' } else { *first });
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Percent-encodes all but letters, digits and `-._~` (RFC 3986 §2.3).
pub(crate) fn encode(text: &str) -> String {
    let mut coded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            coded.push(char::from(byte));
        } else {
            coded.push_str(&format!("%{byte:02X}"));
        }
    }
    coded
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
        assert_eq!((request.cookies["b"].as_str(), request.asked("q")), ("x=y", Some("1 2")));
        assert!(request.live);
    }

    #[test]
    fn on_one_machine_there_is_no_stage() {
        let request = Request::read(&event("127.0.0.1:3000", "/console", "/local/console")).unwrap();
        assert_eq!((request.path.as_str(), request.at("/tier").as_str()), ("", "/console/tier"));
        assert!(request.is_local());
        assert!(!is_loopback("127.0.0.1.evil.example") && !is_loopback("localhost.evil:80"));
    }

    #[test]
    fn what_is_coded_is_decoded_to_the_same() {
        for text in ["", "a b", "ä/ö?&=+%", "<script>"] {
            assert_eq!(decode(&encode(text), true), text);
        }
    }
}
