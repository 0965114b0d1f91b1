//! The record of what a known caller was refused for the role's sake.
//!
//! It is written before the refusal is answered, and whoever can't write it must not let the caller through either. Who
//! has no valid token has no tenant, and so no row.

use crate::{Act, AuditEntry, RecordError, Transaction};
use capstan_core::ids::{TenantId, hex};
use capstan_core::ports::{Clock, Entropy, Store};
use capstan_core::tier::Role;
use serde_json::json;

/// What was asked for, by whom.
#[derive(Debug, Clone, Copy)]
pub struct Denied<'a> {
    /// The tenant of the token.
    pub tenant: &'a TenantId,
    /// The subject of the token.
    pub subject: &'a str,
    /// The role of the token.
    pub role: Role,
    /// The method asked for.
    pub method: &'a str,
    /// The route asked for, as the template has it.
    pub route: &'a str,
    /// The role it takes; `None`: there is no such route.
    pub least: Option<Role>,
}

/// Records a denial of now.
pub async fn record(ports: &(impl Store + Clock + Entropy), denied: Denied<'_>) -> Result<(), RecordError> {
    // Several at one instant are several rows.
    let mark = hex(&ports.random()[..8]);
    let mut audit = AuditEntry::new(denied.tenant, ports.now(), denied.subject, Act::AccessDenied, &mark)
        .with(json!({
            "method": denied.method,
            "route": denied.route,
            "role": denied.role,
            "leastRole": denied.least,
        }));
    let mut transaction = Transaction::new();
    transaction.put(&mut audit);
    transaction.commit(ports).await
}
