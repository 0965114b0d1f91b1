//! Tags: how a resource says whose it is, on every service alike.

use super::CloudResult;
use crate::ids::TenantId;
use crate::tier::ResourceRef;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;

/// The tags Capstan sets; it leaves all others alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TagKey {
    /// The tenant.
    TenantId,
    /// Always `RADIANT`: what the runbook's cost report groups by.
    Project,
    /// The tier the resource serves.
    Tier,
    /// The change that made or last changed it.
    TransitionId,
    /// Always `capstan`.
    ManagedBy,
    /// On a retired store: when it will be deleted (RFC 3339).
    DeleteAfter,
}

impl TagKey {
    /// The key as the cloud has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TenantId => "TenantId",
            Self::Project => "Project",
            Self::Tier => "Tier",
            Self::TransitionId => "TransitionId",
            Self::ManagedBy => "ManagedBy",
            Self::DeleteAfter => "DeleteAfter",
        }
    }
}

/// A set of tags.
pub type Tags = BTreeMap<TagKey, String>;

/// Sets and removes tags of an existing resource. `NotFound` if it is not there; ElastiCache answers `Busy`
/// unless the cache is available.
pub trait Tagging: Sync {
    /// Adds these or replaces their values.
    fn tag(&self, resource: &ResourceRef, tags: &Tags) -> impl Future<Output = CloudResult<()>> + Send;
    /// Removes these; those not there are ignored.
    fn untag(&self, resource: &ResourceRef, keys: &[TagKey]) -> impl Future<Output = CloudResult<()>> + Send;
}

/// A resource found by its tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Which.
    pub resource: ResourceRef,
    /// All its tags that Capstan knows.
    pub tags: Tags,
}

/// Looks for resources by tag, over all services.
pub trait Inventory: Sync {
    /// Everything that bears the tenant's tag, of the kinds Capstan manages (endpoints, domains, collections,
    /// caches, clusters, streams; not their parts), ordered by kind and name.
    fn tagged(&self, tenant: &TenantId) -> impl Future<Output = CloudResult<Vec<Found>>> + Send;
}
