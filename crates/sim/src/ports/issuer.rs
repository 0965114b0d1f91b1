//! The issuer of the callers' tokens.

use super::{FromFault, Ports};
use crate::operation::Operation;
use capstan_core::ports::{CloudErrorKind, IssuerError, IssuerKeys, KeysDocument};

impl FromFault for IssuerError {
    /// Whatever goes wrong with it, it does not answer.
    fn refused(_: CloudErrorKind, message: String) -> Self {
        Self::Unavailable(message)
    }
    fn stale() -> Self {
        Self::Unavailable("another was first".to_owned())
    }
}

impl IssuerKeys for Ports {
    async fn issuer_keys(&self, issuer: &str) -> Result<KeysDocument, IssuerError> {
        self.call(Operation::GetKeys, issuer, |world, _| {
            let known = world.issuer_keys(issuer).cloned();
            known.ok_or_else(|| IssuerError::Unavailable(format!("there is no issuer {issuer}")))
        })
        .await
    }
}
