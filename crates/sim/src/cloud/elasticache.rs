//! `ElastiCache`: replication groups and serverless caches.

use super::{Answer, Cx, FinalSnapshots, Refusal, check_name, check_snapshot, require};
use crate::life::{Resource, Shelf, Stage};
use crate::timing::Cycle;
use capstan_core::ports::{CacheGroup, CacheGroupSettings, CacheStatus, ServerlessCache, Tags};
use capstan_core::tier::ResourceKind;
use capstan_core::time::Millis;
use serde::{Deserialize, Serialize};

/// Limits of a serverless cache, ECPUs a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ecpu {
    pub(crate) min: u32,
    pub(crate) max: u32,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct CacheService {
    pub(crate) groups: Shelf<CacheGroupSettings>,
    pub(crate) serverless: Shelf<Ecpu>,
}

const fn status(stage: Stage) -> CacheStatus {
    match stage {
        Stage::Creating => CacheStatus::Creating,
        Stage::Ready => CacheStatus::Available,
        Stage::Changing => CacheStatus::Modifying,
        Stage::Deleting => CacheStatus::Deleting,
        Stage::Failed => CacheStatus::Failed,
    }
}

impl CacheService {
    pub(crate) fn group(&self, name: &str) -> Option<CacheGroup> {
        let found = self.groups.get(name)?;
        let mut settings = found.current.clone();
        if matches!(found.life.stage, Stage::Creating | Stage::Failed) {
            settings.nodes = 0;
        }
        Some(CacheGroup { status: status(found.life.stage), settings, tags: found.tags.clone() })
    }

    pub(crate) fn create_group(
        &mut self,
        cx: &Cx<'_>,
        name: &str,
        settings: &CacheGroupSettings,
        tags: &Tags,
    ) -> Answer<()> {
        check_name(name, 40)?;
        check_node_type(&settings.node_type)?;
        check_nodes(cx, settings.nodes, settings.cluster_mode)?;
        self.groups.free(name)?;
        self.check_node_quota(cx, settings.nodes)?;
        self.groups.put(name, Resource::new(cx, Cycle::CacheGroupCreate, name, settings.clone(), tags));
        Ok(())
    }

    pub(crate) fn set_node_type(&mut self, cx: &Cx<'_>, name: &str, node_type: &str) -> Answer<()> {
        check_node_type(node_type)?;
        let found = self.groups.ready(name)?;
        require(found.current.node_type != node_type, || "no modifications were requested".to_owned())?;
        let next = CacheGroupSettings { node_type: node_type.to_owned(), ..found.current.clone() };
        found.change(cx, Cycle::CacheGroupType, name, next);
        Ok(())
    }

    pub(crate) fn set_nodes(
        &mut self,
        cx: &Cx<'_>,
        name: &str,
        nodes: u32,
        cluster_mode: bool,
    ) -> Answer<()> {
        let current = self.groups.ready(name)?.current.clone();
        require(current.cluster_mode == cluster_mode, || {
            format!("cluster mode of `{name}` is {}: it can't be changed", current.cluster_mode)
        })?;
        check_nodes(cx, nodes, cluster_mode)?;
        require(nodes != current.nodes, || format!("`{name}` has {nodes} nodes already"))?;
        self.check_node_quota(cx, nodes.saturating_sub(current.nodes))?;
        let next = CacheGroupSettings { nodes, ..current };
        self.groups.found(name)?.change(cx, Cycle::CacheGroupNodes, name, next);
        Ok(())
    }

    pub(crate) fn delete_group(
        &mut self,
        cx: &Cx<'_>,
        name: &str,
        final_snapshot: Option<&str>,
        taken: &FinalSnapshots,
    ) -> Answer<()> {
        let found = self.groups.at_rest(name)?;
        check_snapshot(taken, ResourceKind::CacheGroup, final_snapshot)?;
        found.delete(cx, Cycle::CacheGroupDelete, name, snapshot_time(final_snapshot));
        Ok(())
    }

    pub(crate) fn serverless_cache(&self, name: &str) -> Option<ServerlessCache> {
        let found = self.serverless.get(name)?;
        Some(ServerlessCache {
            status: status(found.life.stage),
            min_ecpu: found.current.min,
            max_ecpu: found.current.max,
            tags: found.tags.clone(),
        })
    }

    pub(crate) fn create_serverless(
        &mut self,
        cx: &Cx<'_>,
        name: &str,
        ecpu: Ecpu,
        tags: &Tags,
    ) -> Answer<()> {
        check_name(name, 40)?;
        check_ecpu(ecpu)?;
        self.serverless.free(name)?;
        Refusal::above("serverless caches", self.serverless.0.len() + 1, cx.quotas.serverless_caches)?;
        self.serverless.put(name, Resource::new(cx, Cycle::ServerlessCacheCreate, name, ecpu, tags));
        Ok(())
    }

    pub(crate) fn set_ecpu(&mut self, cx: &Cx<'_>, name: &str, ecpu: Ecpu) -> Answer<()> {
        check_ecpu(ecpu)?;
        self.serverless.ready(name)?.change(cx, Cycle::ServerlessCacheModify, name, ecpu);
        Ok(())
    }

    pub(crate) fn delete_serverless(
        &mut self,
        cx: &Cx<'_>,
        name: &str,
        final_snapshot: Option<&str>,
        taken: &FinalSnapshots,
    ) -> Answer<()> {
        let found = self.serverless.at_rest(name)?;
        check_snapshot(taken, ResourceKind::ServerlessCache, final_snapshot)?;
        found.delete(cx, Cycle::ServerlessCacheDelete, name, snapshot_time(final_snapshot));
        Ok(())
    }

    fn check_node_quota(&self, cx: &Cx<'_>, more: u32) -> Answer<()> {
        let used: usize = self.groups.0.values().map(|group| group.target().nodes as usize).sum();
        Refusal::above("cache nodes", used + more as usize, cx.quotas.cache_nodes)
    }
}

pub(crate) const fn snapshot_time(final_snapshot: Option<&str>) -> Millis {
    if final_snapshot.is_some() { Cycle::FINAL_SNAPSHOT } else { Millis(0) }
}

fn check_node_type(node_type: &str) -> Answer<()> {
    require(node_type.starts_with("cache."), || format!("`{node_type}` is not a node type of the service"))
}

fn check_nodes(cx: &Cx<'_>, nodes: u32, cluster_mode: bool) -> Answer<()> {
    if cluster_mode {
        require(nodes >= 2 && nodes.is_multiple_of(2), || {
            format!("{nodes} nodes are not shards of a primary and a replica each")
        })?;
        return Refusal::above("nodes in a group", nodes as usize, cx.quotas.nodes_per_cache_group);
    }
    require((1..=6).contains(&nodes), || format!("{nodes} nodes are not one primary and up to 5 replicas"))
}

fn check_ecpu(ecpu: Ecpu) -> Answer<()> {
    // The service's own bounds on ECPUPerSecond.
    let fits = |value| (1_000..=15_000_000).contains(&value);
    require(fits(ecpu.min) && fits(ecpu.max) && ecpu.min <= ecpu.max, || {
        format!("ECPU limits {} to {} are not a range within 1000 and 15000000", ecpu.min, ecpu.max)
    })
}
