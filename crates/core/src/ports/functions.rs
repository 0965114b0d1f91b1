//! Lambda functions as resources: their environment, their share of the account's concurrency, and what feeds them.

use super::CloudResult;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;

/// A function's configuration as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionView {
    /// Whether the last change is in force (`LastUpdateStatus` is `Successful`).
    pub settled: bool,
    /// Its environment, whole.
    pub environment: BTreeMap<String, String>,
    /// Tells this configuration from any other (`RevisionId`).
    pub revision: String,
}

/// Functions' configurations.
pub trait Functions: Sync {
    /// The function of this name.
    fn function(&self, name: &str) -> impl Future<Output = CloudResult<Option<FunctionView>>> + Send;
    /// Puts an environment in the place of the one there is, whole. `Busy` while another change is under way, or where the
    /// configuration is no more the one of this revision.
    fn set_environment(
        &self,
        name: &str,
        environment: &BTreeMap<String, String>,
        revision: &str,
    ) -> impl Future<Output = CloudResult<()>> + Send;
}

/// What feeds a function from a stream (an event source mapping).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Feed {
    /// Its id (`UUID`).
    pub id: String,
    /// The stream, by its ARN.
    pub stream_arn: String,
    /// Whether it is on, and not on its way there.
    pub enabled: bool,
}

/// Event source mappings of streams.
pub trait Feeds: Sync {
    /// The mappings of a function.
    fn feeds(&self, function: &str) -> impl Future<Output = CloudResult<Vec<Feed>>> + Send;
    /// Feeds a function from another stream too, from its oldest record on, in every other way as the mapping `like` does.
    /// `AlreadyExists` where that stream feeds it.
    fn create_feed(
        &self,
        function: &str,
        stream_arn: &str,
        like: &str,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deletes a mapping; none there is `NotFound`.
    fn delete_feed(&self, id: &str) -> impl Future<Output = CloudResult<()>> + Send;
}

/// How many runs at once a function may have.
pub trait Concurrency: Sync {
    /// What is kept for the function alone, if anything is.
    fn reserved(&self, function: &str) -> impl Future<Output = CloudResult<Option<u32>>> + Send;
    /// What of the account's is kept for nobody.
    fn unreserved(&self) -> impl Future<Output = CloudResult<u32>> + Send;
    /// Keeps so much for the function alone; `None`: nothing, so that it shares in the rest.
    fn set_reserved(
        &self,
        function: &str,
        reserved: Option<u32>,
    ) -> impl Future<Output = CloudResult<()>> + Send;
}
