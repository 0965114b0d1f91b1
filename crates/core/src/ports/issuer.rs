//! The issuer of the callers' tokens: where the keys come from by which those are verified.

use crate::time::Millis;
use std::future::Future;

/// A set of public keys as its issuer publishes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysDocument {
    /// The JSON Web Key Set (RFC 7517), not looked at yet.
    pub text: String,
    /// How long it may be kept, as the issuer has it (`Cache-Control: max-age`); `None`: it does not say.
    pub max_age: Option<Millis>,
}

/// Why the keys could not be had. The text is for logs; it holds nothing of a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// No answer, or one that says that there is none now.
    #[error("the issuer does not answer: {0}")]
    Unavailable(String),
    /// An answer that can't be what was asked for.
    #[error("the issuer's answer makes no sense: {0}")]
    Malformed(String),
}

/// The keys of an issuer.
pub trait IssuerKeys: Sync {
    /// The key set of the issuer of this name (its URL, as in the tokens' `iss`), asked for now.
    fn issuer_keys(&self, issuer: &str) -> impl Future<Output = Result<KeysDocument, IssuerError>> + Send;
}
