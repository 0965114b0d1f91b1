//! The record of what a known caller was refused for the role's sake.
//!
//! It is written before the refusal is answered, and whoever can't write it must not let the caller through either. Who
//! has no valid token has no tenant, and so no row.
//!
//! A denial costs who is denied nothing, so the audit would be theirs to fill. The first [`ONE_BY_ONE`] of a tenant in a
//! minute have an entry each; the rest of that minute is counted in a row beside it, and said in one entry: how many more
//! there were, and of whom. That entry is written with the tenant's next denial after that minute, or before somebody reads
//! the audit ([`settle`]), whichever comes first: nobody reads an audit in which it is missing.

use crate::audit::{self, AuditEntry};
use crate::record::record;
use crate::{Act, RecordError, Transaction, read};
use capstan_core::ids::TenantId;
use capstan_core::ports::{Clock, Store};
use capstan_core::tier::Role;
use capstan_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// How many denials of a tenant in a minute have an entry of their own.
pub const ONE_BY_ONE: u32 = 60;
/// How many subjects are named of those that have none.
const NAMED: usize = 8;
/// Who says it: the system itself (as in `tier_steps::ending`).
const SYSTEM: &str = "capstan";
/// The subject that stands for those beyond.
const OTHERS: &str = "(others)";
/// How often a denial is counted anew when another is counted at the same time.
const ATTEMPTS: usize = 32;

/// The denials of one tenant in one minute of people's time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeniedRow {
    /// Whose tenant.
    pub tenant_id: TenantId,
    /// Always [`DeniedRow::ENTRY`].
    pub entry: String,
    /// When the minute began.
    pub since: Timestamp,
    /// How many have an entry.
    pub recorded: u32,
    /// How many more there were of each subject.
    pub more: BTreeMap<String, u64>,
    /// Moves with every write.
    pub version: u64,
}

impl DeniedRow {
    /// Its sort key.
    pub const ENTRY: &'static str = "DENIED";

    fn begun(tenant: &TenantId, since: Timestamp) -> Self {
        let (entry, more) = (Self::ENTRY.to_owned(), BTreeMap::new());
        Self { tenant_id: tenant.clone(), entry, since, recorded: 0, more, version: 0 }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.since != minute(now)
    }

    fn count(&mut self, subject: &str) {
        let known = self.more.contains_key(subject) || self.more.len() < NAMED;
        *self.more.entry(if known { subject } else { OTHERS }.to_owned()).or_default() += 1;
    }
}

record!(DeniedRow, TierRequest, exact: false, |row| (row.tenant_id.to_string(), row.entry.clone()));

/// The minute of a time.
fn minute(time: Timestamp) -> Timestamp {
    let length = Millis::minutes(1).0;
    Timestamp::from_millis(time.as_millis() / length * length)
}

/// What was asked for, by whom.
#[derive(Debug, Clone, Copy)]
pub struct Denied<'a> {
    /// The tenant of the token.
    pub tenant: &'a TenantId,
    /// The subject of the token.
    pub subject: &'a str,
    /// The role of the token.
    pub role: Role,
    /// The method asked for.
    pub method: &'a str,
    /// The route asked for, as the template has it.
    pub route: &'a str,
    /// The role it takes; `None`: there is no such route.
    pub least: Option<Role>,
    /// The request's id, as API Gateway gave it.
    pub request_id: Option<&'a str>,
}

/// Records a denial of now: in an entry, or in the count of those that have none.
pub async fn record(ports: &(impl Store + Clock), denied: Denied<'_>) -> Result<(), RecordError> {
    let subject = format!("{} {}", denied.method, denied.route);
    let entry = AuditEntry::new(denied.tenant, ports.now(), denied.subject, Act::RequestDenied, &subject)
        .under(denied.role.as_str(), denied.request_id)
        .with(json!({"leastRole": denied.least}))
        .denied();
    for attempt in 1.. {
        match count(ports, denied.tenant, denied.subject, &entry).await {
            Err(RecordError::Stale { .. }) if attempt < ATTEMPTS => {}
            result => return result,
        }
    }
    Ok(())
}

async fn count(
    ports: &(impl Store + Clock),
    tenant: &TenantId,
    subject: &str,
    entry: &AuditEntry,
) -> Result<(), RecordError> {
    let now = ports.wall();
    let mut row = settled(ports, tenant).await?.unwrap_or_else(|| DeniedRow::begun(tenant, minute(now)));
    if row.is_over(now) {
        row = DeniedRow { version: row.version, ..DeniedRow::begun(tenant, minute(now)) };
    }
    let mut transaction = Transaction::new();
    if row.recorded < ONE_BY_ONE {
        row.recorded += 1;
        transaction.put(&mut row);
        return audit::append_with(ports, &transaction, entry).await;
    }
    row.count(subject);
    transaction.put(&mut row);
    // Without an answer it may be counted: then it is counted twice, or it is an error and no way in.
    transaction.commit(ports).await
}

/// Says in the audit how many denials of a past minute have no entry of their own, if there were any: to be called before
/// the audit is read.
pub async fn settle(ports: &(impl Store + Clock), tenant: &TenantId) -> Result<(), RecordError> {
    for attempt in 1.. {
        match settled(ports, tenant).await {
            Err(RecordError::Stale { .. }) if attempt < ATTEMPTS => {}
            result => return result.map(drop),
        }
    }
    Ok(())
}

/// The tenant's row, after what it holds of a past minute is in the audit.
async fn settled(ports: &(impl Store + Clock), tenant: &TenantId) -> Result<Option<DeniedRow>, RecordError> {
    let row: Option<DeniedRow> = read::get(ports, tenant.as_str(), DeniedRow::ENTRY).await?;
    let now = ports.wall();
    let mut row = match row {
        Some(row) if row.is_over(now) && !row.more.is_empty() => row,
        row => return Ok(row),
    };
    let until = row.since + Millis::minutes(1);
    let more: u64 = row.more.values().sum();
    let detail = json!({"more": more, "by": row.more, "since": row.since, "until": until});
    let entry =
        AuditEntry::new(tenant, ports.now(), SYSTEM, Act::RequestDenied, "requests not listed one by one")
            .because(&format!("{more} more requests were denied from {} to {until}", row.since))
            .with(detail)
            .denied();
    row.more = BTreeMap::new();
    let mut transaction = Transaction::new();
    transaction.put(&mut row);
    audit::append_with(ports, &transaction, &entry).await?;
    Ok(Some(row))
}
