//! `authorizer`: who calls, with which role, for which tenant, from the token alone.
//!
//! It verifies development tokens: compact JWTs signed with HMAC-SHA-256 under one key that `capstan up` makes at its
//! first start. Nothing else is accepted: the algorithm is fixed here and never read from the token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use capstan_core::ids::TenantId;
use capstan_core::ports::Clock;
use capstan_core::tier::Role;
use capstan_core::tier::request::unprintable;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use tier_steps::{Environment, SettingError};

/// Fewest characters of a key.
pub const MIN_KEY: usize = 32;
/// A token longer than this is not looked at.
pub const MAX_TOKEN: usize = 4_096;
/// Who issues development tokens.
pub const ISSUER: &str = "capstan-dev";

/// What the authorizer is told from outside.
#[derive(Clone)]
pub struct Config {
    key: String,
}

impl Config {
    /// Reads `DEV_TOKEN_KEY`, and refuses an `OIDC_ISSUER`: who sets one believes that its tokens are verified.
    pub fn read(environment: &Environment) -> Result<Self, SettingError> {
        if let Some(issuer) = environment.get("OIDC_ISSUER").filter(|issuer| !issuer.is_empty()) {
            return Err(SettingError {
                name: "OIDC_ISSUER",
                problem: format!(
                    "is `{issuer}`, but tokens of an OIDC issuer can't be verified yet: leave it empty"
                ),
            });
        }
        match environment.get("DEV_TOKEN_KEY") {
            Some(key) if key.len() >= MIN_KEY => Ok(Self { key: key.clone() }),
            Some(key) => Err(SettingError {
                name: "DEV_TOKEN_KEY",
                problem: format!("has {} characters: give a secret of at least {MIN_KEY}", key.len()),
            }),
            None => Err(SettingError { name: "DEV_TOKEN_KEY", problem: "is missing".to_owned() }),
        }
    }
}

/// The claims of a development token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Who calls.
    pub sub: String,
    /// The role.
    pub role: Role,
    /// The tenant.
    pub tenant: TenantId,
    /// When it was issued, seconds since the epoch.
    pub iat: u64,
    /// Until when it is good, seconds since the epoch.
    pub exp: u64,
}

/// The caller has no valid token: API Gateway answers 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Unauthorized")]
pub struct Unauthorized;

/// Answers a REQUEST authorizer event with a policy and the caller as context.
pub fn handle(clock: &impl Clock, config: &Config, event: &Value) -> Result<Value, Unauthorized> {
    let token = bearer(event).ok_or(Unauthorized)?;
    let claims = verify(token, &config.key, clock.wall().as_millis() / 1_000).ok_or(Unauthorized)?;
    let arn = event.get("methodArn").and_then(Value::as_str).ok_or(Unauthorized)?;
    Ok(json!({
        "principalId": claims.sub,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": arn}],
        },
        "context": {"sub": claims.sub, "role": claims.role.as_str(), "tenant": claims.tenant.as_str()},
    }))
}

/// The token of the `Authorization` header; header names come in any case. More than one such header is none.
fn bearer(event: &Value) -> Option<&str> {
    let headers = event.get("headers")?.as_object()?;
    let mut found = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let value = found.next()?.1.as_str()?;
    if found.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.trim())
}

/// Makes a token.
pub fn sign(claims: &Claims, key: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let body = URL_SAFE_NO_PAD.encode(serde_json::json!(claims).to_string());
    // A key of any length will do.
    let Some(mac) = mac(&format!("{header}.{body}"), key) else { return String::new() };
    format!("{header}.{body}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// The claims of a token that is signed with the key, from our issuer, and good at `now` (seconds).
pub fn verify(token: &str, key: &str, now: u64) -> Option<Claims> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, body) = signed.split_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    mac(signed, key)?.verify_slice(&signature).ok()?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    if header.get("alg").and_then(Value::as_str) != Some("HS256") {
        return None;
    }
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
    let good = claims.iss == ISSUER && named(&claims.sub) && claims.exp > now;
    good.then_some(claims)
}

/// A name that can be shown and recorded.
fn named(subject: &str) -> bool {
    (1..=256).contains(&subject.len()) && !subject.chars().any(unprintable)
}

fn mac(text: &str, key: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use capstan_core::time::Timestamp;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    struct At(u64);
    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }
        fn wall(&self) -> Timestamp {
            Timestamp::from_millis(self.0 * 1_000)
        }
    }

    fn claims() -> Claims {
        Claims {
            iss: ISSUER.to_owned(),
            sub: "ada".to_owned(),
            role: Role::Admin,
            tenant: TenantId::parse("8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b").unwrap(),
            iat: 1_000,
            exp: 2_000,
        }
    }

    fn call(headers: &Value, now: u64) -> Result<Value, Unauthorized> {
        let event = json!({"type": "REQUEST", "methodArn": "arn:aws:execute-api:x", "headers": headers});
        handle(&At(now), &Config { key: KEY.to_owned() }, &event)
    }

    #[test]
    fn a_good_token_names_caller_role_and_tenant() {
        let token = sign(&claims(), KEY);
        let answer = call(&json!({"authorization": format!("Bearer {token}")}), 1_500).unwrap();
        assert_eq!(answer["context"]["role"], "admin");
        assert_eq!(answer["context"]["tenant"], claims().tenant.as_str());
        assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Allow");
    }

    #[test]
    fn there_is_no_way_around_a_token() {
        let good = sign(&claims(), KEY);
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let (header, body) = signed.split_once('.').unwrap();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let promoted = URL_SAFE_NO_PAD
            .encode(serde_json::to_vec(&Claims { role: Role::SuperAdmin, ..claims() }).unwrap());
        let foreign = Claims { iss: "elsewhere".to_owned(), ..claims() };
        for (why, token) in [
            ("alg none", format!("{none}.{body}.")),
            ("alg none, signature kept", format!("{none}.{body}.{signature}")),
            ("body exchanged", format!("{header}.{promoted}.{signature}")),
            ("signature cut", format!("{header}.{body}")),
            ("signature empty", format!("{header}.{body}.")),
            ("another key", sign(&claims(), "ffffffffffffffffffffffffffffffff")),
            ("another issuer", sign(&foreign, KEY)),
            ("too long", format!("{good}{}", "A".repeat(MAX_TOKEN))),
            ("nothing", String::new()),
        ] {
            assert!(call(&json!({"Authorization": format!("Bearer {token}")}), 1_500).is_err(), "{why}");
        }
        for (why, headers) in [
            ("no header", json!({})),
            ("another scheme", json!({"Authorization": format!("Basic {good}")})),
            ("two headers", json!({"Authorization": format!("Bearer {good}"), "authorization": "Bearer x"})),
            (
                "a header that says who one is",
                json!({"X-Tenant-Id": claims().tenant, "X-Role": "super_admin"}),
            ),
        ] {
            assert!(call(&headers, 1_500).is_err(), "{why}");
        }
        assert!(call(&json!({"Authorization": format!("Bearer {good}")}), 2_000).is_err(), "expired");
    }

    #[test]
    fn an_issuer_whose_tokens_can_not_be_verified_stops_the_start() {
        let environment = |issuer: &str| {
            Environment::from([
                ("DEV_TOKEN_KEY".to_owned(), KEY.to_owned()),
                ("OIDC_ISSUER".to_owned(), issuer.to_owned()),
            ])
        };
        let refused = Config::read(&environment("https://login.example.com")).err().unwrap().to_string();
        assert!(
            refused.contains("OIDC_ISSUER") && refused.contains("https://login.example.com"),
            "{refused}"
        );
        assert!(Config::read(&environment("")).is_ok(), "the template gives an empty one");
    }

    #[test]
    fn a_short_key_stops_the_start() {
        let environment = |key: &str| Environment::from([("DEV_TOKEN_KEY".to_owned(), key.to_owned())]);
        assert!(Config::read(&environment("short")).is_err());
        assert!(Config::read(&Environment::new()).is_err());
        assert!(Config::read(&environment(KEY)).is_ok());
    }
}
