//! The row of a change of scale.

use super::{Scaled, Setting};
use crate::ids::ScaleId;
use crate::iops::{Failure, Wish};
use crate::money::Usd;
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long it may take to come to a setting before it is undone, and then to be undone: an endpoint takes minutes, a table that
/// changes how it is paid for up to half an hour.
pub const SCALE_LIMIT: Millis = Millis::hours(2);
/// How long its row is kept, in seconds.
pub const SCALES_KEPT: u64 = 400 * 86_400;
/// How often undoing is refused before a person is called.
pub const MOST_TRIES: u32 = 5;
/// After how long a run that holds the row is gone: no function of these lives longer.
pub const STALE: Millis = Millis::seconds(60);

/// Where a change of scale stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScaleStatus {
    /// Under way.
    Running,
    /// Being undone.
    Undoing,
    /// Done: seen in force.
    Completed,
    /// It failed, and the former setting is in force.
    RolledBack,
    /// Somebody undid it, and the former setting is in force.
    Undone,
    /// Neither done nor undone: a person is needed.
    Stuck,
}

/// A change of scale. It stands here before anything is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    /// Always [`Scale::SUBJECT`].
    pub subject: String,
    /// Its id; ids sort by time.
    pub entry: String,
    /// The same.
    pub scale_id: ScaleId,
    /// What is scaled.
    pub resource: Scaled,
    /// What it was set to.
    pub former: Setting,
    /// What it is to be set to.
    pub wanted: Setting,
    /// What the plan said.
    pub steps: Vec<String>,
    /// USD a month before, where known.
    pub former_monthly: Option<Usd>,
    /// And after.
    pub wanted_monthly: Option<Usd>,
    /// Who asked for it.
    pub wish: Wish,
    /// When it must be done, or undone, as the cloud lives it.
    pub deadline: Timestamp,
    /// Where it stands.
    pub status: ScaleStatus,
    /// Since when a run is at it, as the cloud lives it; `None`: none is.
    pub held_since: Option<Timestamp>,
    /// How often undoing was refused.
    pub tries: u32,
    /// Who wants it undone.
    pub undo: Option<Wish>,
    /// Why it failed, or can't be undone.
    pub failure: Option<Failure>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When its row may go, in seconds since 1970.
    pub expires_at: u64,
    /// Moves with every write; 0: never stored.
    pub version: u64,
}

impl Scale {
    /// Its partition.
    pub const SUBJECT: &'static str = "scale";

    /// Whether nothing more comes of it by itself.
    pub const fn ended(&self) -> bool {
        !matches!(self.status, ScaleStatus::Running | ScaleStatus::Undoing)
    }

    /// What the resource is to be set to now.
    pub const fn target(&self) -> &Setting {
        match self.status {
            ScaleStatus::Running | ScaleStatus::Completed => &self.wanted,
            ScaleStatus::Undoing | ScaleStatus::RolledBack | ScaleStatus::Undone | ScaleStatus::Stuck => {
                &self.former
            }
        }
    }

    /// The next safe command, where a person is needed.
    pub fn next_command(&self) -> Option<String> {
        (self.status == ScaleStatus::Stuck)
            .then(|| format!("capstan scale undo {} --reason '…'", self.scale_id))
    }

    /// As the API shows it.
    pub fn to_api(&self) -> Value {
        json!({
            "scaleId": self.scale_id,
            "resource": self.resource,
            "former": self.former,
            "wanted": self.wanted,
            "steps": self.steps,
            "formerMonthlyUsd": self.former_monthly,
            "wantedMonthlyUsd": self.wanted_monthly,
            "status": self.status,
            "reason": self.wish.reason,
            "requestedBy": self.wish.by,
            "requestedAt": self.wish.at,
            "undo": self.undo,
            "failure": self.failure,
            "endedAt": self.ended_at,
            "nextCommand": self.next_command(),
        })
    }
}
