//! What IOps keeps in the store, on top of the store port.
//!
//! - Metrics: put in batches, whatever is there, since the same metric twice is the same row ([`put_metrics`]).
//! - Insights and how many there are of each hour, written in one transaction with the head of their host's analysis.
//! - [`Listed`]: which hosts report.
//! - [`Head`]: how far the analysis of a host has come. Its version is the fence: two who analyse at once can't both count
//!   a sample. [`Snapshot`]: the detectors' states, every so many samples.

/// Makes a record of a type with `subject`, `entry` and `version`.
macro_rules! record {
    ($type:ty, $table:ident) => {
        impl $crate::Record for $type {
            const TABLE: capstan_core::ports::Table = capstan_core::ports::Table::$table;
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
    };
}
use record;

/// Makes a row of something that core knows: a type of its own, so that it can be a record.
macro_rules! row {
    ($(#[$doc:meta])* $row:ident, $of:ty, $table:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $row(pub $of);

        impl std::ops::Deref for $row {
            type Target = $of;
            fn deref(&self) -> &$of {
                &self.0
            }
        }
        impl std::ops::DerefMut for $row {
            fn deref_mut(&mut self) -> &mut $of {
                &mut self.0
            }
        }
        $crate::record!($row, $table);
    };
}
use row;

mod acts;
mod analysis;
mod canary;
mod hosts;
mod insights;
mod metrics;
pub mod models;
mod restores;
mod routing;
mod scales;

pub use acts::{ActKind, ActRow};
pub use analysis::{Head, Open, Pending, Snapshot, Span, head, snapshot};
pub use canary::{
    Because, COMPARED, Canary, CanaryStatus, INTERVAL, Measured, Outcome, canaries, canary, measurements,
    measurements_since,
};
pub use hosts::{LISTED_EVERY, Listed, listed};
pub use insights::{Counts, Hour, busy_hours, counts, insight, insights_of};
pub use metrics::{Unput, metrics_of, put_metrics};
pub use restores::{RestoreRow, Restoring, restore, restores, restoring};
pub use routing::{Routing, Second, Share, routing};
pub use scales::{ScaleRow, Scaling, all_scaling, scale, scales, scaling};
pub use tier_records::{Record, RecordError, Transaction};

use capstan_core::ports::{Key, Query, Store, StoreError};

/// Reads one record.
async fn get<R: Record>(store: &impl Store, partition: &str, sort: &str) -> Result<Option<R>, RecordError> {
    let key = Key { table: R::TABLE, partition: partition.to_owned(), sort: sort.to_owned() };
    let item = store.get(&key).await.map_err(RecordError::Store)?;
    item.map(|item| read(item, partition)).transpose()
}

/// The last records of a partition, those with the greatest entries first.
async fn latest<R: Record>(store: &impl Store, partition: &str, limit: usize) -> Result<Vec<R>, RecordError> {
    let (rows, _) = page(store, partition, "", None, limit).await?;
    Ok(rows)
}

/// The same before an entry and of those that begin so; with where to go on.
async fn page<R: Record>(
    store: &impl Store,
    partition: &str,
    prefix: &str,
    after: Option<String>,
    limit: usize,
) -> Result<(Vec<R>, Option<String>), RecordError> {
    let query = Query {
        table: R::TABLE,
        partition: partition.to_owned(),
        prefix: prefix.to_owned(),
        after,
        descending: true,
        limit,
    };
    let page = store.query(&query).await.map_err(RecordError::Store)?;
    let rows = page.items.into_iter().map(|item| read(item, partition)).collect::<Result<_, _>>()?;
    Ok((rows, page.next))
}

fn read<R: Record>(item: capstan_core::ports::Item, partition: &str) -> Result<R, RecordError> {
    serde_json::from_value(serde_json::Value::Object(item)).map_err(|error| RecordError::Corrupt {
        table: R::TABLE.name(),
        key: partition.to_owned(),
        message: error.to_string(),
    })
}

/// Whether the same may be tried again at once: somebody else was first, or nobody knows what became of it.
pub const fn is_passing(error: &RecordError) -> bool {
    matches!(
        error,
        RecordError::Stale { .. }
            | RecordError::Store(StoreError::Conflict | StoreError::Unknown(_) | StoreError::Throttled)
    )
}
