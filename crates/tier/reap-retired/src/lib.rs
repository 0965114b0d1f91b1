//! `reap-retired`: deletes retired data stores once their date has come, with a final snapshot where the service has one.
//!
//! A store is left alone while a change of its tenant is under way: undoing that change might want it back. A call makes
//! the calls that are legal now; what is still being deleted is looked at again by the next one.

use capstan_core::ids::TenantId;
use capstan_core::ports::{Clock, Notice, NoticeKind, Notifier, Store};
use capstan_core::tier::converge::Goal;
use capstan_core::tier::ledger::Registered;
use capstan_core::tier::{Desired, TransitionStatus};
use serde_json::{Value, json};
use tier_records::{Act, AuditEntry, IndexRow, RETIRED, Transaction};
use tier_steps::drivers::{AllServices, Standing, converge_any};
use tier_steps::ending::SYSTEM;
use tier_steps::{Settings, StepError, phase};

/// Answers what was deleted and what is on its way. All are tried; if one could not be deleted the function fails with its
/// error, and so its alarm tells people.
pub async fn handle<P>(ports: &P, settings: &Settings) -> Result<Value, StepError>
where
    P: AllServices + Store + Clock + Notifier,
{
    let (mut deleted, mut waiting, mut failed) = (Vec::new(), Vec::new(), None);
    for row in tier_records::index_rows(ports, RETIRED).await? {
        let Some(resource) = &row.resource else { continue };
        let register = tier_records::register(ports, &row.tenant_id).await?;
        let Some(entry) = register.into_iter().find(|entry| entry.resource == *resource) else { continue };
        match &entry.desired {
            Desired::Retired { delete_after, .. } if *delete_after <= ports.now() => {}
            _ => continue,
        }
        let name = resource.to_string();
        match reap(ports, settings, &row, &entry).await {
            Ok(true) => deleted.push(name),
            Ok(false) => waiting.push(name),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(json!({"deleted": deleted, "waiting": waiting})),
    }
}

/// True: it is gone, and so recorded.
async fn reap<P>(
    ports: &P,
    settings: &Settings,
    row: &IndexRow,
    entry: &Registered,
) -> Result<bool, StepError>
where
    P: AllServices + Store + Clock + Notifier,
{
    let tenant: &TenantId = &row.tenant_id;
    let state = tier_records::state(ports, tenant).await?;
    if state.transition_status.under_way() || state.transition_status == TransitionStatus::Stuck {
        return Ok(false);
    }
    let snapshot = phase::snapshot_name(&entry.resource, &entry.desired);
    let goal = Goal {
        tenant,
        resource: &entry.resource,
        from: &entry.desired,
        to: &Desired::Absent,
        undoing: false,
        final_snapshot: Some(&snapshot),
        model: &settings.model,
    };
    if converge_any(ports, &goal).await? != Standing::Ready {
        return Ok(false);
    }
    let name = entry.resource.to_string();
    let audit = AuditEntry::new(tenant, ports.now(), SYSTEM, Act::RetiredDeleted, &name)
        .with(json!({"resource": name, "snapshot": snapshot}));
    let body = format!("Tenant {tenant}\n{name} was deleted after its grace period.");
    tell(ports, tenant, format!("Retired {} deleted", entry.resource.kind), body).await?;
    let mut transaction = Transaction::new();
    transaction.delete(entry);
    transaction.delete_always(row);
    transaction.commit_audited(ports, audit).await?;
    Ok(true)
}

async fn tell(
    ports: &impl Notifier,
    tenant: &TenantId,
    subject: String,
    body: String,
) -> Result<(), StepError> {
    let notice = Notice { kind: NoticeKind::Reaped, tenant_id: Some(tenant.clone()), subject, body };
    ports.notify(&notice).await.map_err(StepError::of_cloud)
}
