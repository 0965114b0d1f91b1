//! Undoing a release, from the last thing to the first. Each call looks at what is there, does what can be done now, and says
//! whether there is more; so it may be called any number of times.

use crate::deploy::{made, tags};
use crate::{Answer, Ports, ReleaseError, hosts};
use capstan_core::ports::{
    CloudErrorKind, CloudResult, Endpoint, EndpointStatus, Notifier, TrainingJobs, TrainingStatus,
};
use iops_records::models::{FormerEndpoint, Purpose, Release};

/// Undoes what can be undone now. `Wait`: there is more.
pub(crate) async fn undo<P>(ports: &P, release: &Release) -> Result<Answer, ReleaseError>
where
    P: Ports + TrainingJobs + Notifier,
{
    hosts::take_back(ports, release).await?;
    if !stop_training(ports, release).await? {
        return Ok(Answer::Wait);
    }
    if let Some(former) = &release.former {
        if !endpoint_as_it_was(ports, release, former).await? {
            return Ok(Answer::Wait);
        }
        if !gone(ports.delete_endpoint_config(&release.config).await)? {
            return Ok(Answer::Wait);
        }
        if release.makes_model && !gone(ports.delete_model(&release.model_version.model_name()).await)? {
            return Ok(Answer::Wait);
        }
        if let (Purpose::Compare { other, .. }, true) = (&release.purpose, release.makes_second)
            && !gone(ports.delete_model(&other.model_name()).await)?
        {
            return Ok(Answer::Wait);
        }
        hosts::give_back(ports, release).await?;
    }
    Ok(Answer::Undone)
}

/// Whether a deletion has left nothing; false: it is in use for the moment.
fn gone(answer: CloudResult<()>) -> Result<bool, ReleaseError> {
    match answer {
        Err(error) if error.kind == CloudErrorKind::NotFound => Ok(true),
        Err(error) if error.kind == CloudErrorKind::Busy => Ok(false),
        answer => Ok(answer.map(|()| true)?),
    }
}

async fn stop_training(ports: &impl TrainingJobs, release: &Release) -> Result<bool, ReleaseError> {
    let Some(name) = &release.job else { return Ok(true) };
    let Some(job) = ports.training_job(name).await? else { return Ok(true) };
    match job.status {
        TrainingStatus::Completed | TrainingStatus::Failed | TrainingStatus::Stopped => Ok(true),
        TrainingStatus::Stopping => Ok(false),
        TrainingStatus::InProgress => match ports.stop_training_job(name).await {
            // It came to its end by itself meanwhile.
            Err(error) if error.kind == CloudErrorKind::Invalid => Ok(false),
            answer => Ok(answer.map(|()| false)?),
        },
    }
}

/// Whether the endpoint is as it was before the release: at its former configuration, or not there.
async fn endpoint_as_it_was(
    ports: &impl Ports,
    release: &Release,
    former: &FormerEndpoint,
) -> Result<bool, ReleaseError> {
    let name = release.endpoint.as_str();
    let endpoint = ports.endpoint(name).await?;
    match (endpoint, former.config.as_deref()) {
        (None, None) => Ok(true),
        // It failed beyond repair, and was deleted in the step before this one.
        (None, Some(config)) => made(ports.create_endpoint(name, config, &tags()).await).map(|()| false),
        (Some(endpoint), _) => bring_back(ports, name, &endpoint, &release.config, former).await,
    }
}

async fn bring_back(
    ports: &impl Ports,
    name: &str,
    endpoint: &Endpoint,
    ours: &str,
    former: &FormerEndpoint,
) -> Result<bool, ReleaseError> {
    match endpoint.status {
        EndpointStatus::Creating | EndpointStatus::Updating | EndpointStatus::Deleting => Ok(false),
        // A configuration brings as many instances as it names; there may have been more.
        EndpointStatus::InService if endpoint.config_name != ours => match former.instances {
            Some(instances) if endpoint.desired_instances < instances => {
                begun(ports.set_desired_instances(name, instances).await)
            }
            _ => Ok(true),
        },
        EndpointStatus::InService => match former.config.as_deref() {
            Some(config) => begun(ports.update_endpoint(name, config).await),
            None => begun(ports.delete_endpoint(name).await),
        },
        // What has failed can only be deleted; what was there before is made again after that.
        EndpointStatus::Failed => begun(ports.delete_endpoint(name).await),
    }
}

/// Begun, or not to be begun now: in either case it is not done yet.
fn begun(answer: CloudResult<()>) -> Result<bool, ReleaseError> {
    match answer {
        Err(error) if matches!(error.kind, CloudErrorKind::Busy | CloudErrorKind::NotFound) => Ok(false),
        answer => Ok(answer.map(|()| false)?),
    }
}
