//! A restore of a table: what was asked for, how far it has come, and what each function had before the exchange.

use crate::ids::{RestoreId, TenantId};
use crate::ports::{RestoreFrom, Table};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long a restore may take before it is undone: most are done within the hour, large ones take several.
pub const RESTORE_LIMIT: Millis = Millis::hours(12);
/// How long its row is kept, in seconds.
pub const RESTORES_KEPT: u64 = 90 * 86_400;
/// How often another execution takes over before a restore is undone, and how often before it is given up.
pub const MOST_RECOVERIES: (u32, u32) = (4, 8);

/// The tables that are restored. What is lost of the others is made anew from these, or by people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Restorable {
    /// What hosts report.
    Metrics,
    /// What was found in it.
    Insights,
}

impl Restorable {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Metrics, Self::Insights];

    /// The name in requests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Insights => "insights",
        }
    }

    /// Which table it is.
    pub const fn table(self) -> Table {
        match self {
            Self::Metrics => Table::IopsMetrics,
            Self::Insights => Table::IopsInsights,
        }
    }

    /// Reads the exact name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// Where a restore stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RestoreStatus {
    /// Under way.
    Running,
    /// Being undone.
    Undoing,
    /// Done.
    Completed,
    /// Undone: what served before serves.
    RolledBack,
    /// Neither done nor undone: a person is needed.
    Stuck,
    /// It was done, and the table of before is being put back in its place.
    SwappingBack,
    /// It was done, and the table of before was put back in its place.
    SwappedBack,
}

/// How far rows are counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Count {
    /// Rows so far.
    pub rows: u64,
    /// Pages so far.
    pub pages: u64,
    /// Where to go on.
    pub next: Option<String>,
    /// Whether that was all.
    pub done: bool,
}

/// A function that was pointed at the restored table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swapped {
    /// Its name.
    pub function: String,
    /// What its variable held before.
    pub former: String,
}

/// Who wanted something, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The subject of the token.
    pub by: String,
    /// Its tenant.
    pub tenant: TenantId,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Why it failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error's name.
    pub error: String,
    /// What it said.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// A restore of a table. Intent stands here before each effect, its outcome after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a row: each is a fact of its own, with a time of its own or none"
)]
pub struct Restore {
    /// Always [`Restore::SUBJECT`].
    pub subject: String,
    /// The restore's id; ids sort by time.
    pub entry: String,
    /// The same.
    pub restore_id: RestoreId,
    /// Which table.
    pub table: Restorable,
    /// The table that is restored, by its name.
    pub source: String,
    /// The table that is made.
    pub target: String,
    /// What it is made from.
    pub from: RestoreFrom,
    /// Rows up to this time are counted in both.
    pub until: Timestamp,
    /// Whether it is to take the place of the one that serves.
    pub swap: bool,
    /// Whether fewer rows than the source has are well too.
    pub accept_fewer: bool,
    /// Who asked for it.
    pub wish: Wish,
    /// When it must be done, as the cloud lives it.
    pub deadline: Timestamp,
    /// Where it stands.
    pub status: RestoreStatus,
    /// Whether the service may have been asked for the table.
    pub asked: bool,
    /// When it was there.
    pub restored_at: Option<Timestamp>,
    /// When it was set as the source is.
    pub prepared_at: Option<Timestamp>,
    /// Rows of the restored table.
    pub restored_rows: Count,
    /// Rows of the source.
    pub source_rows: Count,
    /// When both were counted and compared.
    pub verified_at: Option<Timestamp>,
    /// The stream that a function may have been fed from, beside the source's.
    pub feed: Option<String>,
    /// The functions that were pointed at it, in this order.
    pub swapped: Vec<Swapped>,
    /// Whether one was found pointed at it when it was undone: something may have been written to it.
    pub served: bool,
    /// When all of them had been.
    pub swapped_at: Option<Timestamp>,
    /// Who wants it stopped.
    pub cancellation: Option<Wish>,
    /// Who put the former table back.
    pub swap_back: Option<Wish>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// When everything was undone.
    pub undone_at: Option<Timestamp>,
    /// How often another execution took over.
    pub recoveries: u32,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When its row may go, in seconds since 1970.
    pub expires_at: u64,
    /// Moves with every write; 0: never stored.
    pub version: u64,
}

impl Restore {
    /// Its partition.
    pub const SUBJECT: &'static str = "restore";

    /// Whether nothing more comes of it by itself.
    pub const fn ended(&self) -> bool {
        !matches!(self.status, RestoreStatus::Running | RestoreStatus::Undoing | RestoreStatus::SwappingBack)
    }

    /// The name of the execution that carries it out, or took over last.
    pub fn execution_name(&self) -> String {
        match self.recoveries {
            0 => self.restore_id.to_string(),
            count => format!("{}-r{count}", self.restore_id),
        }
    }

    /// What the counts say; `None`: well. As many rows as the source has up to that time, or more where rows were lost since.
    pub fn shortfall(&self) -> Option<String> {
        let (restored, source) = (self.restored_rows.rows, self.source_rows.rows);
        let nothing = restored == 0 && source > 0;
        let fewer = restored < source && !self.accept_fewer;
        (nothing || fewer).then(|| {
            format!(
                "{} has {restored} rows up to {}, {} has {source}: ask with acceptFewer if that is as it should be",
                self.target, self.until, self.source
            )
        })
    }

    /// The next safe command, where a person is needed.
    pub fn next_command(&self) -> Option<String> {
        (self.status == RestoreStatus::Stuck)
            .then(|| format!("capstan restore cancel {} --reason '…'", self.restore_id))
    }

    /// Where it has come to, in a word.
    pub const fn phase(&self) -> &'static str {
        match self.status {
            RestoreStatus::Completed | RestoreStatus::SwappedBack => "DONE",
            RestoreStatus::SwappingBack => "SWAPPING_BACK",
            RestoreStatus::Undoing | RestoreStatus::RolledBack | RestoreStatus::Stuck => "UNDOING",
            RestoreStatus::Running => match (self.restored_at, self.prepared_at, self.verified_at) {
                (None, ..) => "RESTORING",
                (_, None, _) => "PREPARING",
                (.., None) => "VERIFYING",
                _ if self.swap => "SWAPPING",
                _ => "COMPLETING",
            },
        }
    }

    /// As the API shows it.
    pub fn to_api(&self) -> Value {
        let count = |count: &Count| json!({ "rows": count.rows, "complete": count.done });
        json!({
            "restoreId": self.restore_id,
            "table": self.table,
            "source": self.source,
            "target": self.target,
            "from": self.from,
            "swap": self.swap,
            "acceptFewer": self.accept_fewer,
            "status": self.status,
            "phase": self.phase(),
            "reason": self.wish.reason,
            "requestedBy": self.wish.by,
            "requestedAt": self.wish.at,
            "countedUpTo": self.until,
            "restoredRows": count(&self.restored_rows),
            "sourceRows": count(&self.source_rows),
            "restoredAt": self.restored_at,
            "preparedAt": self.prepared_at,
            "verifiedAt": self.verified_at,
            "swapped": self.swapped,
            "kept": self.served || self.swapped_at.is_some(),
            "swappedAt": self.swapped_at,
            "cancellation": self.cancellation,
            "swapBack": self.swap_back,
            "failure": self.failure,
            "undoneAt": self.undone_at,
            "endedAt": self.ended_at,
            "nextCommand": self.next_command(),
        })
    }
}

/// The name of the table that a restore makes: the table's own, without what an earlier restore added, and the time.
pub fn target_name(source: &str, at: Timestamp) -> String {
    let own = source.split("-restored-").next().unwrap_or(source);
    let time: String = at.to_string().chars().filter(char::is_ascii_alphanumeric).take(18).collect();
    format!("{own}-restored-{time}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restored_table_is_called_after_the_first_one_and_the_time() {
        let at = Timestamp::from_millis(1_763_700_000_123);
        let name = target_name("iops-metrics-prod", at);
        assert_eq!(name, "iops-metrics-prod-restored-20251121T044000123");
        assert_eq!(target_name(&name, at), name);
    }
}
