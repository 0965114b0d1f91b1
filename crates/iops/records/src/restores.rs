//! Restores of tables, and which table is being restored.

use crate::{RecordError, get, latest};
use capstan_core::ids::RestoreId;
use capstan_core::iops::{Restorable, Restore};
use capstan_core::ports::Store;
use serde::{Deserialize, Serialize};

/// That a table is being restored: there is one such row a table, so that nobody restores it twice at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoring {
    /// Always [`Restoring::SUBJECT`].
    pub subject: String,
    /// The table's name in requests.
    pub entry: String,
    /// By which restore.
    pub restore_id: RestoreId,
    /// Moves with every write; 0: never stored.
    pub version: u64,
}

impl Restoring {
    /// Its partition.
    pub const SUBJECT: &'static str = "restoring";

    /// The row of a restore.
    pub fn of(table: Restorable, restore_id: RestoreId) -> Self {
        let (subject, entry) = (Self::SUBJECT.to_owned(), table.as_str().to_owned());
        Self { subject, entry, restore_id, version: 0 }
    }
}

crate::record!(Restoring, IopsControl);

crate::row!(
    /// A restore as it is kept.
    RestoreRow, Restore, IopsControl
);

/// The restore of this id.
pub async fn restore(store: &impl Store, id: &RestoreId) -> Result<Option<RestoreRow>, RecordError> {
    get(store, Restore::SUBJECT, id.as_str()).await
}

/// By which restore a table is being restored, if by any.
pub async fn restoring(store: &impl Store, table: Restorable) -> Result<Option<Restoring>, RecordError> {
    get(store, Restoring::SUBJECT, table.as_str()).await
}

/// The last restores, the latest first.
pub async fn restores(store: &impl Store, limit: usize) -> Result<Vec<RestoreRow>, RecordError> {
    latest(store, Restore::SUBJECT, limit).await
}
