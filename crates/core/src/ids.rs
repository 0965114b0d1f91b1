//! Identifiers, each a type of its own, so that a tenant can't be passed where a transition is meant.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a string is not the identifier it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a {what}: expected {expected}")]
pub struct InvalidId {
    /// What the string should have been.
    pub what: &'static str,
    /// The form that is accepted.
    pub expected: &'static str,
    /// What was given, cut to 64 characters.
    pub given: String,
}

/// A UUID in its canonical form: 8-4-4-4-12 lower-case hexadecimal digits. What is no UUID is given back.
fn canonical_uuid(mut text: String) -> Result<String, String> {
    let well_formed = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if !well_formed {
        return Err(text);
    }
    text.make_ascii_lowercase();
    Ok(text)
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads the canonical text form; upper case is accepted and folded.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
            /// The canonical text form.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                canonical_uuid(text).map(Self).map_err(|text| InvalidId {
                    what: $what,
                    expected: "a UUID such as 8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b",
                    given: text.chars().take(64).collect(),
                })
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

uuid_id!(
    /// A tenant: a customer of the platform. A tier belongs to a tenant.
    TenantId,
    "tenant id"
);
uuid_id!(
    /// One change of a tenant's tier. A version-7 UUID: ids sort by the time they were made.
    /// It is also the name of the change's execution, so starting twice is starting once.
    TransitionId,
    "transition id"
);
uuid_id!(
    /// One restore of a table. A version-7 UUID; also the name of its execution.
    RestoreId,
    "restore id"
);

uuid_id!(
    /// One change of a resource's scale. A version-7 UUID.
    ScaleId,
    "scale id"
);
uuid_id!(
    /// One release of a model of `IOps`. A version-7 UUID, and the name of the release's execution.
    ReleaseId,
    "release id"
);

impl TenantId {
    /// The tenant of those who have none: no tenant is called so (RFC 9562 §5.9).
    pub fn nobody() -> Self {
        Self("00000000-0000-0000-0000-000000000000".to_owned())
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        digits.push(digit(byte >> 4));
        digits.push(digit(byte & 0x0f));
    }
    digits
}

/// Builds a version-7 UUID (RFC 9562 §5.7) from the time in milliseconds and the first 80 bits of what is random.
pub fn uuid_v7(millis: u64, random: [u8; 16]) -> String {
    let mut bytes = [0u8; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&random[..10]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    let digits = hex(&bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_7_uuid_is_canonical_and_sorts_by_time() {
        let early = uuid_v7(1_700_000_000_000, [0xff; 16]);
        let late = uuid_v7(1_700_000_000_001, [0; 16]);
        assert!(early < late);
        assert_eq!(TransitionId::parse(&early).unwrap().as_str(), early);
        assert_eq!(&early[14..15], "7");
        assert!(matches!(&early[19..20], "8" | "9" | "a" | "b"));
    }

    #[test]
    fn ids_refuse_what_is_not_a_uuid() {
        for bad in [
            "",
            "x",
            "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5",
            "8d3c7a5205b1e-4f6a-9a2e-0c1d2e3f4a5b",
            "../../etc",
        ] {
            let error = TenantId::parse(bad).unwrap_err();
            assert!(error.to_string().contains("not a tenant id"), "{error}");
        }
        assert_eq!(
            TenantId::parse("8D3C7A52-5B1E-4F6A-9A2E-0C1D2E3F4A5B").unwrap().as_str(),
            "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b"
        );
    }
}
