//! A digest where a number or a mark must follow from data, and be the same in every build: the standard library's
//! hasher may change with the compiler, and what is stored by one build is read by the next.

use sha2::{Digest, Sha256};

/// The digest of these parts, kept apart from each other.
pub(crate) fn of(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The first 64 bits of it.
pub(crate) fn number(parts: &[&[u8]]) -> u64 {
    of(parts).iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}
