//! A resource described as the core's `Spec`, as far as it is of one.

use super::Cloud;
use super::neptune::SERVERLESS;
use capstan_core::ports::StreamMode;
use capstan_core::tier::{ResourceKind, Spec};

/// What a collection rests at: one OCU and its standby, for indexing and for search.
const RESTING_OCUS: u32 = 4;

impl Cloud {
    /// The shape in force; `None` for what serves nothing.
    pub(crate) fn spec(&self, kind: ResourceKind, name: &str) -> Option<Spec> {
        match kind {
            ResourceKind::Endpoint => self.endpoint_spec(name),
            ResourceKind::Domain => {
                let found = self.domains.domains.get(name).filter(|found| found.serves())?;
                Some(Spec::Domain(found.current.clone()))
            }
            ResourceKind::Collection => {
                self.collections.collections.get(name).filter(|found| found.serves())?;
                let limits = self.collections.limits;
                let max_ocus = limits.max_indexing_ocus.min(limits.max_search_ocus);
                Some(Spec::Collection { min_ocus: RESTING_OCUS.min(max_ocus), max_ocus })
            }
            ResourceKind::CacheGroup => {
                let found = self.caches.groups.get(name).filter(|found| found.serves())?;
                Some(Spec::CacheGroup(found.current.clone()))
            }
            ResourceKind::ServerlessCache => {
                let found = self.caches.serverless.get(name).filter(|found| found.serves())?;
                Some(Spec::ServerlessCache { min_ecpu: found.current.min, max_ecpu: found.current.max })
            }
            ResourceKind::GraphCluster => self.graph_spec(name),
            ResourceKind::Stream => {
                let found = self.streams.streams.get(name).filter(|found| found.serves())?;
                Some(match found.current.mode {
                    StreamMode::OnDemand => Spec::StreamOnDemand,
                    StreamMode::Provisioned => Spec::StreamProvisioned { shards: found.current.open },
                })
            }
        }
    }

    /// What is billed now: an endpoint by the instances that run, not by those it may come to.
    pub(crate) fn billed(&self, kind: ResourceKind, name: &str) -> Option<Spec> {
        let mut spec = self.spec(kind, name)?;
        if let (Spec::Endpoint { min, max, .. }, Some(found)) =
            (&mut spec, self.sagemaker.endpoints.get(name))
        {
            *min = found.current.instances;
            *max = (*max).max(*min);
        }
        Some(spec)
    }

    fn endpoint_spec(&self, name: &str) -> Option<Spec> {
        let found = self.sagemaker.endpoints.get(name).filter(|found| found.serves())?;
        let config = &self.sagemaker.configs.get(&found.current.config)?.config;
        let range = self.sagemaker.scaling.get(name);
        Some(Spec::Endpoint {
            instance_type: config.instance_type.clone(),
            min: range.map_or(found.current.instances, |range| range.min),
            max: range.map_or(found.current.instances, |range| range.max),
            scale_in_cooldown: range.map_or(0, |range| range.scale_in_cooldown),
        })
    }

    /// By the writer: while a cluster moves between classes, that is the one that does the work.
    fn graph_spec(&self, name: &str) -> Option<Spec> {
        let found = self.graphs.clusters.get(name).filter(|found| found.cluster.serves())?;
        let writer = found.instances.get(found.cluster.current.writer.as_deref()?)?;
        if writer.current == SERVERLESS {
            return found.cluster.current.capacity.map(Spec::GraphServerless);
        }
        let same = found.instances.0.values().filter(|one| one.current == writer.current && one.serves());
        let instances = u32::try_from(same.count()).ok()?;
        Some(Spec::GraphProvisioned { class: writer.current.clone(), instances })
    }
}
