//! Neptune: clusters that hold the data and instances that serve it.

use super::elasticache::snapshot_time;
use super::{Answer, Cx, FinalSnapshots, Outline, Refusal, check_name, check_snapshot, require};
use crate::life::{Ended, Resource, Shelf, Stage};
use crate::timing::Cycle;
use capstan_core::ports::{GraphCluster, GraphInstance, GraphStatus, ServerlessCapacity, Tags};
use capstan_core::tier::ResourceKind;
use capstan_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The class that makes an instance serverless.
pub(crate) const SERVERLESS: &str = "db.serverless";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClusterSettings {
    pub(crate) capacity: Option<ServerlessCapacity>,
    /// The instance that takes writes.
    pub(crate) writer: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cluster {
    pub(crate) cluster: Resource<ClusterSettings>,
    /// Class by instance name.
    #[serde(with = "instances")]
    pub(crate) instances: Shelf<String>,
}

/// Instances in the stored form: the map itself.
mod instances {
    use super::{Resource, Shelf};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub(super) fn serialize<S: Serializer>(shelf: &Shelf<String>, to: S) -> Result<S::Ok, S::Error> {
        shelf.0.serialize(to)
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Shelf<String>, D::Error> {
        BTreeMap::<String, Resource<String>>::deserialize(from).map(Shelf)
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct GraphService {
    pub(crate) clusters: BTreeMap<String, Cluster>,
}

const fn status(stage: Stage) -> GraphStatus {
    match stage {
        Stage::Creating => GraphStatus::Creating,
        Stage::Ready => GraphStatus::Available,
        Stage::Changing => GraphStatus::Modifying,
        Stage::Deleting => GraphStatus::Deleting,
        Stage::Failed => GraphStatus::Failed,
    }
}

impl GraphService {
    pub(crate) fn cluster(&self, name: &str) -> Option<GraphCluster> {
        let found = self.clusters.get(name)?;
        let writer = found.cluster.current.writer.as_deref();
        let instances = found.instances.0.iter().map(|(name, instance)| GraphInstance {
            name: name.clone(),
            class: instance.current.clone(),
            status: status(instance.life.stage),
            writer: writer == Some(name.as_str()),
        });
        Some(GraphCluster {
            status: status(found.cluster.life.stage),
            capacity: found.cluster.current.capacity,
            instances: instances.collect(),
            tags: found.cluster.tags.clone(),
        })
    }

    pub(crate) fn create(
        &mut self,
        cx: &Cx<'_>,
        name: &str,
        capacity: Option<ServerlessCapacity>,
        tags: &Tags,
    ) -> Answer<()> {
        check_name(name, 63)?;
        capacity.map_or(Ok(()), check_capacity)?;
        if self.clusters.contains_key(name) {
            return Err(Refusal::exists(name));
        }
        Refusal::above("clusters", self.clusters.len() + 1, cx.quotas.graph_clusters)?;
        let settings = ClusterSettings { capacity, writer: None };
        let cluster = Resource::new(cx, Cycle::ClusterCreate, name, settings, tags);
        self.clusters.insert(name.to_owned(), Cluster { cluster, instances: Shelf::default() });
        Ok(())
    }

    pub(crate) fn set_capacity(
        &mut self,
        cx: &Cx<'_>,
        name: &str,
        capacity: ServerlessCapacity,
    ) -> Answer<()> {
        check_capacity(capacity)?;
        let cluster = &mut self.ready(name)?.cluster;
        let next = ClusterSettings { capacity: Some(capacity), ..cluster.current.clone() };
        cluster.change(cx, Cycle::ClusterCapacity, name, next);
        Ok(())
    }

    pub(crate) fn fail_over(&mut self, cx: &Cx<'_>, name: &str, to: &str) -> Answer<()> {
        let found = self.ready(name)?;
        found.instances.ready(to)?;
        let cluster = &mut found.cluster;
        require(cluster.current.writer.as_deref() != Some(to), || format!("`{to}` is the writer already"))?;
        let next = ClusterSettings { writer: Some(to.to_owned()), ..cluster.current.clone() };
        cluster.change(cx, Cycle::ClusterFailover, name, next);
        Ok(())
    }

    pub(crate) fn delete(
        &mut self,
        cx: &Cx<'_>,
        name: &str,
        final_snapshot: Option<&str>,
        taken: &FinalSnapshots,
    ) -> Answer<()> {
        let found = self.found(name)?;
        require(found.instances.0.is_empty(), || {
            format!("`{name}` still has {} instances", found.instances.0.len())
        })?;
        found.cluster.at_rest(name)?;
        check_snapshot(taken, ResourceKind::GraphCluster, final_snapshot)?;
        found.cluster.delete(cx, Cycle::ClusterDelete, name, snapshot_time(final_snapshot));
        Ok(())
    }

    pub(crate) fn create_instance(
        &mut self,
        cx: &Cx<'_>,
        cluster: &str,
        name: &str,
        class: &str,
        tags: &Tags,
    ) -> Answer<()> {
        check_name(name, 63)?;
        require(class.starts_with("db."), || format!("`{class}` is not an instance class of the service"))?;
        if self.clusters.values().any(|other| other.instances.get(name).is_some()) {
            return Err(Refusal::exists(name));
        }
        let all: usize = self.clusters.values().map(|other| other.instances.0.len()).sum();
        Refusal::above("Neptune instances", all + 1, cx.quotas.graph_instances)?;
        let found = self.ready(cluster)?;
        let here = found.instances.0.len() + 1;
        Refusal::above("instances in a cluster", here, cx.quotas.instances_per_graph_cluster)?;
        require(class != SERVERLESS || found.cluster.current.capacity.is_some(), || {
            format!("`{cluster}` has no serverless capacity range, which {SERVERLESS} needs")
        })?;
        let instance = Resource::new(cx, Cycle::GraphInstanceCreate, name, class.to_owned(), tags);
        found.instances.put(name, instance);
        found.cluster.current.writer.get_or_insert_with(|| name.to_owned());
        Ok(())
    }

    /// Deletes an instance. A writer hands its role to another available one first.
    pub(crate) fn delete_instance(&mut self, cx: &Cx<'_>, cluster: &str, name: &str) -> Answer<()> {
        let found = self.found(cluster)?;
        found.instances.at_rest(name)?;
        if found.cluster.life.stage != Stage::Failed {
            found.cluster.ready(cluster)?;
        }
        found.instances.found(name)?.delete(cx, Cycle::GraphInstanceDelete, name, Millis(0));
        found.pass_on_writer(name);
        Ok(())
    }

    pub(crate) fn outline(&self, name: &str) -> Option<Outline<'_>> {
        let found = self.clusters.get(name)?;
        let parts = found.instances.0.values().map(|instance| instance.life.settled_at());
        let settled_at = parts.fold(found.cluster.life.settled_at(), |a, b| Some(a?.max(b?)));
        Some(Outline { stage: found.cluster.life.stage, tags: &found.cluster.tags, settled_at })
    }

    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.clusters.values().filter_map(Cluster::due).min()
    }

    pub(crate) fn settle(&mut self, at: Timestamp, mut tell: impl FnMut(&str)) {
        self.clusters.retain(|name, found| {
            if found.due().is_none_or(|due| due > at) {
                return true;
            }
            let ended = found.settle(at);
            tell(name);
            ended != Some(Ended::Gone)
        });
    }

    fn found(&mut self, name: &str) -> Answer<&mut Cluster> {
        self.clusters.get_mut(name).ok_or_else(|| Refusal::not_found(name))
    }

    fn ready(&mut self, name: &str) -> Answer<&mut Cluster> {
        let found = self.found(name)?;
        found.cluster.ready(name)?;
        Ok(found)
    }
}

impl Cluster {
    fn due(&self) -> Option<Timestamp> {
        [self.cluster.life.due(), self.instances.due()].into_iter().flatten().min()
    }

    fn settle(&mut self, at: Timestamp) -> Option<Ended> {
        let ended = self.cluster.settle(at);
        let mut gone = None;
        self.instances.settle(at, |name, _, ended| {
            if ended == Ended::Gone {
                gone = Some(name.to_owned());
            }
        });
        if gone.is_some() || ended.is_some() {
            let writer = self.cluster.current.writer.clone();
            if let Some(writer) = writer.filter(|writer| self.instances.get(writer).is_none()) {
                self.pass_on_writer(&writer);
                if self.cluster.current.writer.as_deref() == Some(writer.as_str()) {
                    self.cluster.current.writer = self.instances.0.keys().next().cloned();
                }
            }
        }
        ended
    }

    /// Makes another available instance the writer, if `leaving` is it and there is one.
    fn pass_on_writer(&mut self, leaving: &str) {
        if self.cluster.current.writer.as_deref() != Some(leaving) {
            return;
        }
        let heir = self
            .instances
            .0
            .iter()
            .find(|(name, instance)| name.as_str() != leaving && instance.life.stage == Stage::Ready);
        if let Some((heir, _)) = heir {
            self.cluster.current.writer = Some(heir.clone());
        }
    }
}

fn check_capacity(capacity: ServerlessCapacity) -> Answer<()> {
    let ServerlessCapacity { min_milli_ncu: min, max_milli_ncu: max } = capacity;
    let fits = min >= 1_000 && max <= 128_000 && min <= max && min % 500 == 0 && max % 500 == 0;
    require(fits, || {
        format!("{min} to {max} thousandths of an NCU: not a range within 1 and 128 in steps of 0.5")
    })
}
