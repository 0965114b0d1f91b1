//! Speaks to the API, here or deployed.

use super::{Failure, again};
use crate::key_file;
use capstan_core::ids::hex;
use capstan_core::web::encode;
use serde_json::Value;
use std::io::{self, Write as _};
use std::thread;
use std::time::Duration;

const BASE: &str = "/api/admin/infrastructure";
const TIME: Duration = Duration::from_secs(35);

/// Where the system is and who calls: the options of every command that speaks to it.
#[derive(Debug, clap::Args)]
pub(super) struct Whither {
    /// Where the system is
    #[arg(long, global = true, env = "CAPSTAN_URL", default_value = "http://127.0.0.1:3000")]
    pub(super) url: String,
    /// Who you are: `capstan token` makes one for the system on this machine
    #[arg(long, global = true, env = "CAPSTAN_TOKEN", hide_env_values = true)]
    pub(super) token: Option<String>,
}

/// An API and a token for it.
#[derive(Debug)]
pub(super) struct Client {
    agent: ureq::Agent,
    base: String,
    token: String,
}

/// An answer that came, whatever it says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The body as it came.
    pub(super) text: String,
    /// The body as JSON; null if it is none.
    pub(super) body: Value,
    /// After how many seconds it may be tried again, where it says so.
    pub(super) retry_after: Option<u64>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error(
        "nobody answers at {base} ({reason}). Start the system by `capstan up`, or say where it is by --url"
    )]
    Unreachable {
        base: String,
        reason: String,
        /// Whether somebody was there: then the request may have arrived.
        connected: bool,
    },
    #[error("{0}")]
    Url(String),
}

impl From<NoAnswer> for Failure {
    fn from(error: NoAnswer) -> Self {
        match error {
            NoAnswer::Unreachable { .. } => Self::unreachable(error.to_string()),
            NoAnswer::Url(message) => Self::usage(message),
        }
    }
}

impl Client {
    /// `url` may or may not end with the API's base path.
    pub(super) fn new(url: &str, token: Option<String>) -> Result<Self, Failure> {
        Self::with_base(url, BASE, token)
    }

    /// The API of IOps, whose paths begin with nothing.
    pub(super) fn of_iops(url: &str, token: Option<String>) -> Result<Self, Failure> {
        Self::with_base(url.trim_end_matches('/').trim_end_matches(BASE), "", token)
    }

    fn with_base(url: &str, base: &str, token: Option<String>) -> Result<Self, Failure> {
        let token = token.filter(|token| !token.trim().is_empty()).ok_or_else(|| {
            Failure::usage(
                "a token is needed: give it by --token or in CAPSTAN_TOKEN. On this machine one is made by\n  \
                 export CAPSTAN_TOKEN=$(capstan token --role admin --tenant 8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b)",
            )
        })?;
        let url = url.trim_end_matches('/');
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::usage(format!("`{url}` is not a URL; one begins with http:// or https://")));
        }
        let base = if url.ends_with(base) { url.to_owned() } else { format!("{url}{base}") };
        Ok(Self::at(base, &token))
    }

    fn at(base: String, token: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would take the token where nobody meant it to go.
            .max_redirects(0)
            .timeout_global(Some(TIME))
            .build();
        Self { agent: config.into(), base, token: token.trim().to_owned() }
    }

    /// Waits where the answer says that it is too early.
    pub(super) fn get(&self, path: &str) -> Result<Answer, NoAnswer> {
        let send = || {
            let request = self.agent.get(format!("{}{path}", self.base));
            self.take(request.header("Authorization", format!("Bearer {}", self.token)).call())
        };
        again::until_let_in(send, |pause, why| {
            // Nobody to tell if this fails.
            let _ = writeln!(io::stderr(), "capstan: {why}; asked again in {} s", pause.as_secs());
            thread::sleep(pause);
        })
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Answer, NoAnswer> {
        let key = key_file::random::<16>().map_err(|error| NoAnswer::Url(error.to_string()))?;
        let key = hex(&key);
        let send = || {
            let request = self.agent.post(format!("{}{path}", self.base)).header("Idempotency-Key", &key);
            self.take(request.header("Authorization", format!("Bearer {}", self.token)).send_json(body))
        };
        again::until_clear(send, |pause, why| {
            let seconds = pause.as_secs();
            // Nobody to tell if this fails.
            let _ = writeln!(
                io::stderr(),
                "capstan: {why}; sent again in {seconds} s under the same key, so that it is done once"
            );
            thread::sleep(pause);
        })
    }

    pub(super) fn put(&self, path: &str, body: &Value) -> Result<Answer, NoAnswer> {
        let request = self.agent.put(format!("{}{path}", self.base));
        self.take(request.header("Authorization", format!("Bearer {}", self.token)).send_json(body))
    }

    pub(super) fn delete(&self, path: &str) -> Result<Answer, NoAnswer> {
        let request = self.agent.delete(format!("{}{path}", self.base));
        self.take(request.header("Authorization", format!("Bearer {}", self.token)).call())
    }

    fn take(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Answer, NoAnswer> {
        let unreachable = |error: ureq::Error| NoAnswer::Unreachable {
            base: self.base.clone(),
            connected: connected(&error),
            reason: error.to_string(),
        };
        let mut answer = answer.map_err(|error| match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                NoAnswer::Url(format!("{}, or the token, is not of the right form: {error}", self.base))
            }
            other => unreachable(other),
        })?;
        let status = answer.status().as_u16();
        let retry_after =
            answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let text = answer.body_mut().read_to_string().map_err(unreachable)?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { status, text, body, retry_after })
    }
}

/// Whether the error came after somebody was there.
fn connected(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => false,
        ureq::Error::Io(error) => error.kind() != io::ErrorKind::ConnectionRefused,
        _ => true,
    }
}

impl Answer {
    /// Whether the request was granted. A refusal by the rules is an answer, too, but not this.
    pub(super) fn good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A refusal as a message, every reason in a line of its own.
    pub(super) fn refusal(&self) -> Failure {
        let text = |name: &str| self.body[name].as_str();
        let code = text("code").map(|code| format!(" ({code})")).unwrap_or_default();
        let errors = self.body["errors"].as_array().map_or(&[][..], Vec::as_slice);
        let said = text("detail").map(str::to_owned);
        let mut message = match (said, self.status) {
            // The reasons stand below, one by one.
            (_, status) if !errors.is_empty() => format!("refused{code}, HTTP {status}:"),
            (Some(said), _) => format!("{said}{code}"),
            (None, status) => {
                format!("HTTP {status}{code}: {}", self.text.chars().take(200).collect::<String>())
            }
        };
        for error in errors {
            let field = error["field"].as_str().map(|field| format!("{field}: ")).unwrap_or_default();
            let reason = error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned);
            message.push_str(&format!("\n  - {field}{reason}"));
        }
        if self.status == 401 {
            message.push_str(
                "\nThe token is missing, expired, or made with another key: `capstan token --help`.",
            );
        }
        Failure::failed(message)
    }
}

/// A member that is a text; a dash where it is none.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or("–")
}

/// A path with those parameters that have a value.
pub(super) fn query(path: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().filter_map(|(name, value)| Some(format!("{name}={}", encode((*value)?)))).collect();
    let question = if pairs.is_empty() { "" } else { "?" };
    format!("{path}{question}{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(status: u16, body: Value) -> Answer {
        Answer { status, text: body.to_string(), body, retry_after: None }
    }

    #[test]
    fn refusals_tell_every_reason() {
        let rejected = json!({ "code": "REJECTED", "errors": [{ "code": "A", "message": "too short" }, { "field": "x", "message": "is unknown" }] });
        let message = answer(400, rejected).refusal().message;
        assert_eq!(message, "refused (REJECTED), HTTP 400:\n  - too short\n  - x: is unknown");
        let problem = answer(403, json!({ "code": "FORBIDDEN", "detail": "this takes the role admin" }));
        assert_eq!(problem.refusal().message, "this takes the role admin (FORBIDDEN)");
        let other = Answer { status: 502, text: "<html>".to_owned(), body: Value::Null, retry_after: None };
        assert_eq!(other.refusal().message, "HTTP 502: <html>");
    }

    #[test]
    fn a_url_may_have_the_base_path_or_not() {
        let base = |url: &str| Client::new(url, Some("t".to_owned())).map(|client| client.base);
        let full = "http://127.0.0.1:3000/api/admin/infrastructure";
        assert_eq!(base("http://127.0.0.1:3000/").unwrap(), full);
        assert_eq!(base(full).unwrap(), full);
        assert_eq!(base("127.0.0.1:3000").unwrap_err().code, 2);
        assert!(Client::new(full, None).unwrap_err().message.contains("capstan token"));
    }

    #[test]
    fn nobody_at_the_other_end_is_told_apart() {
        let client = Client::new("http://127.0.0.1:1", Some("t".to_owned())).unwrap();
        let failure = Failure::from(client.get("/tier").unwrap_err());
        assert_eq!(failure.code, 3);
        assert!(failure.message.contains("capstan up"), "{}", failure.message);
    }
}
