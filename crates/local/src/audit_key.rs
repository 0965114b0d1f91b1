//! The key that this machine's audit is sealed with.
//!
//! It takes the place of one in KMS: made on first use, beside the data, readable by its owner alone. Who can read it can
//! forge seals, and on one machine that is whoever runs the system; what the seals are worth is kept by who holds receipts.

use crate::key_file::{KeyError, kept};
use capstan_core::audit::PublicKey;
use signing::LocalKey;
use std::path::Path;
use std::sync::Arc;

/// The file's name, in the folder of the data.
pub const FILE: &str = "audit-key.pk8";

/// A key in a file.
#[derive(Debug)]
struct FileKey(LocalKey);

impl sim::SigningKey for FileKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        self.0.sign(message).map_err(|error| error.to_string())
    }
    fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }
}

/// The key in this folder; made, with the folder, if there is none.
pub fn open(folder: &Path) -> Result<Arc<dyn sim::SigningKey>, KeyError> {
    let make = || LocalKey::generate().map_err(|error| KeyError::Random(error.to_string()));
    let bytes = kept(folder, FILE, make)?;
    let key = LocalKey::read(&bytes).map_err(|_| KeyError::DamagedAuditKey { path: folder.join(FILE) })?;
    Ok(Arc::new(FileKey(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("capstan-audit-key-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        folder
    }

    #[test]
    fn the_key_is_made_once_and_for_its_owner_alone() {
        let folder = folder("made");
        let first = open(&folder).unwrap();
        let signature = first.sign(b"sealed").unwrap();
        let again = open(&folder).unwrap().public_key();
        assert_eq!(again, first.public_key());
        assert!(signing::verify(&again, b"sealed", &signature));
        let mode = fs::metadata(folder.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no draft is left");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_damaged_key_is_refused_and_left_alone() {
        let folder = folder("damaged");
        drop(open(&folder).unwrap());
        let path = folder.join(FILE);
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(100);
        fs::write(&path, &bytes).unwrap();
        let said = open(&folder).unwrap_err().to_string();
        assert!(said.contains(FILE) && said.contains("backup"), "{said}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
        fs::remove_dir_all(folder).unwrap();
    }
}
