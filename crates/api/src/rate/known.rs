//! What one instance knows of one tenant: the lot it has leased, what was in the buckets when it last asked, and whom it has
//! told to come back when.
//!
//! Who is told to come back has a place: what comes into the bucket is theirs in the order in which they were refused, one
//! for each subject, until two seconds after they were told to be there. So `Retry-After` is true also where others ask
//! without waiting for theirs: they have a place behind. Places are this instance's own; what another takes is not seen
//! before the bucket is asked again, and who then finds nothing gets a new place.

use super::Share;
use super::levels::{Levels, Limits};
use capstan_core::time::{Millis, Timestamp};

/// How long a lot may be spent.
const LIFE: Millis = Millis::seconds(5);
/// How long a place is kept for who was told when to come.
const GRACE: Millis = Millis::seconds(2);
/// How far ahead places are given, and how many of a bucket.
const AHEAD: (Millis, usize) = (Millis::minutes(1), 64);

/// What is to become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Through,
    /// There may be something after so long.
    Refused(Millis),
    /// The store must be asked.
    Lease,
    /// Somebody asks it now.
    Wait,
}

/// What a lease leaves to be spent, besides the request that it was made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spare {
    pub(super) left: u64,
    pub(super) until: Option<Timestamp>,
}

#[derive(Debug)]
struct Place {
    subject: String,
    due: Timestamp,
    kept_until: Timestamp,
}

/// One tenant, as one instance knows it.
#[derive(Debug, Default)]
pub(super) struct Known {
    left: u64,
    until: Timestamp,
    /// How large the last lot was.
    lot: u64,
    levels: Option<Levels>,
    /// Of each bucket.
    places: [Vec<Place>; 3],
    /// Leases under way: one, unless somebody has lost patience.
    pub(super) leases: u32,
    /// Requests that wait for it.
    pub(super) waiting: u32,
}

impl Known {
    pub(super) fn is_busy(&self) -> bool {
        self.left > 0
            || self.leases > 0
            || self.waiting > 0
            || self.places.iter().any(|places| !places.is_empty())
    }

    pub(super) fn decide(&mut self, limits: &Limits, share: Share, subject: &str, now: Timestamp) -> Verdict {
        for places in &mut self.places {
            places.retain(|place| now < place.kept_until);
        }
        let levels = self.levels.map(|levels| levels.at(now, limits));
        let there = levels.map(|levels| self.left + levels.requests(Share::Look));
        let needed = self.needed(Share::Look, share, subject, now);
        if self.left > 0 && now < self.until && (needed == 1 || there.is_some_and(|there| there >= needed)) {
            self.left -= 1;
            self.has_come(share, subject);
            return Verdict::Through;
        }
        if self.leases > 0 {
            return Verdict::Wait;
        }
        let own = levels.map(|levels| levels.requests(share));
        let of_own = share != Share::Look && own >= Some(self.needed(share, share, subject, now));
        let (Some(levels), Some(there)) = (levels, there) else { return Verdict::Lease };
        if there >= needed || of_own {
            return Verdict::Lease;
        }
        Verdict::Refused(self.place(limits, &levels, share, subject, now))
    }

    /// How many requests there must be in a bucket for this one to have one of them: those who have a place before it come
    /// first. Who acts has no place in the bucket for all.
    fn needed(&self, bucket: Share, share: Share, subject: &str, now: Timestamp) -> u64 {
        let places = &self.places[bucket as usize];
        let mine = places.iter().position(|place| bucket == share && place.subject == subject);
        let before = match mine {
            Some(mine) if places[mine].due <= now => 0,
            // In the order in which they were given.
            Some(mine) => mine,
            None => places.len(),
        };
        before as u64 + 1
    }

    /// Gives it a place, or tells the one it has.
    fn place(
        &mut self,
        limits: &Limits,
        levels: &Levels,
        share: Share,
        subject: &str,
        now: Timestamp,
    ) -> Millis {
        let has =
            self.places[share as usize].iter().find(|place| place.subject == subject && now < place.due);
        if let Some(place) = has {
            return place.due.since(now);
        }
        self.has_come(share, subject);
        let places = &mut self.places[share as usize];
        let unspent = if share == Share::Look { self.left } else { 0 };
        let last = places.last().map(|place| place.due.since(now)).unwrap_or_default();
        let left = levels.until(share, (places.len() as u64 + 1).saturating_sub(unspent), limits).max(last);
        if left <= AHEAD.0 && places.len() < AHEAD.1 {
            let told = Millis::seconds(left.as_seconds_ceil().max(1));
            let (due, kept_until) = (now + left, now + told + GRACE);
            places.push(Place { subject: subject.to_owned(), due, kept_until });
        }
        left
    }

    /// It has what it was told to come back for.
    pub(super) fn has_come(&mut self, share: Share, subject: &str) {
        self.places[share as usize].retain(|place| place.subject != subject);
    }

    /// What is left of the lot; it is gone from here.
    pub(super) const fn take_lot(&mut self) -> u64 {
        std::mem::replace(&mut self.left, 0)
    }

    /// It was not given back after all.
    pub(super) const fn put_back(&mut self, left: u64) {
        self.left += left;
    }

    /// What there is to spend now, until when if that is new, and what was left in the buckets.
    pub(super) fn lot_is(&mut self, left: u64, until: Option<Timestamp>, levels: Levels) {
        self.left += left;
        self.until = until.unwrap_or(self.until);
        self.levels = Some(levels);
    }

    /// Takes a lot for this request and those that wait, or one request out of its own share; `None` if neither is there.
    pub(super) fn take(
        &mut self,
        limits: &Limits,
        levels: &mut Levels,
        unspent: u64,
        share: Share,
        subject: &str,
        now: Timestamp,
    ) -> Option<Spare> {
        let there = levels.requests(Share::Look);
        let needed = self.needed(Share::Look, share, subject, now);
        if there >= needed {
            self.lot = match self.lot {
                // It was not enough; or that much was.
                lot if unspent == 0 && now < self.until + LIFE => (2 * lot).clamp(1, limits.lot()),
                lot if now < self.until + LIFE => lot.saturating_sub(unspent).max(1),
                _ => 1,
            };
            let lot = self.lot.min(there / 8).max(1 + u64::from(self.waiting)).min(there - (needed - 1));
            levels.take(Share::Look, lot);
            return Some(Spare { left: lot - 1, until: Some(now + LIFE) });
        }
        let own = share != Share::Look && levels.requests(share) >= self.needed(share, share, subject, now);
        own.then(|| levels.take(share, 1)).map(|()| Spare { left: 0, until: None })
    }
}
