//! The issuer of the callers' tokens: its keys, and where people sign in.
//!
//! OpenID Connect Discovery 1.0 §4 says where either is. No document is believed for more than that: it must come from where
//! it should, be small and come soon, and the first must name the issuer that was asked for.

use crate::Aws;
use crate::http::{Came, Http, Limits, Sent, Trouble, is_here, shortened};
use aws_smithy_runtime_api::http::Headers;
use capstan_core::ports::{Answered, IssuerError, IssuerKeys, KeysDocument, SignIn, SignInEndpoints};
use capstan_core::time::Millis;
use serde_json::Value;
use std::time::Duration;

/// The largest document, in bytes.
const MAX_DOCUMENT: usize = 64 * 1024;
/// The longest URL that a document may name.
const MAX_URL: usize = 1_024;
/// Of one document.
const DOCUMENT: Limits = Limits { time: Duration::from_secs(4), body: MAX_DOCUMENT };
/// Of the exchange of a code, for which the issuer looks things up.
const EXCHANGE: Limits = Limits { time: Duration::from_secs(10), body: MAX_DOCUMENT };

/// An issuer by its URL, asked with this client.
#[derive(Debug, Clone, Copy)]
struct Issuer<'a> {
    http: &'a Http,
    url: &'a str,
}

impl Issuer<'_> {
    /// The key set.
    async fn keys(self) -> Result<KeysDocument, IssuerError> {
        let configuration = Configuration::of(self).await?;
        let keys = configuration.text("jwks_uri").ok_or_else(|| {
            IssuerError::Malformed(format!("{} does not say where the keys are", configuration.from))
        })?;
        let document = self.get(keys).await?;
        Ok(KeysDocument { max_age: max_age(&document.headers), text: document.body })
    }

    /// Where people sign in.
    async fn endpoints(self) -> Result<SignInEndpoints, IssuerError> {
        let configuration = Configuration::of(self).await?;
        let endpoint = |name: &str| {
            let text = configuration.text(name).ok_or_else(|| {
                IssuerError::Malformed(format!("{} does not say its {name}", configuration.from))
            })?;
            self.check(text)?;
            Ok(text.to_owned())
        };
        let end_session =
            configuration.text("end_session_endpoint").map(|_| endpoint("end_session_endpoint"));
        Ok(SignInEndpoints {
            authorization: endpoint("authorization_endpoint")?,
            token: endpoint("token_endpoint")?,
            end_session: end_session.transpose()?,
        })
    }

    /// Redeems a code. Every answer in JSON is one, since refusals are too (RFC 6749 §5.2).
    async fn redeem(self, endpoint: &str, form: &str) -> Result<Answered, IssuerError> {
        self.check(endpoint)?;
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let sent = Sent { method: "POST", url: endpoint, headers: &headers, body: Some(form) };
        let Came { status, body, .. } = self.http.exchange(sent, EXCHANGE).await.map_err(of_issuer)?;
        if serde_json::from_str::<Value>(&body).is_err() {
            // Something on the way says that there is no answer now, or this is no token endpoint.
            let named = shortened(endpoint);
            return Err(if status >= 500 {
                IssuerError::Unavailable(format!("{named} answers {status}"))
            } else {
                IssuerError::Malformed(format!("{named} answers {status}, and not in JSON"))
            });
        }
        Ok(Answered { status, body })
    }

    /// A document.
    async fn get(self, url: &str) -> Result<Came, IssuerError> {
        self.check(url)?;
        let sent = Sent { method: "GET", url, headers: &[], body: None };
        let came = self.http.exchange(sent, DOCUMENT).await.map_err(of_issuer)?;
        // A redirect is no answer either: where the keys are stands in the document.
        if came.status != 200 {
            return Err(IssuerError::Unavailable(format!("{} answers {}", shortened(url), came.status)));
        }
        Ok(came)
    }

    /// https; or http on this machine, for an issuer that is itself there.
    fn check(self, url: &str) -> Result<(), IssuerError> {
        let may = url.len() <= MAX_URL && (url.starts_with("https://") || is_here(url) && is_here(self.url));
        if may && url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(());
        }
        Err(IssuerError::Malformed(format!("{} is not to be asked", shortened(url))))
    }
}

/// What an issuer says of itself.
struct Configuration {
    from: String,
    document: Value,
}

impl Configuration {
    async fn of(issuer: Issuer<'_>) -> Result<Self, IssuerError> {
        let from = format!("{}/.well-known/openid-configuration", issuer.url.trim_end_matches('/'));
        let document: Value = serde_json::from_str(&issuer.get(&from).await?.body)
            .map_err(|_| IssuerError::Malformed(format!("{from} is not JSON")))?;
        let of = Self { from, document };
        if of.text("issuer") != Some(issuer.url) {
            return Err(IssuerError::Malformed(format!("{} is of another issuer", of.from)));
        }
        Ok(of)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.document.get(name).and_then(Value::as_str)
    }
}

impl IssuerKeys for Aws {
    async fn issuer_keys(&self, issuer: &str) -> Result<KeysDocument, IssuerError> {
        Issuer { http: self.http(), url: issuer }.keys().await
    }
}

impl SignIn for Aws {
    async fn sign_in_endpoints(&self, issuer: &str) -> Result<SignInEndpoints, IssuerError> {
        Issuer { http: self.http(), url: issuer }.endpoints().await
    }

    async fn redeem(&self, issuer: &str, token_endpoint: &str, form: &str) -> Result<Answered, IssuerError> {
        Issuer { http: self.http(), url: issuer }.redeem(token_endpoint, form).await
    }
}

fn of_issuer(trouble: Trouble) -> IssuerError {
    match trouble {
        Trouble::NoAnswer(what) => IssuerError::Unavailable(what),
        Trouble::NotSent(what) | Trouble::Unfit(what) => IssuerError::Malformed(what),
    }
}

/// `Cache-Control` (RFC 9111 §5.2.2): of what must not be kept, nothing is.
fn max_age(headers: &Headers) -> Option<Millis> {
    let mut age = None;
    for directive in headers.get_all("cache-control").flat_map(|header| header.split(',')) {
        let directive = directive.trim().to_ascii_lowercase();
        if directive == "no-store" || directive == "no-cache" {
            return Some(Millis(0));
        }
        if let Some(seconds) = directive.strip_prefix("max-age=") {
            age = seconds.trim_matches('"').parse().ok().map(|seconds: u32| Millis::seconds(seconds.into()));
        }
    }
    age
}

#[cfg(test)]
mod tests;
