//! ElastiCache (Valkey): replication groups on nodes, and serverless caches.
//!
//! Neither takes a change or a deletion unless it is `available` (`Busy`).

use super::{CloudResult, Tags};
use serde::{Deserialize, Serialize};
use std::future::Future;

/// Status of a replication group or serverless cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CacheStatus {
    /// Being made.
    Creating,
    /// Serving, and open to changes.
    Available,
    /// Being changed (also `snapshotting`).
    Modifying,
    /// Being deleted.
    Deleting,
    /// Could not be made. It can only be deleted.
    Failed,
}

/// What a replication group runs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheGroupSettings {
    /// Such as `cache.r7g.large`.
    pub node_type: String,
    /// Nodes in all. Without cluster mode: one primary and replicas. With it: shards of one primary and one
    /// replica, so an even number.
    pub nodes: u32,
    /// Cluster mode enabled. It can't be changed later.
    pub cluster_mode: bool,
}

/// A replication group as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheGroup {
    /// Its status.
    pub status: CacheStatus,
    /// Settings in force; `nodes` is counted from the member nodes that exist.
    pub settings: CacheGroupSettings,
    /// Its tags.
    pub tags: Tags,
}

/// Replication groups.
pub trait CacheGroups: Sync {
    /// The group of this name.
    fn cache_group(&self, name: &str) -> impl Future<Output = CloudResult<Option<CacheGroup>>> + Send;
    /// Makes a group.
    fn create_cache_group(
        &self,
        name: &str,
        settings: &CacheGroupSettings,
        tags: &Tags,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Changes the node type.
    fn set_node_type(&self, name: &str, node_type: &str) -> impl Future<Output = CloudResult<()>> + Send;
    /// Changes the number of nodes (replicas, or shards where cluster mode is on).
    fn set_nodes(
        &self,
        name: &str,
        nodes: u32,
        cluster_mode: bool,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deletes a group, with a final snapshot of that name if one is given (names are unique).
    fn delete_cache_group(
        &self,
        name: &str,
        final_snapshot: Option<&str>,
    ) -> impl Future<Output = CloudResult<()>> + Send;
}

/// A serverless cache as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerlessCache {
    /// Its status.
    pub status: CacheStatus,
    /// Least ECPUs per second kept ready.
    pub min_ecpu: u32,
    /// Most ECPUs per second.
    pub max_ecpu: u32,
    /// Its tags.
    pub tags: Tags,
}

/// Serverless caches.
pub trait ServerlessCaches: Sync {
    /// The cache of this name.
    fn serverless_cache(
        &self,
        name: &str,
    ) -> impl Future<Output = CloudResult<Option<ServerlessCache>>> + Send;
    /// Makes a cache with these limits of ECPUs per second.
    fn create_serverless_cache(
        &self,
        name: &str,
        min_ecpu: u32,
        max_ecpu: u32,
        tags: &Tags,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Changes the limits.
    fn set_ecpu(
        &self,
        name: &str,
        min_ecpu: u32,
        max_ecpu: u32,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deletes a cache, with a final snapshot of that name if one is given (names are unique).
    fn delete_serverless_cache(
        &self,
        name: &str,
        final_snapshot: Option<&str>,
    ) -> impl Future<Output = CloudResult<()>> + Send;
}
