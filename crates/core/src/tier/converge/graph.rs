//! Neptune clusters: the data stays in the cluster, instances come and go.
//!
//! A change of class adds the new instances first, fails over to one of them when all are available, and only then
//! takes the old ones away: the cluster serves throughout.

use super::{Claim, Goal, Next, TagCall, claim, failed, tags_next};
use crate::ports::{GraphCluster, GraphInstance, GraphStatus, ServerlessCapacity, Tags};
use crate::tier::{Desired, Spec};

/// The class of serverless instances.
pub const SERVERLESS_CLASS: &str = "db.serverless";

/// Calls about a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphCall {
    /// Make the cluster.
    Create(Option<ServerlessCapacity>, Tags),
    /// Change the range for serverless instances.
    SetCapacity(ServerlessCapacity),
    /// Add an instance of this name and class.
    CreateInstance(String, String, Tags),
    /// Take an instance away.
    DeleteInstance(String),
    /// Make this instance the writer.
    FailOver(String),
    /// Delete the cluster, leaving this snapshot.
    Delete(Option<String>),
    /// Change its tags.
    Tag(TagCall),
}

/// The next call.
pub fn next(seen: Option<&GraphCluster>, goal: &Goal<'_>) -> Next<GraphCall> {
    let wanted = match goal.to {
        Desired::Serving { spec: Spec::GraphServerless(capacity), .. } => {
            Some((SERVERLESS_CLASS, 1, Some(*capacity)))
        }
        Desired::Serving { spec: Spec::GraphProvisioned { class, instances }, .. } => {
            Some((class.as_str(), *instances as usize, None))
        }
        _ => None,
    };
    let Some(cluster) = seen else {
        return match wanted {
            Some((_, _, capacity)) => Next::Call(GraphCall::Create(capacity, goal.to.tags(goal.tenant))),
            None => Next::Ready,
        };
    };
    if let Claim::Settled(answer) = claim(goal, &cluster.tags) {
        return answer;
    }
    match cluster.status {
        GraphStatus::Creating => return Next::Wait("the cluster is being made"),
        GraphStatus::Modifying => return Next::Wait("the cluster is being changed"),
        GraphStatus::Deleting => return Next::Wait("the cluster is being deleted"),
        GraphStatus::Failed => {
            return failed(goal, "Neptune could not make the cluster", GraphCall::Delete(None));
        }
        GraphStatus::Available => {}
    }
    match (goal.to, wanted) {
        (Desired::Absent, _) => absent(cluster, goal),
        (_, Some((class, count, capacity))) => match serving(cluster, goal, class, count, capacity) {
            Next::Ready => tags_next(goal, &cluster.tags, GraphCall::Tag),
            other => other,
        },
        (_, None) => tags_next(goal, &cluster.tags, GraphCall::Tag),
    }
}

fn serving(
    cluster: &GraphCluster,
    goal: &Goal<'_>,
    class: &str,
    count: usize,
    capacity: Option<ServerlessCapacity>,
) -> Next<GraphCall> {
    if let Some(capacity) = capacity
        && cluster.capacity != Some(capacity)
    {
        return Next::Call(GraphCall::SetCapacity(capacity));
    }
    if let Some(broken) = cluster.instances.iter().find(|instance| instance.status == GraphStatus::Failed) {
        return failed(
            goal,
            "Neptune could not make an instance",
            GraphCall::DeleteInstance(broken.name.clone()),
        );
    }
    let leaving = |instance: &&GraphInstance| instance.status == GraphStatus::Deleting;
    let wanted: Vec<&GraphInstance> =
        cluster.instances.iter().filter(|instance| instance.class == class && !leaving(instance)).collect();
    if wanted.len() < count {
        let name = free_instance_name(cluster, &goal.resource.name);
        return Next::Call(GraphCall::CreateInstance(name, class.to_owned(), goal.to.tags(goal.tenant)));
    }
    if wanted.iter().any(|instance| instance.status != GraphStatus::Available) {
        return Next::Wait("instances are being made");
    }
    let Some(first) = wanted.first() else { return Next::Wait("instances are being made") };
    if !wanted.iter().any(|instance| instance.writer) {
        return Next::Call(GraphCall::FailOver(first.name.clone()));
    }
    let surplus = cluster
        .instances
        .iter()
        .filter(|instance| !leaving(instance) && instance.class != class)
        .chain(wanted.iter().rev().filter(|instance| !instance.writer).take(wanted.len() - count).copied())
        .next();
    match surplus {
        Some(instance) if instance.status == GraphStatus::Available => {
            Next::Call(GraphCall::DeleteInstance(instance.name.clone()))
        }
        Some(_) => Next::Wait("an instance that is to go is being changed"),
        None if cluster.instances.iter().any(|instance| leaving(&instance)) => {
            Next::Wait("instances are being taken away")
        }
        None => Next::Ready,
    }
}

fn absent(cluster: &GraphCluster, goal: &Goal<'_>) -> Next<GraphCall> {
    let open =
        |instance: &&GraphInstance| matches!(instance.status, GraphStatus::Available | GraphStatus::Failed);
    // The writer last: deleting it earlier would only fail over to one that goes next.
    let next = cluster.instances.iter().filter(open).min_by_key(|instance| instance.writer);
    match next {
        Some(instance) => Next::Call(GraphCall::DeleteInstance(instance.name.clone())),
        None if cluster.instances.is_empty() => {
            Next::Call(GraphCall::Delete(goal.final_snapshot.map(str::to_owned)))
        }
        None => Next::Wait("instances are still being made or taken away"),
    }
}

fn free_instance_name(cluster: &GraphCluster, stem: &str) -> String {
    let mut number = 1;
    loop {
        let name = format!("{stem}-instance-{number}");
        if cluster.instances.iter().all(|instance| instance.name != name) {
            return name;
        }
        number += 1;
    }
}
