//! Replication groups.

use super::{ENGINE, call, description, status, tag_list};
use crate::Aws;
use crate::refusal::{absent, count};
use aws_sdk_elasticache::types::{ClusterMode, ReplicationGroup};
use capstan_core::ports::{CacheGroup, CacheGroupSettings, CacheGroups, CloudErrorKind, CloudResult, Tags};

const VERSION: &str = "8.0";

fn settings(seen: &ReplicationGroup) -> CacheGroupSettings {
    CacheGroupSettings {
        node_type: seen.cache_node_type().unwrap_or_default().to_owned(),
        nodes: u32::try_from(seen.member_clusters().len()).unwrap_or(u32::MAX),
        cluster_mode: seen.cluster_enabled().unwrap_or(false),
    }
}

/// The shards that go when `keep` stay: the last ones.
fn surplus(seen: &ReplicationGroup, keep: u32) -> Vec<String> {
    let mut shards: Vec<String> =
        seen.node_groups().iter().filter_map(|shard| shard.node_group_id()).map(str::to_owned).collect();
    shards.sort_unstable();
    shards.split_off(shards.len().min(usize::try_from(keep).unwrap_or(usize::MAX)))
}

impl Aws {
    pub(super) async fn describe_cache_group(&self, name: &str) -> CloudResult<ReplicationGroup> {
        let call = call("DescribeReplicationGroups", name);
        let answer =
            look!(call, self.elasticache().describe_replication_groups().replication_group_id(name))?;
        let first = answer.replication_groups.unwrap_or_default().into_iter().next();
        first.ok_or_else(|| call.refuse(CloudErrorKind::NotFound, "the answer has no such group"))
    }

    async fn set_shards_of_group(&self, name: &str, seen: &ReplicationGroup, shards: u32) -> CloudResult<()> {
        let surplus = surplus(seen, shards);
        let request =
            self.elasticache().modify_replication_group_shard_configuration().replication_group_id(name);
        let request = request.node_group_count(count(shards)).apply_immediately(true);
        let request = request.set_node_groups_to_remove((!surplus.is_empty()).then_some(surplus));
        change!(call("ModifyReplicationGroupShardConfiguration", name), request).map(drop)
    }

    async fn set_replicas(&self, name: &str, seen: &ReplicationGroup, replicas: u32) -> CloudResult<()> {
        if replicas < settings(seen).nodes.saturating_sub(1) {
            let request = self.elasticache().decrease_replica_count().replication_group_id(name);
            let request = request.new_replica_count(count(replicas)).apply_immediately(true);
            change!(call("DecreaseReplicaCount", name), request).map(drop)
        } else {
            let request = self.elasticache().increase_replica_count().replication_group_id(name);
            let request = request.new_replica_count(count(replicas)).apply_immediately(true);
            change!(call("IncreaseReplicaCount", name), request).map(drop)
        }
    }
}

impl CacheGroups for Aws {
    async fn cache_group(&self, name: &str) -> CloudResult<Option<CacheGroup>> {
        let Some(seen) = absent(self.describe_cache_group(name).await)? else { return Ok(None) };
        let Some(tags) = self.cache_tags(name, seen.arn(), seen.description()).await? else {
            return Ok(None);
        };
        Ok(Some(CacheGroup { status: status(seen.status()), settings: settings(&seen), tags }))
    }

    async fn create_cache_group(
        &self,
        name: &str,
        settings: &CacheGroupSettings,
        tags: &Tags,
    ) -> CloudResult<()> {
        let request = self
            .elasticache()
            .create_replication_group()
            .replication_group_id(name)
            .replication_group_description(description(tags))
            .engine(ENGINE)
            .engine_version(VERSION)
            .cache_node_type(&settings.node_type)
            .automatic_failover_enabled(settings.nodes > 1)
            .multi_az_enabled(settings.nodes > 1)
            .at_rest_encryption_enabled(true)
            .transit_encryption_enabled(true)
            .set_tags(Some(tag_list(tags)));
        let request = if settings.cluster_mode {
            request
                .cluster_mode(ClusterMode::Enabled)
                .cache_parameter_group_name("default.valkey8.cluster.on")
                .num_node_groups(count(settings.nodes / 2))
                .replicas_per_node_group(1)
        } else {
            request.cache_parameter_group_name("default.valkey8").num_cache_clusters(count(settings.nodes))
        };
        change!(call("CreateReplicationGroup", name), request).map(drop)
    }

    async fn set_node_type(&self, name: &str, node_type: &str) -> CloudResult<()> {
        let request = self.elasticache().modify_replication_group().replication_group_id(name);
        let request = request.cache_node_type(node_type).apply_immediately(true);
        change!(call("ModifyReplicationGroup", name), request).map(drop)
    }

    /// The service has three operations for it; which one depends on what is there.
    async fn set_nodes(&self, name: &str, nodes: u32, cluster_mode: bool) -> CloudResult<()> {
        let seen = self.describe_cache_group(name).await?;
        if cluster_mode {
            self.set_shards_of_group(name, &seen, nodes / 2).await
        } else {
            self.set_replicas(name, &seen, nodes.saturating_sub(1)).await
        }
    }

    async fn delete_cache_group(&self, name: &str, final_snapshot: Option<&str>) -> CloudResult<()> {
        let request = self.elasticache().delete_replication_group().replication_group_id(name);
        let request = request.retain_primary_cluster(false);
        let request = request.set_final_snapshot_identifier(final_snapshot.map(str::to_owned));
        change!(call("DeleteReplicationGroup", name), request).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_elasticache::types::NodeGroup;

    #[test]
    fn the_last_shards_go_first() {
        let shard = |id: &str| NodeGroup::builder().node_group_id(id).build();
        let seen = ReplicationGroup::builder();
        let seen =
            seen.node_groups(shard("0003")).node_groups(shard("0001")).node_groups(shard("0002")).build();
        assert_eq!(surplus(&seen, 1), ["0002", "0003"]);
        assert!(surplus(&seen, 3).is_empty());
        assert!(surplus(&seen, 5).is_empty());
    }
}
