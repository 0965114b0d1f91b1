//! SageMaker real-time endpoints, their configurations, and their auto scaling.
//!
//! An endpoint has one variant, `AllTraffic`. A configuration can't be changed, only replaced; an endpoint that
//! is `Creating` or `Updating` takes no change (`Busy`).

use super::{CloudResult, Tags};
use serde::{Deserialize, Serialize};
use std::future::Future;

/// `EndpointStatus` of the API, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndpointStatus {
    /// Being made.
    Creating,
    /// Serving.
    InService,
    /// Being changed (also `SystemUpdating`, `RollingBack`).
    Updating,
    /// Being deleted.
    Deleting,
    /// Could not be made (also `UpdateRollbackFailed`). It can only be deleted.
    Failed,
}

/// An endpoint as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its status.
    pub status: EndpointStatus,
    /// The configuration it runs, or is being brought to.
    pub config_name: String,
    /// Instances that serve now.
    pub current_instances: u32,
    /// Instances asked for.
    pub desired_instances: u32,
    /// Why it failed, in the service's words.
    pub failure_reason: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// Which of the models behind an endpoint is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// The one that answers whoever names none.
    #[default]
    First,
    /// The other one, where there is one. It answers who names it, and nobody else.
    Second,
}

impl Variant {
    /// Its name in `SageMaker`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "AllTraffic",
            Self::Second => "Second",
        }
    }
}

/// An endpoint configuration: what its variants run on. It can't be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointConfig {
    /// Its name, unique in the account.
    pub name: String,
    /// The model, by name.
    pub model: String,
    /// Such as `ml.g5.2xlarge`.
    pub instance_type: String,
    /// Instances at the start of each variant; at least 1.
    pub initial_instances: u32,
    /// The model of a second variant, by name, on as much of the same. Its weight is 0: who names no variant is never answered
    /// by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_model: Option<String>,
}

/// Endpoints.
pub trait Endpoints: Sync {
    /// The endpoint of this name.
    fn endpoint(&self, name: &str) -> impl Future<Output = CloudResult<Option<Endpoint>>> + Send;
    /// Makes an endpoint with this configuration. `Quota` when there are no such instances to be had.
    fn create_endpoint(
        &self,
        name: &str,
        config: &str,
        tags: &Tags,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Brings an endpoint to another configuration. `Busy` unless it is in service.
    fn update_endpoint(&self, name: &str, config: &str) -> impl Future<Output = CloudResult<()>> + Send;
    /// Asks for this many instances, at least 1 (`UpdateEndpointWeightsAndCapacities`). `Busy` unless in service.
    fn set_desired_instances(
        &self,
        name: &str,
        instances: u32,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deletes an endpoint; `Busy` while it is being made or changed.
    fn delete_endpoint(&self, name: &str) -> impl Future<Output = CloudResult<()>> + Send;
}

/// Endpoint configurations.
pub trait EndpointConfigs: Sync {
    /// The configuration of this name.
    fn endpoint_config(&self, name: &str)
    -> impl Future<Output = CloudResult<Option<EndpointConfig>>> + Send;
    /// Names of all configurations that start with `prefix`, in order.
    fn endpoint_config_names(&self, prefix: &str) -> impl Future<Output = CloudResult<Vec<String>>> + Send;
    /// Makes a configuration.
    fn create_endpoint_config(
        &self,
        config: &EndpointConfig,
        tags: &Tags,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deletes a configuration.
    fn delete_endpoint_config(&self, name: &str) -> impl Future<Output = CloudResult<()>> + Send;
}

/// Between how many instances Application Auto Scaling moves an endpoint, and how fast it goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScalingRange {
    /// Least instances, at least 1.
    pub min: u32,
    /// Most instances.
    pub max: u32,
    /// Seconds between two steps down.
    pub scale_in_cooldown: u32,
}

/// The endpoint's scalable target and its target-tracking policy, as one thing.
pub trait EndpointScaling: Sync {
    /// The range in force, if the endpoint is scaled at all.
    fn scaling(&self, endpoint: &str) -> impl Future<Output = CloudResult<Option<ScalingRange>>> + Send;
    /// Registers the endpoint, or changes its range and policy.
    fn set_scaling(
        &self,
        endpoint: &str,
        range: ScalingRange,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deregisters the endpoint with its policy; not registered is fine.
    fn remove_scaling(&self, endpoint: &str) -> impl Future<Output = CloudResult<()>> + Send;
}
