//! `find-orphans`: looks, tenant by tenant, for resources that bear the tenant's tag and that no entry of the register
//! explains, and tells people: they cost money, and nobody knows what for.

use capstan_core::ports::{Inventory, Notice, NoticeKind, Notifier, Store};
use serde_json::{Value, json};
use tier_records::TENANTS;
use tier_steps::{StepError, orphans};

/// Answers how many tenants were looked at and what was found.
pub async fn handle(ports: &(impl Store + Inventory + Notifier)) -> Result<Value, StepError> {
    let mut found = Vec::new();
    let tenants = tier_records::index_rows(ports, TENANTS).await?;
    for row in &tenants {
        let orphans = orphans::of_tenant(ports, &row.tenant_id).await?;
        if orphans.is_empty() {
            continue;
        }
        let names: Vec<String> = orphans.iter().map(|orphan| orphan.resource.to_string()).collect();
        let notice = Notice {
            kind: NoticeKind::OrphansFound,
            tenant_id: Some(row.tenant_id.clone()),
            subject: format!("{} that no ledger entry explains", counted(names.len())),
            body: format!(
                "Tenant {}\n{}\nNothing was touched. Look at GET /tier/orphans and delete what is not needed.",
                row.tenant_id,
                names.join("\n")
            ),
        };
        ports.notify(&notice).await.map_err(StepError::of_cloud)?;
        found.push(json!({"tenantId": row.tenant_id, "orphans": names}));
    }
    Ok(json!({"tenants": tenants.len(), "found": found}))
}

fn counted(resources: usize) -> String {
    if resources == 1 { "1 resource".to_owned() } else { format!("{resources} resources") }
}
