//! What [`GraphInstances`] promises. They are seen through their cluster.

use super::graph_clusters::{make, settled};
use crate::case::{Case, Checked, Failure, cases, equal, refused};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, GraphClusters, GraphInstance, GraphInstances, GraphStatus};

pub(super) fn cases<P: GraphInstances + GraphClusters>() -> Vec<Case<P>> {
    cases! { "GraphInstances":
        are_added_by_name_and_the_first_one_writes [create_graph_instance],
        a_name_is_taken_once [create_graph_instance],
        a_cluster_that_is_absent_takes_none [create_graph_instance],
        what_is_absent_is_not_deleted [delete_graph_instance],
        serverless_needs_a_capacity [create_graph_instance],
        a_writer_that_is_deleted_hands_over [delete_graph_instance],
        is_not_deleted_while_it_is_made [create_graph_instance, delete_graph_instance],
    }
}

/// Adds an instance and waits until all are available.
pub(super) async fn add<P: GraphInstances + GraphClusters>(
    ports: &P,
    stage: &Stage<'_>,
    cluster: &str,
    name: &str,
    class: &str,
) -> Checked {
    ports.create_graph_instance(cluster, name, class, &stage.tags()?).await?;
    settled(ports, stage, cluster).await.map(drop)
}

async fn pair<P: GraphInstances + GraphClusters>(
    ports: &P,
    stage: &Stage<'_>,
) -> Result<(String, [String; 2]), Failure> {
    let cluster = make(ports, stage, "graph").await?;
    // The second by name is the first to be made.
    let names = [stage.name("a"), stage.name("b")];
    add(ports, stage, &cluster, &names[1], "db.serverless").await?;
    add(ports, stage, &cluster, &names[0], "db.r6g.2xlarge").await?;
    Ok((cluster, names))
}

async fn are_added_by_name_and_the_first_one_writes<P: GraphInstances + GraphClusters>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let (cluster, [a, b]) = pair(ports, stage).await?;
    let instance = |name: &str, class: &str, writer| GraphInstance {
        name: name.to_owned(),
        class: class.to_owned(),
        status: GraphStatus::Available,
        writer,
    };
    let expected = vec![instance(&a, "db.r6g.2xlarge", false), instance(&b, "db.serverless", true)];
    equal("the instances", &settled(ports, stage, &cluster).await?.instances, &expected)
}

async fn a_name_is_taken_once<P: GraphInstances + GraphClusters>(ports: &P, stage: &Stage<'_>) -> Checked {
    let (cluster, [a, _]) = pair(ports, stage).await?;
    let again = ports.create_graph_instance(&cluster, &a, "db.r6g.large", &stage.tags()?).await;
    refused("made again", CloudErrorKind::AlreadyExists, again)
}

async fn a_cluster_that_is_absent_takes_none<P: GraphInstances + GraphClusters>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let (cluster, name) = (stage.name("graph"), stage.name("one"));
    let answer = ports.create_graph_instance(&cluster, &name, "db.r6g.large", &stage.tags()?).await;
    refused("in no cluster", CloudErrorKind::NotFound, answer)
}

async fn what_is_absent_is_not_deleted<P: GraphInstances + GraphClusters>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let cluster = make(ports, stage, "graph").await?;
    let answer = ports.delete_graph_instance(&cluster, &stage.name("one")).await;
    refused("no instance", CloudErrorKind::NotFound, answer)
}

async fn serverless_needs_a_capacity<P: GraphInstances + GraphClusters>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let cluster = stage.name("graph");
    ports.create_graph_cluster(&cluster, None, &stage.tags()?).await?;
    settled(ports, stage, &cluster).await?;
    let answer =
        ports.create_graph_instance(&cluster, &stage.name("one"), "db.serverless", &stage.tags()?).await;
    refused("without a capacity", CloudErrorKind::Invalid, answer)
}

async fn a_writer_that_is_deleted_hands_over<P: GraphInstances + GraphClusters>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let (cluster, [a, b]) = pair(ports, stage).await?;
    ports.delete_graph_instance(&cluster, &b).await?;
    let seen = stage
        .until_there(
            "one is left",
            async || ports.graph_cluster(&cluster).await,
            |seen| seen.instances.len() == 1,
        )
        .await?;
    let left: Vec<(&str, bool)> = seen.instances.iter().map(|one| (one.name.as_str(), one.writer)).collect();
    equal("who writes now", &left, &vec![(a.as_str(), true)])
}

async fn is_not_deleted_while_it_is_made<P: GraphInstances + GraphClusters>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let cluster = make(ports, stage, "graph").await?;
    let name = stage.name("one");
    ports.create_graph_instance(&cluster, &name, "db.r6g.large", &stage.tags()?).await?;
    refused("while made", CloudErrorKind::Busy, ports.delete_graph_instance(&cluster, &name).await)
}
