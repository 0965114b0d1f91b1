//! Neptune.

use super::Ports;
use super::caches::{deletion, keep};
use crate::cloud::Part;
use crate::operation::Operation;
use capstan_core::ports::{
    CloudResult, GraphCluster, GraphClusters, GraphInstances, ServerlessCapacity, Tags,
};
use capstan_core::tier::ResourceKind;

const CLUSTER: Part = Part::Resource(ResourceKind::GraphCluster);

impl GraphClusters for Ports {
    async fn graph_cluster(&self, name: &str) -> CloudResult<Option<GraphCluster>> {
        self.look(Operation::DescribeDBClusters, name, |world| world.cloud.graphs.cluster(name)).await
    }
    async fn create_graph_cluster(
        &self,
        name: &str,
        capacity: Option<ServerlessCapacity>,
        tags: &Tags,
    ) -> CloudResult<()> {
        self.change(Operation::CreateDBCluster, name, &[(CLUSTER, name)], |cx, cloud| {
            cloud.graphs.create(cx, name, capacity, tags)
        })
        .await
    }
    async fn set_capacity(&self, name: &str, capacity: ServerlessCapacity) -> CloudResult<()> {
        self.change(Operation::ModifyDBCluster, name, &[(CLUSTER, name)], |cx, cloud| {
            cloud.graphs.set_capacity(cx, name, capacity)
        })
        .await
    }
    async fn fail_over(&self, name: &str, to_instance: &str) -> CloudResult<()> {
        self.change(Operation::FailoverDBCluster, name, &[(CLUSTER, name)], |cx, cloud| {
            cloud.graphs.fail_over(cx, name, to_instance)
        })
        .await
    }
    async fn delete_graph_cluster(&self, name: &str, final_snapshot: Option<&str>) -> CloudResult<()> {
        let kind = ResourceKind::GraphCluster;
        let parts = deletion(kind, name, final_snapshot);
        self.change(Operation::DeleteDBCluster, name, &parts, |cx, cloud| {
            cloud.graphs.delete(cx, name, final_snapshot, &cloud.snapshots)?;
            keep(cx, cloud, kind, name, final_snapshot);
            Ok(())
        })
        .await
    }
}

impl GraphInstances for Ports {
    async fn create_graph_instance(
        &self,
        cluster: &str,
        name: &str,
        class: &str,
        tags: &Tags,
    ) -> CloudResult<()> {
        self.change(Operation::CreateDBInstance, name, &[(CLUSTER, cluster)], |cx, cloud| {
            cloud.graphs.create_instance(cx, cluster, name, class, tags)
        })
        .await
    }
    async fn delete_graph_instance(&self, cluster: &str, name: &str) -> CloudResult<()> {
        self.change(Operation::DeleteDBInstance, name, &[(CLUSTER, cluster)], |cx, cloud| {
            cloud.graphs.delete_instance(cx, cluster, name)
        })
        .await
    }
}
