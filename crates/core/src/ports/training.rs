//! Training jobs of `SageMaker` and the models that come of them.
//!
//! A job reads its rows from the bucket and writes its artifact there. A model is a name for an artifact and the image that
//! serves it; it costs nothing and can't be changed, only made and deleted.

use super::{CloudResult, Tags};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;

/// What a job is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingSpec {
    /// Its name, unique in the account for good: 1 to 63 letters, digits and hyphens.
    pub name: String,
    /// The container that trains, by its URI in the registry.
    pub image: String,
    /// Whose rights it has.
    pub role_arn: String,
    /// Such as `ml.m5.large`.
    pub instance_type: String,
    /// The key of the rows to learn from: its channel `train`.
    pub train: String,
    /// The key of the rows to measure on: its channel `validation`.
    pub held_out: String,
    /// What the artifact's key begins with.
    pub output: String,
    /// After how many seconds it is stopped by force.
    pub longest_seconds: u32,
}

/// `TrainingJobStatus` of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrainingStatus {
    /// Under way.
    InProgress,
    /// Done: there is an artifact.
    Completed,
    /// It failed.
    Failed,
    /// Being stopped.
    Stopping,
    /// Stopped.
    Stopped,
}

/// A job as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingJob {
    /// Its status.
    pub status: TrainingStatus,
    /// Why it failed, in the service's words.
    pub failure_reason: Option<String>,
    /// Where its artifact is (`s3://…`), once it is completed.
    pub artifact: Option<String>,
    /// `FinalMetricDataList`: what it measured, by name, such as `validation:accuracy`.
    pub metrics: BTreeMap<String, f64>,
}

/// Training jobs. One that was made stays for good, there is no deleting.
pub trait TrainingJobs: Sync {
    /// The job of this name.
    fn training_job(&self, name: &str) -> impl Future<Output = CloudResult<Option<TrainingJob>>> + Send;
    /// Starts a job. `Quota` when there are no such instances to be had.
    fn create_training_job(
        &self,
        spec: &TrainingSpec,
        tags: &Tags,
    ) -> impl Future<Output = CloudResult<()>> + Send;
    /// Stops a job; `Invalid` for one that has ended.
    fn stop_training_job(&self, name: &str) -> impl Future<Output = CloudResult<()>> + Send;
}

/// A model: an artifact and the container that serves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Its name, unique in the account.
    pub name: String,
    /// The container that serves, by its URI in the registry.
    pub image: String,
    /// Where the artifact is (`s3://…`).
    pub artifact: String,
    /// Whose rights the container has.
    pub role_arn: String,
}

/// Models.
pub trait Models: Sync {
    /// The model of this name.
    fn model(&self, name: &str) -> impl Future<Output = CloudResult<Option<Model>>> + Send;
    /// Makes a model.
    fn create_model(&self, model: &Model, tags: &Tags) -> impl Future<Output = CloudResult<()>> + Send;
    /// Deletes a model. What serves it goes on serving it.
    fn delete_model(&self, name: &str) -> impl Future<Output = CloudResult<()>> + Send;
}
