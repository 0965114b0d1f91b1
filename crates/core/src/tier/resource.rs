//! One resource of a tenant and the state it should be in.
//!
//! A plan is a list of [`Action`]s and an action is two states of one resource: before and after. Doing it brings
//! the resource to `after`, undoing it to `before`, by the same code. That is why no separate list of inverse
//! operations exists here, and none can be forgotten.

use crate::ids::{TenantId, TransitionId};
use crate::ports::{CacheGroupSettings, DomainSettings, ServerlessCapacity, TagKey, Tags};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A tier of infrastructure, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Tier {
    /// Development, testing.
    Dev,
    /// Load testing, pre-production.
    Staging,
    /// Millions of users.
    Production,
}

impl Tier {
    /// All tiers, least first.
    pub const ALL: [Self; 3] = [Self::Dev, Self::Staging, Self::Production];

    /// The name in the API and the tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "DEV",
            Self::Staging => "STAGING",
            Self::Production => "PRODUCTION",
        }
    }
    /// Reads the exact name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text)
    }
}
impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The services a tier is made of. Their order is the order of provisioning; rollback goes the other way
/// (runbook §7: Kinesis first, `SageMaker` last).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Real-time inference.
    SageMaker,
    /// Vectors.
    OpenSearch,
    /// Cache.
    ElastiCache,
    /// Graph.
    Neptune,
    /// Events.
    Kinesis,
}

impl Service {
    /// All services in the order of provisioning.
    pub const ALL: [Self; 5] =
        [Self::SageMaker, Self::OpenSearch, Self::ElastiCache, Self::Neptune, Self::Kinesis];

    /// The name in function names, tables and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SageMaker => "sagemaker",
            Self::OpenSearch => "opensearch",
            Self::ElastiCache => "elasticache",
            Self::Neptune => "neptune",
            Self::Kinesis => "kinesis",
        }
    }
}
impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A kind of resource that Capstan makes. Their parts (instances, endpoint configurations, policies) belong to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceKind {
    /// A `SageMaker` endpoint.
    Endpoint,
    /// An `OpenSearch` domain.
    Domain,
    /// An `OpenSearch` Serverless collection.
    Collection,
    /// An `ElastiCache` replication group.
    CacheGroup,
    /// An `ElastiCache` serverless cache.
    ServerlessCache,
    /// A Neptune cluster with its instances.
    GraphCluster,
    /// A Kinesis stream.
    Stream,
}

impl ResourceKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Endpoint,
        Self::Domain,
        Self::Collection,
        Self::CacheGroup,
        Self::ServerlessCache,
        Self::GraphCluster,
        Self::Stream,
    ];

    /// The name in ledger keys and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Domain => "domain",
            Self::Collection => "collection",
            Self::CacheGroup => "cache-group",
            Self::ServerlessCache => "serverless-cache",
            Self::GraphCluster => "graph-cluster",
            Self::Stream => "stream",
        }
    }
    /// The service it belongs to.
    pub const fn service(self) -> Service {
        match self {
            Self::Endpoint => Service::SageMaker,
            Self::Domain | Self::Collection => Service::OpenSearch,
            Self::CacheGroup | Self::ServerlessCache => Service::ElastiCache,
            Self::GraphCluster => Service::Neptune,
            Self::Stream => Service::Kinesis,
        }
    }
    /// Whether it holds data that is lost when it is deleted. Streams hold events for a day; they are carried
    /// over in place and never replaced.
    pub const fn holds_data(self) -> bool {
        !matches!(self, Self::Endpoint)
    }
    /// How its names begin (runbook §6; facts, "Resources").
    pub const fn name_stem(self) -> &'static str {
        match self {
            Self::Endpoint => "cato-shadow-self-",
            Self::Domain | Self::Collection => "cato-vectors-",
            Self::CacheGroup | Self::ServerlessCache => "cato-cache-",
            Self::GraphCluster => "cato-graph-",
            Self::Stream => "cato-events-",
        }
    }
    /// The longest name the service takes.
    pub const fn longest_name(self) -> usize {
        match self {
            Self::Domain => 28,
            Self::Collection => 32,
            Self::CacheGroup | Self::ServerlessCache => 40,
            Self::Endpoint | Self::GraphCluster => 63,
            Self::Stream => 128,
        }
    }
}
impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRef {
    /// What kind.
    pub kind: ResourceKind,
    /// Its name, unique within the kind.
    pub name: String,
}
impl fmt::Display for ResourceRef {
    /// `kind/name`: the resource's key in the ledger.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// What a resource is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Spec {
    /// An endpoint that starts with `min` instances and is scaled between `min` and `max`.
    Endpoint {
        /// Such as `ml.g5.2xlarge`.
        instance_type: String,
        /// Least instances, at least 1 (a tier that rests at 0 has no endpoint).
        min: u32,
        /// Most instances.
        max: u32,
        /// Seconds between two steps down.
        scale_in_cooldown: u32,
    },
    /// A domain.
    Domain(DomainSettings),
    /// A collection. The OCU numbers are the account's limits it asks for.
    Collection {
        /// OCUs expected at rest: for the estimate only, the service has no such setting.
        min_ocus: u32,
        /// The account's limit must be at least this.
        max_ocus: u32,
    },
    /// A replication group.
    CacheGroup(CacheGroupSettings),
    /// A serverless cache, in ECPUs per second.
    ServerlessCache {
        /// Least.
        min_ecpu: u32,
        /// Most.
        max_ecpu: u32,
    },
    /// A cluster with one `db.serverless` instance.
    GraphServerless(ServerlessCapacity),
    /// A cluster with instances of one class.
    GraphProvisioned {
        /// Such as `db.r6g.2xlarge`.
        class: String,
        /// How many, the writer included.
        instances: u32,
    },
    /// A stream on demand.
    StreamOnDemand,
    /// A stream of so many shards.
    StreamProvisioned {
        /// Open shards.
        shards: u32,
    },
}

impl Spec {
    /// The kind of resource it describes.
    pub const fn kind(&self) -> ResourceKind {
        match self {
            Self::Endpoint { .. } => ResourceKind::Endpoint,
            Self::Domain(_) => ResourceKind::Domain,
            Self::Collection { .. } => ResourceKind::Collection,
            Self::CacheGroup(_) => ResourceKind::CacheGroup,
            Self::ServerlessCache { .. } => ResourceKind::ServerlessCache,
            Self::GraphServerless(_) | Self::GraphProvisioned { .. } => ResourceKind::GraphCluster,
            Self::StreamOnDemand | Self::StreamProvisioned { .. } => ResourceKind::Stream,
        }
    }
}

/// Which change gave a resource its present shape, and for which tier: what its tags say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stamp {
    /// The tier it serves.
    pub tier: Tier,
    /// The change that made or last changed it.
    pub transition_id: TransitionId,
    /// A change of it that was reset half-way, whose id its tag may bear instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub or_of: Option<TransitionId>,
}

impl Stamp {
    /// Whether a resource whose tag names this change bears the stamp.
    pub fn is_of(&self, transition: &str) -> bool {
        self.transition_id.as_str() == transition
            || self.or_of.as_ref().is_some_and(|reset| reset.as_str() == transition)
    }

    /// The full set of tags of a serving resource.
    pub fn tags(&self, tenant: &TenantId) -> Tags {
        Tags::from([
            (TagKey::TenantId, tenant.to_string()),
            (TagKey::Project, "RADIANT".to_owned()),
            (TagKey::Tier, self.tier.to_string()),
            (TagKey::TransitionId, self.transition_id.to_string()),
            (TagKey::ManagedBy, "capstan".to_owned()),
        ])
    }
}

/// The state a resource should be in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
pub enum Desired {
    /// Not there.
    Absent,
    /// There, of this shape, bearing this stamp, open to traffic.
    Serving {
        /// Its shape.
        spec: Spec,
        /// Its stamp.
        stamp: Stamp,
    },
    /// There as it was, out of use, kept until its date of deletion.
    Retired {
        /// Its shape, untouched since it served.
        spec: Spec,
        /// The stamp it bore when it served.
        stamp: Stamp,
        /// When it may be deleted.
        delete_after: Timestamp,
    },
}

impl Desired {
    /// The shape, where it is there at all.
    pub const fn spec(&self) -> Option<&Spec> {
        match self {
            Self::Absent => None,
            Self::Serving { spec, .. } | Self::Retired { spec, .. } => Some(spec),
        }
    }
    /// Whether it serves.
    pub const fn serves(&self) -> bool {
        matches!(self, Self::Serving { .. })
    }
    /// The tags it should bear; none where it is absent.
    pub fn tags(&self, tenant: &TenantId) -> Tags {
        match self {
            Self::Absent => Tags::new(),
            Self::Serving { stamp, .. } => stamp.tags(tenant),
            Self::Retired { stamp, delete_after, .. } => {
                let mut tags = stamp.tags(tenant);
                tags.insert(TagKey::DeleteAfter, delete_after.to_string());
                tags
            }
        }
    }
}

/// When an action is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Phase {
    /// Before the application is pointed at the new resources: making and growing.
    Provision,
    /// After it: shrinking, retiring, deleting.
    Cleanup,
}

/// One resource brought from one state to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// Which resource.
    pub resource: ResourceRef,
    /// When.
    pub phase: Phase,
    /// Its state before: what undoing brings back.
    pub before: Desired,
    /// Its state after.
    pub after: Desired,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_json_are_those_of_the_api() {
        assert_eq!(serde_json::to_string(&Tier::Production).unwrap(), "\"PRODUCTION\"");
        for tier in Tier::ALL {
            assert_eq!(serde_json::to_value(tier).unwrap(), tier.as_str());
            assert_eq!(Tier::parse(tier.as_str()), Some(tier));
        }
        for service in Service::ALL {
            assert_eq!(serde_json::to_value(service).unwrap(), service.as_str());
        }
        for kind in ResourceKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(Tier::parse("dev"), None);
    }
}
