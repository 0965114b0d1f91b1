//! What goes back to the browser, and what it may do with it.

use crate::request::Request;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::Markup;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// An answer. Nothing of it may be kept but what says so itself.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    content_type: &'static str,
    body: String,
    /// What the browser may do with it.
    protections: &'static [(&'static str, &'static str)],
    headers: Vec<(&'static str, String)>,
    cookies: Vec<String>,
}

impl Answer {
    fn new(status: u16, content_type: &'static str, body: String) -> Self {
        let (headers, cookies) = (Vec::new(), Vec::new());
        Self { status, content_type, body, protections: PAGE, headers, cookies }
    }

    /// A page.
    pub(crate) fn page(status: u16, page: Markup) -> Self {
        Self::new(status, "text/html; charset=utf-8", page.into_string())
    }

    /// A piece of a page, which is fetched again and again: who opens it by itself sees words, and nothing else.
    pub(crate) fn piece(piece: Markup) -> Self {
        Self { protections: PIECE, ..Self::page(200, piece) }
    }

    /// What to get instead (RFC 9110, 303): a reload of that does nothing again.
    pub(crate) fn see_other(location: impl Into<String>) -> Self {
        Self::new(303, "text/plain; charset=utf-8", String::new()).with_header("Location", location)
    }

    /// A file that is the same until the program is another.
    pub(crate) fn asset(content_type: &'static str, body: &str) -> Self {
        let answer = Self::new(200, content_type, body.to_owned());
        answer.with_header("Cache-Control", "public, max-age=31536000, immutable")
    }

    #[must_use]
    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    #[must_use]
    pub(crate) fn with_cookie(mut self, cookie: String) -> Self {
        self.cookies.push(cookie);
        self
    }

    #[must_use]
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The proxy response. What the browser has already is not sent again (RFC 9110 §13.1.2).
    pub(crate) fn into_proxy(mut self, request: Option<&Request>) -> Value {
        if self.status == 200 && !self.body.is_empty() {
            let digest = Sha256::digest(self.body.as_bytes());
            let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest.get(..12).unwrap_or_default()));
            if request.and_then(|request| request.if_none_match.as_ref()) == Some(&tag) {
                (self.status, self.body) = (304, String::new());
            }
            self.headers.push(("ETag", tag));
        }
        let mut headers = Map::new();
        headers.insert("Content-Type".to_owned(), json!(self.content_type));
        headers.insert("Cache-Control".to_owned(), json!("no-cache, private"));
        for (name, value) in self.protections {
            headers.insert((*name).to_owned(), json!(value));
        }
        headers.extend(self.headers.into_iter().map(|(name, value)| (name.to_owned(), json!(value))));
        let mut answer = json!({
            "statusCode": self.status, "headers": headers, "body": self.body, "isBase64Encoded": false,
        });
        if !self.cookies.is_empty() {
            answer["multiValueHeaders"] = json!({ "Set-Cookie": self.cookies });
        }
        answer
    }
}

/// Besides the policy: <https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html>.
const PAGE: &[(&str, &str)] = &[
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Strict-Transport-Security", "max-age=63072000"),
];

const PIECE: &[(&str, &str)] = &[
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
];

/// Nothing comes from elsewhere, nothing in the page is run, nobody frames it.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[cfg(test)]
mod tests {
    use super::*;
    use maud::html;

    #[test]
    fn what_the_browser_has_is_not_sent_again() {
        let page = || Answer::page(200, html! { p { "here" } });
        let first = page().into_proxy(None);
        let tag = first.pointer("/headers/ETag").and_then(Value::as_str).map(str::to_owned);
        let again = page().into_proxy(Some(&Request { if_none_match: tag, ..Request::default() }));
        assert_eq!(
            (&first["statusCode"], &again["statusCode"], &again["body"]),
            (&json!(200), &json!(304), &json!(""))
        );
        let other = Answer::page(200, html! { p { "there" } }).into_proxy(None);
        assert_ne!(first.pointer("/headers/ETag"), other.pointer("/headers/ETag"));
    }

    #[test]
    fn nothing_of_a_page_is_kept_or_run() {
        let answer = Answer::page(200, html! { p { "x" } }).with_cookie("a=1".to_owned()).into_proxy(None);
        let policy = answer.pointer("/headers/Content-Security-Policy").and_then(Value::as_str).unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"),
            "{policy}"
        );
        let piece = Answer::piece(html! { p { "x" } }).into_proxy(None);
        let policy = piece.pointer("/headers/Content-Security-Policy").and_then(Value::as_str).unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("self"), "{policy}");
        assert_eq!(answer.pointer("/headers/Cache-Control"), Some(&json!("no-cache, private")));
        assert_eq!(answer["multiValueHeaders"]["Set-Cookie"], json!(["a=1"]));
    }
}
