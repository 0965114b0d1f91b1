//! HTTP to those who are no service of AWS: the issuer of tokens and the system's own API, with the client that the SDK brings.
//!
//! An exchange is one request and one answer: no redirect is followed, nothing is sent twice, and an answer that is too large
//! or too late is none. It goes over https, or over http within this machine. What went wrong names the URL without its query,
//! and nothing of what was sent or came: either may hold tokens.

use crate::Aws;
use aws_smithy_async::future::timeout::Timeout;
use aws_smithy_async::rt::sleep::{AsyncSleep, TokioSleep};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::http::{Headers, Request};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use capstan_core::web::{authority, is_loopback};
use std::time::Duration;

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(2);
/// How long a connection is kept for the next request. A function is stopped between events and does not see a server hang
/// up; asked over a line that is dead, it could not tell whether an act was done. Few servers hang up before 5 s (Node's default).
const IDLE: Duration = Duration::from_secs(4);
/// The longest URL that is asked: what API Gateway takes as a whole.
const MAX_URL: usize = 8 * 1024;

/// The client for all of them, with one pool of connections.
#[derive(Debug)]
pub(crate) struct Http(Connector);

/// What an exchange may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From the first byte sent to the last received.
    pub(crate) time: Duration,
    /// The largest body that is taken, in bytes.
    pub(crate) body: usize,
}

/// What is sent.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    pub(crate) headers: &'a [(&'static str, &'a str)],
    pub(crate) body: Option<&'a str>,
}

/// What came.
pub(crate) struct Came {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: String,
}

/// Why nothing came that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// Nothing was sent.
    #[error("{0}")]
    NotSent(String),
    /// There was no whole answer. What was asked for may have been done.
    #[error("{0}")]
    NoAnswer(String),
    /// There was one, and nobody takes it.
    #[error("{0}")]
    Unfit(String),
}

impl Http {
    pub(crate) fn new() -> Self {
        // What bounds the whole of an exchange bounds its reading too.
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).build();
        let tls = Provider::Rustls(CryptoMode::Ring);
        let builder = Connector::builder().connector_settings(settings).sleep_impl(TokioSleep::new());
        let builder = builder.pool_idle_timeout(IDLE);
        Self(builder.tls_provider(tls).build())
    }

    /// One request and its answer, whatever its status.
    pub(crate) async fn exchange(&self, sent: Sent<'_>, limits: Limits) -> Result<Came, Trouble> {
        let named = shortened(sent.url);
        if !is_safe(sent.url) {
            return Err(Trouble::NotSent(format!("{named} is not to be asked")));
        }
        let exchange =
            Timeout::new(Box::pin(self.send(sent, limits.body)), TokioSleep::new().sleep(limits.time));
        exchange.await.map_err(|_| Trouble::NoAnswer(format!("{named} took too long")))?
    }

    async fn send(&self, sent: Sent<'_>, most: usize) -> Result<Came, Trouble> {
        let named = shortened(sent.url);
        let mut response = self
            .0
            .call(request(sent)?)
            .await
            .map_err(|_| Trouble::NoAnswer(format!("{named} can't be reached")))?;
        let mut body = ByteStream::new(response.take_body());
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| Trouble::NoAnswer(format!("{named} breaks off")))?;
            if bytes.len() + chunk.len() > most {
                return Err(Trouble::Unfit(format!("{named} is longer than {most} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        let body = String::from_utf8(bytes).map_err(|_| Trouble::Unfit(format!("{named} is not UTF-8")))?;
        Ok(Came { status: response.status().as_u16(), headers: response.headers().clone(), body })
    }
}

impl Aws {
    /// The client, made when it is first called for.
    pub(crate) fn http(&self) -> &Http {
        self.http.get_or_init(Http::new)
    }
}

fn request(sent: Sent<'_>) -> Result<Request, Trouble> {
    let no_request = || Trouble::NotSent(format!("{} can't be asked like that", shortened(sent.url)));
    let mut request = Request::new(sent.body.map_or_else(SdkBody::empty, SdkBody::from));
    request.set_method(sent.method).map_err(|_| no_request())?;
    request.set_uri(sent.url).map_err(|_| no_request())?;
    let always =
        [("accept", "application/json"), ("user-agent", concat!("capstan/", env!("CARGO_PKG_VERSION")))];
    for (name, value) in always.iter().chain(sent.headers) {
        // What can't stand in a header ends here, and is not shown: it may be a token.
        request.headers_mut().try_insert(*name, (*value).to_owned()).map_err(|_| no_request())?;
    }
    Ok(request)
}

/// Whether a URL may be asked: https, or http within this machine.
fn is_safe(url: &str) -> bool {
    let clean = url.len() <= MAX_URL && url.bytes().all(|byte| byte.is_ascii_graphic());
    clean && (url.starts_with("https://") || is_here(url))
}

/// Whether a URL is http within this machine.
pub(crate) fn is_here(url: &str) -> bool {
    url.starts_with("http://") && is_loopback(authority(url))
}

/// A URL as logs show it.
pub(crate) fn shortened(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_others_can_not_listen() {
        for (url, safe) in [
            ("https://abc.example/dev/tier?x=1", true),
            ("http://127.0.0.1:3000/tier", true),
            ("http://localhost?x", true),
            ("http://abc.example/tier", false),
            ("http://169.254.169.254/latest/meta-data", false),
            ("http://127.0.0.1.abc.example/", false),
            ("http://127.0.0.1:80@abc.example/", false),
            ("file:///etc/passwd", false),
            ("https://abc.example/a b", false),
            ("", false),
        ] {
            assert_eq!(is_safe(url), safe, "{url}");
        }
        assert!(!is_safe(&format!("https://abc.example/{}", "x".repeat(MAX_URL))));
    }

    #[test]
    fn what_can_not_be_sent_is_not_shown() {
        let try_out = |method, url, bearer| {
            let headers = [("authorization", bearer)];
            request(Sent { method, url, headers: &headers, body: None }).map(drop)
        };
        let (url, good) = ("https://abc.example/tier?code=secret", "Bearer e30.e30.c2ln");
        let refused = Trouble::NotSent("https://abc.example/tier can't be asked like that".to_owned());
        assert_eq!(try_out("GET", url, "Bearer e30.secret\r\nx-more: 1"), Err(refused.clone()));
        assert_eq!(try_out("A B", url, good), Err(refused));
        assert_eq!(try_out("GET", url, good), Ok(()));
    }
}
