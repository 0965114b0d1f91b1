//! Key sets (RFC 7517): which keys of one count, and what is signed with them.
//!
//! A key says itself with which algorithm it is used: RSA is RS256, P-256 is ES256, Ed25519 is EdDSA, and nothing else is
//! known. So what a token says about that can only agree or be refused. A key that is of another kind, for another use, too
//! short, or published with its private part is passed over, as RFC 7517 §5 has it.

use crate::json;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::{Map, Value};

/// The most keys of a set.
const MAX_KEYS: usize = 100;
/// The longest name of a key, in bytes.
pub(crate) const MAX_KID: usize = 256;
/// The shortest RSA key, in bits.
const MIN_RSA_BITS: usize = 2_048;
/// The longest that is computed with.
const MAX_RSA_BITS: usize = 8_192;

/// A signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
}

impl Algorithm {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }
    const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// The point, uncompressed (SEC 1 §2.3.3).
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// A public key that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    kid: Option<String>,
    material: Material,
}

impl Key {
    pub(crate) const fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256(_) => Algorithm::Es256,
            Material::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    /// Whether this key signed the message.
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rsa { modulus, exponent } => RsaPublicKeyComponents { n: modulus, e: exponent }
                .verify(&signature::RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
            Material::P256(point) => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signature)
                .is_ok(),
            Material::Ed25519(point) => {
                UnparsedPublicKey::new(&signature::ED25519, point).verify(message, signature).is_ok()
            }
        }
    }

    /// The key of a JSON Web Key; `None`: it does not count.
    fn read(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
        if private.iter().any(|name| jwk.contains_key(*name)) || !verifies(jwk) {
            return None;
        }
        let material = match (text("kty")?, text("crv")) {
            ("RSA", None) => rsa(text("n")?, text("e")?)?,
            ("EC", Some("P-256")) => {
                let point = [vec![4], bytes(text("x")?, 32)?, bytes(text("y")?, 32)?].concat();
                Material::P256(point)
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(text("x")?, 32)?),
            _ => return None,
        };
        let kid = match jwk.get("kid") {
            None => None,
            Some(Value::String(kid)) if (1..=MAX_KID).contains(&kid.len()) => Some(kid.clone()),
            Some(_) => return None,
        };
        let key = Self { kid, material };
        match jwk.get("alg") {
            None => Some(key),
            Some(Value::String(name)) if name == key.algorithm().name() => Some(key),
            Some(_) => None,
        }
    }
}

/// Whether the key is meant for verifying.
fn verifies(jwk: &Map<String, Value>) -> bool {
    let for_use = jwk.get("use").is_none_or(|usage| usage == "sig");
    let for_operation = jwk.get("key_ops").is_none_or(|operations| {
        operations.as_array().is_some_and(|operations| operations.iter().any(|one| one == "verify"))
    });
    for_use && for_operation
}

fn rsa(modulus: &str, exponent: &str) -> Option<Material> {
    let number = |text: &str| -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let first = bytes.iter().position(|byte| *byte != 0)?;
        Some(bytes[first..].to_vec())
    };
    let (modulus, exponent) = (number(modulus)?, number(exponent)?);
    let bits = modulus.len() * 8 - usize::try_from(modulus[0].leading_zeros()).ok()?;
    let good = (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits)
        && (exponent.len() > 1 || exponent[0] > 1)
        && exponent.len() <= 4
        && exponent[exponent.len() - 1] % 2 == 1;
    good.then_some(Material::Rsa { modulus, exponent })
}

fn bytes(text: &str, length: usize) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == length)
}

/// The keys of an issuer that count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeySet(Vec<Key>);

impl KeySet {
    /// Reads a key set; the error says what is wrong with it as a whole.
    pub(crate) fn read(text: &str) -> Result<Self, &'static str> {
        let document = json::object(text.as_bytes()).ok_or("it is not a JSON object, each name once")?;
        let keys = document.get("keys").and_then(Value::as_array).ok_or("it has no list `keys`")?;
        if keys.len() > MAX_KEYS {
            return Err("it has more than 100 keys");
        }
        Ok(Self(keys.iter().filter_map(|key| Key::read(key.as_object()?)).collect()))
    }

    /// The one key of this name; of a set of one, that one, for tokens that name none.
    pub(crate) fn find(&self, kid: Option<&str>) -> Option<&Key> {
        let mut found = self.0.iter().filter(|key| kid.is_none() || key.kid.as_deref() == kid);
        let first = found.next()?;
        // Of two neither is meant.
        found.next().is_none().then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn ed(more: &Value) -> Value {
        let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": X, "kid": "a"});
        for (name, value) in more.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    }

    fn set(keys: &Value) -> KeySet {
        KeySet::read(&json!({ "keys": keys }).to_string()).unwrap()
    }

    #[test]
    fn keys_that_do_not_count_are_passed_over() {
        assert_eq!(set(&json!([ed(&json!({}))])).0.len(), 1);
        let good = json!({"alg": "EdDSA", "use": "sig", "key_ops": ["verify"], "x5t": "whatever"});
        assert_eq!(set(&json!([ed(&good)])).0.len(), 1);
        let modulus = |bits: usize| {
            let mut bytes = vec![0xff; bits / 8];
            bytes[0] = 0x80;
            URL_SAFE_NO_PAD.encode(bytes)
        };
        assert_eq!(set(&json!([{"kty": "RSA", "n": modulus(2048), "e": "AQAB"}])).0.len(), 1);
        for (why, key) in [
            ("another curve", ed(&json!({"crv": "Ed448"}))),
            ("of another kind", ed(&json!({"kty": "EC"}))),
            ("another algorithm", ed(&json!({"alg": "ES256"}))),
            ("an HMAC algorithm", ed(&json!({"alg": "HS256"}))),
            ("for encryption", ed(&json!({"use": "enc"}))),
            ("for signing alone", ed(&json!({"key_ops": ["sign"]}))),
            ("operations that are no list", ed(&json!({"key_ops": "verify"}))),
            ("with its private part", ed(&json!({"d": X}))),
            ("a name that is no text", ed(&json!({"kid": 7}))),
            ("an empty name", ed(&json!({"kid": ""}))),
            ("a name of any length", ed(&json!({"kid": "k".repeat(MAX_KID + 1)}))),
            ("too short", ed(&json!({"x": &X[..40]}))),
            ("padded", ed(&json!({"x": format!("{X}=")}))),
            ("a shared secret", json!({"kty": "oct", "k": X, "kid": "a"})),
            ("RSA of 1024 bits", json!({"kty": "RSA", "n": modulus(1024), "e": "AQAB"})),
            ("RSA of 2040 bits", json!({"kty": "RSA", "n": modulus(2040), "e": "AQAB"})),
            (
                "RSA of 1024 bits and zeros",
                json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode([[0; 128], [0xff; 128]].concat()), "e": "AQAB"}),
            ),
            ("RSA with exponent 1", json!({"kty": "RSA", "n": modulus(2048), "e": "AQ"})),
            ("RSA with an even exponent", json!({"kty": "RSA", "n": modulus(2048), "e": "Ag"})),
            ("RSA with exponent 0", json!({"kty": "RSA", "n": modulus(2048), "e": "AA"})),
            ("RSA for RS512", json!({"kty": "RSA", "n": modulus(2048), "e": "AQAB", "alg": "RS512"})),
            ("P-384", json!({"kty": "EC", "crv": "P-384", "x": X, "y": X})),
            ("no object", json!("key")),
        ] {
            assert_eq!(set(&json!([key])).0.len(), 0, "{why}");
        }
    }

    #[test]
    fn one_key_is_meant_or_none() {
        let two = set(&json!([ed(&json!({})), ed(&json!({"kid": "b"}))]));
        assert_eq!(two.find(Some("b")).and_then(|key| key.kid.as_deref()), Some("b"));
        assert_eq!((two.find(Some("c")), two.find(Some("A")), two.find(None)), (None, None, None));
        let same = set(&json!([ed(&json!({})), {"kty": "EC", "crv": "P-256", "x": X, "y": X, "kid": "a"}]));
        assert_eq!(same.find(Some("a")), None, "two of one name");
        let nameless = json!({"kty": "OKP", "crv": "Ed25519", "x": X});
        assert!(set(&json!([nameless])).find(None).is_some());
        assert_eq!(set(&json!([nameless])).find(Some("a")), None);
        assert!(set(&json!([nameless, {"kty": "oct"}])).find(None).is_some(), "one that counts");
        assert_eq!(set(&json!([])).find(None), None);
    }

    #[test]
    fn a_set_is_an_object_with_keys() {
        for text in ["", "[]", "{}", r#"{"keys": {}}"#, r#"{"keys": [], "keys": []}"#, "<html>"] {
            assert!(KeySet::read(text).is_err(), "{text}");
        }
        let many = json!({"keys": vec![json!({}); MAX_KEYS + 1]}).to_string();
        assert!(KeySet::read(&many).is_err());
    }
}
