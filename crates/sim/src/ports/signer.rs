//! The key of the audit's seals.

use super::{Ports, named};
use crate::cloud::{Answer, Refusal, require};
use crate::operation::Operation;
use capstan_core::audit::{PublicKey, SigningAlgorithm, simulated_signature};
use capstan_core::ports::{CloudErrorKind, CloudResult, Signer};

/// KMS takes no longer message as it is.
const LONGEST_MESSAGE: usize = 4_096;
const KEY: &str = "alias/cato-tier-audit";

impl Signer for Ports {
    async fn sign(&self, message: &[u8]) -> CloudResult<Vec<u8>> {
        let answer: Answer<Vec<u8>> = self
            .call(Operation::Sign, KEY, |world, _| {
                require((1..=LONGEST_MESSAGE).contains(&message.len()), || {
                    format!("a message of {} bytes is not one of 1 to {LONGEST_MESSAGE}", message.len())
                })?;
                match &world.config.signing_key {
                    Some(key) => key
                        .sign(message)
                        .map_err(|message| Refusal { kind: CloudErrorKind::Unavailable, message }),
                    None => Ok(simulated_signature(message)),
                }
            })
            .await;
        named(Operation::Sign, KEY, answer)
    }

    async fn public_key(&self) -> CloudResult<PublicKey> {
        self.look(Operation::GetPublicKey, KEY, |world| match &world.config.signing_key {
            Some(key) => key.public_key(),
            None => PublicKey { algorithm: SigningAlgorithm::Simulated, der: b"simulated".to_vec() },
        })
        .await
    }
}
