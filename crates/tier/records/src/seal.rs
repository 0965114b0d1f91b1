//! Seals, and the sealer's own record of what it has sealed.
//!
//! They are in a table that only the function that seals may write: whoever may write the audit could take seals away
//! otherwise. Versions before this had them in the audit's table, where they are left; the sealer has copied them.

use crate::audit::audit_rows;
use crate::read;
use crate::record::{RecordError, record};
use capstan_core::audit::{GENESIS, Place, SEALS, Seal, seal_key};
use capstan_core::ids::TenantId;
use capstan_core::ports::{Item, Query, Store, Table};
use serde::{Deserialize, Serialize};

/// A seal in the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealRow {
    /// Sort key.
    pub entry: String,
    /// The seal.
    #[serde(flatten)]
    pub seal: Seal,
    /// Always 1.
    pub version: u64,
}

impl SealRow {
    /// A seal that is to be written.
    pub fn new(seal: Seal) -> Self {
        Self { entry: seal_key(seal.seq), seal, version: 0 }
    }
}

/// What the sealer has done for a tenant: what it holds the audit against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealedRow {
    /// Whose.
    pub tenant_id: TenantId,
    /// Sort key: [`SealedRow::ENTRY`].
    pub entry: String,
    /// How many seals there are.
    pub number: u64,
    /// The last entry under them.
    pub seq: u64,
    /// The digest of the last one.
    pub digest: String,
    /// Up to where the sealed part was looked at again, in the round of it that is under way.
    pub checked: Place,
    /// Seals of versions before are still being copied.
    pub copying: bool,
    /// Moves with every write.
    pub version: u64,
}

impl SealedRow {
    /// Its sort key.
    pub const ENTRY: &'static str = "sealed";

    /// The record of a tenant for whom nothing was sealed.
    pub fn none(tenant: &TenantId) -> Self {
        Self {
            tenant_id: tenant.clone(),
            entry: Self::ENTRY.to_owned(),
            number: 0,
            seq: 0,
            digest: GENESIS.to_owned(),
            checked: Place::default(),
            copying: false,
            version: 0,
        }
    }

    /// Takes in a seal.
    pub fn add(&mut self, seal: &Seal) {
        (self.number, self.seq, self.digest) = (seal.number, seal.seq, seal.digest());
    }
}

record!(SealRow, TierSeal, exact: false, |row| (row.seal.tenant_id.clone(), row.entry.clone()));
record!(SealedRow, TierSeal, exact: false, |row| (row.tenant_id.to_string(), row.entry.clone()));

/// What the sealer has done for a tenant; version 0: nothing.
pub async fn sealed(store: &impl Store, tenant: &TenantId) -> Result<SealedRow, RecordError> {
    let found = read::get(store, tenant.as_str(), SealedRow::ENTRY).await?;
    Ok(found.unwrap_or_else(|| SealedRow::none(tenant)))
}

/// A tenant's newest seal.
pub async fn last_seal(store: &impl Store, tenant: &TenantId) -> Result<Option<Seal>, RecordError> {
    let page: Vec<SealRow> = read::some(store, tenant.as_str(), SEALS, None, true, 1).await?;
    Ok(page.into_iter().next().map(|row| row.seal))
}

/// A tenant's seals after a sort key, as they are, in their order.
pub async fn seal_rows(
    store: &impl Store,
    tenant: &TenantId,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Item>, RecordError> {
    let (table, partition) = (Table::TierSeal, tenant.to_string());
    let query = Query { table, partition, prefix: SEALS.to_owned(), after, descending: false, limit };
    Ok(store.query(&query).await.map_err(RecordError::Store)?.items)
}

/// Seals that versions before this have left in the audit's table, and whether there are more.
pub async fn former_seal_rows(
    store: &impl Store,
    tenant: &TenantId,
    after: Option<String>,
    limit: usize,
) -> Result<(Vec<Item>, bool), RecordError> {
    audit_rows(store, tenant, SEALS, after, false, limit).await
}
