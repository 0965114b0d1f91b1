//! A request as a handler sees it.

use crate::{Claim, IdempotencyKey, Problem};
use base64::Engine as _;
use capstan_core::access;
use capstan_core::ids::TenantId;
use capstan_core::tier::Role;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub use capstan_core::access::BASE_PATH;
/// The largest body that is taken, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// The largest body of a report, in bytes: 500 metrics with all their fields, and room for long names.
pub const MAX_REPORT: usize = 512 * 1024;

/// The largest body that a path takes, as the template has it.
pub fn largest_body(method: &str, resource: &str) -> usize {
    if (method, resource) == access::INGEST { MAX_REPORT } else { MAX_BODY }
}

/// The longest request id that is kept; API Gateway's have 36 characters.
const MAX_REQUEST_ID: usize = 128;

/// Who calls, as the authorizer found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The subject of the token.
    pub subject: String,
    /// The role.
    pub role: Role,
    /// The tenant.
    pub tenant: TenantId,
    /// The request's id, as API Gateway gave it.
    pub request_id: Option<String>,
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// HTTP method.
    pub method: String,
    /// The path as the template has it: `/api/admin/infrastructure/tier/configs/{tier}`.
    pub resource: String,
    /// The same without its API's base: `/tier/configs/{tier}`.
    pub route: String,
    /// Values of the route's parameters.
    pub path: BTreeMap<String, String>,
    /// Query parameters; of one given twice, the last.
    pub query: BTreeMap<String, String>,
    /// The body, if there is one.
    pub body: Option<String>,
    /// Who calls.
    pub caller: Caller,
    /// The value of `Idempotency-Key`, or why it is none; until it is looked at.
    pub(crate) idempotency_key: Option<Result<IdempotencyKey, Problem>>,
    /// What a request under a key has to commit its answer by.
    pub(crate) claim: Option<Claim>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProxyEvent {
    http_method: String,
    resource: String,
    #[serde(default)]
    headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    path_parameters: Option<BTreeMap<String, String>>,
    #[serde(default)]
    query_string_parameters: Option<BTreeMap<String, String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    #[serde(default)]
    authorizer: BTreeMap<String, Value>,
    #[serde(default)]
    request_id: Option<String>,
}

impl ProxyEvent {
    /// `Idempotency-Key`, however it is spelled. Of two different ones neither is believed.
    fn idempotency_key(&self) -> Option<Result<IdempotencyKey, Problem>> {
        let named = |name: &String| name.eq_ignore_ascii_case("idempotency-key");
        let single = self.headers.iter().flatten().filter(|(name, _)| named(name)).map(|(_, value)| value);
        let multi = self.multi_value_headers.iter().flatten().filter(|(name, _)| named(name));
        let values: BTreeSet<&String> = single.chain(multi.flat_map(|(_, values)| values)).collect();
        match values.into_iter().collect::<Vec<_>>().as_slice() {
            [] => None,
            [only] => Some(IdempotencyKey::parse(only)),
            _ => Some(IdempotencyKey::parse("")),
        }
    }
}

impl Request {
    /// Reads a proxy event.
    pub fn read(event: Value) -> Result<Self, Problem> {
        let event: ProxyEvent = serde_json::from_value(event)
            .map_err(|error| Problem::malformed(format!("not an API Gateway proxy event: {error}")))?;
        let caller = caller(&event.request_context)?;
        let idempotency_key = event.idempotency_key();
        let body = match event.body {
            Some(text) if event.is_base64_encoded => Some(decode(&text)?),
            body => body,
        };
        let most = largest_body(&event.http_method, &event.resource);
        if body.as_ref().is_some_and(|body| body.len() > most) {
            return Err(Problem::new(413, "BODY_TOO_LARGE", format!("the body is over {most} bytes")));
        }
        let route = access::route_of(&event.http_method, &event.resource).to_owned();
        Ok(Self {
            method: event.http_method,
            resource: event.resource,
            route,
            path: event.path_parameters.unwrap_or_default(),
            query: event.query_string_parameters.unwrap_or_default(),
            body,
            caller,
            idempotency_key,
            claim: None,
        })
    }

    /// The answer to a route this function does not have.
    pub fn no_such_route(&self) -> Problem {
        Problem::not_found(format!("there is no {} {}", self.method, self.route))
    }

    /// Refuses query parameters other than these.
    pub fn only_query(&self, known: &[&str]) -> Result<(), Problem> {
        match self.query.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let name: String = name.chars().take(64).collect();
                Err(Problem::invalid_field(&name, "is not a query parameter of this route"))
            }
        }
    }
}

fn caller(context: &RequestContext) -> Result<Caller, Problem> {
    let text = |name: &str| context.authorizer.get(name).and_then(Value::as_str);
    let unauthorized = || Problem::new(401, "UNAUTHORIZED", "send a valid token: Authorization: Bearer …");
    Ok(Caller {
        subject: text("sub").filter(|subject| !subject.is_empty()).ok_or_else(unauthorized)?.to_owned(),
        role: text("role").and_then(Role::parse).ok_or_else(unauthorized)?,
        tenant: text("tenant").and_then(|tenant| TenantId::parse(tenant).ok()).ok_or_else(unauthorized)?,
        request_id: context.request_id.clone().filter(|id| id.len() <= MAX_REQUEST_ID),
    })
}

fn decode(text: &str) -> Result<String, Problem> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text)
        .map_err(|_| Problem::malformed("the body is said to be Base64 and is not"))?;
    String::from_utf8(bytes).map_err(|_| Problem::malformed("the body is not UTF-8"))
}
