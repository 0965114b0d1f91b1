//! Which model answers for which hosts: one row.

use crate::{Record, RecordError, get};
use capstan_core::ids::TenantId;
use capstan_core::iops::Hostname;
use capstan_core::iops::routing::{group_of, is_routed};
use capstan_core::ports::{Store, Table};
use capstan_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A model behind an endpoint, and for which percentage of hosts it answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// The endpoint; none, where the built-in model answers for all.
    pub endpoint: Option<String>,
    /// The model, by name.
    pub model: Option<String>,
    /// Its version: the endpoint's configuration.
    pub model_version: Option<String>,
    /// For how many of 100 hosts it answers. For the others the built-in one does.
    pub percent: u8,
}

/// Which model answers for which hosts. There is one; without it the built-in model answers for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Routing {
    /// Always [`Routing::SUBJECT`].
    pub subject: String,
    /// Always [`Routing::ENTRY`].
    pub entry: String,
    /// What is in force.
    pub share: Share,
    /// Whether the last 5 % of the hosts are held back, to compare with.
    pub holdback: bool,
    /// The canary that has hold of the routing.
    pub canary_id: Option<String>,
    /// What was in force before the canary, and is again when it is rolled back.
    pub before: Option<Share>,
    /// Since when it is so.
    pub since: Timestamp,
    /// By whose wish.
    pub by: String,
    /// Of which tenant that was; none, where it was the system.
    pub tenant: Option<TenantId>,
    /// Why.
    pub reason: String,
    /// Moves with every write; 0: never stored.
    pub version: u64,
}

impl Routing {
    /// Its partition key.
    pub const SUBJECT: &'static str = "routing";
    /// Its sort key.
    pub const ENTRY: &'static str = "current";

    /// The built-in model for all.
    pub fn built_in() -> Self {
        Self {
            subject: Self::SUBJECT.to_owned(),
            entry: Self::ENTRY.to_owned(),
            share: Share::default(),
            holdback: false,
            canary_id: None,
            before: None,
            since: Timestamp::default(),
            by: capstan_core::subject::SYSTEM.to_owned(),
            tenant: None,
            reason: String::new(),
            version: 0,
        }
    }

    /// The group of a host, and the endpoint that answers for it; `None`: the built-in model does.
    pub fn of(&self, host: &Hostname) -> (u16, Option<&str>) {
        let group = group_of(host);
        let routed = is_routed(group, self.share.percent, self.holdback);
        (group, self.share.endpoint.as_deref().filter(|_| routed))
    }
}

impl Record for Routing {
    const TABLE: Table = Table::IopsControl;
    const EXACT: bool = true;
    fn keys(&self) -> (String, String) {
        (self.subject.clone(), self.entry.clone())
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn set_version(&mut self, version: u64) {
        self.version = version;
    }
}

/// What is in force.
pub async fn routing(store: &impl Store) -> Result<Routing, RecordError> {
    let found = get(store, Routing::SUBJECT, Routing::ENTRY).await?;
    Ok(found.unwrap_or_else(Routing::built_in))
}
