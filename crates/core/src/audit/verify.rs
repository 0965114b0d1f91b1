//! Holds a chain against its hashes, its head, its seals and what an earlier look at it found.
//!
//! It takes entries one after the other, so a chain of any length is verified in little memory. What is wrong is said of
//! the first bad entry; what comes after it is only looked at to tell an entry that was moved from one that is gone.

use super::{Before, Entry, Fault, Finding, GENESIS, Head, Receipt, Report, Seal};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How old an entry without a seal may be, and how late a seal: seals are made every minute.
pub const LATEST_SEAL: Millis = Millis::minutes(5);
/// How far times of one chain may be apart the wrong way round: clocks of machines differ, and an act's time is read up to
/// a function's life (a minute) before it has its place.
pub const SKEW: Millis = Millis::minutes(2);

/// Up to where a chain was found good, so that it can be taken up there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The last entry.
    pub seq: u64,
    /// Its hash; [`GENESIS`] before the first.
    pub hash: String,
    /// The number of the last seal at or before it; 0 for none.
    pub number: u64,
    /// That seal's digest; [`GENESIS`] for none.
    pub seal: String,
}

impl Default for Place {
    fn default() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned(), number: 0, seal: GENESIS.to_owned() }
    }
}

/// Entries since the last seal.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    oldest: (u64, Timestamp),
    newest: (u64, Timestamp),
}

/// Stretches that got their seals late.
#[derive(Debug, Clone, Copy)]
struct Late {
    first: u64,
    last: u64,
    stretches: u64,
    worst: Millis,
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
    /// The number, the digest and the place of the last seal.
    last_number: u64,
    last_digest: String,
    last_sealed: u64,
    good_seals: u64,
    receipts: Vec<Receipt>,
    /// Late seals up to this place are known.
    excused: u64,
    entries: u64,
    /// The entry with the latest time.
    latest: Option<(u64, Timestamp)>,
    unsealed: Option<Stretch>,
    late: Option<Late>,
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
            last_number: 0,
            last_digest: GENESIS.to_owned(),
            last_sealed: 0,
            good_seals: 0,
            receipts: Vec::new(),
            excused: 0,
            entries: 0,
            latest: None,
            unsealed: None,
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

    /// Takes it up where an earlier verification, of which `before` were the rows from before the chain, has left off.
    pub fn resume(tenant: &str, place: &Place, before: Before) -> Self {
        let mut verifier = Self::new(tenant);
        (verifier.seq, verifier.hash) = (place.seq, place.hash.clone());
        (verifier.last_number, verifier.last_digest) = (place.number, place.seal.clone());
        verifier.before = before;
        verifier
    }

    /// Holds the chain against what an earlier verification found. That also vouches for entries whose seals were late.
    #[must_use]
    pub fn with_receipt(mut self, receipt: Option<Receipt>) -> Self {
        self.excused = self.excused.max(receipt.as_ref().map_or(0, |receipt| receipt.seq));
        self.receipts.extend(receipt);
        self
    }

    /// Holds it against a seal that was made for certain: a line of the log of the function that seals. It and all before it
    /// must be there. It is no excuse: who made the chain anew may have had it sealed so.
    #[must_use]
    pub fn with_seal_of_log(mut self, seal: &Seal) -> Self {
        let verified_at = Timestamp::parse(&seal.sealed_at).unwrap_or_default();
        self.receipts.push(Receipt {
            tenant_id: seal.tenant_id.clone(),
            seq: seal.seq,
            hash: seal.hash.clone(),
            seals: seal.number,
            sealed_to: seal.seq,
            verified_at,
            keys: vec![seal.key_id.clone()],
        });
        self
    }

    /// That entries up to this one got their seals late, or have none, is known and explained: an outage.
    #[must_use]
    pub fn excusing(mut self, to: u64) -> Self {
        self.excused = self.excused.max(to);
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
        let number = self.last_number + 1;
        let place = seal.seq;
        if seal.tenant_id != self.tenant {
            self.find(place, Fault::Foreign, format!("its seal is one of tenant {}", seal.tenant_id));
        } else if !genuine(&seal) {
            self.find(place, Fault::BadSeal, "the signature of its seal is not one of the key".to_owned());
        } else if seal.number > number {
            let missing = format!("seal {number} is gone: the next one there is number {}", seal.number);
            self.find(place, Fault::SealRemoved, missing);
        } else if seal.number < number || seal.prev != self.last_digest {
            let why = format!("seal {} does not follow the one before it", seal.number);
            self.find(place, Fault::BadSeal, why);
        } else {
            (self.last_number, self.last_digest, self.last_sealed) = (seal.number, seal.digest(), place);
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
        match Timestamp::parse(&entry.at) {
            None => self.find(wanted, Fault::OutOfTime, format!("its time `{}` is none", entry.at)),
            Some(at) => self.accept(entry, at),
        }
    }

    fn accept(&mut self, entry: &Entry, at: Timestamp) {
        if let Some((seq, latest)) = self.latest.filter(|(_, latest)| at + SKEW < *latest) {
            let why = format!("its time {at} is before that of entry {seq}, {latest}");
            return self.find(entry.seq, Fault::OutOfTime, why);
        }
        self.taken_up = false;
        (self.seq, self.hash) = (entry.seq, entry.hash.clone());
        self.entries += 1;
        if self.latest.is_none_or(|(_, latest)| at > latest) {
            self.latest = Some((entry.seq, at));
        }
        let this = (entry.seq, at);
        let stretch = self.unsealed.get_or_insert(Stretch { oldest: this, newest: this });
        if at > stretch.newest.1 {
            stretch.newest = this;
        }
        // What is excused does not count as waiting.
        if at < stretch.oldest.1 || stretch.oldest.0 <= self.excused {
            stretch.oldest = this;
        }
        if let Some(receipt) =
            self.receipts.iter().find(|receipt| receipt.seq == entry.seq && receipt.hash != entry.hash)
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
        let (Some(stretch), Some(sealed_at)) = (self.unsealed.take(), Timestamp::parse(&seal.sealed_at))
        else {
            return;
        };
        let (newest, at) = stretch.newest;
        if at > sealed_at + SKEW {
            let why = format!("its time {at} is after that of its seal, {sealed_at}");
            return self.find(newest, Fault::OutOfTime, why);
        }
        let (oldest, since) = stretch.oldest;
        let wait = sealed_at.since(since);
        if wait > LATEST_SEAL && oldest > self.excused {
            let this = Late { first: oldest, last: entry.seq, stretches: 0, worst: wait };
            let late = self.late.get_or_insert(this);
            (late.last, late.stretches, late.worst) = (entry.seq, late.stretches + 1, late.worst.max(wait));
        }
    }

    /// Holds the times against the clock of who verifies.
    pub fn hold_time(&mut self, now: Timestamp) {
        if let Some((seq, at)) = self.latest.filter(|(_, at)| *at > now + SKEW) {
            self.find(seq, Fault::OutOfTime, format!("its time {at} is still to come: it is {now}"));
        }
    }

    /// Where it stands, to be taken up there; `None` when something is wrong already.
    pub fn place(&self) -> Option<Place> {
        let place = || Place {
            seq: self.seq,
            hash: self.hash.clone(),
            number: self.last_number,
            seal: self.last_digest.clone(),
        };
        self.finding.is_none().then(place)
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
        self.hold_time(now);
        self.hold_end(head);
        let sealed_to = if self.finding.is_none() { self.last_sealed } else { 0 };
        let late = if self.finding.is_none() { self.overdue(now) } else { Vec::new() };
        Report {
            entries: self.entries,
            before: self.before.count,
            seals: self.good_seals,
            sealed_to,
            hash: self.hash,
            finding: self.finding,
            late,
        }
    }

    fn overdue(&self, now: Timestamp) -> Vec<Finding> {
        let mut found = Vec::new();
        if let Some(Late { first, last, stretches, worst }) = self.late {
            let more = match stretches {
                1 => String::new(),
                more => format!("; so did {} more, the last up to entry {last}", more - 1),
            };
            let why = format!(
                "it got its seal after {} minutes{more}: until then, nothing but its hash vouched for it",
                worst.0 / 60_000
            );
            found.push(Finding { seq: first, fault: Fault::SealLate, why });
        }
        let waiting = self.unsealed.map(|stretch| stretch.oldest);
        let due = |(seq, at): &(u64, Timestamp)| *seq > self.excused && now.since(*at) > LATEST_SEAL;
        if let Some((seq, since)) = waiting.filter(due) {
            let why = format!(
                "it and all after it have no seal, since {since}: seal-audit does not run, or seals are gone"
            );
            found.push(Finding { seq, fault: Fault::Unsealed, why });
        }
        found
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
        for receipt in std::mem::take(&mut self.receipts) {
            self.hold_receipt(&receipt);
        }
    }

    fn hold_receipt(&mut self, receipt: &Receipt) {
        let last = self.seq;
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
