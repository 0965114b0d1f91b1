//! The issuer of the callers' tokens, asked over HTTPS with the client that the SDK brings.
//!
//! OpenID Connect Discovery 1.0 §4 says where its keys are. Neither document is believed for more than that: it must come
//! from where it should, be small and come soon, and the first must name the issuer that was asked for.

use crate::Aws;
use aws_smithy_async::future::timeout::Timeout;
use aws_smithy_async::rt::sleep::{AsyncSleep, TokioSleep};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::http::{Request, Response};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use capstan_core::ports::{IssuerError, IssuerKeys, KeysDocument};
use capstan_core::time::Millis;
use serde_json::Value;
use std::time::Duration;

/// The largest document, in bytes.
const MAX_DOCUMENT: usize = 64 * 1024;
/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(2);
/// One document, from the first byte sent to the last received.
const DOCUMENT: Duration = Duration::from_secs(4);

/// The client for issuers.
#[derive(Debug)]
pub(crate) struct Issuers(Connector);

impl Issuers {
    pub(crate) fn new() -> Self {
        let settings =
            HttpConnectorSettings::builder().connect_timeout(CONNECT).read_timeout(DOCUMENT).build();
        let tls = Provider::Rustls(CryptoMode::Ring);
        let builder = Connector::builder().connector_settings(settings).sleep_impl(TokioSleep::new());
        Self(builder.tls_provider(tls).build())
    }

    /// The key set of an issuer.
    pub(crate) async fn keys(&self, issuer: &str) -> Result<KeysDocument, IssuerError> {
        let discovery = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let (configuration, _) = self.get(&discovery, issuer).await?;
        let configuration: Value = serde_json::from_str(&configuration)
            .map_err(|_| IssuerError::Malformed(format!("{discovery} is not JSON")))?;
        let text = |name: &str| configuration.get(name).and_then(Value::as_str);
        if text("issuer") != Some(issuer) {
            return Err(IssuerError::Malformed(format!("{discovery} is of another issuer")));
        }
        let keys = text("jwks_uri")
            .ok_or_else(|| IssuerError::Malformed(format!("{discovery} does not say where the keys are")))?;
        let (text, max_age) = self.get(keys, issuer).await?;
        Ok(KeysDocument { text, max_age })
    }

    /// A document, and how long it may be kept.
    async fn get(&self, url: &str, issuer: &str) -> Result<(String, Option<Millis>), IssuerError> {
        if !may_ask(url, issuer) {
            return Err(IssuerError::Malformed(format!("{} is not to be asked", shortened(url))));
        }
        let exchange = Timeout::new(Box::pin(self.exchange(url)), TokioSleep::new().sleep(DOCUMENT));
        let late = |_| IssuerError::Unavailable(format!("{} took too long", shortened(url)));
        exchange.await.map_err(late)?
    }

    async fn exchange(&self, url: &str) -> Result<(String, Option<Millis>), IssuerError> {
        let named = shortened(url);
        let mut request =
            Request::get(url).map_err(|_| IssuerError::Malformed(format!("{named} is no URL")))?;
        request.headers_mut().insert("accept", "application/json");
        request.headers_mut().insert("user-agent", concat!("capstan/", env!("CARGO_PKG_VERSION")));
        let response = self.0.call(request).await;
        let mut response =
            response.map_err(|_| IssuerError::Unavailable(format!("{named} can't be reached")))?;
        let status = response.status().as_u16();
        // A redirect is no answer either: where the keys are stands in the document.
        if status != 200 {
            return Err(IssuerError::Unavailable(format!("{named} answers {status}")));
        }
        let max_age = max_age(&response);
        let mut body = ByteStream::new(response.take_body());
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| IssuerError::Unavailable(format!("{named} breaks off")))?;
            if bytes.len() + chunk.len() > MAX_DOCUMENT {
                return Err(IssuerError::Malformed(format!("{named} is longer than {MAX_DOCUMENT} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = String::from_utf8(bytes);
        Ok((text.map_err(|_| IssuerError::Malformed(format!("{named} is not UTF-8")))?, max_age))
    }
}

impl IssuerKeys for Aws {
    async fn issuer_keys(&self, issuer: &str) -> Result<KeysDocument, IssuerError> {
        self.issuers.get_or_init(Issuers::new).keys(issuer).await
    }
}

/// https; or http on this machine, for an issuer that is itself there.
fn may_ask(url: &str, issuer: &str) -> bool {
    let here = |url: &str| {
        let authority = url.strip_prefix("http://").map(|rest| rest.split('/').next().unwrap_or_default());
        let host = authority.map(|authority| authority.split(':').next().unwrap_or_default());
        host.is_some_and(|host| ["127.0.0.1", "localhost"].contains(&host))
    };
    let clean = url.len() <= 1_024 && url.bytes().all(|byte| byte.is_ascii_graphic());
    clean && (url.starts_with("https://") || here(url) && here(issuer))
}

/// A URL as logs show it.
fn shortened(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().chars().take(200).collect()
}

/// `Cache-Control` (RFC 9111 §5.2.2): of what must not be kept, nothing is.
fn max_age(response: &Response<SdkBody>) -> Option<Millis> {
    let mut age = None;
    for directive in response.headers().get_all("cache-control").flat_map(|header| header.split(',')) {
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
