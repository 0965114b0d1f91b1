//! What [`TrainingJobs`] promises. That a job trains is the simulation's own test: no emulated cloud does.

use crate::case::{Case, Checked, cases, equal, holds, refused, there};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, TrainingJobs, TrainingSpec, TrainingStatus};

pub(super) fn cases<P: TrainingJobs>() -> Vec<Case<P>> {
    cases! { "TrainingJobs":
        is_made_and_seen [training_job, create_training_job],
        a_name_is_taken_once_for_good [training_job, create_training_job],
        can_be_stopped [training_job, create_training_job, stop_training_job],
        what_is_absent_is_not_found [training_job, stop_training_job],
    }
}

fn spec(name: String) -> TrainingSpec {
    TrainingSpec {
        name,
        image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/risk:1".to_owned(),
        role_arn: "arn:aws:iam::123456789012:role/iops-model".to_owned(),
        instance_type: "ml.m5.large".to_owned(),
        train: "releases/r-1/train.csv".to_owned(),
        held_out: "releases/r-1/held-out.csv".to_owned(),
        output: "releases/r-1".to_owned(),
        longest_seconds: 3_600,
    }
}

async fn is_made_and_seen<P: TrainingJobs>(ports: &P, stage: &Stage<'_>) -> Checked {
    let spec = spec(stage.name("job"));
    equal("before it is made", &ports.training_job(&spec.name).await?, &None)?;
    ports.create_training_job(&spec, &stage.tags()?).await?;
    let seen = there("once made", ports.training_job(&spec.name).await?)?;
    let known = [TrainingStatus::InProgress, TrainingStatus::Completed];
    holds("it is under way, or done", known.contains(&seen.status))
}

async fn a_name_is_taken_once_for_good<P: TrainingJobs>(ports: &P, stage: &Stage<'_>) -> Checked {
    let spec = spec(stage.name("job"));
    ports.create_training_job(&spec, &stage.tags()?).await?;
    let again = ports.create_training_job(&spec, &stage.tags()?).await;
    refused("made again", CloudErrorKind::AlreadyExists, again)
}

async fn can_be_stopped<P: TrainingJobs>(ports: &P, stage: &Stage<'_>) -> Checked {
    let spec = spec(stage.name("job"));
    ports.create_training_job(&spec, &stage.tags()?).await?;
    ports.stop_training_job(&spec.name).await?;
    let look = async || ports.training_job(&spec.name).await;
    let stopped =
        stage.until_there("it is stopped", look, |job| job.status == TrainingStatus::Stopped).await?;
    equal("its artifact", &stopped.artifact, &None)?;
    refused("stopped again", CloudErrorKind::Invalid, ports.stop_training_job(&spec.name).await)
}

async fn what_is_absent_is_not_found<P: TrainingJobs>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("job");
    equal("it", &ports.training_job(&name).await?, &None)?;
    refused("a stop", CloudErrorKind::NotFound, ports.stop_training_job(&name).await)
}
