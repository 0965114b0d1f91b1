//! What [`Inventory`] promises.

use super::made::{Makes, make};
use crate::case::{Case, Checked, cases, equal};
use crate::stage::Stage;
use capstan_core::ports::{CacheGroupSettings, Found, Inventory, TagKey, Tagging, Tags};
use capstan_core::tier::{ResourceKind, ResourceRef};

/// The case that every kind has.
macro_rules! of_each_kind {
    ($($kind:ident: $found:ident;)+) => {
        $(
            async fn $found<P: Inventory + Tagging + Makes>(ports: &P, stage: &Stage<'_>) -> Checked {
                is_found_by_its_tenant(ports, stage, ResourceKind::$kind).await
            }
        )+
        pub(super) fn cases<P: Inventory + Tagging + Makes>() -> Vec<Case<P>> {
            let mut all = cases! { "Inventory": $($found [tagged],)+ };
            all.extend(cases! { "Inventory":
                a_tenant_without_resources_has_none [tagged],
                parts_of_resources_are_left_out [tagged],
                a_hundred_and_more_come_in_order [tagged],
            });
            all
        }
    };
}

of_each_kind! {
    Endpoint: an_endpoint_is_found;
    Domain: a_domain_is_found;
    Collection: a_collection_is_found;
    CacheGroup: a_cache_group_is_found;
    ServerlessCache: a_serverless_cache_is_found;
    GraphCluster: a_graph_cluster_is_found;
    Stream: a_stream_is_found;
}

async fn is_found_by_its_tenant<P: Inventory + Tagging + Makes>(
    ports: &P,
    stage: &Stage<'_>,
    kind: ResourceKind,
) -> Checked {
    let resource = make(ports, stage, kind).await?;
    let found = vec![Found { resource: resource.clone(), tags: stage.tags()? }];
    equal("by its tenant", &ports.tagged(&stage.tenant(1)?).await?, &found)?;
    equal("by another", &ports.tagged(&stage.tenant(2)?).await?, &Vec::new())?;
    let moved = Tags::from([(TagKey::TenantId, stage.tenant(2)?.as_str().to_owned())]);
    ports.tag(&resource, &moved).await?;
    equal("by its former tenant", &ports.tagged(&stage.tenant(1)?).await?, &Vec::new())
}

async fn a_tenant_without_resources_has_none<P: Inventory + Tagging + Makes>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    equal("nothing", &ports.tagged(&stage.tenant(9)?).await?, &Vec::new())
}

/// The configuration of an endpoint, the instance of a cluster and the node of a group bear the same tags.
async fn parts_of_resources_are_left_out<P: Inventory + Tagging + Makes>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let cluster = make(ports, stage, ResourceKind::GraphCluster).await?;
    super::graph_instances::add(ports, stage, &cluster.name, &stage.name("one"), "db.r6g.large").await?;
    let group = make(ports, stage, ResourceKind::CacheGroup).await?;
    let found = ports.tagged(&stage.tenant(1)?).await?;
    let found: Vec<ResourceRef> = found.into_iter().map(|one| one.resource).collect();
    equal("the whole ones", &found, &vec![group, cluster])
}

/// More than the service has on a page (100).
async fn a_hundred_and_more_come_in_order<P: Inventory + Tagging + Makes>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let (tags, one_node) =
        (stage.tags()?, CacheGroupSettings { nodes: 1, ..super::cache_groups::two_nodes() });
    let mut expected = Vec::new();
    for number in 0..105 {
        let name = format!("{}-{number:03}", stage.name("c"));
        ports.create_cache_group(&name, &one_node, &tags).await?;
        expected.push(ResourceRef { kind: ResourceKind::CacheGroup, name });
    }
    let found = ports.tagged(&stage.tenant(1)?).await?;
    equal("all of them", &found.into_iter().map(|one| one.resource).collect(), &expected)
}
