//! How often a tenant may ask: token buckets in the store, from which each instance leases lots.
//!
//! The tenant's bucket holds a quarter of a minute's requests and fills at the tenant's rate; whoever asks takes from it.
//! Beside it stand two small ones that looking can't take from: one for acts, one for stopping ([`Share`]). So whoever polls,
//! and be it on a thousand connections, keeps nobody from stopping a change.
//!
//! An instance leases a lot and spends it in its memory, so that a busy one makes a call of the store for a few requests only.
//! A lot is no larger than what the instance has just spent twice over, than a tenth of a full bucket, and than an eighth of
//! what is there; what is left of it after some seconds goes back with the next lease. One lease is under way at a time: the
//! requests that come in meanwhile wait for it, and the next lot is for all of them. Who is refused is told when, and has
//! that place kept ([`known`]).
//!
//! Trouble with the store never turns a request away: the limit is there to keep one tenant from taking the others' share,
//! and an outage that it made of its own would be worse than what it prevents. API Gateway's limit for all callers together
//! still stands. Rejected: counting in each instance alone (the limit would be as many times higher as there are
//! instances), and a write for each request (it doubles the cost of looking).

mod known;
mod levels;
mod share;

use crate::{Problem, Request};
use capstan_core::ids::TenantId;
use capstan_core::ports::{Clock, Store};
use capstan_core::time::{Millis, Timestamp};
use known::{Known, Spare, Verdict};
use levels::{Levels, Limits};
use share::Share;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use tier_records::{RateRow, RecordError, Transaction};

/// How long the store is left alone after it failed.
const RESPITE: Millis = Millis::seconds(5);
/// How long a bucket is kept that nobody asks for: long after it is full again.
const FORGOTTEN: Millis = Millis::hours(1);
/// How often a bucket is read again when another instance takes from it at the same time.
const ATTEMPTS: usize = 8;
/// How long a request waits for the lease of another, in people's time and in looks; then it makes its own.
const PATIENCE: (Millis, u32) = (Millis::seconds(2), 1_000_000);
/// The most tenants that an instance remembers.
const TENANTS: usize = 1_024;

/// The most requests of one tenant at once, all its shares together, at so many a minute.
pub fn most_at_once(per_minute: u32) -> u64 {
    let limits = Limits::new(per_minute);
    limits.burst() + 2 * limits.share()
}

/// The most requests of one tenant in the long run, all its shares together, in tenths of a request a minute.
pub const fn tenths_a_minute(per_minute: u32) -> u64 {
    per_minute as u64 * 12
}

/// The rate, and what this instance knows of it.
#[derive(Debug)]
pub(crate) struct Rate {
    limits: Limits,
    known: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tenants: BTreeMap<TenantId, Known>,
    /// Until when the store is not asked and everybody let through.
    open_until: Timestamp,
}

/// Who asks for what.
#[derive(Clone, Copy)]
struct Asking<'a> {
    tenant: &'a TenantId,
    subject: &'a str,
    share: Share,
}

/// A lease under way, or a request that waits for one; dropped in the middle, it is neither any more.
struct Standing<'a> {
    rate: &'a Rate,
    tenant: &'a TenantId,
    count: fn(&mut Known) -> &mut u32,
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        if let Some(known) = self.rate.lock().tenants.get_mut(self.tenant) {
            // It may have been forgotten and be known anew.
            let count = (self.count)(known);
            *count = count.saturating_sub(1);
        }
    }
}

impl Rate {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { limits: Limits::new(per_minute), known: Mutex::default() }
    }

    /// Takes one request of the tenant's. 429 if there is none left.
    pub(crate) async fn take(&self, ports: &(impl Store + Clock), request: &Request) -> Result<(), Problem> {
        if self.limits.per_minute == 0 {
            return Ok(());
        }
        let caller = &request.caller;
        let asking = Asking { tenant: &caller.tenant, subject: &caller.subject, share: Share::of(request) };
        let mut attempts = 0;
        while attempts < ATTEMPTS {
            match self.decided(ports, asking).await {
                Verdict::Through => return Ok(()),
                Verdict::Refused(left) => return Err(self.refusal(left)),
                Verdict::Lease | Verdict::Wait => {}
            }
            let lease = self.begin(asking.tenant, |known| &mut known.leases);
            let answer = self.lease(ports, asking).await;
            drop(lease);
            match answer {
                Ok(true) => return Ok(()),
                // Now it is known that there is nothing, and since when. Once in a while somebody else took it in between.
                Ok(false) | Err(RecordError::Stale { .. }) => attempts += 1,
                Err(error) => {
                    tracing::warn!(tenant.id = %asking.tenant, "The rate of requests is not limited for a moment: {error}.");
                    self.lock().open_until = ports.wall() + RESPITE;
                    return Ok(());
                }
            }
        }
        tracing::warn!(tenant.id = %asking.tenant, "A request was not counted: too many instances count at once.");
        Ok(())
    }

    /// What this instance can say by itself, when the lease of another is over: yes, no, or that it must ask the store.
    async fn decided(&self, ports: &impl Clock, asking: Asking<'_>) -> Verdict {
        let began = ports.wall();
        let mut waiting = None;
        for _ in 0..PATIENCE.1 {
            let now = ports.wall();
            let verdict = self.look(asking, now);
            if verdict != Verdict::Wait || now.since(began) >= PATIENCE.0 {
                return verdict;
            }
            waiting.get_or_insert_with(|| self.begin(asking.tenant, |known| &mut known.waiting));
            give_way().await;
        }
        Verdict::Lease
    }

    fn look(&self, asking: Asking<'_>, now: Timestamp) -> Verdict {
        let mut state = self.lock();
        let open = now < state.open_until;
        let verdict = match state.tenants.get_mut(asking.tenant) {
            Some(known) => known.decide(&self.limits, asking.share, asking.subject, now),
            None => Verdict::Lease,
        };
        match verdict {
            Verdict::Lease | Verdict::Wait if open => Verdict::Through,
            verdict => verdict,
        }
    }

    fn begin<'a>(&'a self, tenant: &'a TenantId, count: fn(&mut Known) -> &mut u32) -> Standing<'a> {
        *count(self.lock().of(tenant)) += 1;
        Standing { rate: self, tenant, count }
    }

    /// Takes a lot out of the buckets; `false`: they have nothing for this request.
    async fn lease(&self, ports: &(impl Store + Clock), asking: Asking<'_>) -> Result<bool, RecordError> {
        let Asking { tenant, subject, share } = asking;
        // Put into the bucket before anything is taken. Nobody spends it meanwhile.
        let unspent = self.lock().of(tenant).take_lot();
        let row = tier_records::rate(ports, tenant).await;
        let mut row = row?.unwrap_or_else(|| RateRow::new(tenant, self.limits.burst() * levels::ONE));
        let now = ports.wall();
        let there = Levels::of(&row, &self.limits).at(now, &self.limits);
        let mut levels = there;
        levels.give_back(unspent, &self.limits);
        let taken: Option<Spare> = {
            let mut state = self.lock();
            let known = state.of(tenant);
            let taken = known.take(&self.limits, &mut levels, unspent, share, subject, now);
            if taken.is_none() {
                known.lot_is(unspent, None, there);
            }
            taken
        };
        let Some(spare) = taken else { return Ok(false) };
        levels.write(&mut row, &self.limits);
        row.expires_at = (now + FORGOTTEN).as_millis() / 1_000;
        let mut transaction = Transaction::new();
        transaction.put(&mut row);
        let committed = transaction.commit(ports).await;
        let mut state = self.lock();
        match &committed {
            Ok(()) => {
                let known = state.of(tenant);
                known.lot_is(spare.left, spare.until, levels);
                known.has_come(share, subject);
            }
            // Nothing of it has happened.
            Err(RecordError::Stale { .. }) => state.of(tenant).put_back(unspent),
            Err(_) => {}
        }
        drop(state);
        committed.map(|()| true)
    }

    fn refusal(&self, left: Millis) -> Problem {
        let problem = Problem::new(429, "TOO_MANY_REQUESTS", "").after(left);
        let seconds = problem.retry_after.unwrap_or(1);
        let detail = format!(
            "this tenant has used up its {} requests a minute: try again in {seconds} s",
            self.limits.per_minute
        );
        Problem { detail, ..problem }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(&mut self, tenant: &TenantId) -> &mut Known {
        if self.tenants.len() >= TENANTS && !self.tenants.contains_key(tenant) {
            self.tenants.retain(|_, known| known.is_busy());
            if self.tenants.len() >= TENANTS {
                self.tenants.clear();
            }
        }
        self.tenants.entry(tenant.clone()).or_default()
    }
}

/// Lets others go on, on this thread and on others.
async fn give_way() {
    let mut given = false;
    poll_fn(|context| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        context.waker().wake_by_ref();
        // Where every request has a thread, the one that leases needs the processor more.
        std::thread::yield_now();
        Poll::Pending
    })
    .await;
}
