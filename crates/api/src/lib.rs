//! The HTTP edge that every HTTP function shares.
//!
//! An API Gateway proxy event (REST API) comes in; a [`Request`] with a [`Caller`] goes to the handler; what it answers, or the
//! [`Problem`] it fails with, goes out as a proxy response. The caller is what the authorizer says and nothing
//! else: no header, query or body names a tenant or a role.

mod body;
mod problem;
mod request;

pub use body::Fields;
pub use problem::Problem;
pub use request::{BASE_PATH, Caller, MAX_BODY, Request};

use capstan_core::access::{self, Decision};
use capstan_core::ports::{Clock, Entropy, Store};
use capstan_core::tier::Role;
use serde_json::{Value, json};
use std::future::Future;
use tier_records::denied::{self, Denied};

/// What a handler answers: a status and a JSON body.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
}

impl Reply {
    /// 200 with a body.
    pub const fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }
    /// A refusal by the rules of a request: 400, `REJECTED`, with every objection (facts page, "API").
    pub fn rejected(objections: &[capstan_core::tier::Objection]) -> Self {
        Self { status: 400, body: json!({"status": "REJECTED", "code": "REJECTED", "errors": objections}) }
    }

    fn into_proxy(self) -> Value {
        proxy(self.status, "application/json", &self.body)
    }
}

/// Reads the event, has it handled, and makes the proxy response. It never fails: every failure has a status.
///
/// Whether the caller may is asked here once more, and nowhere behind it: the authorizer is not on the way of whoever
/// invokes the function itself.
pub async fn serve<P, F>(ports: &P, event: Value, handle: impl FnOnce(Request) -> F) -> Value
where
    P: Store + Clock + Entropy,
    F: Future<Output = Result<Reply, Problem>>,
{
    let result = match Request::read(event) {
        Ok(request) => match admit(ports, &request).await {
            Ok(()) => handle(request).await,
            Err(problem) => Err(problem),
        },
        Err(problem) => Err(problem),
    };
    match result {
        Ok(reply) => reply.into_proxy(),
        Err(problem) => proxy(problem.status, "application/problem+json", &problem.to_json()),
    }
}

/// What the table says of the caller and the route.
async fn admit(ports: &(impl Store + Clock + Entropy), request: &Request) -> Result<(), Problem> {
    match access::decide(request.caller.role, &request.method, &request.route) {
        Decision::Allow => Ok(()),
        Decision::NoSuchRoute => Err(request.no_such_route()),
        Decision::Deny { least } => Err(deny(ports, request, least).await),
    }
}

/// Records that the caller's role is not enough for the request, and makes the answer.
pub async fn deny(ports: &(impl Store + Clock + Entropy), request: &Request, least: Role) -> Problem {
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
    let problem = Problem::outcome_unknown("it took too long");
    proxy(problem.status, "application/problem+json", &problem.to_json())
}

fn proxy(status: u16, content_type: &str, body: &Value) -> Value {
    json!({
        "statusCode": status,
        "headers": {"Content-Type": content_type, "Cache-Control": "no-store"},
        "body": body.to_string(),
        "isBase64Encoded": false,
    })
}
