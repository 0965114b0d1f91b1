//! Seals: what is signed of a chain.

use super::{Form, GENESIS};
use crate::ids::hex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// What a key signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// ECDSA on the curve P-256 over SHA-256; a signature is ASN.1, as KMS has it (`ECDSA_SHA_256`).
    #[serde(rename = "ECDSA_SHA_256")]
    EcdsaSha256,
    /// No signature: a hash that anybody can make, the same from run to run. Only for worlds that live in memory.
    #[serde(rename = "SIMULATED")]
    Simulated,
}

/// The public half of the key that seals are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// The key as `SubjectPublicKeyInfo`, DER, as KMS hands it out.
    pub der: Vec<u8>,
}

impl PublicKey {
    /// By what seals name it: the first 32 hexadecimal digits of SHA-256 over the DER form.
    pub fn id(&self) -> String {
        hex(&Sha256::digest(&self.der)[..16])
    }
}

/// The "signature" of a simulated key.
pub fn simulated_signature(message: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update(b"capstan simulated signature\0").chain_update(message).finalize().to_vec()
}

/// The rows that were written before there was a chain: how many, and a hash over them in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// How many.
    pub count: u64,
    /// SHA-256 over the hash so far, the sort key and the JSON of each; [`GENESIS`] for none.
    pub hash: String,
}

impl Default for Before {
    fn default() -> Self {
        Self { count: 0, hash: GENESIS.to_owned() }
    }
}

impl Before {
    /// Takes in the next row.
    pub fn add(&mut self, sort: &str, row: &Map<String, Value>) {
        let mut form = Form::new(b"capstan.audit.before.v1\0");
        form.text(&self.hash);
        form.text(sort);
        // The names of a map of serde_json are in order.
        form.text(&Value::Object(row.clone()).to_string());
        *self = Self { count: self.count + 1, hash: form.finish() };
    }
}

/// A signed statement: this tenant's chain had this hash at this place by this time. Kept for ever, and chained too, so
/// that one taken out from between others is missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Whose tenant.
    pub tenant_id: String,
    /// The last entry it covers.
    pub seq: u64,
    /// That entry's hash.
    pub hash: String,
    /// Counts the tenant's seals from 1.
    pub number: u64,
    /// The digest of the seal before; [`GENESIS`] in the first.
    pub prev: String,
    /// How many rows there were before the chain. Found by the first seal, and the same in all.
    pub before_count: u64,
    /// Their hash.
    pub before_hash: String,
    /// When it was signed, RFC 3339.
    pub sealed_at: String,
    /// [`PublicKey::id`] of the key.
    pub key_id: String,
    /// The signature over [`Seal::message`], in hexadecimal digits.
    pub signature: String,
}

impl Seal {
    /// What is signed: `capstan.audit.seal.v1` and a zero byte, then each field but the signature, in the order of the type
    /// and in the form that entries have.
    pub fn message(&self) -> Vec<u8> {
        let mut form = Form::new(b"capstan.audit.seal.v1\0");
        form.text(&self.tenant_id);
        form.text(&self.seq.to_string());
        form.text(&self.hash);
        form.text(&self.number.to_string());
        form.text(&self.prev);
        form.text(&self.before_count.to_string());
        form.text(&self.before_hash);
        form.text(&self.sealed_at);
        form.text(&self.key_id);
        form.0
    }

    /// What the next seal names as the one before it.
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(self.message()))
    }

    /// The signature's bytes; `None` if they are no hexadecimal digits.
    pub fn signature_bytes(&self) -> Option<Vec<u8>> {
        let digits = self.signature.as_bytes();
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        if !digits.len().is_multiple_of(2) {
            return None;
        }
        digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
    }

    /// What it says of the rows before the chain.
    pub fn before(&self) -> Before {
        Before { count: self.before_count, hash: self.before_hash.clone() }
    }
}
