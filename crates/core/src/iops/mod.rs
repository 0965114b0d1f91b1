//! IOps: what hosts report, what is found in it, and where findings are kept.
//!
//! A [`Metric`] is what one host reports of one second. [`rules`] are the runbook's thresholds, one sample at a time; what a
//! detector finds over time comes from outside. [`assess`] adds both up to a score, and an [`Insight`] is a score worth
//! keeping, with the reasons for it.

pub mod answer;
pub mod bill;
mod finding;
mod host;
mod insight;
mod metric;
pub mod models;
mod place;
mod restore;
pub mod routing;
pub mod rules;
pub mod scale;
pub mod spending;
pub mod watch;

pub use finding::{Assessment, Finding, Seen, assess};
pub use host::Hostname;
pub use insight::{
    Insight, InsightStatus, InsightType, JOINED_WITHIN, MODEL, MODEL_VERSION, Review, ScoredBy, Severity,
    Source,
};
pub use metric::{AHEAD, BEHIND, LARGEST, Metric, MetricError, Raw, Series};
pub use place::{InsightId, SHARDS, day_of, hour_of, second_of, shard_of};
pub use restore::{
    Count, Failure, MOST_RECOVERIES, RESTORE_LIMIT, RESTORES_KEPT, Restorable, Restore, RestoreStatus,
    Swapped, Wish, target_name,
};

/// How long metrics are kept, in seconds: 30 days.
pub const METRICS_KEPT: u64 = 30 * 86_400;
/// How long insights are kept, in seconds: 90 days.
pub const INSIGHTS_KEPT: u64 = 90 * 86_400;
/// The most metrics of one request.
pub const MOST_METRICS: usize = 500;
