//! What the console asks of others: the API, with its user's own token, and the issuer, for people who sign in.

use super::IssuerError;
use std::future::Future;

/// A request to the API.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// The whole URL, with its query.
    pub url: &'a str,
    /// Whose token it is sent with.
    pub bearer: &'a str,
    /// `Idempotency-Key`, where the act is to be done once.
    pub idempotency_key: Option<&'a str>,
    /// The body, JSON.
    pub body: Option<&'a str>,
}

/// What the API answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// The body, as it came.
    pub body: String,
}

/// There was no answer. Whether an act was carried out is then not known: the same key sent again finds out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the API does not answer: {0}")]
pub struct NoAnswer(pub String);

/// The API, as its callers see it.
pub trait ApiClient: Sync {
    /// Sends a request, once.
    fn ask(&self, ask: Ask<'_>) -> impl Future<Output = Result<Answered, NoAnswer>> + Send;
}

/// Where people sign in (OpenID Connect Discovery 1.0, §3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInEndpoints {
    /// `authorization_endpoint`, where browsers go.
    pub authorization: String,
    /// `token_endpoint`, where codes are redeemed.
    pub token: String,
    /// `end_session_endpoint`, where one signs out of the issuer too, if it has one.
    pub end_session: Option<String>,
}

/// The issuer, as applications see it in which people sign in.
pub trait SignIn: Sync {
    /// Where people sign in with the issuer of this name (its URL, as in the tokens' `iss`).
    fn sign_in_endpoints(
        &self,
        issuer: &str,
    ) -> impl Future<Output = Result<SignInEndpoints, IssuerError>> + Send;

    /// Redeems a code (RFC 6749 §4.1.3): sends the form, urlencoded, and gives the answer's status and body, which is JSON
    /// in any case that the standard knows.
    fn redeem(
        &self,
        issuer: &str,
        token_endpoint: &str,
        form: &str,
    ) -> impl Future<Output = Result<Answered, IssuerError>> + Send;
}
