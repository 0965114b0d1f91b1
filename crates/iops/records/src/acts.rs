//! What people had done to what watches the system: tests of alarms, subscriptions.
//!
//! A row is written before its act and written again with what came of it, so one whose outcome is missing was cut off.

use crate::{RecordError, Transaction};
use capstan_core::ids::{TenantId, hex};
use capstan_core::ports::{Clock, Entropy, Store};
use capstan_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How long an act is remembered, in seconds: 400 days.
const KEPT: u64 = 400 * 86_400;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActKind {
    /// An alarm was made to ring, and reset.
    AlarmTested,
    /// Somebody was subscribed to the critical alerts.
    Subscribed,
    /// A subscription was removed.
    Unsubscribed,
    /// Two versions that are compared were given other weights.
    WeightsMoved,
}

/// An act of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActRow {
    /// Always [`ActRow::SUBJECT`].
    pub subject: String,
    /// When, in milliseconds since 1970 by fourteen digits, and some random digits.
    pub entry: String,
    /// What.
    pub kind: ActKind,
    /// To what: an alarm's name, a subscriber's address, a subscription's id, a release's id.
    pub target: String,
    /// The subject of the token.
    pub by: String,
    /// The tenant of the token.
    pub tenant: TenantId,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// What came of it; `None`: not known.
    pub outcome: Option<String>,
    /// When it may go, in seconds since 1970.
    pub expires_at: u64,
    /// Moves with every write; 0: never stored.
    pub version: u64,
}

impl ActRow {
    /// Its partition key.
    pub const SUBJECT: &'static str = "acts";

    /// Records that this is about to be done.
    pub async fn begin(
        ports: &(impl Store + Clock + Entropy),
        kind: ActKind,
        target: &str,
        (by, tenant): (&str, &TenantId),
        reason: &str,
    ) -> Result<Self, RecordError> {
        let at = ports.wall();
        let chance = hex(&ports.random()[..6]);
        let mut row = Self {
            subject: Self::SUBJECT.to_owned(),
            entry: format!("{:014}-{chance}", at.as_millis()),
            kind,
            target: target.to_owned(),
            by: by.to_owned(),
            tenant: tenant.clone(),
            reason: reason.trim().to_owned(),
            at,
            outcome: None,
            expires_at: at.as_millis() / 1_000 + KEPT,
            version: 0,
        };
        row.write(ports).await?;
        Ok(row)
    }

    /// Records what came of it.
    pub async fn end(mut self, store: &impl Store, outcome: &str) -> Result<(), RecordError> {
        self.outcome = Some(outcome.to_owned());
        self.write(store).await
    }

    async fn write(&mut self, store: &impl Store) -> Result<(), RecordError> {
        let mut transaction = Transaction::new();
        transaction.put(self);
        transaction.commit(store).await
    }
}

crate::record!(ActRow, IopsControl);
