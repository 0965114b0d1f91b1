//! What the tenant's application reads: where its services are, and whether it should drain.

use super::{Desired, ResourceKind, ResourceRef, Service, Tier, TierConfig};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The content of the tenant's row in `cato_app_config`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppConfig {
    /// The tier served.
    pub tier: Tier,
    /// While true the application opens no new connections and lets those it has run out.
    pub draining: bool,
    /// By service, what to talk to. A service that is missing is not there (an endpoint at rest).
    pub services: BTreeMap<Service, Target>,
    /// The tier's configuration, for all that is not a resource (budgets, NLI deployment, regions).
    pub settings: TierConfig,
}

/// What to talk to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// What kind it is: a domain and a collection are spoken to differently.
    pub kind: ResourceKind,
    /// Its name.
    pub name: String,
}

impl AppConfig {
    /// The configuration that points at exactly the resources that will serve.
    pub fn pointing_at<'a>(
        tier: Tier,
        settings: TierConfig,
        resources: impl IntoIterator<Item = (&'a ResourceRef, &'a Desired)>,
    ) -> Self {
        let services = resources
            .into_iter()
            .filter(|(_, desired)| desired.serves())
            .map(|(resource, _)| {
                (resource.kind.service(), Target { kind: resource.kind, name: resource.name.clone() })
            })
            .collect();
        Self { tier, draining: false, services, settings }
    }
}
