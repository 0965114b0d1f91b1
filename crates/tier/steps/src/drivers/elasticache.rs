//! ElastiCache replication groups and serverless caches.

use super::{Kind, tag};
use capstan_core::ports::{CacheGroup, CacheGroups, CloudResult, ServerlessCache, ServerlessCaches, Tagging};
use capstan_core::tier::converge::{
    CacheGroupCall, Goal, Next, ServerlessCacheCall, cache_group, serverless_cache,
};

/// `ElastiCache` replication groups.
#[derive(Debug)]
pub struct CacheGroupKind;

impl<P: CacheGroups + Tagging> Kind<P> for CacheGroupKind {
    type Observed = Option<CacheGroup>;
    type Call = CacheGroupCall;

    async fn observe(ports: &P, goal: &Goal<'_>) -> CloudResult<Option<CacheGroup>> {
        ports.cache_group(&goal.resource.name).await
    }

    fn next(seen: &Option<CacheGroup>, goal: &Goal<'_>) -> Next<CacheGroupCall> {
        cache_group::next(seen.as_ref(), goal)
    }

    async fn perform(ports: &P, goal: &Goal<'_>, call: CacheGroupCall) -> CloudResult<()> {
        let name = &goal.resource.name;
        match call {
            CacheGroupCall::Create(settings, tags) => ports.create_cache_group(name, &settings, &tags).await,
            CacheGroupCall::SetNodeType(node_type) => ports.set_node_type(name, &node_type).await,
            CacheGroupCall::SetNodes(nodes, cluster_mode) => ports.set_nodes(name, nodes, cluster_mode).await,
            CacheGroupCall::Delete(snapshot) => ports.delete_cache_group(name, snapshot.as_deref()).await,
            CacheGroupCall::Tag(change) => tag(ports, goal, change).await,
        }
    }
}

/// `ElastiCache` serverless caches.
#[derive(Debug)]
pub struct ServerlessCacheKind;

impl<P: ServerlessCaches + Tagging> Kind<P> for ServerlessCacheKind {
    type Observed = Option<ServerlessCache>;
    type Call = ServerlessCacheCall;

    async fn observe(ports: &P, goal: &Goal<'_>) -> CloudResult<Option<ServerlessCache>> {
        ports.serverless_cache(&goal.resource.name).await
    }

    fn next(seen: &Option<ServerlessCache>, goal: &Goal<'_>) -> Next<ServerlessCacheCall> {
        serverless_cache::next(seen.as_ref(), goal)
    }

    async fn perform(ports: &P, goal: &Goal<'_>, call: ServerlessCacheCall) -> CloudResult<()> {
        let name = &goal.resource.name;
        match call {
            ServerlessCacheCall::Create(min, max, tags) => {
                ports.create_serverless_cache(name, min, max, &tags).await
            }
            ServerlessCacheCall::SetEcpu(min, max) => ports.set_ecpu(name, min, max).await,
            ServerlessCacheCall::Delete(snapshot) => {
                ports.delete_serverless_cache(name, snapshot.as_deref()).await
            }
            ServerlessCacheCall::Tag(change) => tag(ports, goal, change).await,
        }
    }
}
