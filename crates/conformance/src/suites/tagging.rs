//! What [`Tagging`] promises, of every kind of resource.

use super::made::{Makes, begin, make, tags_of};
use crate::case::{Case, Checked, cases, equal, refused};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, TagKey, Tagging, Tags};
use capstan_core::tier::{ResourceKind, ResourceRef};

/// The two cases that every kind has.
macro_rules! of_each_kind {
    ($($kind:ident: $tags:ident, $absent:ident;)+) => {
        $(
            async fn $tags<P: Tagging + Makes>(ports: &P, stage: &Stage<'_>) -> Checked {
                come_and_go(ports, stage, ResourceKind::$kind).await
            }
            async fn $absent<P: Tagging + Makes>(ports: &P, stage: &Stage<'_>) -> Checked {
                are_not_for_the_absent(ports, stage, ResourceKind::$kind).await
            }
        )+
        pub(super) fn cases<P: Tagging + Makes>() -> Vec<Case<P>> {
            let mut all = cases! { "Tagging": $($tags [tag, untag],)+ $($absent [tag, untag],)+ };
            all.extend(cases! { "Tagging": a_cache_takes_no_tags_unless_available [tag, untag], });
            all
        }
    };
}

of_each_kind! {
    Endpoint: endpoint_tags_come_and_go, an_absent_endpoint_takes_none;
    Domain: domain_tags_come_and_go, an_absent_domain_takes_none;
    Collection: collection_tags_come_and_go, an_absent_collection_takes_none;
    CacheGroup: cache_group_tags_come_and_go, an_absent_cache_group_takes_none;
    ServerlessCache: serverless_cache_tags_come_and_go, an_absent_serverless_cache_takes_none;
    GraphCluster: graph_cluster_tags_come_and_go, an_absent_graph_cluster_takes_none;
    Stream: stream_tags_come_and_go, an_absent_stream_takes_none;
}

async fn come_and_go<P: Tagging + Makes>(ports: &P, stage: &Stage<'_>, kind: ResourceKind) -> Checked {
    let resource = make(ports, stage, kind).await?;
    let mut expected = stage.tags()?;
    // Those it bears from its beginning are its own port's promise.
    ports.tag(&resource, &expected).await?;
    equal("set", &tags_of(ports, &resource).await?, &Some(expected.clone()))?;
    let change = Tags::from([
        (TagKey::Tier, "PRODUCTION".to_owned()),
        (TagKey::DeleteAfter, "2026-11-28T00:00:00.000Z".to_owned()),
    ]);
    ports.tag(&resource, &change).await?;
    expected.extend(change);
    equal(
        "added and replaced, the others left alone",
        &tags_of(ports, &resource).await?,
        &Some(expected.clone()),
    )?;
    // One that is there and one that is not.
    ports.untag(&resource, &[TagKey::DeleteAfter, TagKey::TransitionId]).await?;
    expected.remove(&TagKey::DeleteAfter);
    equal("removed", &tags_of(ports, &resource).await?, &Some(expected.clone()))?;
    ports.tag(&resource, &Tags::new()).await?;
    ports.untag(&resource, &[]).await?;
    equal("none to add and none to remove", &tags_of(ports, &resource).await?, &Some(expected))
}

async fn are_not_for_the_absent<P: Tagging + Makes>(
    ports: &P,
    stage: &Stage<'_>,
    kind: ResourceKind,
) -> Checked {
    let resource = ResourceRef { kind, name: stage.name("none") };
    refused("a tag", CloudErrorKind::NotFound, ports.tag(&resource, &stage.tags()?).await)?;
    refused("none", CloudErrorKind::NotFound, ports.untag(&resource, &[TagKey::Tier]).await)
}

/// Whose it is can be read all the same.
async fn a_cache_takes_no_tags_unless_available<P: Tagging + Makes>(ports: &P, stage: &Stage<'_>) -> Checked {
    for kind in [ResourceKind::CacheGroup, ResourceKind::ServerlessCache] {
        let resource = begin(ports, stage, kind).await?;
        equal("while made", &tags_of(ports, &resource).await?, &Some(stage.tags()?))?;
        refused("a tag", CloudErrorKind::Busy, ports.tag(&resource, &stage.tags()?).await)?;
        refused("none", CloudErrorKind::Busy, ports.untag(&resource, &[TagKey::Tier]).await)?;
    }
    Ok(())
}
