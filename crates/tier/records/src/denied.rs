//! The record of what a known caller was refused for the role's sake.
//!
//! It is written before the refusal is answered, and whoever can't write it must not let the caller through either. Who
//! has no valid token has no tenant, and so no row.

use crate::audit::{self, AuditEntry};
use crate::{Act, RecordError};
use capstan_core::ids::TenantId;
use capstan_core::ports::{Clock, Store};
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
    /// The request's id, as API Gateway gave it.
    pub request_id: Option<&'a str>,
}

/// Records a denial of now.
pub async fn record(ports: &(impl Store + Clock), denied: Denied<'_>) -> Result<(), RecordError> {
    let subject = format!("{} {}", denied.method, denied.route);
    let entry = AuditEntry::new(denied.tenant, ports.now(), denied.subject, Act::RequestDenied, &subject)
        .under(denied.role.as_str(), denied.request_id)
        .with(json!({"leastRole": denied.least}))
        .denied();
    audit::append(ports, entry).await
}
