//! Neptune: a cluster holds the data, its instances serve it.
//!
//! A cluster without an instance serves nothing. Serverless is an instance class (`db.serverless`), not a kind
//! of cluster, so a switch happens inside one cluster and the data stays.

use super::{CloudResult, Tags};
use serde::{Deserialize, Serialize};
use std::future::Future;

/// Status of a cluster or an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GraphStatus {
    /// Being made.
    Creating,
    /// Serving, and open to changes.
    Available,
    /// Being changed (also `failing-over`).
    Modifying,
    /// Being deleted.
    Deleting,
    /// Could not be made. It can only be deleted.
    Failed,
}

/// Between how much capacity serverless instances move, in thousandths of an NCU (steps of 500).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerlessCapacity {
    /// Least, at least 1 NCU.
    pub min_milli_ncu: u32,
    /// Most, at most 128 NCU.
    pub max_milli_ncu: u32,
}

/// An instance of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphInstance {
    /// Its name, unique in the account.
    pub name: String,
    /// Such as `db.r6g.2xlarge` or `db.serverless`.
    pub class: String,
    /// Its status.
    pub status: GraphStatus,
    /// Whether it is the one that takes writes.
    pub writer: bool,
}

/// A cluster as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphCluster {
    /// Its status.
    pub status: GraphStatus,
    /// The range for its serverless instances.
    pub capacity: Option<ServerlessCapacity>,
    /// Its instances, by name.
    pub instances: Vec<GraphInstance>,
    /// Its tags.
    pub tags: Tags,
}

/// Clusters (engine `neptune` 1.3).
pub trait GraphClusters: Sync {
    /// The cluster of this name with its instances.
    fn graph_cluster(&self, name: &str) -> impl Future<Output = CloudResult<Option<GraphCluster>>> + Send;
    /// Makes a cluster without instances.
    fn create_graph_cluster(
        &self,
        name: &str,
        capacity: Option<ServerlessCapacity>,
        tags: &Tags,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Changes the range for serverless instances; `Busy` unless the cluster is available.
    fn set_capacity(
        &self,
        name: &str,
        capacity: ServerlessCapacity,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Makes this instance the writer; `Busy` unless cluster and instance are available.
    fn fail_over(&self, name: &str, to_instance: &str) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deletes a cluster that has no instances left (else `Invalid`), with a final snapshot if one is named.
    fn delete_graph_cluster(
        &self,
        name: &str,
        final_snapshot: Option<&str>,
    ) -> impl Future<Output = CloudResult<()>> + Send;
}

/// Instances.
pub trait GraphInstances: Sync {
    /// Adds an instance to a cluster. The first one becomes the writer. `db.serverless` needs a capacity range.
    fn create_graph_instance(
        &self,
        cluster: &str,
        name: &str,
        class: &str,
        tags: &Tags,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deletes an instance; `Busy` unless it is available. Deleting the writer fails over to another, if any.
    fn delete_graph_instance(
        &self,
        cluster: &str,
        name: &str,
    ) -> impl Future<Output = CloudResult<()>> + Send;
}
