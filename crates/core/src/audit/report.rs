//! What a verification finds, and what is kept of it.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Fault {
    /// The entry is not what it was when it was written.
    Changed,
    /// The entry is gone, and later ones are there.
    Removed,
    /// The entry is in another place than it was.
    Reordered,
    /// An entry is there that does not belong there.
    Inserted,
    /// The entry is another tenant's.
    Foreign,
    /// The chain once went on from here.
    CutOff,
    /// The entry fits the others, but not what was signed or seen before: all were made anew.
    Forged,
    /// The seal's signature is not one of the key.
    BadSeal,
    /// A seal is gone.
    SealRemoved,
    /// What was written before there was a chain is not what it was.
    BeforeChanged,
    /// The entry's time can't be: earlier than that of entries before it, after its seal, or still to come.
    OutOfTime,
    /// The entry got its seal so late that it may have been made anew before.
    SealLate,
    /// The entry should have a seal and has none.
    Unsealed,
}

/// What is wrong with which entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The entry's place. 0 stands for what was written before there was a chain.
    pub seq: u64,
    /// What is wrong.
    pub fault: Fault,
    /// The same in words, with what tells it.
    pub why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}: {}", self.seq, self.why)
    }
}

/// What a verification found, kept by who verified: later, this must still be part of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receipt {
    /// Whose tenant.
    pub tenant_id: String,
    /// The last entry.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
    /// How many seals there were.
    pub seals: u64,
    /// The last entry that was sealed.
    pub sealed_to: u64,
    /// When it was verified.
    pub verified_at: Timestamp,
    /// The keys the seals were checked with.
    pub keys: Vec<String>,
}

/// What a whole chain was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Entries that were looked at and are good.
    pub entries: u64,
    /// Rows from before there was a chain.
    pub before: u64,
    /// Seals that are good.
    pub seals: u64,
    /// The last entry under a good seal.
    pub sealed_to: u64,
    /// The hash of the last good entry.
    pub hash: String,
    /// What is wrong; `None`: nothing.
    pub finding: Option<Finding>,
    /// Seals that came late or are missing ([`Fault::SealLate`], [`Fault::Unsealed`]): nothing shows that the chain was
    /// altered, and nothing that it was not.
    pub late: Vec<Finding>,
}

impl Report {
    /// Why the chain does not pass; `None`: it does.
    pub fn objection(&self) -> Option<&Finding> {
        self.finding.as_ref().or_else(|| self.late.first())
    }
}
