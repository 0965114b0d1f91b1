//! `OpenSearch` domains.
//!
//! A domain may be deleted in any state, while it is made or changed too: the service allows it.

use super::{Answer, Cx, Refusal, check_lower_name, require};
use crate::life::{Resource, Shelf, Stage};
use crate::timing::Cycle;
use capstan_core::ports::{Domain, DomainSettings, Tags};
use capstan_core::time::Millis;

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct DomainService {
    pub(crate) domains: Shelf<DomainSettings>,
}

impl DomainService {
    pub(crate) fn domain(&self, name: &str) -> Option<Domain> {
        let found = self.domains.get(name)?;
        Some(Domain {
            created: !matches!(found.life.stage, Stage::Creating | Stage::Failed),
            processing: matches!(found.life.stage, Stage::Creating | Stage::Changing),
            deleting: found.life.stage == Stage::Deleting,
            settings: found.target().clone(),
            tags: found.tags.clone(),
        })
    }

    pub(crate) fn create(
        &mut self,
        cx: &Cx<'_>,
        name: &str,
        settings: &DomainSettings,
        tags: &Tags,
    ) -> Answer<()> {
        check_lower_name(name, 28)?;
        check_settings(cx, settings)?;
        self.domains.free(name)?;
        Refusal::above("domains", self.domains.0.len() + 1, cx.quotas.domains)?;
        self.domains.put(name, Resource::new(cx, Cycle::DomainCreate, name, settings.clone(), tags));
        Ok(())
    }

    pub(crate) fn update(&mut self, cx: &Cx<'_>, name: &str, settings: &DomainSettings) -> Answer<()> {
        check_settings(cx, settings)?;
        self.domains.ready(name)?.change(cx, Cycle::DomainUpdate, name, settings.clone());
        Ok(())
    }

    pub(crate) fn delete(&mut self, cx: &Cx<'_>, name: &str) -> Answer<()> {
        let found = self.domains.found(name)?;
        if found.life.stage == Stage::Deleting {
            return Err(Refusal::busy(format!("`{name}` is being deleted")));
        }
        found.delete(cx, Cycle::DomainDelete, name, Millis(0));
        Ok(())
    }
}

fn check_settings(cx: &Cx<'_>, settings: &DomainSettings) -> Answer<()> {
    require(settings.instance_type.ends_with(".search"), || {
        format!("`{}` is not an instance type of the service", settings.instance_type)
    })?;
    require(settings.instance_count >= 1, || "a domain needs at least 1 data node".to_owned())?;
    require((10..=3072).contains(&settings.ebs_gb), || {
        format!("a volume of {} GB is not between 10 and 3072", settings.ebs_gb)
    })?;
    Refusal::above("data nodes in a domain", settings.instance_count as usize, cx.quotas.nodes_per_domain)
}
