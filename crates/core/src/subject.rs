//! Who callers may be: subjects of tokens.
//!
//! Subjects are compared byte by byte: whether two of them are one person decides about the two-person rule, and who acted
//! is told by nothing else. So none may look like another for spaces at its ends, and none is the system's own name.

use crate::tier::request::unprintable;

/// Who acts where the system acts by itself. No caller has this name.
pub const SYSTEM: &str = "capstan";
/// The longest subject, in bytes.
pub const MAX_SUBJECT: usize = 256;

/// Why a name can't be a caller's; `None`: it can. What can be shown, recorded and written into a line of a log between
/// quotes is good.
pub fn subject_objection(subject: &str) -> Option<&'static str> {
    if subject.trim().is_empty() {
        return Some("it is empty");
    }
    if subject.len() > MAX_SUBJECT {
        return Some("it is longer than 256 bytes");
    }
    if subject.trim() != subject {
        return Some("it begins or ends with a space");
    }
    if subject.chars().any(|letter| unprintable(letter) || matches!(letter, '"' | '\\')) {
        return Some("it has a control character, an invisible one, a quote or a backslash");
    }
    (subject == SYSTEM).then_some("it is the name under which the system itself acts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_looks_like_somebody_else_is_nobody() {
        for good in ["sue", "Sue", "sue smith", "auth0|5f7c8ec7c33c6c004bbafe82", "Capstan", "a\u{e9}"] {
            assert_eq!(subject_objection(good), None, "{good:?}");
        }
        assert_eq!(subject_objection(&"a".repeat(MAX_SUBJECT)), None);
        let long = "a".repeat(MAX_SUBJECT + 1);
        for bad in [
            "",
            " ",
            "sue ",
            " sue",
            "sue\u{a0}",
            "sue\n",
            "su\ne",
            "su\u{200b}e",
            "s\"",
            "s\\",
            SYSTEM,
            &long,
        ] {
            assert!(subject_objection(bad).is_some(), "{bad:?}");
        }
    }
}
