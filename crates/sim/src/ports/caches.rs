//! `ElastiCache`.

use super::{Ports, named};
use crate::cloud::elasticache::Ecpu;
use crate::cloud::{Cloud, Cx, FinalSnapshot, Part};
use crate::invocation::GiveWay;
use crate::operation::Operation;
use capstan_core::ports::{
    CacheGroup, CacheGroupSettings, CacheGroups, CloudResult, ServerlessCache, ServerlessCaches, Tags,
};
use capstan_core::tier::{ResourceKind, ResourceRef};

const GROUP: Part = Part::Resource(ResourceKind::CacheGroup);
const SERVERLESS: Part = Part::Resource(ResourceKind::ServerlessCache);

/// The parts a deletion touches: the resource, and its snapshot if one is asked for.
pub(super) fn deletion<'a>(
    kind: ResourceKind,
    name: &'a str,
    snapshot: Option<&'a str>,
) -> Vec<(Part, &'a str)> {
    let mut parts = vec![(Part::Resource(kind), name)];
    parts.extend(snapshot.map(|snapshot| (Part::Snapshot(kind), snapshot)));
    parts
}

/// Keeps a final snapshot of what is being deleted.
pub(super) fn keep(cx: &Cx<'_>, cloud: &mut Cloud, kind: ResourceKind, name: &str, snapshot: Option<&str>) {
    if let Some(snapshot) = snapshot {
        let source = ResourceRef { kind, name: name.to_owned() };
        let kept = FinalSnapshot { name: snapshot.to_owned(), source, at: cx.now };
        cloud.snapshots.insert((kind, snapshot.to_owned()), kept);
    }
}

impl CacheGroups for Ports {
    async fn cache_group(&self, name: &str) -> CloudResult<Option<CacheGroup>> {
        self.look(Operation::DescribeReplicationGroups, name, |world| world.cloud.caches.group(name)).await
    }
    async fn create_cache_group(
        &self,
        name: &str,
        settings: &CacheGroupSettings,
        tags: &Tags,
    ) -> CloudResult<()> {
        self.change(Operation::CreateReplicationGroup, name, &[(GROUP, name)], |cx, cloud| {
            cloud.caches.create_group(cx, name, settings, tags)
        })
        .await
    }
    async fn set_node_type(&self, name: &str, node_type: &str) -> CloudResult<()> {
        self.change(Operation::ModifyReplicationGroup, name, &[(GROUP, name)], |cx, cloud| {
            cloud.caches.set_node_type(cx, name, node_type)
        })
        .await
    }

    /// Which of three operations it is depends on the group: shards, more replicas, or fewer.
    async fn set_nodes(&self, name: &str, nodes: u32, cluster_mode: bool) -> CloudResult<()> {
        GiveWay::once().await;
        let now = self.world.lock().world.cloud.caches.group(name).map_or(0, |group| group.settings.nodes);
        let operation = match (cluster_mode, nodes < now) {
            (true, _) => Operation::ModifyReplicationGroupShardConfiguration,
            (false, true) => Operation::DecreaseReplicaCount,
            (false, false) => Operation::IncreaseReplicaCount,
        };
        let made = self.make(operation, name, |world, doom| {
            world.change(operation, doom, &[(GROUP, name)], |cx, cloud| {
                cloud.caches.set_nodes(cx, name, nodes, cluster_mode)
            })
        });
        named(operation, name, made.await)
    }

    async fn delete_cache_group(&self, name: &str, final_snapshot: Option<&str>) -> CloudResult<()> {
        let kind = ResourceKind::CacheGroup;
        let parts = deletion(kind, name, final_snapshot);
        self.change(Operation::DeleteReplicationGroup, name, &parts, |cx, cloud| {
            cloud.caches.delete_group(cx, name, final_snapshot, &cloud.snapshots)?;
            keep(cx, cloud, kind, name, final_snapshot);
            Ok(())
        })
        .await
    }
}

impl ServerlessCaches for Ports {
    async fn serverless_cache(&self, name: &str) -> CloudResult<Option<ServerlessCache>> {
        let operation = Operation::DescribeServerlessCaches;
        self.look(operation, name, |world| world.cloud.caches.serverless_cache(name)).await
    }
    async fn create_serverless_cache(
        &self,
        name: &str,
        min_ecpu: u32,
        max_ecpu: u32,
        tags: &Tags,
    ) -> CloudResult<()> {
        let ecpu = Ecpu { min: min_ecpu, max: max_ecpu };
        self.change(Operation::CreateServerlessCache, name, &[(SERVERLESS, name)], |cx, cloud| {
            cloud.caches.create_serverless(cx, name, ecpu, tags)
        })
        .await
    }
    async fn set_ecpu(&self, name: &str, min_ecpu: u32, max_ecpu: u32) -> CloudResult<()> {
        let ecpu = Ecpu { min: min_ecpu, max: max_ecpu };
        self.change(Operation::ModifyServerlessCache, name, &[(SERVERLESS, name)], |cx, cloud| {
            cloud.caches.set_ecpu(cx, name, ecpu)
        })
        .await
    }
    async fn delete_serverless_cache(&self, name: &str, final_snapshot: Option<&str>) -> CloudResult<()> {
        let kind = ResourceKind::ServerlessCache;
        let parts = deletion(kind, name, final_snapshot);
        self.change(Operation::DeleteServerlessCache, name, &parts, |cx, cloud| {
            cloud.caches.delete_serverless(cx, name, final_snapshot, &cloud.snapshots)?;
            keep(cx, cloud, kind, name, final_snapshot);
            Ok(())
        })
        .await
    }
}
