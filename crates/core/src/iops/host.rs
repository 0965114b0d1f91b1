//! Names of hosts, by RFC 1123 §2.1.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest name, in bytes.
const LONGEST: usize = 253;
/// The longest part between two dots.
const LONGEST_LABEL: usize = 63;

/// A host's name. Case makes no difference in names, so it is kept in lower case and one host is never two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hostname(String);

impl Hostname {
    /// Reads a name; the error says what is wrong, and shows no more than 64 characters of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shown = || text.chars().take(64).flat_map(char::escape_debug).collect::<String>();
        if text.is_empty() || text.len() > LONGEST {
            return Err(format!("`{}` has {} characters, not 1 to {LONGEST}", shown(), text.len()));
        }
        let label = |label: &str| {
            (1..=LONGEST_LABEL).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if text.split('.').all(label) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(format!(
            "`{}` is no host name (RFC 1123): letters, digits and inner hyphens, in parts of at most {LONGEST_LABEL} \
             with dots between",
            shown()
        ))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Hostname {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}
impl From<Hostname> for String {
    fn from(host: Hostname) -> Self {
        host.0
    }
}
impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_hosts_are_taken_and_nothing_else() {
        for good in ["a", "web-1", "WEB-1.Example.com", "10.0.0.1", "3com.com", &"a".repeat(63)] {
            assert_eq!(Hostname::parse(good).unwrap().as_str(), good.to_ascii_lowercase());
        }
        for bad in [
            "",
            ".",
            "a..b",
            "a.",
            "-a",
            "a-",
            "a_b",
            "a b",
            "ä",
            "a\n",
            "a\u{1f}b",
            "a/b",
            &"a".repeat(64),
            &["a"; 128].join("."),
            &"h".repeat(10_240),
        ] {
            let error = Hostname::parse(bad).unwrap_err();
            assert!(error.len() < 400 && !error.contains(char::is_control), "{error}");
        }
    }
}
