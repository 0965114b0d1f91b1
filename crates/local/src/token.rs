//! Development tokens, and the key they are signed with.
//!
//! What a token looks like is the authorizer's; here it is issued. The key is made on
//! first use and lies beside the data, readable by its owner alone: a key compiled in, or one that all installations
//! share, would be no key.

use authorizer::{Claims, ISSUER};
use capstan_core::ids::{TenantId, hex};
use capstan_core::tier::Role;
use capstan_core::time::{Millis, Timestamp};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

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
    /// Something else is in the file of the audit's key.
    #[error("{} does not hold the private key that the audit is sealed with. Put it back from a backup. If it is lost, move \
             the file away, and a new one is made; seals of the old one are then checked with `--key` and its public half",
             path.display())]
    DamagedAuditKey {
        /// The file.
        path: PathBuf,
    },
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes ({0})")]
    Random(String),
}

/// A token for a caller, good from `now` on for so long.
pub fn issue(
    key: &str,
    subject: &str,
    role: Role,
    tenant: &TenantId,
    now: Timestamp,
    life: Millis,
) -> String {
    let claims = Claims {
        iss: ISSUER.to_owned(),
        sub: subject.to_owned(),
        role,
        tenant: tenant.clone(),
        iat: now.as_millis() / 1_000,
        exp: (now + life).as_millis() / 1_000,
    };
    authorizer::sign(&claims, key)
}

/// The key in this folder; made, with the folder, if there is none.
pub fn key(folder: &Path) -> Result<String, KeyError> {
    let path = folder.join("dev-token-key");
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    make(folder, "dev-token-key", format!("{}\n", hex(&random::<32>()?)).as_bytes())?;
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

/// What lies in the file of this name; made, with the folder, if there is none.
pub(crate) fn kept(
    folder: &Path,
    name: &str,
    new: impl FnOnce() -> Result<Vec<u8>, KeyError>,
) -> Result<Vec<u8>, KeyError> {
    let path = folder.join(name);
    let failed = |source| KeyError::Io { path: path.clone(), source };
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read.map_err(failed),
    }
    make(folder, name, &new()?)?;
    // Another process may have been first: what lies there now holds.
    fs::read(&path).map_err(failed)
}

/// Writes it whole beside its place, then links it there unless something lies there already.
fn make(folder: &Path, name: &str, content: &[u8]) -> Result<(), KeyError> {
    let path = &folder.join(name);
    let failed = |source| KeyError::Io { path: path.clone(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    let draft = folder.join(format!(".{name}.{}", hex(&random::<8>()?)));
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(failed)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
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
