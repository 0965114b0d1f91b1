//! Asking the API, as the user who is signed in.

use crate::config::Config;
use crate::request::Request;
use crate::session::Session;
use capstan_core::access::BASE_PATH;
use capstan_core::ids::hex;
use capstan_core::ports::{ApiClient, Ask};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Why a page can't be shown or an act was not done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    /// The token is not good any more.
    SignedOut,
    /// The same form was sent before, and what it asks for is being done.
    InProgress,
    /// The API refused, with its problem document or its objections.
    Refused {
        /// HTTP status.
        status: u16,
        /// What it said.
        body: Value,
    },
    /// There was no answer; of an act it is not known whether it was done.
    NoAnswer(String),
}

impl Failure {
    /// What was wrong, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self {
            Self::InProgress => vec!["This was asked for already.".to_owned()],
            Self::SignedOut => vec!["You are not signed in any more.".to_owned()],
            Self::NoAnswer(why) => vec![why.clone()],
            Self::Refused { status, body } => {
                let message = |error: &Value| {
                    let words = error.get("message").and_then(Value::as_str)?;
                    let field = error.get("field").and_then(Value::as_str);
                    Some(field.map_or_else(|| words.to_owned(), |field| format!("{field} {words}")))
                };
                let errors = body.get("errors").and_then(Value::as_array);
                let lines: Vec<String> = errors.into_iter().flatten().filter_map(message).collect();
                if !lines.is_empty() {
                    return lines;
                }
                let words = ["detail", "message", "title"].iter().find_map(|name| body.get(name)?.as_str());
                vec![words.map_or_else(|| format!("The API answered {status}."), str::to_owned)]
            }
        }
    }

    /// What the API objects to in what was asked, to be said above the form; any other failure is a page of its own.
    pub(crate) fn objections(self) -> Result<Vec<String>, Self> {
        match &self {
            Self::Refused { status: 400 | 409 | 422, .. } => Ok(self.lines()),
            _ => Err(self),
        }
    }

    /// The code that programs go by.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { body, .. } => body.get("code").and_then(Value::as_str),
            _ => None,
        }
    }
}

/// What an act asks of the API.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Act<'a> {
    pub(crate) method: &'a str,
    /// As [`Door::url`] takes it.
    pub(crate) path: &'a str,
    pub(crate) body: Value,
}

/// The API, for one request of one user.
#[derive(Debug)]
pub(crate) struct Door<'a, P> {
    pub(crate) ports: &'a P,
    pub(crate) config: &'a Config,
    pub(crate) request: &'a Request,
    pub(crate) session: &'a Session,
}

impl<P: ApiClient> Door<'_, P> {
    /// The URL of a path: `/tier…` is the tier API's, all else IOps'.
    pub(crate) fn url(&self, path: &str) -> String {
        if path == "/tier" || path.starts_with("/tier/") || path.starts_with("/tier?") {
            return format!("{}{}{BASE_PATH}{path}", self.request.origin, self.request.prefix);
        }
        format!("{}{path}", self.config.iops_url)
    }

    /// The URL as somebody types it: on one machine both APIs have one host, whatever the template calls it.
    pub(crate) fn shown(&self, path: &str) -> String {
        let url = self.url(path);
        if self.request.is_local() && !url.starts_with(&self.request.origin) {
            return format!("{}{path}", self.request.origin);
        }
        url
    }

    /// What the API says of a path.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(&Act { method: "GET", path, body: Value::Null }, None).await
    }

    /// A question that takes a body.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Value, Failure> {
        self.ask(&Act { method: "POST", path, body }, None).await
    }

    /// Has the API do something, once however often the form is sent. A form that was corrected is another one.
    pub(crate) async fn act(&self, act: &Act<'_>) -> Result<Value, Failure> {
        let shown = self.request.field("key");
        let asked = Sha256::digest(format!("{shown}\n{} {}\n{}", act.method, act.path, act.body));
        let key = hex(asked.get(..16).unwrap_or_default());
        // The methods that are the same done twice take none.
        let key = (act.method == "POST" && !shown.is_empty()).then_some(key);
        self.ask(act, key.as_deref()).await
    }

    async fn ask(&self, act: &Act<'_>, key: Option<&str>) -> Result<Value, Failure> {
        let url = self.url(act.path);
        let body = (act.method == "POST" || act.method == "PUT").then(|| act.body.to_string());
        let ask = Ask {
            method: act.method,
            url: &url,
            bearer: &self.session.bearer,
            idempotency_key: key,
            body: body.as_deref(),
        };
        let answer = self.ports.ask(ask).await.map_err(|error| Failure::NoAnswer(error.to_string()))?;
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        match answer.status {
            200..=299 if body.is_null() => {
                Err(Failure::NoAnswer("what came is no answer of the API".to_owned()))
            }
            200..=299 => Ok(body),
            401 => Err(Failure::SignedOut),
            409 if body["code"] == "REQUEST_IN_PROGRESS" => Err(Failure::InProgress),
            status => Err(Failure::Refused { status, body }),
        }
    }
}
