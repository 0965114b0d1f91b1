//! OpenSearch: domains (instances) and Serverless collections (OCUs).

use super::{CloudResult, Tags};
use serde::{Deserialize, Serialize};
use std::future::Future;

/// What a domain runs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainSettings {
    /// Such as `r6g.large.search`.
    pub instance_type: String,
    /// Data nodes.
    pub instance_count: u32,
    /// GB of gp3 storage a node.
    pub ebs_gb: u32,
}

/// A domain as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    /// Made, and with an endpoint to talk to.
    pub created: bool,
    /// Being made or changed; one that was made serves meanwhile but takes no further change. Neither made nor being
    /// processed: making it failed.
    pub processing: bool,
    /// Being deleted.
    pub deleting: bool,
    /// Settings in force, or being brought into force.
    pub settings: DomainSettings,
    /// Its tags.
    pub tags: Tags,
}

/// Domains (engine `OpenSearch_2.11`).
pub trait Domains: Sync {
    /// The domain of this name.
    fn domain(&self, name: &str) -> impl Future<Output = CloudResult<Option<Domain>>> + Send;
    /// Makes a domain.
    fn create_domain(
        &self,
        name: &str,
        settings: &DomainSettings,
        tags: &Tags,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Changes its settings; `Busy` while processing.
    fn update_domain(
        &self,
        name: &str,
        settings: &DomainSettings,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deletes it, for good and with its automated snapshots.
    fn delete_domain(&self, name: &str) -> impl Future<Output = CloudResult<()>> + Send;
}

/// `status` of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CollectionStatus {
    /// Being made.
    Creating,
    /// Serving.
    Active,
    /// Being deleted.
    Deleting,
    /// Could not be made. It can only be deleted.
    Failed,
}

/// A collection as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// Its status.
    pub status: CollectionStatus,
    /// Its tags.
    pub tags: Tags,
}

/// OCU limits. They are the **account's**, for indexing and search each, not one collection's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CollectionLimits {
    /// Most OCUs for indexing, over all collections.
    pub max_indexing_ocus: u32,
    /// Most OCUs for search, over all collections.
    pub max_search_ocus: u32,
}

/// Collections of type VECTORSEARCH.
pub trait Collections: Sync {
    /// The collection of this name.
    fn collection(&self, name: &str) -> impl Future<Output = CloudResult<Option<Collection>>> + Send;
    /// Makes a collection with the encryption, network and data-access policies it needs (made first; there
    /// already is fine).
    fn create_collection(&self, name: &str, tags: &Tags) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deletes a collection, and then its policies; `Busy` while it is being made.
    fn delete_collection(&self, name: &str) -> impl Future<Output = CloudResult<()>> + Send;
    /// The account's limits.
    fn collection_limits(&self) -> impl Future<Output = CloudResult<CollectionLimits>> + Send;
    /// Sets the account's limits.
    fn set_collection_limits(&self, limits: CollectionLimits)
    -> impl Future<Output = CloudResult<()>> + Send;
}
