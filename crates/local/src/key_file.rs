//! Keys that lie beside the data: made once, whole or not at all, readable by their owner alone.

use capstan_core::ids::hex;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read, or not be made.
    #[error("the key in {} can't be read or made", path.display())]
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
    /// The cryptography refuses the key.
    #[error("the key for tokens can't be used")]
    Refused,
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

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| KeyError::Random(error.to_string()))?;
    Ok(bytes)
}
