//! Orphans: resources that bear a tenant's tag and that no entry of the register explains.

use crate::StepError;
use capstan_core::ids::TenantId;
use capstan_core::ports::{Found, Inventory, Store};

/// The tenant's orphans, by kind and name.
pub async fn of_tenant(ports: &(impl Store + Inventory), tenant: &TenantId) -> Result<Vec<Found>, StepError> {
    // The cloud first: what is made between the two looks is then in the register already.
    let found = ports.tagged(tenant).await.map_err(StepError::of_cloud)?;
    let register = tier_records::register(ports, tenant).await?;
    Ok(found.into_iter().filter(|found| register.iter().all(|row| row.resource != found.resource)).collect())
}
