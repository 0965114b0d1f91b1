//! The issuer that a system on one machine is for itself: its key, what it publishes, the tokens it signs.
//!
//! How a token is verified is the authorizer's, and the same as for any other issuer. The key (Ed25519) is made on first
//! use and lies beside the data, readable by its owner alone: a key compiled in, or one that all installations share, would
//! be no key.

use crate::key_file::{KeyError, kept, random};
use crate::template::Parameters;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use capstan_core::ids::{TenantId, hex};
use capstan_core::ports::KeysDocument;
use capstan_core::tier::Role;
use capstan_core::time::{Millis, Timestamp};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::Path;

/// The issuer's name in tokens. It stays when the port is another, so that tokens stay good; with the usual port it is also
/// where the issuer can be asked.
pub const ISSUER: &str = "http://127.0.0.1:3000";
/// For whom tokens are, as the template has it.
pub const AUDIENCE: &str = "capstan";

const FILE: &str = "issuer-key";

/// What the template's parameters are on one machine.
pub fn parameters() -> Parameters {
    Parameters::from([
        ("Environment".to_owned(), "local".to_owned()),
        ("OidcIssuer".to_owned(), ISSUER.to_owned()),
        ("OidcAudience".to_owned(), AUDIENCE.to_owned()),
        // The simulated cloud trains by itself, whatever the image.
        ("IopsModelImage".to_owned(), "capstan/model:local".to_owned()),
    ])
}

/// Whom a token is for.
#[derive(Debug, Clone, Copy)]
pub struct Bearer<'a> {
    /// Who calls.
    pub subject: &'a str,
    /// The role.
    pub role: Role,
    /// The tenant.
    pub tenant: &'a TenantId,
}

/// An issuer with its key.
pub struct Issuer {
    pair: Ed25519KeyPair,
    kid: String,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Issuer {
    /// The issuer whose key comes of this seed.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Refused)?;
        // RFC 7638: the hash of the key's own members, in this order and without spaces.
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
        Ok(Self { pair, kid: URL_SAFE_NO_PAD.encode(thumbprint) })
    }

    /// The issuer whose key lies in this folder; made, with the folder, if there is none.
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        Self::from_seed(&seed(folder)?)
    }

    /// An issuer for one run, whose key nobody else gets to know.
    pub fn passing() -> Result<Self, KeyError> {
        Self::from_seed(&random()?)
    }

    /// The name of its key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Its public key as a JSON Web Key.
    pub fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid, "alg": "EdDSA", "use": "sig"})
    }

    /// What it publishes.
    pub fn document(&self) -> KeysDocument {
        KeysDocument { text: json!({"keys": [self.jwk()]}).to_string(), max_age: None }
    }

    /// A token that is good from `now` on for so long.
    pub fn token(&self, bearer: Bearer<'_>, now: Timestamp, life: Millis) -> String {
        self.sign(&claims(bearer, now, life))
    }

    /// The same for a sign-in, which it names by its nonce (OpenID Connect Core 1.0 §2).
    pub fn id_token(&self, bearer: Bearer<'_>, now: Timestamp, life: Millis, nonce: &str) -> String {
        let mut claims = claims(bearer, now, life);
        claims["nonce"] = json!(nonce);
        self.sign(&claims)
    }

    /// Signs claims, whatever they say.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(&json!({"alg": "EdDSA", "typ": "JWT", "kid": self.kid}), claims)
    }

    /// The same under a header of one's own.
    pub fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        format!("{signed}.{}", self.signature(&signed))
    }

    /// The third part of a token, for the first two with the dot between them.
    pub fn signature(&self, signed: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes()).as_ref())
    }
}

fn claims(bearer: Bearer<'_>, now: Timestamp, life: Millis) -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": bearer.subject,
        "role": bearer.role,
        "tenant": bearer.tenant,
        "iat": now.as_millis() / 1_000,
        "exp": (now + life).as_millis() / 1_000,
    })
}

fn seed(folder: &Path) -> Result<[u8; 32], KeyError> {
    let new = || Ok(format!("{}\n", hex(&random::<32>()?)).into_bytes());
    let bytes = kept(folder, FILE, new)?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    unhex(text.trim()).ok_or_else(|| KeyError::Damaged { path: folder.join(FILE) })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("capstan-issuer-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        folder
    }

    #[test]
    fn the_key_is_made_once_and_for_its_owner_alone() {
        let folder = folder("made");
        let first = Issuer::open(&folder).unwrap();
        assert_eq!(Issuer::open(&folder).unwrap().jwk(), first.jwk());
        let mode = fs::metadata(folder.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no draft is left");
        let secret = fs::read_to_string(folder.join(FILE)).unwrap();
        assert!(!format!("{first:?} {}", first.document().text).contains(secret.trim()));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_no_key_is_refused_and_left_alone() {
        let folder = folder("damaged");
        fs::create_dir_all(&folder).unwrap();
        for damaged in ["short", "", &"g".repeat(64), &"0".repeat(65)] {
            fs::write(folder.join(FILE), damaged).unwrap();
            assert!(Issuer::open(&folder).unwrap_err().to_string().contains("Delete it"));
            assert_eq!(fs::read_to_string(folder.join(FILE)).unwrap(), damaged);
        }
        fs::remove_dir_all(folder).unwrap();
    }

    /// RFC 8037, appendix A: the key, its thumbprint, and a signature by it.
    #[test]
    fn it_signs_as_the_standard_does() {
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let issuer = Issuer::from_seed(&seed.try_into().unwrap()).unwrap();
        assert_eq!(issuer.jwk()["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(issuer.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let signed = issuer.pair.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
        assert_eq!(
            URL_SAFE_NO_PAD.encode(signed.as_ref()),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }
}
