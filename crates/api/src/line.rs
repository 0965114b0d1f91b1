//! The line of the log that every request leaves: who, where, and how it ended.
//!
//! Neither the body nor a header nor a query is in it, since they may hold tokens, keys and reasons; nor is the text of a
//! problem, which may repeat what was sent. It is here and not in `lambda`, so that the tests of what is logged run it.

use serde_json::Value;

/// What is told of a request before it is handled.
#[derive(Debug, Clone)]
pub struct Line {
    tenant: String,
    route: String,
}

impl Line {
    /// From the event.
    pub fn of(event: &Value) -> Self {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            tenant: text(event.pointer("/requestContext/authorizer/tenant")),
            route: text(event.get("resource")),
        }
    }

    /// Logs it with the response.
    pub fn log(&self, function: &'static str, response: &Value) {
        let (tenant, route) = (&self.tenant, &self.route);
        let status = response.get("statusCode").and_then(Value::as_u64).unwrap_or_default();
        if status >= 500 {
            let code = problem_code(response);
            tracing::error!(function, tenant.id = tenant, route, status, code, "The request failed.");
        } else {
            tracing::info!(function, tenant.id = tenant, route, status, "The request was answered.");
        }
    }
}

/// The stable code of a problem, which is no secret; the rest of the body stays out of the logs.
fn problem_code(response: &Value) -> String {
    let body: Option<Value> =
        response.get("body").and_then(Value::as_str).and_then(|body| serde_json::from_str(body).ok());
    body.and_then(|body| body.get("code").and_then(Value::as_str).map(str::to_owned)).unwrap_or_default()
}
