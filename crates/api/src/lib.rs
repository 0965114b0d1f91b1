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

use serde_json::{Value, json};
use std::future::Future;

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
pub async fn serve<F>(event: Value, handle: impl FnOnce(Request) -> F) -> Value
where
    F: Future<Output = Result<Reply, Problem>>,
{
    let result = match Request::read(event) {
        Ok(request) => handle(request).await,
        Err(problem) => Err(problem),
    };
    match result {
        Ok(reply) => reply.into_proxy(),
        Err(problem) => proxy(problem.status, "application/problem+json", &problem.to_json()),
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
