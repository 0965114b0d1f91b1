//! A change of scale: one resource of IOps from one setting to another, and back.
//!
//! A resource has one [`Setting`], whole. Doing and undoing are the same: [`next`] says what is still to be done to come from
//! what is there to a setting, one action at a time, and [`plan()`] is the walk of that to the end, shown before anything is done.
//! Limits of the services that would stop it half-way are objections to the plan. Rejected: a state machine (its steps would be
//! these actions, of which most changes have one), and undoing by recorded actions (a setting says it shorter, and is right also
//! where somebody else changed half of it).

mod plan;
mod row;

pub use plan::{Action, Next, Objection, Plan, next, plan, reached};
pub use row::{MOST_TRIES, SCALE_LIMIT, SCALES_KEPT, STALE, Scale, ScaleStatus};

use crate::ports::{Capacity, ScalingRange, TableScaling, Throttle};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What is scaled, by its name in the account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "camelCase")]
pub enum Scaled {
    /// A function's share of the account's concurrency.
    Function(String),
    /// A table's capacity and its auto scaling.
    Table(String),
    /// An endpoint's instances and its auto scaling.
    Endpoint(String),
    /// The limits of a usage plan.
    UsagePlan(String),
}

impl Scaled {
    /// Tells it from every other.
    pub fn key(&self) -> String {
        match self {
            Self::Function(name) => format!("function/{name}"),
            Self::Table(name) => format!("table/{name}"),
            Self::Endpoint(name) => format!("endpoint/{name}"),
            Self::UsagePlan(name) => format!("usage-plan/{name}"),
        }
    }

    /// Its name in the account.
    pub fn name(&self) -> &str {
        match self {
            Self::Function(name) | Self::Table(name) | Self::Endpoint(name) | Self::UsagePlan(name) => name,
        }
    }
}

/// All that a resource is set to, as far as its scale goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Setting {
    /// Of a table.
    Table {
        /// How it is paid for.
        capacity: Capacity,
        /// Between what it is moved by itself, if it is.
        #[serde(default)]
        scaling: Option<TableScaling>,
    },
    /// Of an endpoint.
    Endpoint {
        /// Instances asked for.
        instances: u32,
        /// Between what it is moved by itself, if it is.
        #[serde(default)]
        scaling: Option<ScalingRange>,
    },
    /// Of a usage plan.
    UsagePlan(Throttle),
    /// Of a function. The last: without any field this is what is read.
    Function {
        /// What is kept for it alone; `None`: nothing.
        reserved: Option<u32>,
    },
}

/// A resource as it is, with what its limits are reckoned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What it is set to.
    pub setting: Setting,
    /// Whether it takes a change, and the last one is in force.
    pub ready: bool,
    /// Of a function: what of the account's concurrency is kept for nobody.
    pub unreserved: Option<u32>,
    /// Of a table: when it was last switched to being paid by the request, on the cloud's clock.
    pub on_demand_since: Option<Timestamp>,
    /// Of an endpoint: what it runs on.
    pub instance_type: Option<String>,
    /// Of an endpoint: instances that serve now.
    pub serving: Option<u32>,
}

impl Seen {
    /// A resource that takes a change, with nothing to reckon from.
    pub const fn of(setting: Setting) -> Self {
        Self {
            setting,
            ready: true,
            unreserved: None,
            on_demand_since: None,
            instance_type: None,
            serving: None,
        }
    }
}
