//! Canaries: how a model is rolled out, and what was measured meanwhile.

use crate::{RecordError, get, latest, read};
use capstan_core::ids::TenantId;
use capstan_core::iops::METRICS_KEPT;
use capstan_core::ports::{Query, Store, Table};
use capstan_core::time::Timestamp;
use judge::{Interval, Settings};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How far a canary has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CanaryStatus {
    /// Asked for; no host is routed to it yet.
    Waiting,
    /// Hosts are routed to it.
    Running,
    /// It has become the model in use.
    Promoted,
    /// Everything is as it was before.
    RolledBack,
}

/// Why a canary ended, or is to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Because {
    /// For programs: a reason of the judge (`canaryWorse`), `asked`, `executionGone`, `stepFailed`.
    pub code: String,
    /// In words, with the numbers.
    pub text: String,
    /// Who: a person, or the system.
    pub by: String,
    /// The person's tenant.
    pub tenant: Option<TenantId>,
}

/// What is to become of a canary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Whether it becomes the model in use.
    pub promote: bool,
    /// Why.
    pub because: Because,
}

/// A canary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Canary {
    /// Always [`Canary::SUBJECT`].
    pub subject: String,
    /// Its id: later ones are greater. It is the name of its execution.
    pub entry: String,
    /// The endpoint.
    pub endpoint: String,
    /// The model behind it, by name.
    pub model: String,
    /// Its version: the endpoint's configuration.
    pub model_version: String,
    /// How it is judged.
    pub settings: Settings,
    /// Why somebody wanted it.
    pub reason: String,
    /// Who.
    pub by: String,
    /// Of which tenant.
    pub tenant: TenantId,
    /// How far it has come.
    pub status: CanaryStatus,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When each stage so far was entered, in seconds since 1970.
    pub entered: Vec<u64>,
    /// The stage that is to be entered next; none, while one is judged.
    pub next: Option<usize>,
    /// What is to become of it, once that is known.
    pub outcome: Option<Outcome>,
    /// What the judge said last, with its numbers.
    pub report: Option<Value>,
    /// When.
    pub judged_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Whether people have been told how it ended.
    pub announced: bool,
    /// Moves with every write; 0: never stored.
    pub version: u64,
}

impl Canary {
    /// Its partition key.
    pub const SUBJECT: &'static str = "canary";

    /// Its id.
    pub fn id(&self) -> &str {
        &self.entry
    }

    /// Whether it has come to an end.
    pub const fn ended(&self) -> bool {
        matches!(self.status, CanaryStatus::Promoted | CanaryStatus::RolledBack)
    }
}

/// What one run of the analysis counted while a canary was under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// `measured#` and the canary's id.
    pub subject: String,
    /// The interval's start, and what no other run has: the first sample that this one counted.
    pub entry: String,
    /// The counts.
    pub interval: Interval,
    /// When it may go, in seconds since 1970.
    #[serde(rename = "expires_at")]
    pub expires_at: u64,
    /// Written whatever is there: the same counts once more are the same row.
    pub version: u64,
}

/// The stage under which all is counted of two models that are compared: there are no stages.
pub const COMPARED: u8 = 50;

/// How long an interval is, in seconds.
pub const INTERVAL: u32 = 10;

impl Measured {
    /// The row of a run. `first` is the host and second of the least sample that it counted; a sample is counted by one run.
    pub fn new(canary_id: &str, interval: Interval, first: (&str, u64)) -> Self {
        Self {
            subject: measured(canary_id),
            entry: format!("{:010}#{}#{}", interval.start, first.0, first.1),
            expires_at: interval.start + METRICS_KEPT,
            interval,
            version: 0,
        }
    }
}

fn measured(canary_id: &str) -> String {
    format!("measured#{canary_id}")
}

crate::record!(Canary, IopsControl);
crate::record!(Measured, IopsControl);

/// A canary.
pub async fn canary(store: &impl Store, id: &str) -> Result<Option<Canary>, RecordError> {
    get(store, Canary::SUBJECT, id).await
}

/// The last canaries, the latest first.
pub async fn canaries(store: &impl Store, limit: usize) -> Result<Vec<Canary>, RecordError> {
    latest(store, Canary::SUBJECT, limit).await
}

/// Rows of measurements read at once.
const PAGE: usize = 200;

/// All that was measured of a canary, in the order of time.
pub async fn measurements(store: &impl Store, id: &str) -> Result<Vec<Interval>, RecordError> {
    measurements_since(store, id, 0).await
}

/// What was measured of a canary or a comparison from a second on, in the order of time.
pub async fn measurements_since(
    store: &impl Store,
    id: &str,
    since: u64,
) -> Result<Vec<Interval>, RecordError> {
    let mut query = Query {
        table: Table::IopsControl,
        partition: measured(id),
        prefix: String::new(),
        after: (since > 0).then(|| format!("{since:010}")),
        descending: false,
        limit: PAGE,
    };
    let mut all = Vec::new();
    loop {
        let page = store.query(&query).await.map_err(RecordError::Store)?;
        for item in page.items {
            all.push(read::<Measured>(item, &query.partition)?.interval);
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(all),
        }
    }
}
