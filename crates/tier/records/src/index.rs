//! Rows found across tenants.

use crate::record::Record;
use capstan_core::ids::{TenantId, TransitionId};
use capstan_core::ports::Table;
use capstan_core::tier::ResourceRef;
use capstan_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Changes that are under way, or have ended and are still to be announced: one row a change, since the next change of a
/// tenant may begin before people were told of the last.
pub const UNDER_WAY: &str = "UNDER_WAY";
/// Retired stores, in the order of their dates of deletion.
pub const RETIRED: &str = "RETIRED";
/// Tenants that ever had a change.
pub const TENANTS: &str = "TENANTS";
/// Tenants whose audit has entries without a seal.
pub const AUDIT_UNSEALED: &str = "AUDIT_UNSEALED";
/// Tenants whose audit was found to be altered, and about which word was given.
pub const AUDIT_BROKEN: &str = "AUDIT_BROKEN";

/// A row of the index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndexRow {
    /// Which list.
    pub index_name: String,
    /// The place in it.
    pub entry: String,
    /// Whose.
    pub tenant_id: TenantId,
    /// The change under way.
    pub transition_id: Option<TransitionId>,
    /// The retired store.
    pub resource: Option<ResourceRef>,
    /// Index rows are put and deleted without regard to versions: the record they follow has the condition.
    #[serde(default)]
    pub version: u64,
}

impl IndexRow {
    /// The row of a change under way.
    pub fn under_way(tenant: &TenantId, transition: &TransitionId) -> Self {
        Self {
            index_name: UNDER_WAY.to_owned(),
            entry: format!("{tenant}#{transition}"),
            tenant_id: tenant.clone(),
            transition_id: Some(transition.clone()),
            resource: None,
            version: 0,
        }
    }
    /// The row of a retired store.
    pub fn retired(tenant: &TenantId, resource: &ResourceRef, delete_after: Timestamp) -> Self {
        Self {
            index_name: RETIRED.to_owned(),
            entry: format!("{delete_after}#{tenant}#{resource}"),
            tenant_id: tenant.clone(),
            transition_id: None,
            resource: Some(resource.clone()),
            version: 0,
        }
    }
    /// The row of a tenant that is known.
    pub fn tenant(tenant: &TenantId) -> Self {
        Self::of_tenant(TENANTS, tenant)
    }
    /// The row of an audit with entries that have no seal.
    pub fn unsealed(tenant: &TenantId) -> Self {
        Self::of_tenant(AUDIT_UNSEALED, tenant)
    }
    /// The row of an audit that was altered.
    pub fn broken(tenant: &TenantId) -> Self {
        Self::of_tenant(AUDIT_BROKEN, tenant)
    }
    fn of_tenant(index: &str, tenant: &TenantId) -> Self {
        Self {
            index_name: index.to_owned(),
            entry: tenant.to_string(),
            tenant_id: tenant.clone(),
            transition_id: None,
            resource: None,
            version: 0,
        }
    }
}

impl Record for IndexRow {
    const TABLE: Table = Table::TierIndex;
    const EXACT: bool = true;
    fn keys(&self) -> (String, String) {
        (self.index_name.clone(), self.entry.clone())
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn set_version(&mut self, version: u64) {
        self.version = version;
    }
}
