//! The key that the audit is sealed with.

use super::CloudResult;
use crate::audit::PublicKey;
use std::future::Future;

/// Signs. The private half of the key never leaves what carries this out.
pub trait Signer: Sync {
    /// The signature over a message of at most 4096 bytes.
    fn sign(&self, message: &[u8]) -> impl Future<Output = CloudResult<Vec<u8>>> + Send;
    /// The public half of the key.
    fn public_key(&self) -> impl Future<Output = CloudResult<PublicKey>> + Send;
}
