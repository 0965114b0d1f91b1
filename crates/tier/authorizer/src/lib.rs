//! `authorizer`: who calls, with which role, for which tenant, from the token alone; and whether that role may.
//!
//! Tokens are those of one OpenID Connect issuer (RS256, ES256, EdDSA), verified with the keys that it publishes. Which
//! role a route takes stands in [`capstan_core::access`]. A known caller whose role is not enough is recorded before the
//! denial is answered. On one machine `capstan up` is the issuer, and all else is the same.
//!
//! Rejected: a library for tokens. Those that are well kept bring a second cryptography (aws-lc) or one with an open
//! advisory (`rsa`); docs/decisions/0018-own-verification.md.

mod cache;
mod config;
mod json;
mod keys;
mod reason;
mod token;

pub use cache::{FRESH, FRESH_BY_DEFAULT, KeyCache, LONGEST_OUTAGE, PAUSE_OUTAGE, PAUSE_UNKNOWN};
pub use config::{Config, LONGEST_HOURS};
pub use reason::{Reason, Refusal};
pub use token::{Claims, LEEWAY, MAX_TOKEN};

use capstan_core::access::{self, AGENT, Decision};
use capstan_core::ids::TenantId;
use capstan_core::ports::{Clock, Entropy, IssuerKeys, Store};
use capstan_core::tier::Role;
use serde_json::{Value, json};
use tier_records::denied::{self, Denied};
use token::Token;

/// The ports of this function.
pub trait Ports: IssuerKeys + Store + Clock + Entropy {}
impl<P: IssuerKeys + Store + Clock + Entropy> Ports for P {}

/// Whose tokens count, and the keys known so far. One a function instance.
#[derive(Debug)]
pub struct Authorizer {
    config: Config,
    keys: KeyCache,
}

impl Authorizer {
    /// An authorizer that knows no keys yet.
    pub fn new(config: Config) -> Self {
        Self { config, keys: KeyCache::default() }
    }

    /// Answers a REQUEST authorizer event with a policy and the caller as context.
    pub async fn handle(&self, ports: &impl Ports, event: &Value) -> Result<Value, Refusal> {
        let text = |name: &str| event.get(name).and_then(Value::as_str).ok_or(Refusal::Event);
        let token = match bearer(event) {
            // A wrong token is refused here, too: who bears one wants to be somebody.
            Err(Reason::NoToken) if self.config.open_ingest() && !bears_anything(event) => {
                let (arn, method, resource) = (text("methodArn")?, text("httpMethod")?, text("resource")?);
                if (method, resource) != access::INGEST {
                    return Err(Refusal::Token(Reason::NoToken));
                }
                return Ok(policy("Allow", arn, &agent(), None));
            }
            token => token.map_err(Refusal::Token)?,
        };
        let claims = self.verify(ports, token).await?;
        let (arn, method, resource) = (text("methodArn")?, text("httpMethod")?, text("resource")?);
        let route = access::route_of(method, resource);
        let least = match access::decide(claims.role, method, resource) {
            Decision::Allow => return Ok(policy("Allow", arn, &claims, None)),
            Decision::Deny { least } => Some(least),
            Decision::NoSuchRoute => None,
        };
        let Claims { subject, role, tenant } = &claims;
        let request_id = event.pointer("/requestContext/requestId").and_then(Value::as_str);
        let denied = Denied { tenant, subject, role: *role, method, route, least, request_id };
        denied::record(ports, denied).await.map_err(Refusal::Record)?;
        Ok(policy("Deny", arn, &claims, least.map(|least| access::denial(*role, least))))
    }

    /// Who calls, by a token of the issuer that is good now.
    pub async fn verify(&self, ports: &(impl IssuerKeys + Clock), token: &str) -> Result<Claims, Refusal> {
        let token = Token::read(token).map_err(Refusal::Token)?;
        let key = self.keys.find(ports, self.config.issuer(), token.kid()).await?;
        let now = ports.wall().as_millis() / 1_000;
        token.claims(&key, &self.config, now).map_err(Refusal::Token)
    }
}

/// The context goes to the functions, the access log, and the words of a denial.
fn policy(effect: &str, arn: &str, claims: &Claims, denied: Option<String>) -> Value {
    let mut context =
        json!({"sub": claims.subject, "role": claims.role.as_str(), "tenant": claims.tenant.as_str()});
    if let Some(denied) = denied {
        context["denied"] = json!(denied);
    }
    json!({
        "principalId": claims.subject,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": arn}],
        },
        "context": context,
    })
}

/// Who reports without a token: of no tenant, and with the least role that may.
fn agent() -> Claims {
    Claims { subject: AGENT.to_owned(), role: Role::Operator, tenant: TenantId::nobody() }
}

/// Whether there is an `Authorization` header, whatever is in it.
fn bears_anything(event: &Value) -> bool {
    ["headers", "multiValueHeaders"].iter().any(|place| {
        let headers = event.get(place).and_then(Value::as_object);
        headers.into_iter().flatten().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
    })
}

/// The token of the `Authorization` header; header names come in any case. More than one such header is none.
fn bearer(event: &Value) -> Result<&str, Reason> {
    let of = |name: &str| event.get(name).and_then(Value::as_object);
    let named = |(name, _): &(&String, &Value)| name.eq_ignore_ascii_case("authorization");
    let all: Vec<&Value> =
        of("headers").into_iter().flatten().filter(named).map(|(_, value)| value).collect();
    let each: usize = of("multiValueHeaders")
        .into_iter()
        .flatten()
        .filter(named)
        .map(|(_, values)| values.as_array().map_or(1, Vec::len))
        .sum();
    if all.len() > 1 || each > 1 {
        return Err(Reason::SeveralTokens);
    }
    let value = all.first().and_then(|value| value.as_str()).ok_or(Reason::NoToken)?;
    let (scheme, token) = value.split_once(' ').ok_or(Reason::NoToken)?;
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() { Ok(token) } else { Err(Reason::NoToken) }
}
