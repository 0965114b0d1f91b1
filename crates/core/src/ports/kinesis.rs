//! Kinesis data streams.

use super::{CloudResult, Tags};
use serde::{Deserialize, Serialize};
use std::future::Future;

/// How a stream is paid for and scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StreamMode {
    /// The service scales by itself.
    OnDemand,
    /// A number of shards.
    Provisioned,
}

/// `StreamStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamStatus {
    /// Being made.
    Creating,
    /// Serving, and open to changes.
    Active,
    /// Being changed; it serves meanwhile.
    Updating,
    /// Being deleted.
    Deleting,
}

/// A stream as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Its status.
    pub status: StreamStatus,
    /// Its mode.
    pub mode: StreamMode,
    /// Shards that take records.
    pub open_shards: u32,
    /// Its tags.
    pub tags: Tags,
}

/// Streams. Every change is refused (`Busy`) unless the stream is active.
pub trait Streams: Sync {
    /// The stream of this name.
    fn stream(&self, name: &str) -> impl Future<Output = CloudResult<Option<Stream>>> + Send;
    /// Makes a stream: with this many shards, or on demand (`None`).
    fn create_stream(
        &self,
        name: &str,
        shards: Option<u32>,
        tags: &Tags,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Changes the shard count to at most double and at least half (else `Invalid`); only where provisioned.
    fn set_shards(&self, name: &str, shards: u32) -> impl Future<Output = CloudResult<()>> + Send;
    /// Changes the mode: at most twice in 24 hours (`Quota`).
    fn set_mode(&self, name: &str, mode: StreamMode) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deletes a stream with its records.
    fn delete_stream(&self, name: &str) -> impl Future<Output = CloudResult<()>> + Send;
}
