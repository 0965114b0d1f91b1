//! The audit: every act, once, with who and why, in a chain that shows when anything in it was altered.
//!
//! Each entry names the hash of the one before it, so an entry can't be changed, taken out or put elsewhere without
//! changing all that follow. A *head* says where the chain ends. Whoever may write the table could still make a whole new
//! chain, so a function that does nothing else signs the head every minute ([`Seal`]), with a key that no function that
//! acts may use, into a table that none of them may write. [`Verifier`] holds a chain against all of this and says what is wrong with the first bad entry.
//!
//! The text that is hashed is written down here and nowhere else ([`Entry::digest`]): a domain and a version, then every
//! field in a fixed order, each with its length before it, so that no two entries have the same text. What the store keeps
//! of an entry are texts too: it has one kind of number, JSON has two, and a hash must not depend on that.
//!
//! Rejected: a hash over the row's JSON (its canonical form would be somebody else's rule), and one chain for all tenants
//! (every act of every tenant would wait for one row).

mod report;
mod seal;
mod spelling;
mod verify;

pub use report::{Fault, Finding, Receipt, Report};
pub use seal::{Before, PublicKey, Seal, SigningAlgorithm, simulated_signature};
pub use spelling::read_shown;
pub use verify::{LATEST_SEAL, Place, SKEW, Verifier};

use crate::ids::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the first entry names as the one before it.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Sort keys of entries begin with this.
pub const ENTRIES: &str = "entry#";
/// Sort keys of seals begin with this; they are in a table of their own.
pub const SEALS: &str = "seal#";
/// The head's sort key. Rows that were written before there was a chain have keys that sort before all of these.
pub const HEAD: &str = "head";

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Act {
    /// A change was asked for that must be confirmed.
    ConfirmationRequested,
    /// A change was started.
    ChangeStarted,
    /// A change was asked to stop.
    ChangeCancelled,
    /// A change came to its good end.
    ChangeCompleted,
    /// A change is being undone.
    RollbackStarted,
    /// A change was undone.
    ChangeRolledBack,
    /// A change was given up half-way.
    ChangeStuck,
    /// A stuck change's rollback is tried again.
    RollbackRetried,
    /// A tier was declared stable by hand.
    TierReset,
    /// A configuration was edited.
    ConfigEdited,
    /// The cooldown was set.
    CooldownSet,
    /// Another execution took the place of one that is gone.
    Recovered,
    /// A data store was replaced and is kept for its days of grace.
    StoreRetired,
    /// A data store was deleted by a change or by its rollback.
    StoreDeleted,
    /// A retired store was deleted.
    RetiredDeleted,
    /// A request was refused for want of a right, or of a second person.
    RequestDenied,
}

impl Act {
    /// The name in entries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConfirmationRequested => "CONFIRMATION_REQUESTED",
            Self::ChangeStarted => "CHANGE_STARTED",
            Self::ChangeCancelled => "CHANGE_CANCELLED",
            Self::ChangeCompleted => "CHANGE_COMPLETED",
            Self::RollbackStarted => "ROLLBACK_STARTED",
            Self::ChangeRolledBack => "CHANGE_ROLLED_BACK",
            Self::ChangeStuck => "CHANGE_STUCK",
            Self::RollbackRetried => "ROLLBACK_RETRIED",
            Self::TierReset => "TIER_RESET",
            Self::ConfigEdited => "CONFIG_EDITED",
            Self::CooldownSet => "COOLDOWN_SET",
            Self::Recovered => "RECOVERED",
            Self::StoreRetired => "STORE_RETIRED",
            Self::StoreDeleted => "STORE_DELETED",
            Self::RetiredDeleted => "RETIRED_DELETED",
            Self::RequestDenied => "REQUEST_DENIED",
        }
    }
}

/// How an act came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, in the same transaction as its entry.
    Done,
    /// It was refused, and nothing was done.
    Denied,
}

impl Outcome {
    /// The name in entries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "DONE",
            Self::Denied => "DENIED",
        }
    }
}

/// An entry of the chain, as it is kept. Every field is hashed; all but `seq` are texts exactly as they were hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose tenant.
    pub tenant_id: String,
    /// The place in the tenant's chain, from 1.
    pub seq: u64,
    /// When, RFC 3339.
    pub at: String,
    /// Who: the subject of the token, or `capstan` where the system acts by itself.
    pub who: String,
    /// The role they acted under; `SYSTEM` where the system acts by itself.
    pub role: String,
    /// What: a name of [`Act`].
    pub action: String,
    /// On what: a change, a tier, a resource.
    pub subject: String,
    /// Why, in the words of who acted.
    pub why: Option<String>,
    /// A name of [`Outcome`].
    pub outcome: String,
    /// The request by which it was asked for.
    pub request_id: Option<String>,
    /// The change it belongs to.
    pub transition_id: Option<String>,
    /// What else is worth knowing, as JSON text.
    pub detail: Option<String>,
    /// The hash of the entry before; [`GENESIS`] in the first.
    pub prev: String,
    /// The hash of this entry.
    pub hash: String,
}

impl Entry {
    /// What its hash must be: SHA-256 in lower-case hexadecimal digits, of
    /// `capstan.audit.entry.v1` and a zero byte, then of each field in the order of the type, but for the hash itself. A
    /// field is its length in bytes (4 bytes, big-endian) and its UTF-8 text; one that is absent is the length 0xFFFFFFFF
    /// alone. `seq` is in decimal digits.
    pub fn digest(&self) -> String {
        let mut form = Form::new(b"capstan.audit.entry.v1\0");
        form.text(&self.tenant_id);
        form.text(&self.seq.to_string());
        form.text(&self.at);
        form.text(&self.who);
        form.text(&self.role);
        form.text(&self.action);
        form.text(&self.subject);
        form.optional(self.why.as_deref());
        form.text(&self.outcome);
        form.optional(self.request_id.as_deref());
        form.optional(self.transition_id.as_deref());
        form.optional(self.detail.as_deref());
        form.text(&self.prev);
        form.finish()
    }
}

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The last entry's place.
    pub seq: u64,
    /// The last entry's hash.
    pub hash: String,
}

/// The sort key of the entry at a place.
pub fn entry_key(seq: u64) -> String {
    format!("{ENTRIES}{seq:020}")
}

/// The sort key of the seal over a place.
pub fn seal_key(seq: u64) -> String {
    format!("{SEALS}{seq:020}")
}

/// A text of fields that is hashed or signed.
struct Form(Vec<u8>);

impl Form {
    fn new(domain: &[u8]) -> Self {
        Self(domain.to_vec())
    }
    fn text(&mut self, text: &str) {
        // A field of 4 GiB can't be: an item of the store has 400 KB.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX - 1);
        self.0.extend(length.to_be_bytes());
        self.0.extend(text.as_bytes());
    }
    fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.0.extend(u32::MAX.to_be_bytes()),
        }
    }
    fn finish(&self) -> String {
        hex(&Sha256::digest(&self.0))
    }
}
