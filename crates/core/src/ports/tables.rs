//! Tables as resources: their settings, their backups, what is restored from these. Tables are meant by the names they
//! have in the account, since a restored one is none of [`Table`](super::Table)'s.

use super::CloudResult;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;

/// `TableStatus` of the API, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TableStatus {
    /// Being made, also from a backup.
    Creating,
    /// Serving, and takes a change.
    Active,
    /// Serving, and being changed.
    Updating,
    /// Being deleted.
    Deleting,
    /// Out of reach of its key, or archived.
    Failed,
}

impl TableStatus {
    /// Its name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Updating => "UPDATING",
            Self::Deleting => "DELETING",
            Self::Failed => "INACCESSIBLE_ENCRYPTION_CREDENTIALS",
        }
    }
}

/// How a table is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "camelCase")]
pub enum Capacity {
    /// By the request (`PAY_PER_REQUEST`).
    OnDemand,
    /// By units a second that are kept ready (`PROVISIONED`); each at least 1.
    Provisioned {
        /// Read units a second.
        read: u32,
        /// Write units a second.
        write: u32,
    },
}

/// A table as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableView {
    /// Its status.
    pub status: TableStatus,
    /// How it is paid for.
    pub capacity: Capacity,
    /// When it was last switched to being paid by the request.
    pub on_demand_since: Option<Timestamp>,
    /// Whether it can't be deleted before this is taken off.
    pub protected: bool,
    /// The ARN of its stream, if it has one that is on.
    pub stream_arn: Option<String>,
    /// The attribute by which rows expire, if they do.
    pub expires_by: Option<String>,
    /// From when to when it can be restored to a point in time; `None`: it can't.
    pub recoverable: Option<(Timestamp, Timestamp)>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A backup of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backup {
    /// What it is restored by.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The table it was made of, by name.
    pub table: String,
    /// When it was made.
    pub made_at: Timestamp,
}

/// What a table is restored from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RestoreFrom {
    /// The table as it was then.
    PointInTime(Timestamp),
    /// A backup, by its ARN.
    Backup(String),
}

/// One setting of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableSetting {
    /// Rows expire by this attribute, in seconds since 1970.
    ExpiresBy(String),
    /// It can be restored to a point in time.
    Recoverable,
    /// What is put goes on a stream with the new image.
    Stream,
    /// Whether it is protected from deletion.
    Protected(bool),
    /// How it is paid for.
    Capacity(Capacity),
    /// These tags, those it has under other names kept.
    Tags(BTreeMap<String, String>),
}

/// Tables.
pub trait Tables: Sync {
    /// The table of this name.
    fn table(&self, name: &str) -> impl Future<Output = CloudResult<Option<TableView>>> + Send;
    /// Changes one setting. `Busy` unless it is active; `Quota` where it may not be changed that often.
    fn set_table(&self, name: &str, setting: &TableSetting) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deletes a table. `Busy` unless it is active, `Invalid` while it is protected.
    fn delete_table(&self, name: &str) -> impl Future<Output = CloudResult<()>> + Send;
}

/// Backups and what is made of them.
pub trait TableBackups: Sync {
    /// The backups of a table, the latest first.
    fn backups(&self, table: &str) -> impl Future<Output = CloudResult<Vec<Backup>>> + Send;
    /// Makes a table from another as it was. It comes without the other's expiry, recovery, stream, protection and tags.
    /// `AlreadyExists` where the name is taken.
    fn restore_table(
        &self,
        source: &str,
        target: &str,
        from: &RestoreFrom,
    ) -> impl Future<Output = CloudResult<()>> + Send;
}

/// A part of a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedRows {
    /// How many rows of this part fit.
    pub rows: u64,
    /// Where to go on; `None`: that was all.
    pub next: Option<String>,
}

/// Counting rows, page by page.
pub trait TableRows: Sync {
    /// Counts a page of the table's rows whose `timestamp` (seconds since 1970) is at most `until`. A page is what one call
    /// of the service looks at: up to 1 MB.
    fn count_rows(
        &self,
        table: &str,
        until: Timestamp,
        after: Option<&str>,
    ) -> impl Future<Output = CloudResult<CountedRows>> + Send;
}
