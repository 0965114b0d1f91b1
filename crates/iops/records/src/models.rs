//! Models and their releases: which version serves, which release is under way, what each release did.

use crate::{RecordError, Share, get, page};
use capstan_core::ids::{ReleaseId, TenantId};
use capstan_core::iops::models::{Measured, ModelVersion, ReleaseStatus};
use capstan_core::ports::Store;
use capstan_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Where releases are.
const RELEASES: &str = "releases";
/// Where versions are, and which of them serves.
const MODELS: &str = "models";
/// What the rows of versions begin with.
const VERSION: &str = "version#";

/// Which version serves, and which release is under way. Whoever starts a release writes itself here, so that there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    /// Always `models`.
    pub subject: String,
    /// Always `serving`.
    pub entry: String,
    /// The version that serves; `None`: the built-in model alone.
    pub serving: Option<ModelVersion>,
    /// The version that served before it.
    pub former: Option<ModelVersion>,
    /// The release under way.
    pub under_way: Option<ReleaseId>,
    /// Moves with every write.
    pub version: u64,
}

impl Serving {
    fn none() -> Self {
        Self {
            subject: MODELS.to_owned(),
            entry: "serving".to_owned(),
            serving: None,
            former: None,
            under_way: None,
            version: 0,
        }
    }
}

/// What a release is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Purpose {
    /// Train a new version on what is stored, and deploy it.
    Train {
        /// On so many days.
        days: u32,
    },
    /// Deploy a version again that is there already.
    Restore,
    /// Serve two versions at once.
    Compare {
        /// The other version.
        other: ModelVersion,
        /// For how many of 100 hosts it answers.
        weight: u32,
    },
}

/// Rows that were exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrainingData {
    /// The key of the rows to learn from.
    pub train: String,
    /// The key of the rows that are held out: the latest fifth.
    pub held_out: String,
    /// How many there are to learn from.
    pub learn_rows: u64,
    /// How many are held out.
    pub held_out_rows: u64,
    /// Of how many hosts.
    pub hosts: u64,
    /// The time of the first row.
    pub since: Timestamp,
    /// The time of the last one.
    pub until: Timestamp,
    /// Whether there was more than was taken.
    pub sampled: bool,
}

/// What the endpoint was before a release touched it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormerEndpoint {
    /// The configuration it ran; `None`: there was no endpoint.
    pub config: Option<String>,
    /// How many instances it ran on, or was to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<u32>,
}

/// Somebody wants it stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Who: the token's subject.
    pub by: String,
    /// Of which tenant: the token's.
    pub tenant: TenantId,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Why it failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error's closed name.
    pub name: String,
    /// In words.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// A release: what is wanted, how far it has come, and what it did, each noted before it is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// Always `releases`.
    pub subject: String,
    /// Its id.
    pub entry: String,
    /// Its id, which is also the execution's name.
    pub release_id: ReleaseId,
    /// What it is to do.
    pub purpose: Purpose,
    /// Which version it is about.
    pub model_version: ModelVersion,
    /// Where it stands.
    pub status: ReleaseStatus,
    /// Who asked for it and why.
    pub asked: Wish,
    /// When it gives up by itself.
    pub deadline: Timestamp,
    /// The endpoint.
    pub endpoint: String,
    /// The configuration it makes.
    pub config: String,
    /// The rows.
    pub data: Option<TrainingData>,
    /// The training job, from before it is asked for.
    pub job: Option<String>,
    /// Where the artifact is.
    pub artifact: Option<String>,
    /// What was measured of the new model on the rows held out.
    pub measured: Option<Measured>,
    /// What was measured of the serving one on the same rows.
    pub serving_measured: Option<Measured>,
    /// The endpoint as it was, from before it is touched.
    pub former: Option<FormerEndpoint>,
    /// The hosts that the endpoint had, from before they are given to the built-in model; `None`: it had none.
    pub former_share: Option<Share>,
    /// Whether the model is made by this release, from before it is.
    pub makes_model: bool,
    /// Whether the model of the other version is made by this release, from before it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub makes_second: bool,
    /// How its canary is judged; `None`: as every canary is.
    pub canary_settings: Option<judge::Settings>,
    /// The canary.
    pub canary_id: Option<String>,
    /// When the canary came to its good end.
    pub promoted_at: Option<Timestamp>,
    /// Somebody wants it stopped.
    pub cancellation: Option<Wish>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// How many executions of it were begun again.
    pub recoveries: u32,
    /// How often undoing it has failed in a row.
    pub undo_failures: u32,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// Whether people have been told of the end.
    pub announced: bool,
    /// Moves with every write.
    pub version: u64,
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VersionState {
    /// Trained and good enough; it has not served yet.
    Candidate,
    /// It serves.
    Serving,
    /// It has served.
    Former,
    /// Its release was undone before it served.
    Withdrawn,
}

/// A version of the model: what it was made of, how good it is, who deployed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionRow {
    /// Always `models`.
    pub subject: String,
    /// `version#` and the version.
    pub entry: String,
    /// The version.
    pub model_version: ModelVersion,
    /// Where it stands.
    pub state: VersionState,
    /// Where its artifact is.
    pub artifact: String,
    /// The image that serves it.
    pub image: String,
    /// What it was trained on.
    pub data: Option<TrainingData>,
    /// The job that trained it.
    pub job: Option<String>,
    /// How good it is on rows that it has not seen.
    pub measured: Option<Measured>,
    /// The release that made it.
    pub release_id: ReleaseId,
    /// Who deployed it last.
    pub deployed_by: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it began to serve, the last time.
    pub served_at: Option<Timestamp>,
    /// Moves with every write.
    pub version: u64,
}

impl VersionRow {
    /// A version that has just passed its gate.
    pub fn candidate(release: &Release, artifact: String, image: String, now: Timestamp) -> Self {
        Self {
            subject: MODELS.to_owned(),
            entry: format!("{VERSION}{}", release.model_version),
            model_version: release.model_version.clone(),
            state: VersionState::Candidate,
            artifact,
            image,
            data: release.data.clone(),
            job: release.job.clone(),
            measured: release.measured,
            release_id: release.release_id.clone(),
            deployed_by: release.asked.by.clone(),
            made_at: now,
            served_at: None,
            version: 0,
        }
    }
}

impl Release {
    /// What everything begins with that a new release is asked with.
    pub fn new(release_id: ReleaseId, purpose: Purpose, model_version: ModelVersion, asked: Wish) -> Self {
        Self {
            subject: RELEASES.to_owned(),
            entry: release_id.to_string(),
            config: ModelVersion::config_name(asked.at),
            release_id,
            purpose,
            model_version,
            status: ReleaseStatus::Exporting,
            deadline: asked.at,
            asked,
            endpoint: String::new(),
            data: None,
            job: None,
            artifact: None,
            measured: None,
            serving_measured: None,
            former: None,
            former_share: None,
            makes_model: false,
            makes_second: false,
            canary_settings: None,
            canary_id: None,
            promoted_at: None,
            cancellation: None,
            failure: None,
            recoveries: 0,
            undo_failures: 0,
            ended_at: None,
            announced: false,
            version: 0,
        }
    }
}

impl Release {
    /// The name of its execution: its id, and of one that was begun again which it is.
    pub fn execution_name(&self) -> String {
        match self.recoveries {
            0 => self.release_id.to_string(),
            again => format!("{}-r{again}", self.release_id),
        }
    }
}

crate::record!(Serving, IopsControl);
crate::record!(Release, IopsControl);
crate::record!(VersionRow, IopsControl);

/// Which version serves, and which release is under way.
pub async fn serving(store: &impl Store) -> Result<Serving, RecordError> {
    Ok(get(store, MODELS, "serving").await?.unwrap_or_else(Serving::none))
}

/// A release.
pub async fn release(store: &impl Store, id: &ReleaseId) -> Result<Option<Release>, RecordError> {
    get(store, RELEASES, id.as_str()).await
}

/// A page of releases, the latest first, before an id if one is given; and the id to go on before, if there is more.
pub async fn releases(
    store: &impl Store,
    before: Option<String>,
    limit: usize,
) -> Result<(Vec<Release>, Option<String>), RecordError> {
    page(store, RELEASES, "", before, limit).await
}

/// A version.
pub async fn version(store: &impl Store, version: &ModelVersion) -> Result<Option<VersionRow>, RecordError> {
    get(store, MODELS, &format!("{VERSION}{version}")).await
}

/// The latest versions, the latest first.
pub async fn versions(store: &impl Store, limit: usize) -> Result<Vec<VersionRow>, RecordError> {
    Ok(page(store, MODELS, VERSION, None, limit).await?.0)
}
