//! Deploying, and looking at what is deployed. Each call makes what can be made now; the state machine waits and calls again.

use crate::course::{self, go};
use crate::{Answer, Ports, ReleaseError, Settings, Turn, hosts};
use capstan_core::iops::models::ModelVersion;
use capstan_core::iops::models::ReleaseStatus;
use capstan_core::ports::{
    CloudErrorKind, CloudResult, Endpoint, EndpointConfig, EndpointStatus, Entropy, Model, TagKey, Tags,
    Workflows,
};
use iops_records::models::{self, FormerEndpoint, Purpose, Release};

/// Tags of everything that a release makes.
pub(crate) fn tags() -> Tags {
    Tags::from([(TagKey::ManagedBy, "capstan".to_owned())])
}

/// What a creation comes to whose name is this release's alone: one that is there was made by an earlier try.
pub(crate) fn made(answer: CloudResult<()>) -> Result<(), ReleaseError> {
    match answer {
        Err(error) if error.kind == CloudErrorKind::AlreadyExists => Ok(()),
        answer => Ok(answer?),
    }
}

/// Brings the endpoint to the release's version: hosts off it, model, configuration, endpoint. `Wait`: the endpoint takes no
/// change now.
pub async fn deploy(
    ports: &impl Ports,
    settings: &Settings,
    release: &mut Release,
) -> Result<Answer, ReleaseError> {
    course::guard(release, ports)?;
    Turn::Deploy.check(release)?;
    let endpoint = ports.endpoint(&release.endpoint).await?;
    if release.former.is_none() && !note(ports, release, endpoint.as_ref()).await? {
        return Ok(Answer::Wait);
    }
    hosts::divert(ports, release).await?;
    make_model(ports, settings, release, &release.model_version, release.makes_model).await?;
    if let Purpose::Compare { other, .. } = &release.purpose {
        make_model(ports, settings, release, other, release.makes_second).await?;
    }
    if ports.endpoint_config(&release.config).await?.is_none() {
        let config = EndpointConfig {
            name: release.config.clone(),
            model: release.model_version.model_name(),
            instance_type: settings.serving_instance.clone(),
            // Whoever scaled it did so for a reason.
            initial_instances: release.former.as_ref().and_then(|former| former.instances).unwrap_or(1),
            second_model: other(release).map(ModelVersion::model_name),
        };
        made(ports.create_endpoint_config(&config, &tags()).await)?;
    }
    let (name, config) = (release.endpoint.as_str(), release.config.as_str());
    let answer = match endpoint {
        None => made(ports.create_endpoint(name, config, &tags()).await).map(|()| Answer::Done),
        Some(endpoint) if endpoint.config_name == config => Ok(Answer::Done),
        Some(endpoint) if endpoint.status == EndpointStatus::Failed => Err(failed(name, &endpoint)),
        Some(_) => match ports.update_endpoint(name, config).await {
            Err(error) if error.kind == CloudErrorKind::Busy => Ok(Answer::Wait),
            answer => answer.map(|()| Answer::Done).map_err(ReleaseError::from),
        },
    };
    // A sibling may have begun to take it back meanwhile; then this is taken back, too.
    course::guard(&course::open(ports, &release.release_id).await?, ports)?;
    answer
}

/// Notes what is there, before anything is touched. False: the endpoint is in the middle of something else.
async fn note(
    ports: &impl Ports,
    release: &mut Release,
    endpoint: Option<&Endpoint>,
) -> Result<bool, ReleaseError> {
    match endpoint {
        Some(endpoint) if endpoint.status == EndpointStatus::Failed => {
            return Err(failed(&release.endpoint, endpoint));
        }
        Some(endpoint) if endpoint.status != EndpointStatus::InService => return Ok(false),
        _ => {}
    }
    release.former = Some(FormerEndpoint {
        config: endpoint.map(|endpoint| endpoint.config_name.clone()),
        instances: endpoint.map(|endpoint| endpoint.desired_instances.max(1)),
    });
    release.makes_model = ports.model(&release.model_version.model_name()).await?.is_none();
    if let Some(other) = other(release).map(ModelVersion::model_name) {
        release.makes_second = ports.model(&other).await?.is_none();
    }
    go(release, ReleaseStatus::Deploying)?;
    hosts::note(ports, release).await?;
    course::save(ports, release).await?;
    Ok(true)
}

/// The version that is compared with the release's own.
fn other(release: &Release) -> Option<&ModelVersion> {
    match &release.purpose {
        Purpose::Compare { other, .. } => Some(other),
        Purpose::Train { .. } | Purpose::Restore => None,
    }
}

async fn make_model(
    ports: &impl Ports,
    settings: &Settings,
    release: &Release,
    version: &ModelVersion,
    makes: bool,
) -> Result<(), ReleaseError> {
    let name = version.model_name();
    if !makes || ports.model(&name).await?.is_some() {
        return Ok(());
    }
    let (image, role_arn) = settings.container()?;
    let known = models::version(ports, version).await?;
    let (artifact, image) = match (known, &release.artifact) {
        (Some(version), _) => (version.artifact, version.image),
        (None, Some(artifact)) => (artifact.clone(), image.to_owned()),
        (None, None) => return Err(ReleaseError::out_of_turn("there is no artifact to deploy")),
    };
    made(ports.create_model(&Model { name, image, artifact, role_arn: role_arn.to_owned() }, &tags()).await)
}

fn failed(name: &str, endpoint: &Endpoint) -> ReleaseError {
    let why = endpoint.failure_reason.as_deref().unwrap_or("the service does not say why");
    ReleaseError::EndpointFailed(format!("the endpoint {name} failed: {why}"))
}

/// Looks how far the deployment has come: the endpoint first, then the canary, which it starts. `Done`: promoted.
pub async fn check<P>(ports: &P, release: &mut Release) -> Result<Answer, ReleaseError>
where
    P: Ports + Workflows + Entropy,
{
    // Two versions answer: that was all it was to do.
    if release.status == ReleaseStatus::Comparing && release.cancellation.is_none() {
        return Ok(Answer::Done);
    }
    course::guard(release, ports)?;
    Turn::Check.check(release)?;
    if release.promoted_at.is_some() {
        return Ok(Answer::Done);
    }
    let name = release.endpoint.clone();
    let Some(endpoint) = ports.endpoint(&name).await? else {
        return Err(ReleaseError::EndpointFailed(format!("the endpoint {name} is gone")));
    };
    match endpoint.status {
        EndpointStatus::Creating | EndpointStatus::Updating => return Ok(Answer::Wait),
        EndpointStatus::Failed | EndpointStatus::Deleting => return Err(failed(&name, &endpoint)),
        EndpointStatus::InService if endpoint.config_name != release.config => {
            return Err(ReleaseError::EndpointFailed(format!(
                "the endpoint {name} serves {} and not {}: the service took the update back, or somebody else has \
                 changed it ({})",
                endpoint.config_name,
                release.config,
                endpoint.failure_reason.as_deref().unwrap_or("no reason is given")
            )));
        }
        EndpointStatus::InService => {}
    }
    if let Purpose::Compare { other, weight } = release.purpose.clone() {
        hosts::compare(ports, release, &other, weight).await?;
        return Ok(Answer::Done);
    }
    if release.status != ReleaseStatus::Canary {
        go(release, ReleaseStatus::Canary)?;
        course::save(ports, release).await?;
    }
    match hosts::advance(ports, release).await? {
        hosts::Course::UnderWay => Ok(Answer::Wait),
        hosts::Course::Promoted => {
            release.promoted_at = Some(ports.wall());
            course::save(ports, release).await?;
            Ok(Answer::Done)
        }
        hosts::Course::RolledBack(why) => Err(ReleaseError::CanaryRolledBack(why)),
    }
}
