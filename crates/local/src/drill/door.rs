//! The door a drill goes in by: the gateway, with a token for every request.

use super::{DrillError, tenant};
use crate::System;
use crate::gateway::{self, Gateway, Request};
use crate::issuer::{Bearer, Issuer};
use capstan_core::tier::Role;
use capstan_core::time::{Millis, Timestamp};
use serde_json::Value;
use std::sync::Arc;

const BASE: &str = "/api/admin/infrastructure";

#[derive(Debug)]
pub(super) struct Door {
    gateway: Gateway,
    issuer: Issuer,
}

impl Door {
    pub(super) fn new(system: Arc<System>, issuer: Issuer) -> Self {
        Self { gateway: Gateway::new(system), issuer }
    }

    pub(super) fn request(&self, now: Timestamp, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let bearer = Bearer { subject: "drill", role: Role::SuperAdmin, tenant: &tenant() };
        let token = self.issuer.token(bearer, now, Millis::hours(1));
        let request = Request::new(method, &format!("{BASE}{path}"), body).with_token(&token);
        let reply = self.gateway.handle(&request);
        (reply.status, gateway::json_of(&reply))
    }

    /// A look that must succeed. One that meets a planned fault is had again.
    pub(super) fn get(&self, now: Timestamp, path: &str) -> Result<Value, DrillError> {
        let mut answer = self.request(now, "GET", path, &Value::Null);
        for _ in 0..3 {
            if answer.0 < 500 && answer.0 != 429 {
                break;
            }
            answer = self.request(now, "GET", path, &Value::Null);
        }
        match answer {
            (200, body) => Ok(body),
            (status, body) => {
                let detail = body["detail"].as_str().unwrap_or_default().to_owned();
                Err(DrillError::Unanswered { what: format!("GET {path}"), status, detail })
            }
        }
    }
}
