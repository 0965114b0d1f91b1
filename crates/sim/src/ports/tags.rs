//! Tags and the search by them.

use super::Ports;
use crate::cloud::Part;
use crate::operation::Operation;
use capstan_core::ids::TenantId;
use capstan_core::ports::{CloudResult, Found, Inventory, TagKey, Tagging, Tags};
use capstan_core::tier::{ResourceKind, ResourceRef};

impl Tagging for Ports {
    async fn tag(&self, resource: &ResourceRef, tags: &Tags) -> CloudResult<()> {
        let name = resource.name.as_str();
        self.change(Operation::TagResources, name, &[(Part::Resource(resource.kind), name)], |_, cloud| {
            cloud.retag(resource, |own| own.extend(tags.iter().map(|(key, value)| (*key, value.clone()))))
        })
        .await
    }
    async fn untag(&self, resource: &ResourceRef, keys: &[TagKey]) -> CloudResult<()> {
        let name = resource.name.as_str();
        self.change(Operation::UntagResources, name, &[(Part::Resource(resource.kind), name)], |_, cloud| {
            cloud.retag(resource, |own| own.retain(|key, _| !keys.contains(key)))
        })
        .await
    }
}

impl Inventory for Ports {
    async fn tagged(&self, tenant: &TenantId) -> CloudResult<Vec<Found>> {
        self.look(Operation::GetResources, tenant.as_str(), |world| {
            let mut all = Vec::new();
            for kind in ResourceKind::ALL {
                for name in world.cloud.names(kind) {
                    let outline = world.cloud.outline(kind, name);
                    if let Some(found) = outline.filter(|found| found.tenant() == Some(tenant.as_str())) {
                        let resource = ResourceRef { kind, name: name.to_owned() };
                        all.push(Found { resource, tags: found.tags.clone() });
                    }
                }
            }
            all
        })
        .await
    }
}
