//! What [`Traffic`] promises, of every kind of resource.

use crate::case::{Case, Checked, cases, equal};
use crate::stage::Stage;
use capstan_core::ports::Traffic;
use capstan_core::tier::{ResourceKind, ResourceRef};

/// The case that every kind has.
macro_rules! of_each_kind {
    ($($kind:ident: $used:ident;)+) => {
        $(
            async fn $used<P: Traffic>(ports: &P, stage: &Stage<'_>) -> Checked {
                use_is_measured(ports, stage, ResourceKind::$kind).await
            }
        )+
        pub(super) fn cases<P: Traffic>() -> Vec<Case<P>> {
            let mut all = cases! { "Traffic": $($used [connections],)+ };
            all.extend(cases! { "Traffic": what_was_never_measured_is_not_used [connections], });
            all
        }
    };
}

of_each_kind! {
    Endpoint: the_use_of_an_endpoint_is_told;
    Domain: the_use_of_a_domain_is_told;
    Collection: the_use_of_a_collection_is_told;
    CacheGroup: the_use_of_a_cache_group_is_told;
    ServerlessCache: the_use_of_a_serverless_cache_is_told;
    GraphCluster: the_use_of_a_graph_cluster_is_told;
    Stream: the_use_of_a_stream_is_told;
}

async fn use_is_measured<P: Traffic>(ports: &P, stage: &Stage<'_>, kind: ResourceKind) -> Checked {
    let resource = ResourceRef { kind, name: stage.name("used") };
    stage.backstage().use_resource(&resource).await?;
    stage
        .until("somebody uses it", async || ports.connections(&resource).await, |used| *used > 0)
        .await
        .map(drop)
}

async fn what_was_never_measured_is_not_used<P: Traffic>(ports: &P, stage: &Stage<'_>) -> Checked {
    for kind in ResourceKind::ALL {
        let resource = ResourceRef { kind, name: stage.name("idle") };
        equal("nobody uses it", &ports.connections(&resource).await?, &0)?;
    }
    Ok(())
}
