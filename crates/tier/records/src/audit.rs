//! The audit: every act, once, with who and why. Rows are only ever added, in the transaction of the act itself.

use crate::record::Record;
use capstan_core::ids::{TenantId, TransitionId};
use capstan_core::ports::Table;
use capstan_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Act {
    /// A change was asked for that must be confirmed.
    ConfirmationRequested,
    /// A change was started.
    ChangeStarted,
    /// A change was asked to stop.
    ChangeCancelled,
    /// A change came to its good end.
    ChangeCompleted,
    /// A change is being undone.
    RollbackStarted,
    /// A change was undone.
    ChangeRolledBack,
    /// A change was given up half-way.
    ChangeStuck,
    /// A stuck change's rollback is tried again.
    RollbackRetried,
    /// A tier was declared stable by hand.
    TierReset,
    /// A configuration was edited.
    ConfigEdited,
    /// The cooldown was set.
    CooldownSet,
    /// Another execution took the place of one that is gone.
    Recovered,
    /// A retired store was deleted.
    RetiredDeleted,
    /// A known caller asked for what the role does not allow.
    AccessDenied,
}

/// A row of the audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Whose tenant.
    pub tenant_id: TenantId,
    /// Sort key: `<time>#<act>#<subject>`.
    pub entry: String,
    /// When.
    pub at: Timestamp,
    /// Who: the subject of the token, or `capstan` where the system acts by itself.
    pub actor: String,
    /// What.
    pub act: Act,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// Which change.
    pub transition_id: Option<TransitionId>,
    /// What else is worth knowing.
    pub detail: Value,
    /// Always 1.
    pub version: u64,
}

impl AuditEntry {
    /// An act of now. `subject` tells apart acts of one kind at one instant: a change, a resource, a version.
    pub fn new(tenant: &TenantId, at: Timestamp, actor: &str, act: Act, subject: &str) -> Self {
        let name = serde_json::to_value(act)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default();
        Self {
            tenant_id: tenant.clone(),
            entry: format!("{at}#{name}#{subject}"),
            at,
            actor: actor.to_owned(),
            act,
            reason: None,
            transition_id: None,
            detail: Value::Null,
            version: 0,
        }
    }
    /// With a reason.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }
    /// About a change.
    #[must_use]
    pub fn about(mut self, transition: &TransitionId) -> Self {
        self.transition_id = Some(transition.clone());
        self
    }
    /// With more to know.
    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

impl Record for AuditEntry {
    const TABLE: Table = Table::TierAudit;
    fn keys(&self) -> (String, String) {
        (self.tenant_id.to_string(), self.entry.clone())
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn set_version(&mut self, version: u64) {
        self.version = version;
    }
}
