//! SageMaker endpoints with their configurations and auto scaling.

use super::{Kind, tag};
use capstan_core::ports::{CloudResult, EndpointConfigs, EndpointScaling, Endpoints, Tagging};
use capstan_core::tier::converge::endpoint::{self, config_prefix, is_config_of};
use capstan_core::tier::converge::{EndpointCall as Call, Goal, Next, ObservedEndpoint};

/// `SageMaker` endpoints.
#[derive(Debug)]
pub struct EndpointKind;

impl<P: Endpoints + EndpointConfigs + EndpointScaling + Tagging> Kind<P> for EndpointKind {
    type Observed = ObservedEndpoint;
    type Call = Call;

    async fn observe(ports: &P, goal: &Goal<'_>) -> CloudResult<ObservedEndpoint> {
        let name = &goal.resource.name;
        let endpoint = ports.endpoint(name).await?;
        let config = match &endpoint {
            Some(endpoint) => ports.endpoint_config(&endpoint.config_name).await?,
            None => None,
        };
        let scaling = ports.scaling(name).await?;
        let mut config_names = ports.endpoint_config_names(&config_prefix(name)).await?;
        config_names.retain(|config| is_config_of(name, config));
        Ok(ObservedEndpoint { endpoint, config, scaling, config_names })
    }

    fn next(seen: &ObservedEndpoint, goal: &Goal<'_>) -> Next<Call> {
        endpoint::next(seen, goal)
    }

    async fn perform(ports: &P, goal: &Goal<'_>, call: Call) -> CloudResult<()> {
        let name = &goal.resource.name;
        match call {
            Call::CreateConfig(config, tags) => ports.create_endpoint_config(&config, &tags).await,
            Call::DeleteConfig(config) => ports.delete_endpoint_config(&config).await,
            Call::Create(config, tags) => ports.create_endpoint(name, &config, &tags).await,
            Call::Update(config) => ports.update_endpoint(name, &config).await,
            Call::SetInstances(count) => ports.set_desired_instances(name, count).await,
            Call::Delete => ports.delete_endpoint(name).await,
            Call::SetScaling(range) => ports.set_scaling(name, range).await,
            Call::RemoveScaling => ports.remove_scaling(name).await,
            Call::Tag(change) => tag(ports, goal, change).await,
        }
    }
}
