//! What a world is told at its start.

use crate::timing::Pace;
use capstan_core::audit::PublicKey;
use capstan_core::money::Usd;
use capstan_core::tier::Spec;
use capstan_core::time::{Millis, Timestamp};
use std::fmt;
use std::sync::Arc;

/// Limits of the account. The defaults are those AWS gives a new account in us-east-1, unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Instances over all endpoints. AWS starts far lower, per type; this is what an account that runs the
    /// largest tier (300) beside others has asked for.
    pub endpoint_instances: u32,
    /// `OpenSearch` domains.
    pub domains: u32,
    /// Data nodes in one domain.
    pub nodes_per_domain: u32,
    /// `OpenSearch` Serverless collections.
    pub collections: u32,
    /// `ElastiCache` nodes in all.
    pub cache_nodes: u32,
    /// Nodes in one replication group with cluster mode.
    pub nodes_per_cache_group: u32,
    /// `ElastiCache` serverless caches.
    pub serverless_caches: u32,
    /// Neptune clusters.
    pub graph_clusters: u32,
    /// Neptune instances in all.
    pub graph_instances: u32,
    /// Instances of one Neptune cluster: a writer and 15 readers.
    pub instances_per_graph_cluster: u32,
    /// Open shards of provisioned streams.
    pub shards: u32,
    /// Streams on demand.
    pub on_demand_streams: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            endpoint_instances: 500,
            domains: 100,
            nodes_per_domain: 80,
            collections: 50,
            cache_nodes: 300,
            nodes_per_cache_group: 90,
            serverless_caches: 40,
            graph_clusters: 40,
            graph_instances: 40,
            instances_per_graph_cluster: 16,
            shards: 20_000,
            on_demand_streams: 50,
        }
    }
}

/// A key that the world signs with, in the place of one in KMS.
pub trait SigningKey: fmt::Debug + Send + Sync {
    /// The signature over a message.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String>;
    /// The public half.
    fn public_key(&self) -> PublicKey;
}

/// What a world is told at its start.
#[derive(Debug, Clone)]
pub struct WorldConfig {
    /// The seed: the same one gives the same bytes.
    pub seed: u64,
    /// The virtual time at the start; a world loaded from disk goes on where it was.
    pub start: Timestamp,
    /// Limits of the account.
    pub quotas: Quotas,
    /// The name of the state machine whose executions are started by whoever is not told of another
    /// ([`Ports::of_machine`](crate::Ports::of_machine)); part of their ARNs.
    pub state_machine: String,
    /// What a shape costs an hour; `None` switches the meter off.
    pub hourly: Option<fn(&Spec) -> Usd>,
    /// The time as people live it; `None`: the virtual one.
    pub wall: Option<fn() -> Timestamp>,
    /// Chance that can't be foretold; `None`: from the seed.
    pub entropy: Option<fn() -> [u8; 16]>,
    /// What seals are signed with; `None`: a key that is none, and gives the same bytes in every run.
    pub signing_key: Option<Arc<dyn SigningKey>>,
    /// Whether calls and effects are recorded ([`World::calls`](crate::World::calls),
    /// [`World::log`](crate::World::log)). Both grow for ever, so a world that runs for days switches them off.
    pub record: bool,
    /// How long life cycles take.
    pub pace: Pace,
    /// How far behind the present the latest point is that a table can be restored to, in people's time: "typically five
    /// minutes" in the cloud.
    pub recovery_lag: Millis,
    /// How long a call waits for an answer that does not come.
    pub timeout: Millis,
}

impl Default for WorldConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            // 2026-01-01T00:00:00Z
            start: Timestamp::from_millis(1_767_225_600_000),
            quotas: Quotas::default(),
            state_machine: "cato-tier-transition-local".to_owned(),
            hourly: None,
            wall: None,
            entropy: None,
            signing_key: None,
            record: true,
            pace: Pace::AsInTheCloud,
            recovery_lag: Millis::minutes(5),
            timeout: Millis::seconds(30),
        }
    }
}
