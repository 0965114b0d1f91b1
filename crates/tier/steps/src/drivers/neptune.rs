//! Neptune clusters with their instances.

use super::{Kind, tag};
use capstan_core::ports::{CloudResult, GraphCluster, GraphClusters, GraphInstances, Tagging};
use capstan_core::tier::converge::{Goal, GraphCall, Next, graph};

/// Neptune clusters.
#[derive(Debug)]
pub struct GraphKind;

impl<P: GraphClusters + GraphInstances + Tagging> Kind<P> for GraphKind {
    type Observed = Option<GraphCluster>;
    type Call = GraphCall;

    async fn observe(ports: &P, goal: &Goal<'_>) -> CloudResult<Option<GraphCluster>> {
        ports.graph_cluster(&goal.resource.name).await
    }

    fn next(seen: &Option<GraphCluster>, goal: &Goal<'_>) -> Next<GraphCall> {
        graph::next(seen.as_ref(), goal)
    }

    async fn perform(ports: &P, goal: &Goal<'_>, call: GraphCall) -> CloudResult<()> {
        let name = &goal.resource.name;
        match call {
            GraphCall::Create(capacity, tags) => ports.create_graph_cluster(name, capacity, &tags).await,
            GraphCall::SetCapacity(capacity) => ports.set_capacity(name, capacity).await,
            GraphCall::CreateInstance(instance, class, tags) => {
                ports.create_graph_instance(name, &instance, &class, &tags).await
            }
            GraphCall::DeleteInstance(instance) => ports.delete_graph_instance(name, &instance).await,
            GraphCall::FailOver(instance) => ports.fail_over(name, &instance).await,
            GraphCall::Delete(snapshot) => ports.delete_graph_cluster(name, snapshot.as_deref()).await,
            GraphCall::Tag(change) => tag(ports, goal, change).await,
        }
    }
}
