//! What [`GraphClusters`] promises.

use super::graph_instances::add;
use crate::case::{Case, Checked, Failure, cases, equal, holds, refused};
use crate::stage::Stage;
use capstan_core::ports::{
    CloudErrorKind, GraphCluster, GraphClusters, GraphInstances, GraphStatus, ServerlessCapacity,
};

pub(super) fn cases<P: GraphClusters + GraphInstances>() -> Vec<Case<P>> {
    cases! { "GraphClusters":
        is_made_changed_and_deleted [graph_cluster, create_graph_cluster, set_capacity, delete_graph_cluster],
        needs_no_capacity [graph_cluster, create_graph_cluster],
        a_name_is_taken_once [create_graph_cluster],
        nothing_can_be_done_to_what_is_absent [graph_cluster, set_capacity, fail_over, delete_graph_cluster],
        a_capacity_is_a_range_in_half_units [create_graph_cluster],
        fails_over_to_the_instance_that_is_named [graph_cluster, fail_over],
        is_not_deleted_while_it_has_instances [delete_graph_cluster],
        a_final_snapshots_name_is_taken_once [delete_graph_cluster],
        takes_no_change_unless_available [create_graph_cluster, set_capacity, delete_graph_cluster],
    }
}

const CAPACITY: ServerlessCapacity = ServerlessCapacity { min_milli_ncu: 1_000, max_milli_ncu: 2_500 };

fn available(cluster: &GraphCluster) -> bool {
    cluster.status == GraphStatus::Available
}

/// Waits until the cluster and all its instances are available.
pub(super) async fn settled<P: GraphClusters>(
    ports: &P,
    stage: &Stage<'_>,
    name: &str,
) -> Result<GraphCluster, Failure> {
    let good = |seen: &GraphCluster| {
        available(seen) && seen.instances.iter().all(|one| one.status == GraphStatus::Available)
    };
    stage.until_there("all of it is available", async || ports.graph_cluster(name).await, good).await
}

/// Makes a cluster without instances.
pub(super) async fn make<P: GraphClusters>(
    ports: &P,
    stage: &Stage<'_>,
    stem: &str,
) -> Result<String, Failure> {
    let name = stage.name(stem);
    ports.create_graph_cluster(&name, Some(CAPACITY), &stage.tags()?).await?;
    settled(ports, stage, &name).await?;
    Ok(name)
}

async fn is_made_changed_and_deleted<P: GraphClusters + GraphInstances>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    equal("before it is made", &ports.graph_cluster(&stage.name("graph")).await?, &None)?;
    let name = make(ports, stage, "graph").await?;
    let made = GraphCluster {
        status: GraphStatus::Available,
        capacity: Some(CAPACITY),
        instances: Vec::new(),
        tags: stage.tags()?,
    };
    equal("once made", &ports.graph_cluster(&name).await?, &Some(made.clone()))?;
    let more = ServerlessCapacity { min_milli_ncu: 2_500, max_milli_ncu: 16_000 };
    ports.set_capacity(&name, more).await?;
    let changed = stage
        .until_there(
            "it has the capacity",
            async || ports.graph_cluster(&name).await,
            |seen| available(seen) && seen.capacity == Some(more),
        )
        .await?;
    equal("once changed", &changed, &GraphCluster { capacity: Some(more), ..made })?;
    ports.delete_graph_cluster(&name, None).await?;
    stage.until_gone(async || ports.graph_cluster(&name).await).await
}

async fn needs_no_capacity<P: GraphClusters + GraphInstances>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("graph");
    ports.create_graph_cluster(&name, None, &stage.tags()?).await?;
    equal("its capacity", &settled(ports, stage, &name).await?.capacity, &None)
}

async fn a_name_is_taken_once<P: GraphClusters + GraphInstances>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = make(ports, stage, "graph").await?;
    let again = ports.create_graph_cluster(&name, None, &stage.tags()?).await;
    refused("made again", CloudErrorKind::AlreadyExists, again)
}

async fn nothing_can_be_done_to_what_is_absent<P: GraphClusters + GraphInstances>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let name = stage.name("graph");
    equal("it", &ports.graph_cluster(&name).await?, &None)?;
    refused("capacity", CloudErrorKind::NotFound, ports.set_capacity(&name, CAPACITY).await)?;
    refused("failover", CloudErrorKind::NotFound, ports.fail_over(&name, &stage.name("one")).await)?;
    refused("deletion", CloudErrorKind::NotFound, ports.delete_graph_cluster(&name, None).await)
}

async fn a_capacity_is_a_range_in_half_units<P: GraphClusters + GraphInstances>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    for (min_milli_ncu, max_milli_ncu) in [(500, 2_500), (1_000, 129_000), (2_500, 1_000), (1_000, 2_300)] {
        let capacity = ServerlessCapacity { min_milli_ncu, max_milli_ncu };
        let answer = ports.create_graph_cluster(&stage.name("graph"), Some(capacity), &stage.tags()?).await;
        refused(&format!("{capacity:?}"), CloudErrorKind::Invalid, answer)?;
    }
    Ok(())
}

async fn fails_over_to_the_instance_that_is_named<P: GraphClusters + GraphInstances>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let name = make(ports, stage, "graph").await?;
    let (first, second) = (stage.name("one"), stage.name("two"));
    add(ports, stage, &name, &first, "db.serverless").await?;
    add(ports, stage, &name, &second, "db.r6g.large").await?;
    ports.fail_over(&name, &second).await?;
    let writes =
        |seen: &GraphCluster, it: &str| seen.instances.iter().any(|one| one.name == it && one.writer);
    let seen = stage
        .until_there(
            "the other one writes",
            async || ports.graph_cluster(&name).await,
            |seen| available(seen) && writes(seen, &second),
        )
        .await?;
    holds("one writes at a time", !writes(&seen, &first))
}

async fn is_not_deleted_while_it_has_instances<P: GraphClusters + GraphInstances>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let name = make(ports, stage, "graph").await?;
    let instance = stage.name("one");
    add(ports, stage, &name, &instance, "db.r6g.large").await?;
    refused("with an instance", CloudErrorKind::Invalid, ports.delete_graph_cluster(&name, None).await)?;
    ports.delete_graph_instance(&name, &instance).await?;
    stage
        .until_there(
            "it is empty",
            async || ports.graph_cluster(&name).await,
            |seen| seen.instances.is_empty(),
        )
        .await?;
    ports.delete_graph_cluster(&name, None).await?;
    Ok(())
}

async fn a_final_snapshots_name_is_taken_once<P: GraphClusters + GraphInstances>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let snapshot = stage.name("final");
    let first = make(ports, stage, "first").await?;
    ports.delete_graph_cluster(&first, Some(&snapshot)).await?;
    stage.until_gone(async || ports.graph_cluster(&first).await).await?;
    let second = make(ports, stage, "second").await?;
    let answer = ports.delete_graph_cluster(&second, Some(&snapshot)).await;
    refused("the same name again", CloudErrorKind::AlreadyExists, answer)
}

async fn takes_no_change_unless_available<P: GraphClusters + GraphInstances>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let name = stage.name("graph");
    ports.create_graph_cluster(&name, None, &stage.tags()?).await?;
    refused("capacity while made", CloudErrorKind::Busy, ports.set_capacity(&name, CAPACITY).await)?;
    settled(ports, stage, &name).await?;
    ports.set_capacity(&name, CAPACITY).await?;
    refused("capacity while changed", CloudErrorKind::Busy, ports.set_capacity(&name, CAPACITY).await)?;
    refused("deletion while changed", CloudErrorKind::Busy, ports.delete_graph_cluster(&name, None).await)
}
