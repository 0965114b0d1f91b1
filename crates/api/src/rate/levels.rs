//! How much is in a tenant's buckets: arithmetic alone, in whole numbers, so that no fraction of a request is ever lost.

use super::share::Share;
use capstan_core::time::{Millis, Timestamp};
use tier_records::RateRow;

/// One request in the bucket's units: as many as there are milliseconds in a minute.
pub(super) const ONE: u64 = 60_000;
/// One request in the units of the buckets for acts and for stopping, which fill at a tenth of the rate.
const ONE_OF_A_SHARE: u64 = 10 * ONE;

/// A tenant's rate.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) per_minute: u64,
}

impl Limits {
    pub(super) fn new(per_minute: u32) -> Self {
        Self { per_minute: u64::from(per_minute) }
    }
    /// The most requests at once.
    pub(super) fn burst(&self) -> u64 {
        (self.per_minute / 4).max(1)
    }
    /// The most acts at once besides, and the most requests to stop.
    pub(super) fn share(&self) -> u64 {
        (self.burst() / 10).max(1)
    }
    /// The largest lot.
    pub(super) fn lot(&self) -> u64 {
        self.share()
    }
    const fn one(share: Share) -> u64 {
        match share {
            Share::Look => ONE,
            Share::Act | Share::Stop => ONE_OF_A_SHARE,
        }
    }
    fn full(&self, share: Share) -> u64 {
        match share {
            Share::Look => self.burst() * ONE,
            Share::Act | Share::Stop => self.share() * ONE_OF_A_SHARE,
        }
    }
}

/// What is in the three buckets at a time. The bucket of [`Share::Look`] is everybody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Levels {
    left: [u64; 3],
    at: Timestamp,
}

impl Levels {
    pub(super) fn of(row: &RateRow, limits: &Limits) -> Self {
        let share = |share, used| limits.full(share).saturating_sub(used);
        let left = [
            row.left.min(limits.full(Share::Look)),
            share(Share::Act, row.acts_used),
            share(Share::Stop, row.stops_used),
        ];
        Self { left, at: Timestamp::from_millis(row.counted_at) }
    }

    pub(super) fn write(&self, row: &mut RateRow, limits: &Limits) {
        let used = |share| limits.full(share).saturating_sub(self.left[share as usize]);
        row.left = self.left[0];
        (row.acts_used, row.stops_used) = (used(Share::Act), used(Share::Stop));
        row.counted_at = self.at.as_millis();
    }

    /// What will be there then, if nobody takes anything. Another instance's clock may have been ahead.
    pub(super) fn at(mut self, now: Timestamp, limits: &Limits) -> Self {
        let came = now.since(self.at).0.saturating_mul(limits.per_minute);
        for share in [Share::Look, Share::Act, Share::Stop] {
            let left = &mut self.left[share as usize];
            *left = left.saturating_add(came).min(limits.full(share));
        }
        self.at = self.at.max(now);
        self
    }

    /// How many requests there are in a bucket.
    pub(super) const fn requests(&self, share: Share) -> u64 {
        self.left[share as usize] / Limits::one(share)
    }

    /// How long until there are so many.
    pub(super) fn until(&self, share: Share, requests: u64, limits: &Limits) -> Millis {
        let missing = requests.saturating_mul(Limits::one(share)).saturating_sub(self.left[share as usize]);
        Millis(missing.div_ceil(limits.per_minute.max(1)))
    }

    pub(super) const fn take(&mut self, share: Share, requests: u64) {
        let left = &mut self.left[share as usize];
        *left = left.saturating_sub(requests * Limits::one(share));
    }

    pub(super) fn give_back(&mut self, requests: u64, limits: &Limits) {
        self.left[0] = (self.left[0] + requests * ONE).min(limits.full(Share::Look));
    }
}
