//! The parts the cloud is stored in: each a key and a value, both ways.

use super::serverless::PolicyKind;
use super::{Cloud, FinalSnapshot};
use capstan_core::tier::ResourceKind;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A kind of thing the cloud keeps by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Resource(ResourceKind),
    EndpointConfig,
    Object,
    Model,
    TrainingJob,
    Behaviour,
    Scaling,
    Policies,
    Limits,
    Snapshot(ResourceKind),
    Table,
    Function,
    Feed,
    Backup,
    TableScaling,
    UsagePlan,
}

impl Part {
    /// The part of a key after `cloud/`.
    pub(crate) fn path(self, name: &str) -> String {
        match self {
            Self::Resource(kind) => format!("{kind}/{name}"),
            Self::EndpointConfig => format!("endpoint-config/{name}"),
            Self::Behaviour => format!("behaviour/{name}"),
            Self::Object => format!("object/{name}"),
            Self::Model => format!("model/{name}"),
            Self::TrainingJob => format!("training-job/{name}"),
            Self::Scaling => format!("scaling/{name}"),
            Self::Policies => format!("policies/{name}"),
            Self::Limits => "limits/account".to_owned(),
            Self::Snapshot(kind) => format!("snapshot-of-{kind}/{name}"),
            Self::Table => format!("table/{name}"),
            Self::Function => format!("function/{name}"),
            Self::Feed => format!("feed/{name}"),
            Self::Backup => format!("backup/{name}"),
            Self::TableScaling => format!("table-scaling/{name}"),
            Self::UsagePlan => format!("usage-plan/{name}"),
        }
    }

    /// The other way round.
    pub(crate) fn parse(path: &str) -> Option<(Self, &str)> {
        let (part, name) = path.split_once('/')?;
        let kind_of = |text: &str| ResourceKind::ALL.into_iter().find(|kind| kind.as_str() == text);
        let part = match part {
            "endpoint-config" => Self::EndpointConfig,
            "behaviour" => Self::Behaviour,
            "object" => Self::Object,
            "model" => Self::Model,
            "training-job" => Self::TrainingJob,
            "scaling" => Self::Scaling,
            "policies" => Self::Policies,
            "limits" => Self::Limits,
            "table" => Self::Table,
            "function" => Self::Function,
            "feed" => Self::Feed,
            "backup" => Self::Backup,
            "table-scaling" => Self::TableScaling,
            "usage-plan" => Self::UsagePlan,
            _ => match part.strip_prefix("snapshot-of-") {
                Some(kind) => Self::Snapshot(kind_of(kind)?),
                None => Self::Resource(kind_of(part)?),
            },
        };
        Some((part, name))
    }
}

/// The stored form, or `None` for what is not there (any more).
fn stored<T: Serialize>(value: Option<&T>) -> Option<Vec<u8>> {
    // Plain data with string keys: it always has a JSON form.
    value.and_then(|value| serde_json::to_vec(value).ok())
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(bytes)
}

impl Cloud {
    pub(crate) fn store(&self, part: Part, name: &str) -> Option<Vec<u8>> {
        match part {
            Part::Resource(ResourceKind::Endpoint) => stored(self.sagemaker.endpoints.get(name)),
            Part::Resource(ResourceKind::Domain) => stored(self.domains.domains.get(name)),
            Part::Resource(ResourceKind::Collection) => stored(self.collections.collections.get(name)),
            Part::Resource(ResourceKind::CacheGroup) => stored(self.caches.groups.get(name)),
            Part::Resource(ResourceKind::ServerlessCache) => stored(self.caches.serverless.get(name)),
            Part::Resource(ResourceKind::GraphCluster) => stored(self.graphs.clusters.get(name)),
            Part::Resource(ResourceKind::Stream) => stored(self.streams.streams.get(name)),
            Part::EndpointConfig => stored(self.sagemaker.configs.get(name)),
            Part::Behaviour => stored(self.sagemaker.behaviours.get(name)),
            // As it is: JSON would be four times as long.
            Part::Object => self.objects.get(name).map(|body| body.to_vec()),
            Part::Model => stored(self.training.models.get(name)),
            Part::TrainingJob => stored(self.training.jobs.get(name)),
            Part::Scaling => stored(self.sagemaker.scaling.get(name)),
            Part::Policies => {
                let of = |kind: &PolicyKind| self.collections.policies.contains(&(name.to_owned(), *kind));
                let kinds: Vec<PolicyKind> = PolicyKind::ALL.into_iter().filter(of).collect();
                stored(Some(&kinds).filter(|kinds| !kinds.is_empty()))
            }
            Part::Limits => stored(Some(&self.collections.limits)),
            Part::Table => stored(self.tables.tables.get(name)),
            Part::Function => stored(self.functions.get(name)),
            Part::Feed => stored(self.feeds.get(name)),
            Part::Backup => stored(self.tables.backups.get(name)),
            Part::TableScaling => stored(self.tables.scaling.get(name)),
            Part::UsagePlan => stored(self.usage_plans.get(name)),
            Part::Snapshot(kind) => stored(self.snapshots.get(&(kind, name.to_owned()))),
        }
    }

    pub(crate) fn restore(&mut self, part: Part, name: &str, bytes: &[u8]) -> Result<(), serde_json::Error> {
        let key = name.to_owned();
        match part {
            Part::Resource(ResourceKind::Endpoint) => {
                drop(self.sagemaker.endpoints.0.insert(key, read(bytes)?));
            }
            Part::Resource(ResourceKind::Domain) => drop(self.domains.domains.0.insert(key, read(bytes)?)),
            Part::Resource(ResourceKind::Collection) => {
                drop(self.collections.collections.0.insert(key, read(bytes)?));
            }
            Part::Resource(ResourceKind::CacheGroup) => drop(self.caches.groups.0.insert(key, read(bytes)?)),
            Part::Resource(ResourceKind::ServerlessCache) => {
                drop(self.caches.serverless.0.insert(key, read(bytes)?));
            }
            Part::Resource(ResourceKind::GraphCluster) => {
                drop(self.graphs.clusters.insert(key, read(bytes)?));
            }
            Part::Resource(ResourceKind::Stream) => drop(self.streams.streams.0.insert(key, read(bytes)?)),
            Part::EndpointConfig => drop(self.sagemaker.configs.insert(key, read(bytes)?)),
            Part::Behaviour => drop(self.sagemaker.behaviours.insert(key, read(bytes)?)),
            Part::Object => drop(self.objects.insert(key, bytes.into())),
            Part::Model => drop(self.training.models.insert(key, read(bytes)?)),
            Part::TrainingJob => drop(self.training.jobs.0.insert(key, read(bytes)?)),
            Part::Scaling => drop(self.sagemaker.scaling.insert(key, read(bytes)?)),
            Part::Policies => {
                let kinds: Vec<PolicyKind> = read(bytes)?;
                self.collections.policies.extend(kinds.into_iter().map(|kind| (key.clone(), kind)));
            }
            Part::Limits => self.collections.limits = read(bytes)?,
            Part::Table => drop(self.tables.tables.0.insert(key, read(bytes)?)),
            Part::Function => drop(self.functions.0.insert(key, read(bytes)?)),
            Part::Feed => drop(self.feeds.insert(key, read(bytes)?)),
            Part::Backup => drop(self.tables.backups.insert(key, read(bytes)?)),
            Part::TableScaling => drop(self.tables.scaling.insert(key, read(bytes)?)),
            Part::UsagePlan => drop(self.usage_plans.insert(key, read(bytes)?)),
            Part::Snapshot(kind) => {
                let snapshot: FinalSnapshot = read(bytes)?;
                self.snapshots.insert((kind, key), snapshot);
            }
        }
        Ok(())
    }
}
