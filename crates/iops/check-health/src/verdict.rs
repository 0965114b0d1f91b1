//! What is said of a part, and of all.

use serde::Serialize;

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Well.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// It could not be looked at.
    Unknown,
    /// It does not work.
    Failed,
}

impl Verdict {
    /// All, the best first.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Warning, Self::Unknown, Self::Failed];

    /// As the API has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Unknown => "UNKNOWN",
            Self::Failed => "FAILED",
        }
    }
}

/// What was found of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What kind of part: `function`, `table`, `api`, `stream`, `alarms`, `subscriptions`, `endpoint`.
    pub kind: &'static str,
    /// Which one.
    pub name: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do; none where all is well.
    pub remedy: Option<String>,
}

/// The worst of all; nothing looked at is nothing known.
pub fn overall(checks: &[Check]) -> Verdict {
    checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Unknown)
}
