//! Holds a chain against its hashes, its head, its seals and what an earlier look at it found.
//!
//! It takes entries one after the other, so a chain of any length is verified in little memory. What is wrong is said of
//! the first bad entry; what comes after it is only looked at to tell an entry that was moved from one that is gone.

use super::{Before, Entry, GENESIS, Head, Seal};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// How old an entry without a seal may be, and how late a seal: seals are made every minute.
pub const LATEST_SEAL: Millis = Millis::minutes(5);

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
    /// What is not wrong, but should be looked at.
    pub warnings: Vec<String>,
}

/// A verification under way.
#[derive(Debug)]
pub struct Verifier {
    tenant: String,
    /// The place and the hash of the last good entry.
    seq: u64,
    hash: String,
    /// The chain is taken up at a sealed entry: what that names as the one before it is not known.
    taken_up: bool,
    before: Before,
    seals: BTreeMap<u64, Seal>,
    last_seal: Option<Seal>,
    good_seals: u64,
    receipt: Option<Receipt>,
    entries: u64,
    /// When the oldest entry without a seal was made.
    unsealed_since: Option<(u64, Timestamp)>,
    late: Option<(u64, Millis)>,
    finding: Option<Finding>,
}

impl Verifier {
    /// Verifies a tenant's chain from its beginning.
    pub fn new(tenant: &str) -> Self {
        Self {
            tenant: tenant.to_owned(),
            seq: 0,
            hash: GENESIS.to_owned(),
            taken_up: false,
            before: Before::default(),
            seals: BTreeMap::new(),
            last_seal: None,
            good_seals: 0,
            receipt: None,
            entries: 0,
            unsealed_since: None,
            late: None,
            finding: None,
        }
    }

    /// Verifies it from a seal on, whose own signature `genuine` vouches for. The first entry must be the sealed one.
    pub fn from_seal(seal: &Seal, genuine: impl Fn(&Seal) -> bool) -> Self {
        let mut verifier = Self::new(&seal.tenant_id);
        verifier.taken_up = true;
        verifier.seq = seal.seq.saturating_sub(1);
        verifier.before = seal.before();
        if genuine(seal) {
            verifier.seals.insert(seal.seq, seal.clone());
        } else {
            verifier.find(
                seal.seq,
                Fault::BadSeal,
                "the signature of its seal is not one of the key".to_owned(),
            );
        }
        verifier
    }

    /// Holds the chain against what an earlier verification found.
    #[must_use]
    pub fn with_receipt(mut self, receipt: Option<Receipt>) -> Self {
        self.receipt = receipt;
        self
    }

    /// Takes in a row from before there was a chain; all of them come before the first entry.
    pub fn before(&mut self, sort: &str, row: &serde_json::Map<String, serde_json::Value>) {
        self.before.add(sort, row);
    }

    /// The rows from before the chain, so far.
    pub const fn rows_before(&self) -> &Before {
        &self.before
    }

    /// Takes in a seal; `genuine` says whether its signature is one of a known key. It must come before the entries after
    /// the one it covers.
    pub fn seal(&mut self, seal: Seal, genuine: impl Fn(&Seal) -> bool) {
        let number = self.last_seal.as_ref().map_or(1, |last| last.number + 1);
        let prev = self.last_seal.as_ref().map_or_else(|| GENESIS.to_owned(), Seal::digest);
        let place = seal.seq;
        if seal.tenant_id != self.tenant {
            self.find(place, Fault::Foreign, format!("its seal is one of tenant {}", seal.tenant_id));
        } else if !genuine(&seal) {
            self.find(place, Fault::BadSeal, "the signature of its seal is not one of the key".to_owned());
        } else if seal.number > number {
            let missing = format!("seal {number} is gone: the next one there is number {}", seal.number);
            self.find(place, Fault::SealRemoved, missing);
        } else if seal.number < number || seal.prev != prev {
            let why = format!("seal {} does not follow the one before it", seal.number);
            self.find(place, Fault::BadSeal, why);
        } else {
            self.last_seal = Some(seal.clone());
            self.seals.insert(place, seal);
        }
    }

    /// Takes in a seal that can't be read.
    pub fn unreadable_seal(&mut self, why: &str) {
        self.find(self.seq + 1, Fault::BadSeal, format!("a seal after it can't be read: {why}"));
    }

    /// Takes in the next entry as it was read; `Err` says why it can't be read.
    pub fn entry(&mut self, read: Result<&Entry, String>) {
        let wanted = self.seq + 1;
        let entry = match read {
            Ok(entry) => entry,
            Err(why) => return self.find(wanted, Fault::Changed, format!("it can't be read: {why}")),
        };
        if let Some(found) = &mut self.finding {
            // What is missed turns up later: it is not gone, it was moved.
            if found.fault == Fault::Removed && found.seq == entry.seq && entry.hash == entry.digest() {
                found.fault = Fault::Reordered;
                "it is there, but after later ones".clone_into(&mut found.why);
            }
            return;
        }
        if entry.tenant_id != self.tenant {
            let why = format!("an entry of tenant {} is in its place", entry.tenant_id);
            return self.find(wanted, Fault::Foreign, why);
        }
        let digest = entry.digest();
        if entry.hash != digest {
            let why = format!("it was changed: its hash is {}, its content makes {digest}", entry.hash);
            return self.find(wanted, Fault::Changed, why);
        }
        if entry.seq > wanted {
            let why = format!("it is gone: entry {} follows entry {}", entry.seq, self.seq);
            return self.find(wanted, Fault::Removed, why);
        }
        if entry.seq < wanted {
            let why =
                format!("an entry that says it is number {} stands after entry {}", entry.seq, self.seq);
            return self.find(wanted, Fault::Inserted, why);
        }
        if entry.prev != self.hash && !self.taken_up {
            let (seq, why) = match self.seq {
                0 => (1, "it names an entry before it, and is the first".to_owned()),
                seq => (
                    seq,
                    format!(
                        "entry {wanted} follows another entry: one of the two was changed, and its hash with it"
                    ),
                ),
            };
            return self.find(seq, Fault::Changed, why);
        }
        self.accept(entry);
    }

    fn accept(&mut self, entry: &Entry) {
        self.taken_up = false;
        (self.seq, self.hash) = (entry.seq, entry.hash.clone());
        self.entries += 1;
        if self.unsealed_since.is_none()
            && let Some(at) = Timestamp::parse(&entry.at)
        {
            self.unsealed_since = Some((entry.seq, at));
        }
        if let Some(receipt) = self.receipt.as_ref().filter(|receipt| receipt.seq == entry.seq)
            && receipt.hash != entry.hash
        {
            let why = format!("it was made anew: its hash was {} on {}", receipt.hash, receipt.verified_at);
            return self.find(entry.seq, Fault::Forged, why);
        }
        if let Some(seal) = self.seals.remove(&entry.seq) {
            self.sealed(entry, &seal);
        }
    }

    fn sealed(&mut self, entry: &Entry, seal: &Seal) {
        if seal.hash != entry.hash {
            let why = format!(
                "it or one before it was made anew, with all hashes: what was sealed is {}",
                seal.hash
            );
            return self.find(entry.seq, Fault::Forged, why);
        }
        if seal.before() != self.before {
            let why = format!(
                "of the {} rows from before the chain, {} are there, and they are not what they were",
                seal.before_count, self.before.count
            );
            return self.find(0, Fault::BeforeChanged, why);
        }
        self.good_seals += 1;
        if let (Some((seq, since)), Some(at)) =
            (self.unsealed_since.take(), Timestamp::parse(&seal.sealed_at))
        {
            let wait = at.since(since);
            if wait > LATEST_SEAL && self.late.is_none_or(|(_, worst)| wait > worst) {
                self.late = Some((seq, wait));
            }
        }
    }

    /// The place of the last good entry and its hash; `None` when something is wrong already.
    pub fn stands_at(&self) -> Option<(u64, &str)> {
        self.finding.is_none().then_some((self.seq, self.hash.as_str()))
    }

    /// What is wrong so far.
    pub const fn finding(&self) -> Option<&Finding> {
        self.finding.as_ref()
    }

    /// The chain is read to its end, where the head must be. `now` is the time of those whose acts these are.
    pub fn finish(mut self, head: Option<&Head>, now: Timestamp) -> Report {
        self.hold_end(head);
        let sealed_to = match (&self.last_seal, &self.finding) {
            (Some(seal), None) => seal.seq,
            _ => 0,
        };
        let mut warnings = Vec::new();
        if self.finding.is_none() {
            if let Some((seq, since)) = self.unsealed_since.filter(|(_, at)| now.since(*at) > LATEST_SEAL) {
                warnings.push(format!(
                    "entry {seq} and all after it have no seal, since {since}: does seal-audit run?"
                ));
            }
            if let Some((seq, wait)) = self.late {
                let minutes = wait.0 / 60_000;
                warnings.push(format!(
                    "entry {seq} got its seal {minutes} minutes late: until then, nothing but its hash vouched for it"
                ));
            }
        }
        Report {
            entries: self.entries,
            before: self.before.count,
            seals: self.good_seals,
            sealed_to,
            hash: self.hash,
            finding: self.finding,
            warnings,
        }
    }

    fn hold_end(&mut self, head: Option<&Head>) {
        let last = self.seq;
        let ends = head.map_or(0, |head| head.seq);
        if head.is_none() && last > 0 {
            self.find(last + 1, Fault::CutOff, "the head that says where the chain ends is gone".to_owned());
        } else if ends > last {
            let why = format!("the chain is cut off after entry {last}: its head says {ends}");
            self.find(last + 1, Fault::CutOff, why);
        } else if ends < last {
            let why = format!("it stands after the end: the head says the chain ends with entry {ends}");
            self.find(ends + 1, Fault::Inserted, why);
        } else if head.is_some_and(|head| head.hash != self.hash) {
            self.find(
                last,
                Fault::Changed,
                "it was changed, and its hash with it: the head has another".to_owned(),
            );
        }
        if let Some((seq, seal)) = self.seals.last_key_value() {
            let why = format!(
                "the chain is cut off after entry {last}: entry {seq} was sealed on {}",
                seal.sealed_at
            );
            self.find(last + 1, Fault::CutOff, why);
        }
        let Some(receipt) = self.receipt.clone() else { return };
        if receipt.seq > last {
            let why = format!(
                "the chain is cut off after entry {last}: it had {} on {}",
                receipt.seq, receipt.verified_at
            );
            self.find(last + 1, Fault::CutOff, why);
        } else if receipt.seals > self.good_seals {
            let why = format!(
                "of {} seals that there were on {}, {} are left",
                receipt.seals, receipt.verified_at, self.good_seals
            );
            self.find(last, Fault::SealRemoved, why);
        }
    }

    /// Only the first counts.
    fn find(&mut self, seq: u64, fault: Fault, why: String) {
        self.finding.get_or_insert(Finding { seq, fault, why });
    }
}
