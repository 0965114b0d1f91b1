//! The cloud: one module a service, each plain data with methods that answer or refuse. No I/O, no clock of
//! their own: what time it is and how the call is doomed, they are told ([`Cx`]).

pub(crate) mod dynamo;
pub(crate) mod elasticache;
pub(crate) mod inference;
pub(crate) mod kinesis;
pub(crate) mod lambda;
pub(crate) mod neptune;
pub(crate) mod opensearch;
mod part;
pub(crate) mod sagemaker;
pub(crate) mod serverless;
mod spec;
pub(crate) mod training;

pub(crate) use part::Part;

use crate::config::Quotas;
use crate::life::{Ended, Stage};
use crate::timing::Pace;
use capstan_core::ports::{CloudErrorKind, TagKey, Tags, Throttle};
use capstan_core::tier::{ResourceKind, ResourceRef};
use capstan_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a fault does to the life cycle that a call starts, or to a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doom {
    Fails,
    Never,
    Partly,
}

/// What a call is told of the world around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cx<'a> {
    pub(crate) now: Timestamp,
    pub(crate) seed: u64,
    pub(crate) pace: Pace,
    pub(crate) doom: Option<Doom>,
    pub(crate) quotas: &'a Quotas,
}

/// A refusal, before it is known for which call it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: CloudErrorKind,
    pub(crate) message: String,
}

/// An answer of a service.
pub(crate) type Answer<T> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(kind: CloudErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
    pub(crate) fn not_found(name: &str) -> Self {
        Self::new(CloudErrorKind::NotFound, format!("`{name}` does not exist"))
    }
    pub(crate) fn exists(name: &str) -> Self {
        Self::new(CloudErrorKind::AlreadyExists, format!("`{name}` exists already"))
    }
    pub(crate) fn busy(message: impl Into<String>) -> Self {
        Self::new(CloudErrorKind::Busy, message)
    }
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(CloudErrorKind::Invalid, message)
    }
    /// Refuses what would bring the account above a limit.
    pub(crate) fn above(what: &str, wanted: usize, limit: u32) -> Answer<()> {
        if wanted <= limit as usize {
            return Ok(());
        }
        let message = format!("the account's limit of {limit} {what} would be exceeded ({wanted} wanted)");
        Err(Self::new(CloudErrorKind::Quota, message))
    }
}

/// Refuses a request that breaks a rule.
pub(crate) fn require(holds: bool, message: impl FnOnce() -> String) -> Answer<()> {
    if holds { Ok(()) } else { Err(Refusal::invalid(message())) }
}

/// Refuses a name the service would not take: too long, or of other characters than `[A-Za-z0-9-]`, or not
/// beginning with a letter.
pub(crate) fn check_name(name: &str, longest: usize) -> Answer<()> {
    let well_formed = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !name.ends_with('-')
        && !name.contains("--");
    require(well_formed && name.len() <= longest, || {
        format!(
            "`{name}` is not a name of at most {longest} letters, digits and single hyphens, a letter first"
        )
    })
}

/// Refuses a name that is not `[a-z][a-z0-9-]+` of 3 to `longest` characters.
pub(crate) fn check_lower_name(name: &str, longest: usize) -> Answer<()> {
    let well_formed = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    require(well_formed && (3..=longest).contains(&name.len()), || {
        format!("`{name}` does not match [a-z][a-z0-9-]+ with 3 to {longest} characters")
    })
}

/// A snapshot made when its source was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FinalSnapshot {
    /// Its name, unique among the snapshots of its kind of source.
    pub name: String,
    /// What it was made of.
    pub source: ResourceRef,
    /// When.
    pub at: Timestamp,
}

/// The final snapshots, by kind of source and name.
pub(crate) type FinalSnapshots = BTreeMap<(ResourceKind, String), FinalSnapshot>;

/// Refuses a snapshot's name that is taken or empty. Nothing asked for is fine.
pub(crate) fn check_snapshot(taken: &FinalSnapshots, kind: ResourceKind, name: Option<&str>) -> Answer<()> {
    let Some(name) = name else { return Ok(()) };
    check_name(name, 255)?;
    if taken.contains_key(&(kind, name.to_owned())) { Err(Refusal::exists(name)) } else { Ok(()) }
}

/// Everything there is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cloud {
    pub(crate) sagemaker: sagemaker::SageMaker,
    pub(crate) domains: opensearch::DomainService,
    pub(crate) collections: serverless::CollectionService,
    pub(crate) caches: elasticache::CacheService,
    pub(crate) graphs: neptune::GraphService,
    pub(crate) streams: kinesis::StreamService,
    pub(crate) snapshots: FinalSnapshots,
    pub(crate) tables: dynamo::TableService,
    pub(crate) functions: lambda::Functions,
    pub(crate) feeds: BTreeMap<String, lambda::FeedState>,
    pub(crate) training: training::Training,
    /// The limits of usage plans, as deployed when they were changed, and as changed.
    pub(crate) usage_plans: BTreeMap<String, (Throttle, Throttle)>,
    /// The bucket, by key. Shared, so that a fork of a world copies none.
    pub(crate) objects: BTreeMap<String, Arc<[u8]>>,
}

impl Cloud {
    /// When the next life cycle ends.
    pub(crate) fn next_event(&self) -> Option<Timestamp> {
        [
            self.sagemaker.endpoints.due(),
            self.training.jobs.due(),
            self.domains.domains.due(),
            self.collections.collections.due(),
            self.caches.groups.due(),
            self.caches.serverless.due(),
            self.graphs.due(),
            self.streams.streams.due(),
            self.tables.tables.due(),
            self.functions.due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Ends every life cycle due at `at` and tells whose.
    pub(crate) fn settle(&mut self, at: Timestamp, mut tell: impl FnMut(ResourceKind, &str)) {
        self.sagemaker.settle(at, |name| tell(ResourceKind::Endpoint, name));
        self.domains.domains.settle(at, |name, _, _| tell(ResourceKind::Domain, name));
        self.collections.collections.settle(at, |name, _, _| tell(ResourceKind::Collection, name));
        self.caches.groups.settle(at, |name, _, _| tell(ResourceKind::CacheGroup, name));
        self.caches.serverless.settle(at, |name, _, _| tell(ResourceKind::ServerlessCache, name));
        self.graphs.settle(at, |name| tell(ResourceKind::GraphCluster, name));
        self.streams.settle(at, |name| tell(ResourceKind::Stream, name));
    }

    /// Ends the life cycles of tables and functions due at `at`, and tells of which part and whether it is gone.
    pub(crate) fn settle_stack(&mut self, at: Timestamp, mut tell: impl FnMut(Part, &str, bool)) {
        let mut failed = Vec::new();
        self.tables.tables.settle(at, |name, _, ended| {
            if ended == Ended::MakingFailed {
                failed.push(name.to_owned());
            }
            tell(Part::Table, name, matches!(ended, Ended::Gone | Ended::MakingFailed));
        });
        // A restore that fails leaves no table.
        for name in failed {
            self.tables.tables.0.remove(&name);
        }
        self.functions.settle(at, |name, _, _| tell(Part::Function, name, false));
    }

    /// Ends every training due at `at`, with what comes of it; tells the parts that changed.
    pub(crate) fn settle_training(&mut self, at: Timestamp) -> Vec<(Part, String)> {
        self.training.settle(at, &mut self.objects)
    }

    /// Stage, tags and settling time of one resource.
    pub(crate) fn outline(&self, kind: ResourceKind, name: &str) -> Option<Outline<'_>> {
        macro_rules! of {
            ($shelf:expr) => {
                $shelf.get(name).map(|found| Outline {
                    stage: found.life.stage,
                    tags: &found.tags,
                    settled_at: found.life.settled_at(),
                })
            };
        }
        match kind {
            ResourceKind::Endpoint => of!(self.sagemaker.endpoints),
            ResourceKind::Domain => of!(self.domains.domains),
            ResourceKind::Collection => of!(self.collections.collections),
            ResourceKind::CacheGroup => of!(self.caches.groups),
            ResourceKind::ServerlessCache => of!(self.caches.serverless),
            ResourceKind::GraphCluster => self.graphs.outline(name),
            ResourceKind::Stream => of!(self.streams.streams),
        }
    }

    /// The tags of a resource, to change them.
    pub(crate) fn tags_mut(&mut self, kind: ResourceKind, name: &str) -> Option<&mut Tags> {
        match kind {
            ResourceKind::Endpoint => self.sagemaker.endpoints.0.get_mut(name).map(|found| &mut found.tags),
            ResourceKind::Domain => self.domains.domains.0.get_mut(name).map(|found| &mut found.tags),
            ResourceKind::Collection => {
                self.collections.collections.0.get_mut(name).map(|found| &mut found.tags)
            }
            ResourceKind::CacheGroup => self.caches.groups.0.get_mut(name).map(|found| &mut found.tags),
            ResourceKind::ServerlessCache => {
                self.caches.serverless.0.get_mut(name).map(|found| &mut found.tags)
            }
            ResourceKind::GraphCluster => {
                self.graphs.clusters.get_mut(name).map(|found| &mut found.cluster.tags)
            }
            ResourceKind::Stream => self.streams.streams.0.get_mut(name).map(|found| &mut found.tags),
        }
    }

    /// The names of all resources of a kind, in order.
    pub(crate) fn names(&self, kind: ResourceKind) -> Vec<&str> {
        fn of<S>(map: &BTreeMap<String, S>) -> Vec<&str> {
            map.keys().map(String::as_str).collect()
        }
        match kind {
            ResourceKind::Endpoint => of(&self.sagemaker.endpoints.0),
            ResourceKind::Domain => of(&self.domains.domains.0),
            ResourceKind::Collection => of(&self.collections.collections.0),
            ResourceKind::CacheGroup => of(&self.caches.groups.0),
            ResourceKind::ServerlessCache => of(&self.caches.serverless.0),
            ResourceKind::GraphCluster => of(&self.graphs.clusters),
            ResourceKind::Stream => of(&self.streams.streams.0),
        }
    }

    /// Changes tags: `NotFound`, and for caches `Busy` unless available.
    pub(crate) fn retag(&mut self, resource: &ResourceRef, change: impl FnOnce(&mut Tags)) -> Answer<()> {
        let (kind, name) = (resource.kind, resource.name.as_str());
        let stage = self.outline(kind, name).map(|outline| outline.stage);
        let picky = matches!(kind, ResourceKind::CacheGroup | ResourceKind::ServerlessCache);
        match (stage, self.tags_mut(kind, name)) {
            (Some(stage), Some(_)) if picky && stage != Stage::Ready => {
                Err(Refusal::busy(format!("`{name}` is {stage:?}; tags can be changed once it is available")))
            }
            (_, Some(tags)) => {
                change(tags);
                Ok(())
            }
            (_, None) => Err(Refusal::not_found(name)),
        }
    }
}

/// What all kinds of resources have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outline<'a> {
    pub(crate) stage: Stage,
    pub(crate) tags: &'a Tags,
    pub(crate) settled_at: Option<Timestamp>,
}

impl Outline<'_> {
    pub(crate) fn tenant(&self) -> Option<&str> {
        self.tags.get(&TagKey::TenantId).map(String::as_str)
    }
}
