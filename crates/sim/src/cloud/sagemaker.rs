//! `SageMaker` endpoints, their configurations, and the scalable targets of Application Auto Scaling.

use super::{Answer, Cx, Refusal, check_name, require};
use crate::life::{Ended, Resource, Shelf, Stage};
use crate::timing::Cycle;
use capstan_core::ports::{CloudErrorKind, Endpoint, EndpointConfig, EndpointStatus, ScalingRange, Tags};
use capstan_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an endpoint runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fleet {
    pub(crate) config: String,
    pub(crate) instances: u32,
}

/// A configuration with its tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaggedConfig {
    pub(crate) config: EndpointConfig,
    pub(crate) tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SageMaker {
    pub(crate) endpoints: Shelf<Fleet>,
    pub(crate) configs: BTreeMap<String, TaggedConfig>,
    pub(crate) scaling: BTreeMap<String, ScalingRange>,
    /// How endpoints answer that do not answer well.
    pub(crate) behaviours: BTreeMap<String, super::inference::Behaviour>,
}

impl SageMaker {
    pub(crate) fn endpoint(&self, name: &str) -> Option<Endpoint> {
        let found = self.endpoints.get(name)?;
        let (status, current) = match found.life.stage {
            Stage::Creating => (EndpointStatus::Creating, 0),
            Stage::Ready => (EndpointStatus::InService, found.current.instances),
            Stage::Changing => (EndpointStatus::Updating, found.current.instances),
            Stage::Deleting => (EndpointStatus::Deleting, 0),
            Stage::Failed => (EndpointStatus::Failed, 0),
        };
        let failure_reason = (status == EndpointStatus::Failed)
            .then(|| "The primary container did not pass the ping health check".to_owned());
        Some(Endpoint {
            status,
            config_name: found.target().config.clone(),
            current_instances: current,
            desired_instances: found.target().instances,
            failure_reason,
            tags: found.tags.clone(),
        })
    }

    pub(crate) fn create_endpoint(
        &mut self,
        cx: &Cx<'_>,
        name: &str,
        config: &str,
        tags: &Tags,
    ) -> Answer<()> {
        check_name(name, 63)?;
        self.endpoints.free(name)?;
        let fleet = self.fleet(config)?;
        self.check_quota(cx, fleet.instances)?;
        self.endpoints.put(name, Resource::new(cx, Cycle::EndpointCreate, name, fleet, tags));
        Ok(())
    }

    /// Puts an endpoint there, in service.
    pub(crate) fn plant(&mut self, cx: &Cx<'_>, name: &str, config: EndpointConfig) {
        let fleet = Fleet { config: config.name.clone(), instances: config.initial_instances };
        self.configs.insert(config.name.clone(), TaggedConfig { config, tags: Tags::new() });
        let mut endpoint = Resource::new(cx, Cycle::EndpointCreate, name, fleet, &Tags::new());
        if let Some(due) = endpoint.life.due() {
            endpoint.settle(due);
        }
        self.endpoints.put(name, endpoint);
    }

    pub(crate) fn update_endpoint(&mut self, cx: &Cx<'_>, name: &str, config: &str) -> Answer<()> {
        self.endpoints.ready(name)?;
        let fleet = self.fleet(config)?;
        self.check_type_kept_while_scaled(name, config)?;
        // Blue/green: the new fleet stands beside the old one until the traffic has moved.
        self.check_quota(cx, fleet.instances)?;
        self.endpoints.found(name)?.change(cx, Cycle::EndpointUpdate, name, fleet);
        Ok(())
    }

    pub(crate) fn set_desired(&mut self, cx: &Cx<'_>, name: &str, instances: u32) -> Answer<()> {
        require(instances >= 1, || {
            "DesiredInstanceCount 0: a variant can't be scaled to zero instances".to_owned()
        })?;
        let current = self.endpoints.ready(name)?.current.clone();
        self.check_quota(cx, instances.saturating_sub(current.instances))?;
        let next = Fleet { instances, ..current };
        self.endpoints.found(name)?.change(cx, Cycle::EndpointCount, name, next);
        Ok(())
    }

    /// Deletes the endpoint; its scalable target goes with it, as the service does it without a word.
    pub(crate) fn delete_endpoint(&mut self, cx: &Cx<'_>, name: &str) -> Answer<()> {
        self.endpoints.at_rest(name)?.delete(cx, Cycle::EndpointDelete, name, Millis(0));
        self.scaling.remove(name);
        Ok(())
    }

    pub(crate) fn create_config(&mut self, config: &EndpointConfig, tags: &Tags) -> Answer<()> {
        check_name(&config.name, 63)?;
        require(config.initial_instances >= 1, || "InitialInstanceCount must be at least 1".to_owned())?;
        require(config.instance_type.starts_with("ml."), || {
            format!("`{}` is not an instance type of the service", config.instance_type)
        })?;
        require(!config.model.is_empty(), || "ModelName is required".to_owned())?;
        if self.configs.contains_key(&config.name) {
            return Err(Refusal::exists(&config.name));
        }
        let tagged = TaggedConfig { config: config.clone(), tags: tags.clone() };
        self.configs.insert(config.name.clone(), tagged);
        Ok(())
    }

    /// Deletes a configuration: `Invalid` while an endpoint at rest runs it, `Busy` while one leaves it.
    pub(crate) fn delete_config(&mut self, name: &str) -> Answer<()> {
        let user = self
            .endpoints
            .0
            .iter()
            .find(|(_, endpoint)| endpoint.current.config == name || endpoint.target().config == name);
        if let Some((endpoint, found)) = user {
            let message = format!("`{name}` is in use by endpoint `{endpoint}`");
            return Err(match found.life.stage {
                Stage::Ready | Stage::Failed => Refusal::invalid(message),
                Stage::Creating | Stage::Changing | Stage::Deleting => Refusal::busy(message),
            });
        }
        self.configs.remove(name).map(drop).ok_or_else(|| Refusal::not_found(name))
    }

    pub(crate) fn set_scaling(&mut self, endpoint: &str, range: ScalingRange) -> Answer<()> {
        require(range.min >= 1 && range.min <= range.max, || {
            format!("MinCapacity {} and MaxCapacity {} are not a range from 1 up", range.min, range.max)
        })?;
        let found = self.endpoints.found(endpoint)?;
        require(found.serves(), || format!("`{endpoint}` has no variant in service to scale"))?;
        self.scaling.insert(endpoint.to_owned(), range);
        Ok(())
    }

    pub(crate) fn settle(&mut self, at: Timestamp, mut tell: impl FnMut(&str)) {
        self.endpoints.settle(at, |name, endpoint, ended| {
            // An update that fails and can't be rolled back (`UpdateRollbackFailed`): the worse of the two ends
            // the service knows, and the one that callers forget.
            if ended == Ended::ChangeFailed {
                endpoint.life.stage = Stage::Failed;
            }
            tell(name);
        });
    }

    fn fleet(&self, config: &str) -> Answer<Fleet> {
        let found = self.configs.get(config).ok_or_else(|| {
            let message = format!("Could not find endpoint configuration `{config}`");
            Refusal::new(CloudErrorKind::NotFound, message)
        })?;
        Ok(Fleet { config: config.to_owned(), instances: found.config.initial_instances })
    }

    /// "If you change the instance type for any model that is a target for automatic scaling, the update fails"
    /// (`SageMaker` developer guide, updating endpoints that use automatic scaling).
    fn check_type_kept_while_scaled(&self, name: &str, config: &str) -> Answer<()> {
        let type_of =
            |config: &str| self.configs.get(config).map(|found| found.config.instance_type.as_str());
        let former = self.endpoints.get(name).and_then(|endpoint| type_of(&endpoint.current.config));
        require(!self.scaling.contains_key(name) || former == type_of(config), || {
            format!("`{name}` is a scalable target: deregister it before its instance type is changed")
        })
    }

    fn check_quota(&self, cx: &Cx<'_>, more: u32) -> Answer<()> {
        let used = |fleet: &Resource<Fleet>| {
            let next = fleet.next.as_ref().map_or(0, |next| {
                if next.config == fleet.current.config {
                    next.instances.saturating_sub(fleet.current.instances)
                } else {
                    next.instances
                }
            });
            fleet.current.instances as usize + next as usize
        };
        let total = self.endpoints.0.values().map(used).sum::<usize>() + more as usize;
        Refusal::above("instances for endpoints", total, cx.quotas.endpoint_instances)
    }
}
