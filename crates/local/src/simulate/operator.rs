//! An operator of one tenant, as the API sees one: the only place that knows what a request looks like.

use super::chance::Chance;
use super::history::{TENANTS, Tenant};
use crate::engine::Engine;
use crate::system::Invoked;
use capstan_core::tier::Tier;
use serde::Deserialize;
use serde_json::{Value, json};

/// What every route begins with.
const BASE: &str = "/api/admin/infrastructure";
/// What they give as their reason.
const REASON: &str = "[EMERGENCY] a history that was drawn";

/// The subject of the tokens of a tenant's operator.
pub(super) fn subject(tenant: Tenant) -> String {
    format!("operator-{tenant}")
}

/// The body that came back, as text; none where the function died.
pub(super) type Reply = Option<String>;

/// What an operator reads of a reply.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    confirmation_token: Option<String>,
    current_tier: Option<Tier>,
}

fn read(reply: Reply) -> Read {
    reply.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default()
}

/// The token by which to confirm, where that is asked for.
pub(super) fn token(reply: Reply) -> Option<String> {
    read(reply).confirmation_token
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Operator(Tenant);

impl Operator {
    pub(super) const fn of(tenant: Tenant) -> Self {
        Self(tenant)
    }

    fn event(self, method: &str, path: &str, body: &Value) -> Value {
        let (resource, parameters) = match path.strip_prefix("/tier/configs/") {
            Some(tier) => (format!("{BASE}/tier/configs/{{tier}}"), json!({ "tier": tier })),
            None => (format!("{BASE}{path}"), Value::Null),
        };
        json!({
            "resource": resource,
            "path": format!("{BASE}{path}"),
            "httpMethod": method,
            "queryStringParameters": null,
            "pathParameters": parameters,
            "requestContext": {"authorizer": {
                "sub": subject(self.0), "role": "super_admin", "tenant": TENANTS[self.0.0],
            }},
            "body": if body.is_null() { Value::Null } else { json!(body.to_string()) },
        })
    }

    fn function(engine: &Engine, event: &Value) -> Option<String> {
        let routes = &engine.system().description().routes;
        let found = routes
            .iter()
            .find(|route| event["httpMethod"] == *route.method && event["resource"] == *route.path);
        found.map(|route| route.function.clone())
    }

    /// Sends a request and waits for the reply.
    pub(super) fn call(self, engine: &Engine, method: &str, path: &str, body: &Value) -> Reply {
        let event = self.event(method, path, body);
        match Self::function(engine, &event) {
            Some(function) => reply(engine.system().invoke(&function, event)),
            None => None,
        }
    }

    /// Asks for a change; the reply, which may be that it must be confirmed.
    pub(super) fn wish(self, engine: &Engine, to: Tier, bypass: bool) -> Reply {
        let (path, body) = wish(to, bypass);
        self.call(engine, "POST", path, &body)
    }

    /// Asks for a change, and confirms it where that is asked for; the last token there was.
    pub(super) fn ask(self, engine: &Engine, to: Tier, bypass: bool) -> Option<String> {
        let token = token(self.wish(engine, to, bypass))?;
        self.confirm(engine, &token);
        Some(token)
    }

    pub(super) fn confirm(self, engine: &Engine, token: &str) -> Reply {
        self.call(engine, "POST", "/tier/confirm", &json!({ "confirmationToken": token }))
    }

    pub(super) fn cancel(self, engine: &Engine) -> Reply {
        self.call(engine, "POST", "/tier/cancel", &json!({ "reason": REASON }))
    }

    pub(super) fn reset(self, engine: &Engine) -> Reply {
        self.call(engine, "POST", "/tier/reset", &json!({ "reason": REASON }))
    }

    pub(super) fn edit(self, engine: &Engine, tier: Tier, most: u64) -> Reply {
        let body = json!({ "sagemakerShadowSelfMaxInstances": most });
        self.call(engine, "PUT", &format!("/tier/configs/{tier}"), &body)
    }

    pub(super) fn cooldown(self, engine: &Engine, hours: u64) -> Reply {
        self.call(engine, "PUT", "/tier/cooldown", &json!({ "hours": hours }))
    }

    /// Two wishes at the same time; their replies.
    pub(super) fn race(self, engine: &Engine, to: [Tier; 2], turns: u64) -> Vec<Reply> {
        let events = to.map(|to| {
            let (path, body) = wish(to, true);
            self.event("POST", path, &body)
        });
        Self::in_turns(engine, events, turns)
    }

    /// The same token twice at the same time; the replies.
    pub(super) fn confirm_twice(self, engine: &Engine, token: &str, turns: u64) -> Vec<Reply> {
        let event = self.event("POST", "/tier/confirm", &json!({ "confirmationToken": token }));
        Self::in_turns(engine, [event.clone(), event], turns)
    }

    fn in_turns(engine: &Engine, events: [Value; 2], turns: u64) -> Vec<Reply> {
        let system = engine.system();
        let mut runs = Vec::new();
        for event in events {
            let Some(function) = Self::function(engine, &event) else { continue };
            if let Some(stepper) = system.begin(&function, event) {
                runs.push((function, stepper));
            }
        }
        let (mut chance, mut replies) = (Chance::new(turns), Vec::new());
        while !runs.is_empty() {
            let turn = usize::try_from(chance.between(0, runs.len() as u64 - 1)).unwrap_or(0);
            if let Some(outcome) = system.step(&mut runs[turn].1) {
                let (function, stepper) = runs.swap_remove(turn);
                replies.push(reply(system.ended(&function, outcome, stepper.invocation())));
            }
        }
        replies
    }

    /// The tier the tenant is in.
    pub(super) fn tier(self, engine: &Engine) -> Option<Tier> {
        read(self.call(engine, "GET", "/tier", &Value::Null)).current_tier
    }
}

fn wish(to: Tier, bypass: bool) -> (&'static str, Value) {
    let path = if bypass { "/tier/bypass-cooldown" } else { "/tier/change" };
    (path, json!({ "targetTier": to, "reason": REASON }))
}

fn reply(invoked: Invoked) -> Reply {
    match invoked.answer.ok()?.get_mut("body").map(Value::take) {
        Some(Value::String(body)) => Some(body),
        _ => None,
    }
}
