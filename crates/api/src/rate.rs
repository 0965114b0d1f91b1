//! How often a tenant may ask: a token bucket in the store, from which each instance leases lots.
//!
//! The bucket holds a quarter of a minute's requests and fills at the tenant's rate. An instance takes a tenth of a full
//! bucket at once and spends it in its memory, so most requests cost no call to the store, and all instances together
//! never let through more than the bucket had. What an instance has not spent within a minute is lost.
//!
//! Trouble with the store never turns a request away: the limit is there to keep one tenant from taking the others' share,
//! and an outage that it made of its own would be worse than what it prevents. API Gateway's limit for all callers together
//! still stands. Rejected: counting in each instance alone (the limit would be as many times higher as there are
//! instances), and a write for each request (it doubles the cost of looking).

use crate::Problem;
use capstan_core::ids::TenantId;
use capstan_core::ports::{Clock, Store};
use capstan_core::time::{Millis, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tier_records::{RateRow, RecordError, Transaction};

/// One request in the bucket's units: as many as there are milliseconds in a minute.
const ONE: u64 = 60_000;
/// How long a lot may be spent.
const LEASE: Millis = Millis::minutes(1);
/// How long the store is left alone after it failed.
const RESPITE: Millis = Millis::seconds(5);
/// How long a bucket is kept that nobody asks for: long after it is full again.
const FORGOTTEN: Millis = Millis::hours(1);
/// How often a bucket is read again when another instance takes from it at the same time.
const ATTEMPTS: usize = 5;
/// The most tenants that an instance remembers.
const TENANTS: usize = 1_024;

/// The rate, and what this instance has leased of it.
#[derive(Debug)]
pub(crate) struct Rate {
    per_minute: u64,
    leased: Mutex<Leased>,
}

#[derive(Debug, Default)]
struct Leased {
    tenants: BTreeMap<TenantId, Lease>,
    /// Until when the store is not asked and everybody let through.
    open_until: Timestamp,
}

#[derive(Debug, Default)]
struct Lease {
    left: u64,
    until: Timestamp,
    /// When there will be something in the bucket again.
    empty_until: Timestamp,
}

impl Rate {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute: u64::from(per_minute), leased: Mutex::default() }
    }

    /// The most requests at once.
    fn burst(&self) -> u64 {
        (self.per_minute / 4).max(1)
    }

    fn lot(&self) -> u64 {
        (self.burst() / 10).max(1)
    }

    /// Takes one request of the tenant's. 429 if there is none left.
    pub(crate) async fn take(&self, ports: &(impl Store + Clock), tenant: &TenantId) -> Result<(), Problem> {
        if self.per_minute == 0 {
            return Ok(());
        }
        for _ in 0..ATTEMPTS {
            let now = ports.wall();
            if let Some(known) = self.known(tenant, now) {
                return known;
            }
            match self.lease(ports, tenant, now).await {
                Ok(answer) => return answer,
                Err(RecordError::Stale { .. }) => {}
                Err(error) => {
                    tracing::warn!(tenant.id = %tenant, "The rate of requests is not limited for a moment: {error}.");
                    self.lock().open_until = now + RESPITE;
                    return Ok(());
                }
            }
        }
        tracing::warn!(tenant.id = %tenant, "A request was not counted: too many instances count at once.");
        Ok(())
    }

    /// What this instance can say by itself.
    fn known(&self, tenant: &TenantId, now: Timestamp) -> Option<Result<(), Problem>> {
        let mut leased = self.lock();
        if let Some(lease) = leased.tenants.get_mut(tenant) {
            if lease.left > 0 && now < lease.until {
                lease.left -= 1;
                return Some(Ok(()));
            }
            if now < lease.empty_until {
                return Some(Err(self.refusal(lease.empty_until.since(now))));
            }
        }
        (now < leased.open_until).then_some(Ok(()))
    }

    /// Takes a lot out of the bucket.
    async fn lease(
        &self,
        ports: &impl Store,
        tenant: &TenantId,
        now: Timestamp,
    ) -> Result<Result<(), Problem>, RecordError> {
        let full = self.burst() * ONE;
        let mut row = tier_records::rate(ports, tenant).await?.unwrap_or_else(|| RateRow {
            tenant_id: tenant.clone(),
            entry: RateRow::ENTRY.to_owned(),
            left: full,
            counted_at: now.as_millis(),
            expires_at: 0,
            version: 0,
        });
        // Another instance's clock may be ahead.
        let counted_at = now.as_millis().max(row.counted_at);
        let came = (counted_at - row.counted_at).saturating_mul(self.per_minute);
        row.left = row.left.saturating_add(came).min(full);
        row.counted_at = counted_at;
        if row.left < ONE {
            let left = Millis((ONE - row.left).div_ceil(self.per_minute));
            self.entry(tenant, now, |lease| lease.empty_until = now + left);
            return Ok(Err(self.refusal(left)));
        }
        let lot = (row.left / ONE).min(self.lot());
        row.left -= lot * ONE;
        row.expires_at = (now + FORGOTTEN).as_millis() / 1_000;
        let mut transaction = Transaction::new();
        transaction.put(&mut row);
        transaction.commit(ports).await?;
        self.entry(tenant, now, |lease| {
            let unspent = if now < lease.until { lease.left } else { 0 };
            *lease = Lease { left: unspent + lot - 1, until: now + LEASE, ..Lease::default() };
        });
        Ok(Ok(()))
    }

    fn entry(&self, tenant: &TenantId, now: Timestamp, set: impl FnOnce(&mut Lease)) {
        let mut leased = self.lock();
        if leased.tenants.len() >= TENANTS && !leased.tenants.contains_key(tenant) {
            leased.tenants.retain(|_, lease| now < lease.until || now < lease.empty_until);
            if leased.tenants.len() >= TENANTS {
                leased.tenants.clear();
            }
        }
        set(leased.tenants.entry(tenant.clone()).or_default());
    }

    fn refusal(&self, left: Millis) -> Problem {
        let problem = Problem::new(429, "TOO_MANY_REQUESTS", "").after(left);
        let seconds = problem.retry_after.unwrap_or(1);
        let detail = format!(
            "this tenant has used up its {} requests a minute: try again in {seconds} s",
            self.per_minute
        );
        Problem { detail, ..problem }
    }

    fn lock(&self) -> MutexGuard<'_, Leased> {
        self.leased.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
