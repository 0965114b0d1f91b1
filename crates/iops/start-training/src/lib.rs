//! `start-training`: starts the job that trains on the exported rows. Undone by stopping it.

use capstan_core::iops::models::ReleaseStatus;
use capstan_core::ports::{Clock, CloudErrorKind, Store, TagKey, Tags, TrainingJobs, TrainingSpec};
use release::{Answer, Input, ReleaseError, Settings, Turn};
use serde_json::{Value, json};

/// How long a job may take, in seconds, before the service stops it.
const LONGEST: u32 = 2 * 3_600;

/// Starts the job, once: its name follows from the version.
pub async fn handle<P>(ports: &P, settings: &Settings, event: Value) -> Result<Value, ReleaseError>
where
    P: Store + Clock + TrainingJobs,
{
    let input = Input::read(event)?;
    let mut release = release::open(ports, &input.release_id).await?;
    release::guard(&release, ports)?;
    Turn::Train.check(&release)?;
    let (image, role_arn) = settings.container()?;
    let Some(data) = release.data.clone() else { return Ok(json!(Answer::Done)) };
    let name = release.model_version.job_name();
    if release.job.is_none() {
        release.job = Some(name.clone());
        release::go(&mut release, ReleaseStatus::Training)?;
        release::save(ports, &mut release).await?;
    }
    if ports.training_job(&name).await?.is_some() {
        return Ok(json!(Answer::Done));
    }
    let spec = TrainingSpec {
        name,
        image: image.to_owned(),
        role_arn: role_arn.to_owned(),
        instance_type: settings.training_instance.clone(),
        train: data.train,
        held_out: data.held_out,
        output: format!("releases/{}", release.release_id),
        longest_seconds: LONGEST,
    };
    let tags = Tags::from([(TagKey::ManagedBy, "capstan".to_owned())]);
    match ports.create_training_job(&spec, &tags).await {
        // Made by an earlier try: nobody else has this name.
        Err(error) if error.kind == CloudErrorKind::AlreadyExists => {}
        answer => answer?,
    }
    Ok(json!(Answer::Done))
}
