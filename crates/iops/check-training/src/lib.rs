//! `check-training`: looks how far the job has come, and notes what came of it. It changes nothing but the release's row.

use capstan_core::iops::models::Measured;
use capstan_core::ports::{Clock, Store, TrainingJob, TrainingJobs, TrainingStatus};
use release::{Answer, Input, ReleaseError, Turn};
use serde_json::{Value, json};

/// `Wait` while the job is under way, `Done` once its artifact and its figures are noted.
pub async fn handle<P>(ports: &P, event: Value) -> Result<Value, ReleaseError>
where
    P: Store + Clock + TrainingJobs,
{
    let input = Input::read(event)?;
    let mut release = release::open(ports, &input.release_id).await?;
    release::guard(&release, ports)?;
    Turn::CheckTraining.check(&release)?;
    if release.artifact.is_some() {
        return Ok(json!(Answer::Done));
    }
    let name = release.job.clone().unwrap_or_default();
    let failed = |why: String| ReleaseError::TrainingFailed(format!("the training job {name} {why}"));
    let job = ports.training_job(&name).await?.ok_or_else(|| failed("is gone".to_owned()))?;
    match job.status {
        TrainingStatus::InProgress => return Ok(json!(Answer::Wait)),
        TrainingStatus::Completed => {}
        TrainingStatus::Failed => {
            let why = job.failure_reason.as_deref().unwrap_or("no reason is given");
            return Err(failed(format!("failed: {why}")));
        }
        TrainingStatus::Stopping | TrainingStatus::Stopped => {
            return Err(failed("was stopped from outside, or took longer than it may".to_owned()));
        }
    }
    let artifact = job.artifact.clone().ok_or_else(|| failed("left no artifact".to_owned()))?;
    release.measured = Some(measured(&job).map_err(|missing| {
        failed(format!(
            "did not report {missing}: the image must write `{missing}=0.93` into its log, measured on the channel validation"
        ))
    })?);
    release.artifact = Some(artifact);
    release::save(ports, &mut release).await?;
    Ok(json!(Answer::Done))
}

/// What the job measured; the error is what it did not.
fn measured(job: &TrainingJob) -> Result<Measured, &'static str> {
    let of = |name: &'static str| job.metrics.get(name).copied().ok_or(name);
    Ok(Measured {
        accuracy: of("validation:accuracy")?,
        majority: of("validation:majority")?,
        mean_error: of("validation:mean_error")?,
        caught: of("validation:caught").ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_that_is_missing_is_named() {
        let mut job = TrainingJob {
            status: TrainingStatus::Completed,
            failure_reason: None,
            artifact: None,
            metrics: [("validation:accuracy".to_owned(), 0.9), ("validation:majority".to_owned(), 0.5)]
                .into(),
        };
        assert_eq!(measured(&job), Err("validation:mean_error"));
        job.metrics.insert("validation:mean_error".to_owned(), 0.1);
        assert_eq!(measured(&job).unwrap().caught, None);
    }
}
