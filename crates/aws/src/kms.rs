//! The key of the audit's seals, in KMS: signing there, so that the private half is nowhere else.

use crate::Aws;
use crate::refusal::{Call, Said, Service};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use capstan_core::audit::{PublicKey, SigningAlgorithm};
use capstan_core::ports::{CloudError, CloudErrorKind, CloudResult, Signer};

const SERVICE: Service = Service { name: "kms", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        // A key that is disabled or about to be deleted: only a person can cure it.
        "Disabled" | "KMSInvalidState" => CloudErrorKind::Denied,
        "NotFound" => CloudErrorKind::NotFound,
        "InvalidKeyUsage" | "InvalidArn" | "InvalidGrantToken" => CloudErrorKind::Invalid,
        "KeyUnavailable" | "DependencyTimeout" | "KMSInternal" => CloudErrorKind::Unavailable,
        _ => return None,
    })
}

impl Aws {
    fn audit_key<'a>(&'a self, operation: &'static str) -> Result<(Call<'a>, &'a str), CloudError> {
        let key = self.config.audit_key_arn.as_deref();
        let call = Call { service: SERVICE, operation, resource: key.unwrap_or_default() };
        let missing =
            || call.refuse(CloudErrorKind::Invalid, "environment variable AUDIT_KEY_ARN is missing");
        Ok((call, key.ok_or_else(missing)?))
    }
}

impl Signer for Aws {
    /// Signing changes nothing, so a lost answer leaves no doubt.
    async fn sign(&self, message: &[u8]) -> CloudResult<Vec<u8>> {
        let (call, key) = self.audit_key("Sign")?;
        let request = self
            .kms()
            .sign()
            .key_id(key)
            .message(Blob::new(message))
            .message_type(MessageType::Raw)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256);
        let answer = look!(call, request)?;
        Ok(call.need(answer.signature, "signature")?.into_inner())
    }

    async fn public_key(&self) -> CloudResult<PublicKey> {
        let (call, key) = self.audit_key("GetPublicKey")?;
        let answer = look!(call, self.kms().get_public_key().key_id(key))?;
        if !answer.signing_algorithms().contains(&SigningAlgorithmSpec::EcdsaSha256) {
            return Err(call.refuse(CloudErrorKind::Invalid, "the key does not sign by ECDSA_SHA_256"));
        }
        let der = call.need(answer.public_key, "public key")?.into_inner();
        Ok(PublicKey { algorithm: SigningAlgorithm::EcdsaSha256, der })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{Denied, Invalid, NotFound, Throttled, Unavailable};

    #[test]
    fn refusals_mean_what_they_say() {
        for (status, code, kind) in [
            (400, "NotFoundException", NotFound),
            (400, "DisabledException", Denied),
            (400, "KMSInvalidStateException", Denied),
            (400, "AccessDeniedException", Denied),
            (400, "InvalidKeyUsageException", Invalid),
            (500, "KeyUnavailableException", Unavailable),
            (500, "KMSInternalException", Unavailable),
            (400, "ThrottlingException", Throttled),
        ] {
            assert_eq!(told(SERVICE, "Sign", status, code, ""), kind, "{code}");
        }
    }
}
