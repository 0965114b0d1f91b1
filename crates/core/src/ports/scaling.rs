//! Auto scaling of tables, and how fast an API may be called.

use super::CloudResult;
use serde::{Deserialize, Serialize};
use std::future::Future;

/// Between how many units a second Application Auto Scaling moves a table's reads, or its writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitRange {
    /// Least units, at least 1.
    pub min: u32,
    /// Most units.
    pub max: u32,
}

/// A table's scalable targets, for reads and writes, and their target-tracking policies, as one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableScaling {
    /// Reads.
    pub read: UnitRange,
    /// Writes.
    pub write: UnitRange,
    /// How many of 100 units are to be in use: 20 to 90.
    pub target: u32,
}

/// Auto scaling of tables with provisioned capacity.
pub trait TableAutoScaling: Sync {
    /// What is in force, if the table is scaled at all. Where only one of reads and writes is, or one lacks its policy, the
    /// other's range is 0 to 0, or the target is 0: it differs from whatever is wanted, so it is set again.
    fn table_scaling(&self, table: &str) -> impl Future<Output = CloudResult<Option<TableScaling>>> + Send;
    /// Registers the table, or changes its ranges and policies. `Invalid` where it is paid for by the request.
    fn set_table_scaling(
        &self,
        table: &str,
        scaling: TableScaling,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deregisters the table with its policies; not registered is fine.
    fn remove_table_scaling(&self, table: &str) -> impl Future<Output = CloudResult<()>> + Send;
}

/// How fast an API may be called under a usage plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Throttle {
    /// Requests a second, over time.
    pub rate: u32,
    /// Requests at once.
    pub burst: u32,
}

/// Usage plans of API Gateway, by their names.
pub trait UsagePlans: Sync {
    /// The limits of a plan, a rate that is no whole number rounded up; `None`: there is no such plan, or it has no limits.
    fn throttle(&self, plan: &str) -> impl Future<Output = CloudResult<Option<Throttle>>> + Send;
    /// Changes them.
    fn set_throttle(&self, plan: &str, throttle: Throttle) -> impl Future<Output = CloudResult<()>> + Send;
}
