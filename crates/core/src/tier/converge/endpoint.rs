//! SageMaker endpoints: configurations can't be changed, so another type is another configuration and an update.

use super::{Claim, Goal, Next, TagCall, claim, failed, tags_next};
use crate::ids::hex;
use crate::ports::{Endpoint, EndpointConfig, EndpointStatus, ScalingRange, Tags};
use crate::tier::{Desired, Spec};
use sha2::{Digest, Sha256};

/// What can be seen of an endpoint.
#[derive(Debug, Clone)]
pub struct ObservedEndpoint {
    /// The endpoint.
    pub endpoint: Option<Endpoint>,
    /// The configuration it runs.
    pub config: Option<EndpointConfig>,
    /// Its auto scaling.
    pub scaling: Option<ScalingRange>,
    /// Names of all configurations made for it.
    pub config_names: Vec<String>,
}

/// Calls about an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointCall {
    /// Make a configuration with these tags.
    CreateConfig(EndpointConfig, Tags),
    /// Delete a configuration.
    DeleteConfig(String),
    /// Make the endpoint from this configuration with these tags.
    Create(String, Tags),
    /// Bring it to this configuration.
    Update(String),
    /// Ask for so many instances.
    SetInstances(u32),
    /// Delete it.
    Delete,
    /// Scale it within this range.
    SetScaling(ScalingRange),
    /// Scale it no longer.
    RemoveScaling,
    /// Change its tags.
    Tag(TagCall),
}

/// What the names of an endpoint's configurations begin with.
pub fn config_prefix(endpoint: &str) -> String {
    format!("{endpoint}-")
}

/// Whether a configuration is one of this endpoint's, by its name. What begins like it may be another's: the endpoint of the
/// next generation has a name that begins with this one's.
pub fn is_config_of(endpoint: &str, config: &str) -> bool {
    config.strip_prefix(&config_prefix(endpoint)).is_some_and(|tail| !tail.contains('-'))
}

/// The next call.
pub fn next(seen: &ObservedEndpoint, goal: &Goal<'_>) -> Next<EndpointCall> {
    if let Some(endpoint) = &seen.endpoint
        && let Claim::Settled(answer) = claim(goal, &endpoint.tags)
    {
        return answer;
    }
    match goal.to {
        Desired::Serving { spec: Spec::Endpoint { instance_type, min, max, scale_in_cooldown }, .. } => {
            let range = ScalingRange { min: *min, max: *max, scale_in_cooldown: *scale_in_cooldown };
            serving(seen, goal, instance_type, range)
        }
        // An endpoint holds no data: it is never retired, it goes.
        _ => absent(seen),
    }
}

fn serving(
    seen: &ObservedEndpoint,
    goal: &Goal<'_>,
    instance_type: &str,
    range: ScalingRange,
) -> Next<EndpointCall> {
    let wanted = wanted_config(goal, instance_type, range.min);
    let have_config = |name: &str| seen.config_names.iter().any(|known| known == name);
    let Some(endpoint) = &seen.endpoint else {
        return Next::Call(if have_config(&wanted.name) {
            EndpointCall::Create(wanted.name, goal.to.tags(goal.tenant))
        } else {
            EndpointCall::CreateConfig(wanted, goal.to.tags(goal.tenant))
        });
    };
    match endpoint.status {
        EndpointStatus::Creating => return Next::Wait("the endpoint is being made"),
        EndpointStatus::Updating => return Next::Wait("the endpoint is being changed"),
        EndpointStatus::Deleting => return Next::Wait("the endpoint is being deleted"),
        EndpointStatus::Failed => {
            let reason = endpoint.failure_reason.as_deref().unwrap_or("SageMaker could not make it");
            return failed(goal, reason, EndpointCall::Delete);
        }
        EndpointStatus::InService => {}
    }
    let fits = seen
        .config
        .as_ref()
        .is_some_and(|config| config.instance_type == instance_type && config.model == goal.model);
    if !fits {
        // A variant that is a scalable target does not take another instance type.
        return Next::Call(if seen.scaling.is_some() {
            EndpointCall::RemoveScaling
        } else if have_config(&wanted.name) {
            EndpointCall::Update(wanted.name)
        } else {
            EndpointCall::CreateConfig(wanted, goal.to.tags(goal.tenant))
        });
    }
    // The range before the count: under the old range the scaler would take the new count back.
    if seen.scaling != Some(range) {
        return Next::Call(EndpointCall::SetScaling(range));
    }
    if !(range.min..=range.max).contains(&endpoint.desired_instances) {
        return Next::Call(EndpointCall::SetInstances(range.min));
    }
    if endpoint.current_instances != endpoint.desired_instances {
        return Next::Wait("instances are being added or taken away");
    }
    match seen.config_names.iter().find(|name| **name != endpoint.config_name) {
        Some(stale) => Next::Call(EndpointCall::DeleteConfig(stale.clone())),
        None => tags_next(goal, &endpoint.tags, EndpointCall::Tag),
    }
}

fn absent(seen: &ObservedEndpoint) -> Next<EndpointCall> {
    match seen.endpoint.as_ref().map(|endpoint| endpoint.status) {
        Some(EndpointStatus::Creating) => Next::Wait("the endpoint is still being made"),
        Some(EndpointStatus::Updating) => Next::Wait("the endpoint is still being changed"),
        Some(EndpointStatus::Deleting) => Next::Wait("the endpoint is being deleted"),
        Some(EndpointStatus::InService | EndpointStatus::Failed) => Next::Call(if seen.scaling.is_some() {
            EndpointCall::RemoveScaling
        } else {
            EndpointCall::Delete
        }),
        None if seen.scaling.is_some() => Next::Call(EndpointCall::RemoveScaling),
        None => match seen.config_names.first() {
            Some(config) => Next::Call(EndpointCall::DeleteConfig(config.clone())),
            None => Next::Ready,
        },
    }
}

/// The configuration for the goal. Its name is made from what it holds and from the change that wants it: a second
/// attempt finds its own, and no attempt meets another's.
fn wanted_config(goal: &Goal<'_>, instance_type: &str, instances: u32) -> EndpointConfig {
    let stamp = match goal.to {
        Desired::Serving { stamp, .. } => stamp.transition_id.as_str(),
        _ => "",
    };
    let digest = Sha256::digest(format!("{stamp}/{instance_type}/{instances}/{}", goal.model));
    let tail = hex(&digest[..5]);
    EndpointConfig {
        name: format!("{}{tail}", config_prefix(&goal.resource.name)),
        model: goal.model.to_owned(),
        instance_type: instance_type.to_owned(),
        initial_instances: instances,
        second_model: None,
    }
}
