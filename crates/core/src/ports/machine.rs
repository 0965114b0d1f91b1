//! What a handler can't make up by itself: the time, chance, word to people, and what others measured.

use super::CloudResult;
use crate::ids::TenantId;
use crate::money::Usd;
use crate::tier::ResourceRef;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::future::Future;

/// The time.
pub trait Clock: Sync {
    /// Now, as the cloud lives it.
    fn now(&self) -> Timestamp;
    /// Now, as people live it. It differs from [`Clock::now`] only where the cloud is simulated at a higher speed:
    /// a person still has ten real minutes to confirm, and a sign-in lasts its real hours.
    fn wall(&self) -> Timestamp;
}

/// Chance, for ids and tokens. In AWS from the operating system; simulated, from the seed.
pub trait Entropy: Sync {
    /// Sixteen unpredictable bytes.
    fn random(&self) -> [u8; 16];
}

/// How urgent a notice is and who it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoticeKind {
    /// A change came to its good end.
    Completed,
    /// A change failed and was rolled back.
    RolledBack,
    /// Cleaning up failed; the change is about to be rolled back.
    CleanupFailed,
    /// A change could not be finished nor rolled back: a person is needed.
    Stuck,
    /// Resources that no ledger entry explains.
    OrphansFound,
    /// A retired store was deleted after its grace period.
    Reaped,
    /// The audit of a tenant was altered, and is sealed no longer.
    AuditBroken,
    /// A host is in critical trouble.
    CriticalInsight,
    /// A model was rolled out and serves.
    CanaryPromoted,
    /// A model was rolled back.
    CanaryRolledBack,
    /// A new version of the model serves.
    ModelReleased,
    /// The release of a version was undone.
    ModelNotReleased,
    /// The release of a version could not be undone: a person is needed.
    ModelReleaseStuck,
}

impl Notice {
    /// The tenant's id, or nothing.
    pub fn tenant(&self) -> &str {
        self.tenant_id.as_ref().map_or("", TenantId::as_str)
    }
}

/// A message to people (an SNS topic; behind it e-mail, a pager).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// What it is about.
    pub kind: NoticeKind,
    /// Whose tenant; none, where it is about the platform's own hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<TenantId>,
    /// One line, at most 100 characters. It is a subject of SNS, where what is not printable ASCII arrives as `?`.
    pub subject: String,
    /// The whole message: what happened, why, and the next safe command.
    pub body: String,
}

/// Word to people.
pub trait Notifier: Sync {
    /// Hands the message over. Said again after an unclear answer: at least once, never lost.
    fn notify(&self, notice: &Notice) -> impl Future<Output = CloudResult<()>> + Send;
}

/// What was really spent.
pub trait Costs: Sync {
    /// The tenant's cost from the start of the month (UTC) of `now` until `now`, as far as it is billed already.
    fn month_to_date(
        &self,
        tenant: &TenantId,
        now: Timestamp,
    ) -> impl Future<Output = CloudResult<Usd>> + Send;
}

/// How much a resource is used right now.
pub trait Traffic: Sync {
    /// Connections (stores) or invocations in flight (endpoints) as last measured; 0 when nothing was measured.
    fn connections(&self, resource: &ResourceRef) -> impl Future<Output = CloudResult<u64>> + Send;
}
