//! What is kept of requests: answers under idempotency keys, and what a tenant has left of its rate.
//!
//! Both are rows of one table with an expiry, because both are forgotten some time after nobody asks any more, and neither
//! is looked at by anything but the edge. Neither a key nor a token is in them: a key is kept as its hash, and an answer
//! that hands out a token is kept without it, with the salt from which whoever presents the key gets it again.

use crate::record::record;
use capstan_core::ids::TenantId;
use capstan_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A request that came with an idempotency key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestRow {
    /// Whose tenant.
    pub tenant_id: TenantId,
    /// Sort key: `KEY#<SHA-256 of subject and key>`.
    pub entry: String,
    /// SHA-256 of method, route and body: the same key with another request is refused.
    pub request_hash: String,
    /// Until when, in people's time, whoever works on it may be believed alive; after that another takes it over.
    pub claimed_until: Timestamp,
    /// The answer, once there is one; `None` while it is worked on.
    pub answer: Option<KeptAnswer>,
    /// When it is forgotten, in seconds since the epoch: the table's own expiry.
    pub expires_at: u64,
    /// Moves with every write.
    pub version: u64,
}

/// An answer that is given again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// HTTP status.
    pub status: u16,
    /// Whether it is problem JSON.
    pub problem: bool,
    /// The body without what is secret, as text: the store has one kind of number, and would give back `16` for `16.0`.
    pub body: String,
    /// What is secret in it, if anything is.
    pub secret: Option<KeptSecret>,
}

/// A secret in an answer: not it, but what it is derived from together with the key, which is not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSecret {
    /// The member of the body that holds it.
    pub field: String,
    /// Chance, 32 bytes in hexadecimal.
    pub salt: String,
}

/// How many requests a tenant has left: token buckets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateRow {
    /// Whose tenant.
    pub tenant_id: TenantId,
    /// Always [`RateRow::ENTRY`].
    pub entry: String,
    /// What is left, in sixty-thousandths of a request: at `n` requests a minute exactly `n` of them come in a
    /// millisecond, so that no fraction is ever lost.
    pub left: u64,
    /// What acts have used of the share that only they have, in six-hundred-thousandths of a request: it fills at a tenth of
    /// the rate.
    #[serde(default)]
    pub acts_used: u64,
    /// The same of the share of requests that stop something.
    #[serde(default)]
    pub stops_used: u64,
    /// When that was so, in milliseconds since the epoch, in people's time.
    pub counted_at: u64,
    /// When it is forgotten, in seconds since the epoch: a bucket that is full again need not be kept.
    pub expires_at: u64,
    /// Moves with every write.
    pub version: u64,
}

impl RateRow {
    /// Its sort key.
    pub const ENTRY: &'static str = "RATE";

    /// A tenant's that has so much left, of whom nothing is known yet.
    pub fn new(tenant: &TenantId, left: u64) -> Self {
        Self {
            tenant_id: tenant.clone(),
            entry: Self::ENTRY.to_owned(),
            left,
            acts_used: 0,
            stops_used: 0,
            counted_at: 0,
            expires_at: 0,
            version: 0,
        }
    }
}

record!(RequestRow, TierRequest, exact: false, |row| (row.tenant_id.to_string(), row.entry.clone()));

record!(RateRow, TierRequest, exact: false, |row| (row.tenant_id.to_string(), row.entry.clone()));
