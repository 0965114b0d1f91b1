//! The system's own API, asked as its callers ask it: for the console, with the token of whoever is signed in.

use crate::Aws;
use crate::http::{Came, Http, Limits, Sent};
use capstan_core::ports::{Answered, ApiClient, Ask, NoAnswer};
use std::time::Duration;

/// API Gateway gives up after 29 s, and so does whoever asked the asker. A Lambda answers with 6 MB at most.
const LIMITS: Limits = Limits { time: Duration::from_secs(25), body: 6 * 1024 * 1024 };

impl ApiClient for Aws {
    async fn ask(&self, ask: Ask<'_>) -> Result<Answered, NoAnswer> {
        ask_with(self.http(), ask, LIMITS).await
    }
}

async fn ask_with(http: &Http, ask: Ask<'_>, limits: Limits) -> Result<Answered, NoAnswer> {
    let bearer = format!("Bearer {}", ask.bearer);
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(ask.body.map(|_| ("content-type", "application/json")));
    headers.extend(ask.idempotency_key.map(|key| ("idempotency-key", key)));
    let sent = Sent { method: ask.method, url: ask.url, headers: &headers, body: ask.body };
    let came = http.exchange(sent, limits).await.map_err(|trouble| NoAnswer(trouble.to_string()))?;
    let Came { status, body, .. } = came;
    Ok(Answered { status, body })
}

#[cfg(test)]
mod tests;
