//! Development tokens, and the key they are signed with.
//!
//! A token is a compact JWT (HS256), so that the same header works here and against a deployed API. The key is made on
//! first use and lies beside the data, readable by its owner alone: a key compiled in, or one that all installations
//! share, would be no key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The issuer that tokens name.
pub const ISSUER: &str = "capstan-dev";

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who.
    pub subject: String,
    /// In which role.
    pub role: String,
    /// For which tenant.
    pub tenant: String,
    /// Since when, in seconds since the epoch.
    pub issued_at: u64,
    /// Until when.
    pub expires_at: u64,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read, or not be made.
    #[error("the key for tokens in {} can't be read or made", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something else is in the file.
    #[error("{} does not hold a key of 64 hexadecimal digits. Delete it, and a new one is made; tokens signed with \
             the old one are void then", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes ({0})")]
    Random(String),
}

/// A signed token.
pub fn sign(claims: &Claims, key: &str) -> String {
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let body = json!({
        "sub": claims.subject,
        "role": claims.role,
        "tenant": claims.tenant,
        "iat": claims.issued_at,
        "exp": claims.expires_at,
        "iss": ISSUER,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&body));
    let signature = URL_SAFE_NO_PAD.encode(mac(key.as_bytes(), signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // A key of any length will do, so this never fails.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// The key in this folder; made, with the folder, if there is none.
pub fn key(folder: &Path) -> Result<String, KeyError> {
    let path = folder.join("dev-token-key");
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    make(folder, &path)?;
    // Another process may have been first: what lies there now holds.
    read(&path)?.ok_or(KeyError::Damaged { path })
}

fn read(path: &Path) -> Result<Option<String>, KeyError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(KeyError::Damaged { path: path.to_owned() });
        }
        Err(source) => return Err(KeyError::Io { path: path.to_owned(), source }),
    };
    let key = text.trim();
    if key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Some(key.to_owned()));
    }
    Err(KeyError::Damaged { path: path.to_owned() })
}

/// Writes it whole beside its place, then links it there unless something lies there already.
fn make(folder: &Path, path: &Path) -> Result<(), KeyError> {
    let failed = |source| KeyError::Io { path: path.to_owned(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    let text = hex(&random::<32>()?);
    let draft = folder.join(format!(".dev-token-key.{}", hex(&random::<8>()?)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(failed)?;
    let written = writeln!(file, "{text}").and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    // Whether or not it worked, the draft must not stay.
    drop(fs::remove_file(&draft));
    linked.map_err(failed)
}

/// A key for one run, which nobody else gets to know.
pub fn passing_key() -> Result<String, KeyError> {
    Ok(hex(&random::<32>()?))
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| KeyError::Random(error.to_string()))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("capstan-token-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        folder
    }

    #[test]
    fn a_token_is_a_jwt_signed_with_the_key() {
        let claims = Claims {
            subject: "ada".to_owned(),
            role: "admin".to_owned(),
            tenant: "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b".to_owned(),
            issued_at: 1,
            expires_at: 2,
        };
        let token = sign(&claims, "key");
        let parts: Vec<&str> = token.split('.').collect();
        let read = |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
        assert_eq!(read(parts[0]), json!({ "alg": "HS256", "typ": "JWT" }));
        let body = read(parts[1]);
        assert_eq!((&body["sub"], &body["iss"], &body["exp"]), (&json!("ada"), &json!(ISSUER), &json!(2)));
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        assert_eq!(signature, mac(b"key", format!("{}.{}", parts[0], parts[1]).as_bytes()));
        assert_ne!(sign(&claims, "other"), token);
    }

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(&mac(b"Jefe", b"what do ya want for nothing?")), expected);
    }

    #[test]
    fn the_key_is_made_once_and_for_its_owner_alone() {
        let folder = folder("made");
        let first = key(&folder).unwrap();
        assert_eq!(key(&folder).unwrap(), first);
        let mode = fs::metadata(folder.join("dev-token-key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no draft is left");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_no_key_is_refused_and_left_alone() {
        let folder = folder("damaged");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("dev-token-key"), "short").unwrap();
        assert!(key(&folder).unwrap_err().to_string().contains("Delete it"));
        assert_eq!(fs::read_to_string(folder.join("dev-token-key")).unwrap(), "short");
        fs::remove_dir_all(folder).unwrap();
    }
}
