//! The system's own front door, as those of its functions see it that ask the API and the issuer.
//!
//! The door is not the world's: whoever runs a system hangs it in. A call goes through it without the world's lock, since
//! what is behind it takes that lock itself.

use super::Ports;
use crate::invocation::GiveWay;
use crate::shared::{Door, Knock};
use capstan_core::ports::{Answered, ApiClient, Ask, IssuerError, NoAnswer, SignIn, SignInEndpoints};

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// A URL from its path on: there is one door, whatever it is called.
fn target(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}

impl Ports {
    async fn door(&self) -> Option<Door> {
        GiveWay::once().await;
        self.world.door()
    }
}

impl ApiClient for Ports {
    async fn ask(&self, ask: Ask<'_>) -> Result<Answered, NoAnswer> {
        let door = self.door().await.ok_or_else(|| NoAnswer("this world has no door".to_owned()))?;
        let mut headers = vec![("authorization", format!("Bearer {}", ask.bearer))];
        headers.extend(ask.body.map(|_| ("content-type", "application/json".to_owned())));
        headers.extend(ask.idempotency_key.map(|key| ("idempotency-key", key.to_owned())));
        let body = ask.body.unwrap_or_default();
        Ok(door(&Knock { method: ask.method, target: target(ask.url), headers, body }))
    }
}

impl SignIn for Ports {
    async fn sign_in_endpoints(&self, issuer: &str) -> Result<SignInEndpoints, IssuerError> {
        let none = || IssuerError::Unavailable(format!("there is no issuer {issuer}"));
        let door = self.door().await.ok_or_else(none)?;
        let answer = door(&Knock { method: "GET", target: DISCOVERY, headers: Vec::new(), body: "" });
        let document: serde_json::Value = serde_json::from_str(&answer.body)
            .map_err(|_| IssuerError::Malformed(format!("{DISCOVERY} is not JSON")))?;
        let text = |name: &str| document.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
        if text("issuer").as_deref() != Some(issuer) {
            return Err(IssuerError::Malformed(format!("{DISCOVERY} is of another issuer")));
        }
        let endpoint = |name: &str| {
            text(name).ok_or_else(|| IssuerError::Malformed(format!("{DISCOVERY} has no {name}")))
        };
        Ok(SignInEndpoints {
            authorization: endpoint("authorization_endpoint")?,
            token: endpoint("token_endpoint")?,
            end_session: text("end_session_endpoint"),
        })
    }

    async fn redeem(&self, issuer: &str, token_endpoint: &str, form: &str) -> Result<Answered, IssuerError> {
        let none = || IssuerError::Unavailable(format!("there is no issuer {issuer}"));
        let door = self.door().await.ok_or_else(none)?;
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        Ok(door(&Knock { method: "POST", target: target(token_endpoint), headers, body: form }))
    }
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn a_url_is_asked_from_its_path_on() {
        assert_eq!(target("http://127.0.0.1:3000/tier?x=1"), "/tier?x=1");
        assert_eq!(target("https://a.example"), "/");
        assert_eq!(target("/health"), "/health");
    }
}
