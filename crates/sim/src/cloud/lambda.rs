//! Functions as resources, once they were changed, and what feeds them beside what the stack has feed them.

use super::{Answer, Cx, Refusal, require};
use crate::life::{Resource, Shelf, Stage};
use crate::timing::Cycle;
use crate::watch::Deployment;
use capstan_core::ports::{CloudErrorKind, FunctionView};
use capstan_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a new mapping takes until it is on.
const TURNING_ON: Millis = Millis::seconds(40);
/// Of an account's concurrency, what nobody may keep for a function of its own.
const SHARED: u32 = 100;
/// An account's concurrency.
pub(crate) const CONCURRENCY: u32 = 1_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FunctionState {
    /// As the stack had it when it was changed.
    deployed: BTreeMap<String, String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) reserved: Option<u32>,
    revision: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FeedState {
    pub(crate) function: String,
    /// The table whose stream it is.
    pub(crate) table: String,
    pub(crate) since: Timestamp,
}

impl FeedState {
    pub(crate) fn enabled(&self, now: Timestamp) -> bool {
        now.since(self.since) >= TURNING_ON
    }
}

pub(crate) type Functions = Shelf<FunctionState>;

fn own(deployment: &Deployment, name: &str) -> Option<FunctionState> {
    let deployed = deployment.functions.get(name)?;
    Some(FunctionState {
        deployed: deployed.clone(),
        environment: deployed.clone(),
        reserved: None,
        revision: 0,
    })
}

impl Functions {
    pub(crate) fn function(&self, deployment: &Deployment, name: &str) -> Option<FunctionView> {
        let found = self.get(name);
        let own = own(deployment, name);
        let state = found.map(Resource::target).or(own.as_ref())?;
        let settled = found.is_none_or(|found| found.life.stage == Stage::Ready);
        let (environment, revision) = (state.environment.clone(), format!("r{}", state.revision));
        Some(FunctionView { settled, environment, revision })
    }

    fn changeable(
        &mut self,
        cx: &Cx<'_>,
        deployment: &Deployment,
        name: &str,
    ) -> Answer<&mut Resource<FunctionState>> {
        if self.get(name).is_none() {
            let own = own(deployment, name).ok_or_else(|| Refusal::not_found(name))?;
            self.put(name, Resource::at_rest_since(cx, own));
        }
        self.ready(name)
    }

    /// What is changed takes effect at once here; for some seconds it takes no other change.
    pub(crate) fn set_environment(
        &mut self,
        cx: &Cx<'_>,
        deployment: &Deployment,
        name: &str,
        environment: &BTreeMap<String, String>,
        revision: &str,
    ) -> Answer<()> {
        let function = self.changeable(cx, deployment, name)?;
        if format!("r{}", function.current.revision) != revision {
            return Err(Refusal::busy(format!("`{name}` is no more of the revision {revision}")));
        }
        let bytes: usize = environment.iter().map(|(name, value)| name.len() + value.len()).sum();
        require(bytes <= 4_096, || format!("the environment holds {bytes} bytes, the limit is 4096"))?;
        function.current.environment.clone_from(environment);
        function.current.revision += 1;
        let next = function.current.clone();
        function.change(cx, Cycle::FunctionUpdate, name, next);
        Ok(())
    }

    pub(crate) fn unreserved(&self) -> u32 {
        let kept: u32 = self.0.values().filter_map(|function| function.current.reserved).sum();
        CONCURRENCY.saturating_sub(kept)
    }

    pub(crate) fn set_reserved(
        &mut self,
        cx: &Cx<'_>,
        deployment: &Deployment,
        name: &str,
        reserved: Option<u32>,
    ) -> Answer<()> {
        let left = self.unreserved();
        let function = self.changeable(cx, deployment, name)?;
        let left = (left + function.current.reserved.unwrap_or(0)).saturating_sub(reserved.unwrap_or(0));
        if left < SHARED {
            let message = format!("the account's unreserved concurrency would fall below {SHARED}");
            return Err(Refusal::new(CloudErrorKind::Invalid, message));
        }
        function.current.reserved = reserved;
        Ok(())
    }

    /// The stack was deployed with another environment for these since they were changed: that is in force again.
    pub(crate) fn deployed_anew(&self, deployment: &Deployment) -> Vec<String> {
        let other = |(name, found): &(&String, &Resource<FunctionState>)| {
            deployment.functions.get(*name).is_some_and(|now| *now != found.current.deployed)
        };
        self.0.iter().filter(other).map(|(name, _)| name.clone()).collect()
    }
}
