//! Signatures over the audit's seals: checked here for everybody, made here with a local key.
//!
//! ECDSA on P-256, since KMS has it and `ring` checks it in some 60 µs. In AWS the private half never leaves KMS; on one
//! machine it is a [`LocalKey`].

use capstan_core::audit::{PublicKey, Seal, SigningAlgorithm, simulated_signature};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};

/// What stands before the point of an uncompressed P-256 key in `SubjectPublicKeyInfo` (RFC 5480): the key's algorithm, its
/// curve, and a bit string of 66 bytes, whose first says that no bits are unused.
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// An uncompressed point: `04`, then x and y.
const POINT: usize = 65;

/// A key that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not a key of this kind.
    #[error("it is no private P-256 key in the form PKCS #8")]
    NotAKey,
    /// No key could be made.
    #[error("the operating system gives no random bytes for a key")]
    NoKey,
    /// Nothing could be signed.
    #[error("the operating system gives no random bytes for a signature")]
    NoSignature,
}

/// Whether the bytes are a public P-256 key as `SubjectPublicKeyInfo`, with its point uncompressed.
pub fn is_p256(der: &[u8]) -> bool {
    point(der).is_some()
}

fn point(der: &[u8]) -> Option<&[u8]> {
    der.strip_prefix(&P256_PREFIX).filter(|point| point.len() == POINT && point[0] == 4)
}

/// Whether a signature is one of the key over the message.
pub fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    match key.algorithm {
        SigningAlgorithm::EcdsaSha256 => point(&key.der).is_some_and(|point| {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature).is_ok()
        }),
        SigningAlgorithm::Simulated => simulated_signature(message) == signature,
    }
}

/// Whether a seal bears a signature of one of these keys: of the one that it names.
pub fn genuine(keys: &[PublicKey], seal: &Seal) -> bool {
    let key = keys.iter().find(|key| key.id() == seal.key_id);
    let signature = seal.signature_bytes();
    key.zip(signature).is_some_and(|(key, signature)| verify(key, &seal.message(), &signature))
}

/// A private key on this machine.
#[derive(Debug)]
pub struct LocalKey(EcdsaKeyPair);

impl LocalKey {
    /// A new key, in the form PKCS #8.
    pub fn generate() -> Result<Vec<u8>, KeyError> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
            .map(|document| document.as_ref().to_vec())
            .map_err(|_| KeyError::NoKey)
    }

    /// Reads a key in the form PKCS #8.
    pub fn read(pkcs8: &[u8]) -> Result<Self, KeyError> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &SystemRandom::new())
            .map(Self)
            .map_err(|_| KeyError::NotAKey)
    }

    /// Signs; two signatures over one message differ.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signed = self.0.sign(&SystemRandom::new(), message).map_err(|_| KeyError::NoSignature)?;
        Ok(signed.as_ref().to_vec())
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        let der = [&P256_PREFIX[..], self.0.public_key().as_ref()].concat();
        PublicKey { algorithm: SigningAlgorithm::EcdsaSha256, der }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_key_over_one_message() {
        let [key, other] = [(); 2].map(|()| LocalKey::read(&LocalKey::generate().unwrap()).unwrap());
        let signature = key.sign(b"sealed").unwrap();
        assert!(is_p256(&key.public_key().der));
        assert!(verify(&key.public_key(), b"sealed", &signature));
        assert!(!verify(&key.public_key(), b"altered", &signature));
        assert!(!verify(&other.public_key(), b"sealed", &signature));
        for at in 0..signature.len() {
            let mut altered = signature.clone();
            altered[at] ^= 1;
            assert!(!verify(&key.public_key(), b"sealed", &altered), "byte {at}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(LocalKey::read(b"nonsense").unwrap_err(), KeyError::NotAKey);
        let key = LocalKey::read(&LocalKey::generate().unwrap()).unwrap().public_key();
        for der in [&key.der[..90], &key.der[1..], &[]] {
            assert!(!is_p256(der));
            let cut = PublicKey { algorithm: SigningAlgorithm::EcdsaSha256, der: der.to_vec() };
            assert!(!verify(&cut, b"sealed", b""));
        }
    }
}
