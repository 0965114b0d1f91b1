//! The HTTP edge that every HTTP function shares.
//!
//! An API Gateway proxy event (REST API) comes in; a [`Request`] with a [`Caller`] goes to the handler; what it answers, or the
//! [`Problem`] it fails with, goes out as a proxy response. The caller is what the authorizer says and nothing
//! else: no header, query or body names a tenant or a role.

mod body;
mod guard;
mod idempotency;
mod line;
mod problem;
mod query;
mod rate;
mod request;

pub use body::Fields;
pub use guard::Guard;
pub use idempotency::{CLAIM, Claim, IdempotencyKey, KEPT, MAX_KEY};
pub use line::Line;
pub use problem::Problem;
pub use rate::{most_at_once, tenths_a_minute};
pub use request::{BASE_PATH, Caller, MAX_BODY, MAX_REPORT, Request, largest_body};

use capstan_core::access::{self, Decision};
use capstan_core::ports::{Clock, Store};
use capstan_core::tier::Role;
use serde_json::{Map, Value, json};
use std::future::Future;
use tier_records::KeptSecret;
use tier_records::denied::{self, Denied};

/// What a handler answers: a status and a JSON body.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
    /// Whether the body is problem JSON.
    problem: bool,
    /// Headers besides those that every answer has.
    headers: Vec<(&'static str, String)>,
    /// What of the body is not to be stored.
    secret: Option<KeptSecret>,
    /// Whether it is in the store under its idempotency key already.
    kept: bool,
}

impl Reply {
    /// 200 with a body.
    pub const fn ok(body: Value) -> Self {
        Self { status: 200, body, problem: false, headers: Vec::new(), secret: None, kept: false }
    }
    /// The same with another status.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
    /// A refusal by the rules of a request: 400, `REJECTED`, with every objection (facts page, "API").
    pub fn rejected(objections: &[capstan_core::tier::Objection]) -> Self {
        let body = json!({"status": "REJECTED", "code": "REJECTED", "errors": objections});
        Self { status: 400, ..Self::ok(body) }
    }
    /// The same, with a member of the body that is not to be stored: what [`Request::secret`] gave for it.
    #[must_use]
    pub fn with_secret(mut self, field: &str, salt: Option<String>) -> Self {
        self.secret = salt.map(|salt| KeptSecret { field: field.to_owned(), salt });
        self
    }
    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn into_proxy(self) -> Value {
        let content_type = if self.problem { "application/problem+json" } else { "application/json" };
        proxy(self.status, content_type, &self.body, self.headers)
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        let mut reply = Self::ok(problem.to_json());
        (reply.status, reply.problem) = (problem.status, true);
        match problem.retry_after {
            Some(seconds) => reply.with_header("Retry-After", &seconds.to_string()),
            None => reply,
        }
    }
}

/// Reads the event, has it handled, and makes the proxy response. It never fails: every failure has a status.
pub async fn serve<F>(event: Value, handle: impl FnOnce(Request) -> F) -> Value
where
    F: Future<Output = Result<Reply, Problem>>,
{
    let result = match Request::read(event) {
        Ok(request) => handle(request).await,
        Err(problem) => Err(problem),
    };
    result.unwrap_or_else(Reply::from).into_proxy()
}

/// What the table says of the caller and the route. The authorizer has asked it already, but it is not on the way of whoever
/// invokes the function itself.
pub(crate) async fn admit(ports: &(impl Store + Clock), request: &Request) -> Result<(), Problem> {
    match access::decide(request.caller.role, &request.method, &request.resource) {
        Decision::Allow => Ok(()),
        Decision::NoSuchRoute => Err(request.no_such_route()),
        Decision::Deny { least } => Err(deny(ports, request, least).await),
    }
}

/// Records that the caller's role is not enough for the request, and makes the answer.
pub async fn deny(ports: &(impl Store + Clock), request: &Request, least: Role) -> Problem {
    let Caller { subject, role, tenant, request_id } = &request.caller;
    let (method, route) = (&request.method, &request.route);
    let (least_role, request_id) = (Some(least), request_id.as_deref());
    let denied = Denied { tenant, subject, role: *role, method, route, least: least_role, request_id };
    match denied::record(ports, denied).await {
        Ok(()) => Problem::forbidden(access::denial(*role, least)),
        Err(error) => error.into(),
    }
}

/// The answer for a handler that was not done in time: what it has begun may have happened.
pub fn out_of_time() -> Value {
    Reply::from(Problem::outcome_unknown("it took too long")).into_proxy()
}

fn proxy(status: u16, content_type: &str, body: &Value, more: Vec<(&'static str, String)>) -> Value {
    let mut headers = Map::new();
    headers.insert("Content-Type".to_owned(), json!(content_type));
    headers.insert("Cache-Control".to_owned(), json!("no-store"));
    headers.extend(more.into_iter().map(|(name, value)| (name.to_owned(), json!(value))));
    json!({
        "statusCode": status,
        "headers": headers,
        "body": serde_json::to_string(body).unwrap_or_default(),
        "isBase64Encoded": false,
    })
}
