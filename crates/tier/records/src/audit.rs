//! The audit: every act, once, with who and why, in the transaction of the act itself.
//!
//! What a caller makes is an [`AuditEntry`]; [`Transaction::commit_audited`] gives it its place in the tenant's chain
//! (`capstan_core::audit` says what the chain promises). The head is one more item of the transaction, under its version, so
//! two acts at once can't take the same place: the second takes the next one, and no earlier time. That costs an act one read and two writes.

use crate::record::{RecordError, record};
use crate::transaction::Transaction;
use crate::{IndexRow, read};
use capstan_core::audit::{Act, Entry, GENESIS, HEAD, Head, Outcome, entry_key};
use capstan_core::ids::{TenantId, TransitionId};
use capstan_core::ports::{Item, Key, Query, Store, StoreError, Table};
use capstan_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The role of an entry where the system acts by itself.
pub const SYSTEM_ROLE: &str = "SYSTEM";
/// How often an entry is given another place when others were first.
const ATTEMPTS: usize = 8;
/// How far a clock may be behind and be put right: longer than any function lives.
const CARRIED: Millis = Millis::hours(1);

/// An act, before it has its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    tenant_id: TenantId,
    at: Timestamp,
    actor: String,
    role: String,
    act: Act,
    outcome: Outcome,
    subject: String,
    reason: Option<String>,
    request_id: Option<String>,
    transition_id: Option<TransitionId>,
    detail: Value,
}

impl AuditEntry {
    /// An act of now on `subject`: a change, a tier, a resource, a route. By the system itself, unless a role is given.
    pub fn new(tenant: &TenantId, at: Timestamp, actor: &str, act: Act, subject: &str) -> Self {
        Self {
            tenant_id: tenant.clone(),
            at,
            actor: actor.to_owned(),
            role: SYSTEM_ROLE.to_owned(),
            act,
            outcome: Outcome::Done,
            subject: subject.to_owned(),
            reason: None,
            request_id: None,
            transition_id: None,
            detail: Value::Null,
        }
    }
    /// Under a role, asked for by a request.
    #[must_use]
    pub fn under(mut self, role: &str, request_id: Option<&str>) -> Self {
        role.clone_into(&mut self.role);
        self.request_id = request_id.map(str::to_owned);
        self
    }
    /// With a reason.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }
    /// About a change.
    #[must_use]
    pub fn about(mut self, transition: &TransitionId) -> Self {
        self.transition_id = Some(transition.clone());
        self
    }
    /// With more to know.
    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
    /// Refused: nothing was done.
    #[must_use]
    pub const fn denied(mut self) -> Self {
        self.outcome = Outcome::Denied;
        self
    }

    /// Its time, or that of the entry before it: clocks differ, and others may have come between. A chain never goes
    /// backwards by that, so one that does was altered. A time far ahead is not carried on: it is left to be found.
    fn time_after(&self, head: &HeadRow) -> Timestamp {
        let before = head.at.filter(|before| before.since(self.at) <= CARRIED);
        before.map_or(self.at, |before| before.max(self.at))
    }

    fn after(&self, head: &HeadRow, at: Timestamp) -> Entry {
        let mut entry = Entry {
            tenant_id: self.tenant_id.to_string(),
            seq: head.seq + 1,
            at: at.to_string(),
            who: self.actor.clone(),
            role: self.role.clone(),
            action: self.act.name().to_owned(),
            subject: self.subject.clone(),
            why: self.reason.clone(),
            outcome: self.outcome.name().to_owned(),
            request_id: self.request_id.clone(),
            transition_id: self.transition_id.as_ref().map(ToString::to_string),
            detail: (!self.detail.is_null()).then(|| self.detail.to_string()),
            prev: head.hash.clone(),
            hash: String::new(),
        };
        entry.hash = entry.digest();
        entry
    }
}

/// An entry in the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryRow {
    /// Sort key.
    pub entry: String,
    /// The entry.
    #[serde(flatten)]
    pub chained: Entry,
    /// Always 1.
    pub version: u64,
}

/// Where a tenant's chain ends, in the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadRow {
    /// Whose.
    pub tenant_id: TenantId,
    /// Sort key: [`HEAD`].
    pub entry: String,
    /// The last entry's place; 0 before the first.
    pub seq: u64,
    /// The last entry's hash.
    pub hash: String,
    /// The last entry's time; versions before did not keep it.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// Moves with every write.
    pub version: u64,
}

impl HeadRow {
    fn none(tenant: &TenantId) -> Self {
        let (entry, hash) = (HEAD.to_owned(), GENESIS.to_owned());
        Self { tenant_id: tenant.clone(), entry, seq: 0, hash, at: None, version: 0 }
    }
    /// What the chain is held against; `None` where there is no chain yet.
    pub fn head(&self) -> Option<Head> {
        (self.version > 0).then(|| Head { seq: self.seq, hash: self.hash.clone() })
    }
}

record!(EntryRow, TierAudit, |row| (row.chained.tenant_id.clone(), row.entry.clone()));
record!(HeadRow, TierAudit, |row| (row.tenant_id.to_string(), row.entry.clone()));

/// Where a tenant's chain ends.
pub async fn audit_head(store: &impl Store, tenant: &TenantId) -> Result<HeadRow, RecordError> {
    Ok(read::get(store, tenant.as_str(), HEAD).await?.unwrap_or_else(|| HeadRow::none(tenant)))
}

/// Rows of a tenant's audit as they are, in the order of their keys: what was written before the chain, the entries, the
/// head. Whether there are more.
pub async fn audit_rows(
    store: &impl Store,
    tenant: &TenantId,
    prefix: &str,
    after: Option<String>,
    descending: bool,
    limit: usize,
) -> Result<(Vec<Item>, bool), RecordError> {
    let (table, partition) = (Table::TierAudit, tenant.to_string());
    let query = Query { table, partition, prefix: prefix.to_owned(), after, descending, limit };
    let page = store.query(&query).await.map_err(RecordError::Store)?;
    Ok((page.items, page.next.is_some()))
}

/// One row of a tenant's audit, as it is.
pub async fn audit_row(
    store: &impl Store,
    tenant: &TenantId,
    sort: &str,
) -> Result<Option<Item>, RecordError> {
    let key = Key { table: Table::TierAudit, partition: tenant.to_string(), sort: sort.to_owned() };
    store.get(&key).await.map_err(RecordError::Store)
}

impl Transaction {
    /// Commits what was gathered together with an entry of the audit. Where another act has taken the entry's place, it takes
    /// the next one and all is tried again: every other condition still holds or fails as it would have.
    pub async fn commit_audited(self, store: &impl Store, entry: AuditEntry) -> Result<(), RecordError> {
        for attempt in 1.. {
            let mut head = audit_head(store, &entry.tenant_id).await?;
            match self.with_entry(&entry, &mut head).commit(store).await {
                Err(RecordError::Stale { table, .. })
                    if table == Table::TierAudit.name() && attempt < ATTEMPTS => {}
                result => return result,
            }
        }
        Ok(())
    }

    fn with_entry(&self, entry: &AuditEntry, head: &mut HeadRow) -> Self {
        let at = entry.time_after(head);
        let chained = entry.after(head, at);
        (head.seq, head.hash, head.at) = (chained.seq, chained.hash.clone(), Some(at));
        let mut row = EntryRow { entry: entry_key(chained.seq), chained, version: 0 };
        let mut transaction = self.clone();
        transaction.put(&mut row);
        transaction.put(head);
        transaction.put_always(&IndexRow::unsealed(&entry.tenant_id));
        transaction
    }
}

/// Writes an entry that belongs to no other write: a request that was denied. If the answer is lost it is looked whether
/// the entry is there, so that it is there once.
pub async fn append(store: &impl Store, entry: AuditEntry) -> Result<(), RecordError> {
    append_with(store, &Transaction::new(), &entry).await
}

/// The same, together with other writes. `Stale`: a condition of theirs did not hold, and nothing was written.
pub(crate) async fn append_with(
    store: &impl Store,
    writes: &Transaction,
    entry: &AuditEntry,
) -> Result<(), RecordError> {
    let mut head = audit_head(store, &entry.tenant_id).await?;
    for attempt in 1.. {
        let mut tried = head.clone();
        match writes.with_entry(entry, &mut tried).commit(store).await {
            Ok(()) => return Ok(()),
            Err(
                error @ (RecordError::Store(StoreError::Unknown(_) | StoreError::Conflict)
                | RecordError::Stale { .. }),
            ) if attempt < ATTEMPTS => {
                let found: Option<EntryRow> =
                    read::get(store, entry.tenant_id.as_str(), &entry_key(tried.seq)).await?;
                if found.is_some_and(|found| found.chained.hash == tried.hash) {
                    return Ok(());
                }
                let others = |table: &str| table != Table::TierAudit.name();
                if matches!(&error, RecordError::Stale { table, .. } if others(table)) {
                    return Err(error);
                }
                head = audit_head(store, &entry.tenant_id).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
