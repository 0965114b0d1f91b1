//! What goes wrong at the door itself, as RFC 9457 problem documents.
//!
//! The text is for whoever sent the request. What happened inside a function is not in it: it may hold what is not
//! theirs to read.

use super::Reply;
use serde_json::json;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// What a program may rely on.
    pub code: &'static str,
    title: &'static str,
    detail: String,
    header: Option<(&'static str, String)>,
}

impl Problem {
    fn new(status: u16, title: &'static str, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, title, detail: detail.into(), header: None }
    }

    fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.header = Some((name, value.into()));
        self
    }

    pub(super) fn no_such_path() -> Self {
        Self::new(
            404,
            "Not Found",
            "NOT_FOUND",
            "There is nothing at this path. `GET /` lists what there is.",
        )
    }
    pub(super) fn wrong_method(method: &str, allowed: &str) -> Self {
        let method: String = method.chars().take(20).collect();
        let detail = format!("This path is not for {method}; it is for {allowed}.");
        Self::new(405, "Method Not Allowed", "METHOD_NOT_ALLOWED", detail).with_header("allow", allowed)
    }
    pub(super) fn too_large() -> Self {
        let detail =
            "The body is larger than 64 KB (reports of hosts: 512 KB); no request of this API needs that.";
        Self::new(413, "Content Too Large", "BODY_TOO_LARGE", detail).with_header("connection", "close")
    }
    pub(super) fn target_too_long() -> Self {
        let detail = "The path with its query is longer than 8 KB; no request of this API needs that.";
        Self::new(414, "URI Too Long", "URI_TOO_LONG", detail).with_header("connection", "close")
    }
    pub(super) fn head_too_large() -> Self {
        let detail = "There are more than 64 headers, or more than 32 KB of them.";
        Self::new(431, "Request Header Fields Too Large", "HEADERS_TOO_LARGE", detail)
            .with_header("connection", "close")
    }
    pub(super) fn too_slow() -> Self {
        Self::new(408, "Request Timeout", "REQUEST_TIMEOUT", "The body did not come in time. Send it again.")
            .with_header("connection", "close")
    }
    pub(super) fn cut_off() -> Self {
        Self::new(
            400,
            "Bad Request",
            "MALFORMED_REQUEST",
            "The body was cut off or is not what its headers say.",
        )
        .with_header("connection", "close")
    }
    pub(super) fn not_text() -> Self {
        Self::new(400, "Bad Request", "MALFORMED_REQUEST", "The body must be JSON in UTF-8.")
    }
    pub(super) fn unauthorized() -> Self {
        let detail =
            "Send a valid token: `Authorization: Bearer …`. `capstan token --help` tells how to get one.";
        Self::new(401, "Unauthorized", "UNAUTHORIZED", detail)
            .with_header("www-authenticate", "Bearer realm=\"capstan\"")
    }
    /// `why` is what the authorizer says of it.
    pub(super) fn forbidden(why: Option<&str>) -> Self {
        let detail =
            format!("This token does not allow this request: {}.", why.unwrap_or("it is not for you"));
        Self::new(403, "Forbidden", "FORBIDDEN", detail)
    }
    pub(super) fn authorizer_failed() -> Self {
        let detail = "The token could not be checked. Try again in a moment.";
        Self::new(503, "Service Unavailable", "AUTHORIZER_FAILED", detail).with_header("retry-after", "1")
    }
    pub(super) fn function_failed() -> Self {
        let detail =
            "The function behind this path failed. It may have done its work: look before you try again.";
        Self::new(502, "Bad Gateway", "FUNCTION_FAILED", detail)
    }
    pub(super) fn malformed_answer() -> Self {
        let detail = "The function behind this path gave an answer that is no HTTP response.";
        Self::new(502, "Bad Gateway", "MALFORMED_ANSWER", detail)
    }
    pub(super) fn timed_out() -> Self {
        let detail = "The function behind this path took too long. It may have done its work: look before you try again.";
        Self::new(503, "Service Unavailable", "FUNCTION_TIMED_OUT", detail).with_header("retry-after", "1")
    }

    /// As a reply.
    pub fn into_reply(self) -> Reply {
        let body = json!({
            "type": format!("urn:capstan:problem:{}", self.code),
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        });
        let mut reply = Reply::new(self.status, "application/problem+json", body.to_string().into_bytes());
        reply.headers.push(("cache-control".to_owned(), "no-store".to_owned()));
        reply.headers.extend(self.header.map(|(name, value)| (name.to_owned(), value)));
        reply
    }
}
