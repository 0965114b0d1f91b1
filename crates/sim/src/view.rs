//! The world seen from outside, by tests and drills.

use crate::cloud::{Cloud, FinalSnapshot};
use crate::life::Stage;
use crate::tables::Row;
use crate::world::World;
use capstan_core::ports::{Item, Table, Tags};
use capstan_core::tier::{ResourceKind, ResourceRef, Spec};
use capstan_core::time::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A resource as an onlooker sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceView {
    /// Which.
    pub resource: ResourceRef,
    /// Its stage: `Creating`, `Ready`, `Changing`, `Deleting` or `Failed`, on every service alike.
    pub stage: &'static str,
    /// Its shape, where it serves.
    pub spec: Option<Spec>,
    /// Its tags.
    pub tags: Tags,
    /// When its last life cycle ended or will end; `None` if it never does.
    pub settled_at: Option<Timestamp>,
}

const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Creating => "Creating",
        Stage::Ready => "Ready",
        Stage::Changing => "Changing",
        Stage::Deleting => "Deleting",
        Stage::Failed => "Failed",
    }
}

impl World {
    /// All resources, by kind and name.
    pub fn resources(&self) -> Vec<ResourceView> {
        let names = ResourceKind::ALL
            .into_iter()
            .flat_map(|kind| self.cloud.names(kind).into_iter().map(move |name| (kind, name)));
        let view = |(kind, name): (ResourceKind, &str)| {
            let outline = self.cloud.outline(kind, name)?;
            Some(ResourceView {
                resource: ResourceRef { kind, name: name.to_owned() },
                stage: stage_name(outline.stage),
                spec: self.cloud.spec(kind, name),
                tags: outline.tags.clone(),
                settled_at: outline.settled_at,
            })
        };
        names.filter_map(view).collect()
    }

    /// Every span of time in which a resource was billed, as far as the meter remembers.
    pub fn bills(&self) -> impl Iterator<Item = crate::meter::Bill<'_>> {
        self.meter.bills()
    }

    /// The keys of a table's rows, in their order: partition and sort key.
    pub fn keys(&self, table: Table) -> impl Iterator<Item = (&str, &str)> {
        self.tables.rows(table).map(|(partition, sort, _)| (partition, sort))
    }

    /// The rows of a table whose sort keys begin so, as `T`s, in the order of their keys; what is no `T` is left out. A row is
    /// read once, as long as it stands.
    pub fn records<T>(&self, table: Table, prefix: &str) -> impl Iterator<Item = Arc<T>>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        let rows = self.tables.rows(table).filter(move |(_, sort, _)| sort.starts_with(prefix));
        rows.filter_map(|(_, _, row)| row.read().ok())
    }

    /// One row as a `T`; `None` where there is none, or it is no `T`.
    pub fn record_at<T>(&self, table: Table, partition: &str, sort: &str) -> Option<Arc<T>>
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        self.tables.at(table, partition, sort)?.read().ok()
    }

    /// How often a table was written to: while it stays the same, no row of it is another.
    pub const fn revision(&self, table: Table) -> u64 {
        self.revisions[table as usize]
    }

    /// The stage of a resource, as in [`ResourceView::stage`]; `None` if it is not there.
    pub fn stage(&self, resource: &ResourceRef) -> Option<&'static str> {
        self.stage_of(resource.kind, &resource.name)
    }

    /// The same, of the resource of this kind and name.
    pub fn stage_of(&self, kind: ResourceKind, name: &str) -> Option<&'static str> {
        self.cloud.outline(kind, name).map(|outline| stage_name(outline.stage))
    }

    /// The names of all resources, by kind.
    pub fn names(&self) -> impl Iterator<Item = (ResourceKind, &str)> {
        let of = |kind| self.cloud.names(kind).into_iter().map(move |name| (kind, name));
        ResourceKind::ALL.into_iter().flat_map(of)
    }

    /// When the last life cycle of a resource (of a cluster: of its instances too) ended or will end; `None` if
    /// there is no such resource, or it will never settle.
    pub fn settled_at(&self, resource: &ResourceRef) -> Option<Timestamp> {
        self.cloud.outline(resource.kind, &resource.name)?.settled_at
    }

    /// The classes of a cluster's instances, in order; none if there is no such cluster.
    pub fn instance_classes(&self, cluster: &str) -> Vec<&str> {
        let found = self.cloud.graphs.clusters.get(cluster);
        let instances = found.into_iter().flat_map(|found| found.instances.0.values());
        let mut classes: Vec<&str> = instances.map(|one| one.current.as_str()).collect();
        classes.sort_unstable();
        classes
    }

    /// The final snapshots made so far, by kind of source and name.
    pub fn snapshots(&self) -> impl Iterator<Item = &FinalSnapshot> {
        self.cloud.snapshots.values()
    }

    /// The models that there are, by name.
    pub fn models(&self) -> impl Iterator<Item = &capstan_core::ports::Model> {
        self.cloud.training.models.values().map(|found| &found.model)
    }

    /// What exists and how it is set, without what differs between two ways to the same place: no times, no
    /// names of endpoint configurations and Neptune instances, no capacity range that no instance uses, no
    /// shards of a stream on demand, no limits of the account. Equal values mean equal clouds.
    pub fn snapshot(&self) -> Value {
        self.cloud.snapshot()
    }

    /// The endpoint configurations of [`World::snapshot`]: without their names, and by which endpoint each is used.
    pub fn endpoint_configs(&self) -> Value {
        self.cloud.config_settings()
    }

    /// The cloud and these tables as they are now, to be looked at later.
    pub fn still(&self, tables: &[Table]) -> Still {
        let rows = |table: &Table| (*table, self.tables.shared(*table).cloned().collect());
        Still { cloud: self.cloud.clone(), rows: tables.iter().map(rows).collect() }
    }
}

/// A cloud and tables as they once were. Taking one costs far less than writing down what is in it.
#[derive(Debug, Clone)]
pub struct Still {
    cloud: Cloud,
    rows: Vec<(Table, Vec<Arc<Row>>)>,
}

impl Still {
    /// As [`World::snapshot`].
    pub fn snapshot(&self) -> Value {
        self.cloud.snapshot()
    }

    /// As [`World::items`]; none of a table that was not asked for.
    pub fn items(&self, table: Table) -> impl Iterator<Item = &Item> {
        let rows = self.rows.iter().filter(move |(of, _)| *of == table);
        rows.flat_map(|(_, rows)| rows.iter().map(|row| row.item()))
    }
}

impl Cloud {
    fn snapshot(&self) -> Value {
        let mut all = Map::new();
        for kind in ResourceKind::ALL {
            let mut of_kind = Map::new();
            for name in self.names(kind) {
                let Some(outline) = self.outline(kind, name) else { continue };
                let mut one = json!({
                    "stage": stage_name(outline.stage),
                    "settings": self.settings(kind, name),
                });
                if let Ok(tags) = serde_json::to_value(outline.tags) {
                    one["tags"] = tags;
                }
                of_kind.insert(name.to_owned(), one);
            }
            all.insert(kind.to_string(), Value::Object(of_kind));
        }
        all.insert("endpoint-config".to_owned(), self.config_settings());
        let mut policies: Vec<String> =
            self.collections.policies.iter().map(|(name, kind)| format!("{name}/{kind:?}")).collect();
        policies.sort();
        all.insert("collection-policy".to_owned(), json!(policies));
        Value::Object(all)
    }

    fn settings(&self, kind: ResourceKind, name: &str) -> Value {
        let settings = match kind {
            ResourceKind::Endpoint => self.endpoint_settings(name),
            ResourceKind::Domain => self.domains.domains.get(name).map(|found| json!(found.target())),
            ResourceKind::Collection => None,
            ResourceKind::CacheGroup => self.caches.groups.get(name).map(|found| json!(found.target())),
            ResourceKind::ServerlessCache => self.caches.serverless.get(name).map(|found| {
                let ecpu = found.target();
                json!({ "minEcpu": ecpu.min, "maxEcpu": ecpu.max })
            }),
            ResourceKind::GraphCluster => self.graph_settings(name),
            ResourceKind::Stream => self.streams.streams.get(name).map(|found| {
                let shards = found.target();
                match shards.mode {
                    capstan_core::ports::StreamMode::OnDemand => json!({ "mode": "ON_DEMAND" }),
                    capstan_core::ports::StreamMode::Provisioned => {
                        json!({ "mode": "PROVISIONED", "openShards": shards.open })
                    }
                }
            }),
        };
        settings.unwrap_or(Value::Null)
    }

    fn endpoint_settings(&self, name: &str) -> Option<Value> {
        let fleet = self.sagemaker.endpoints.get(name)?.target();
        let config = self.sagemaker.configs.get(&fleet.config).map(|found| &found.config);
        Some(json!({
            "model": config.map(|config| &config.model),
            "instanceType": config.map(|config| &config.instance_type),
            "instances": fleet.instances,
            "scaling": self.sagemaker.scaling.get(name),
        }))
    }

    fn graph_settings(&self, name: &str) -> Option<Value> {
        let found = self.graphs.clusters.get(name)?;
        let settings = found.cluster.target();
        let mut classes: Vec<&str> = found.instances.0.values().map(|one| one.current.as_str()).collect();
        classes.sort_unstable();
        let writer = settings.writer.as_deref().and_then(|writer| found.instances.get(writer));
        let capacity = settings.capacity.filter(|_| classes.contains(&crate::cloud::neptune::SERVERLESS));
        let mut value = json!({ "instances": classes, "writer": writer.map(|one| &one.current) });
        if let Some(capacity) = capacity {
            value["capacity"] = json!(capacity);
        }
        Some(value)
    }

    /// The configurations without their names, and by which endpoint each is used.
    fn config_settings(&self) -> Value {
        let mut configs: Vec<(String, Value)> = Vec::new();
        for tagged in self.sagemaker.configs.values() {
            let config = &tagged.config;
            let used_by = self.sagemaker.endpoints.0.iter().find(|(_, endpoint)| {
                endpoint.current.config == config.name || endpoint.target().config == config.name
            });
            let value = json!({
                "model": config.model,
                "instanceType": config.instance_type,
                "usedBy": used_by.map(|(name, _)| name),
            });
            configs.push((value.to_string(), value));
        }
        configs.sort_by(|a, b| a.0.cmp(&b.0));
        Value::Array(configs.into_iter().map(|(_, value)| value).collect())
    }
}
