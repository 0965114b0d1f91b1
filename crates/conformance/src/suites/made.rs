//! One resource of any kind, for the ports that are about all kinds alike.

use super::{cache_groups, collections, domains, endpoints, graph_clusters, serverless_caches};
use crate::case::Failure;
use crate::stage::Stage;
use capstan_core::ports::{
    CacheGroups, Collections, Domains, EndpointConfigs, Endpoints, GraphClusters, GraphInstances,
    ServerlessCaches, StreamStatus, Streams, Tags,
};
use capstan_core::tier::{ResourceKind, ResourceRef};

/// What makes a resource of any kind.
pub(crate) trait Makes:
    Endpoints
    + EndpointConfigs
    + Domains
    + Collections
    + CacheGroups
    + ServerlessCaches
    + GraphClusters
    + GraphInstances
    + Streams
{
}
impl<
    T: Endpoints
        + EndpointConfigs
        + Domains
        + Collections
        + CacheGroups
        + ServerlessCaches
        + GraphClusters
        + GraphInstances
        + Streams,
> Makes for T
{
}

/// Begins to make a resource with the stage's tags.
pub(crate) async fn begin<P: Makes>(
    ports: &P,
    stage: &Stage<'_>,
    kind: ResourceKind,
) -> Result<ResourceRef, Failure> {
    let resource = ResourceRef { kind, name: stage.name("made") };
    let (name, tags) = (resource.name.as_str(), stage.tags()?);
    match kind {
        ResourceKind::Endpoint => {
            let config = endpoints::configure(ports, stage, "config", "ml.m5.large", 1).await?;
            ports.create_endpoint(name, &config, &tags).await?;
        }
        ResourceKind::Domain => ports.create_domain(name, &domains::small(), &tags).await?,
        ResourceKind::Collection => ports.create_collection(name, &tags).await?,
        ResourceKind::CacheGroup => {
            ports.create_cache_group(name, &cache_groups::two_nodes(), &tags).await?;
        }
        ResourceKind::ServerlessCache => ports.create_serverless_cache(name, 1_000, 5_000, &tags).await?,
        ResourceKind::GraphCluster => ports.create_graph_cluster(name, None, &tags).await?,
        ResourceKind::Stream => ports.create_stream(name, Some(1), &tags).await?,
    }
    Ok(resource)
}

/// Makes a resource with the stage's tags and waits until it is ready.
pub(crate) async fn make<P: Makes>(
    ports: &P,
    stage: &Stage<'_>,
    kind: ResourceKind,
) -> Result<ResourceRef, Failure> {
    let resource = begin(ports, stage, kind).await?;
    let name = resource.name.as_str();
    let what = "it is ready";
    match kind {
        ResourceKind::Endpoint => {
            stage.until_there(what, async || ports.endpoint(name).await, endpoints::serves).await.map(drop)
        }
        ResourceKind::Domain => {
            stage.until_there(what, async || ports.domain(name).await, domains::ready).await.map(drop)
        }
        ResourceKind::Collection => stage
            .until_there(what, async || ports.collection(name).await, collections::active)
            .await
            .map(drop),
        ResourceKind::CacheGroup => {
            let good = cache_groups::available;
            stage.until_there(what, async || ports.cache_group(name).await, good).await.map(drop)
        }
        ResourceKind::ServerlessCache => {
            let good = serverless_caches::available;
            stage.until_there(what, async || ports.serverless_cache(name).await, good).await.map(drop)
        }
        ResourceKind::GraphCluster => graph_clusters::settled(ports, stage, name).await.map(drop),
        ResourceKind::Stream => {
            let good = |seen: &capstan_core::ports::Stream| seen.status == StreamStatus::Active;
            stage.until_there(what, async || ports.stream(name).await, good).await.map(drop)
        }
    }?;
    Ok(resource)
}

/// The tags a resource bears, by its own port; `None` if it is not there.
pub(crate) async fn tags_of<P: Makes>(ports: &P, resource: &ResourceRef) -> Result<Option<Tags>, Failure> {
    let name = resource.name.as_str();
    Ok(match resource.kind {
        ResourceKind::Endpoint => ports.endpoint(name).await?.map(|seen| seen.tags),
        ResourceKind::Domain => ports.domain(name).await?.map(|seen| seen.tags),
        ResourceKind::Collection => ports.collection(name).await?.map(|seen| seen.tags),
        ResourceKind::CacheGroup => ports.cache_group(name).await?.map(|seen| seen.tags),
        ResourceKind::ServerlessCache => ports.serverless_cache(name).await?.map(|seen| seen.tags),
        ResourceKind::GraphCluster => ports.graph_cluster(name).await?.map(|seen| seen.tags),
        ResourceKind::Stream => ports.stream(name).await?.map(|seen| seen.tags),
    })
}
