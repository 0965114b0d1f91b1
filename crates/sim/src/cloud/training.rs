//! Training jobs and models. A job really trains: it reads its rows from the bucket when its time is over, and writes the
//! model there, or fails for the reason for which the rows teach nothing.

use super::{Answer, Cx, Part, Refusal, check_name, require};
use crate::life::{Ended, Resource, Shelf};
use crate::timing::Cycle;
use capstan_core::ports::{Model, Tags, TrainingJob, TrainingSpec, TrainingStatus};
use capstan_core::time::Timestamp;
use model::{Evaluation, Row, Trained, read_rows};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the bucket's keys are, as other services are told.
pub(crate) const BUCKET_URI: &str = "s3://iops-ml-data-000000000000/";

type Objects = BTreeMap<String, Arc<[u8]>>;

/// A job, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) spec: TrainingSpec,
    stopping: bool,
    came: Option<Came>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Came {
    Trained { artifact: String, metrics: BTreeMap<String, f64> },
    Failed(String),
    Stopped,
}

/// A model with its tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaggedModel {
    pub(crate) model: Model,
    tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Training {
    pub(crate) jobs: Shelf<Job>,
    pub(crate) models: BTreeMap<String, TaggedModel>,
}

impl Training {
    pub(crate) fn job(&self, name: &str) -> Option<TrainingJob> {
        let job = &self.jobs.get(name)?.current;
        let mut shown = TrainingJob {
            status: TrainingStatus::InProgress,
            failure_reason: None,
            artifact: None,
            metrics: BTreeMap::new(),
        };
        match &job.came {
            None if job.stopping => shown.status = TrainingStatus::Stopping,
            None => {}
            Some(Came::Stopped) => shown.status = TrainingStatus::Stopped,
            Some(Came::Failed(reason)) => {
                (shown.status, shown.failure_reason) = (TrainingStatus::Failed, Some(reason.clone()));
            }
            Some(Came::Trained { artifact, metrics }) => {
                shown.status = TrainingStatus::Completed;
                (shown.artifact, shown.metrics) = (Some(artifact.clone()), metrics.clone());
            }
        }
        Some(shown)
    }

    pub(crate) fn create_job(&mut self, cx: &Cx<'_>, spec: &TrainingSpec, tags: &Tags) -> Answer<()> {
        check_name(&spec.name, 63)?;
        require(spec.instance_type.starts_with("ml."), || {
            format!("`{}` is not an instance type of the service", spec.instance_type)
        })?;
        require(!spec.image.is_empty(), || "TrainingImage is required".to_owned())?;
        require(spec.role_arn.contains(":role/"), || {
            format!("RoleArn: `{}` is not the ARN of a role", spec.role_arn)
        })?;
        require(spec.longest_seconds > 0, || "MaxRuntimeInSeconds must be at least 1".to_owned())?;
        self.jobs.free(&spec.name)?;
        let job = Job { spec: spec.clone(), stopping: false, came: None };
        self.jobs.put(&spec.name, Resource::new(cx, Cycle::Training, &spec.name, job, tags));
        Ok(())
    }

    pub(crate) fn stop_job(&mut self, cx: &Cx<'_>, name: &str) -> Answer<()> {
        let job = self.jobs.found(name)?;
        if let Some(came) = &job.current.came {
            let how = if *came == Came::Stopped { "Stopped" } else { "over" };
            return Err(Refusal::invalid(format!("`{name}` is {how}: there is nothing to stop")));
        }
        if !job.current.stopping {
            job.current.stopping = true;
            let next = job.current.clone();
            job.change(cx, Cycle::TrainingStop, name, next);
        }
        Ok(())
    }

    pub(crate) fn create_model(&mut self, model: &Model, tags: &Tags) -> Answer<()> {
        check_name(&model.name, 63)?;
        require(!model.image.is_empty(), || "PrimaryContainer.Image is required".to_owned())?;
        require(model.artifact.starts_with("s3://"), || {
            format!("ModelDataUrl: `{}` is not a place in S3", model.artifact)
        })?;
        if self.models.contains_key(&model.name) {
            return Err(Refusal::exists(&model.name));
        }
        let tagged = TaggedModel { model: model.clone(), tags: tags.clone() };
        self.models.insert(model.name.clone(), tagged);
        Ok(())
    }

    pub(crate) fn delete_model(&mut self, name: &str) -> Answer<()> {
        self.models.remove(name).map(drop).ok_or_else(|| Refusal::not_found(name))
    }

    pub(crate) fn settle(&mut self, at: Timestamp, objects: &mut Objects) -> Vec<(Part, String)> {
        let mut changed = Vec::new();
        self.jobs.settle(at, |name, job, ended| {
            let came = match ended {
                Ended::Made => train(&job.current.spec, objects),
                Ended::MakingFailed => {
                    Came::Failed("InternalServerError: an internal error occurred, try again".to_owned())
                }
                Ended::Changed | Ended::ChangeFailed | Ended::Gone => Came::Stopped,
            };
            if let Came::Trained { artifact, .. } = &came {
                let key = artifact.strip_prefix(BUCKET_URI).unwrap_or(artifact);
                changed.push((Part::Object, key.to_owned()));
            }
            job.current.came = Some(came);
            changed.push((Part::TrainingJob, name.to_owned()));
        });
        changed
    }
}

/// Trains on the rows, measures on those held out, and writes the model.
fn train(spec: &TrainingSpec, objects: &mut Objects) -> Came {
    match trained(spec, objects) {
        Ok((body, metrics)) => {
            let key = format!("{}/{}/output/model.json", spec.output.trim_end_matches('/'), spec.name);
            objects.insert(key.clone(), body.into_bytes().into());
            Came::Trained { artifact: format!("{BUCKET_URI}{key}"), metrics }
        }
        Err(reason) => Came::Failed(reason),
    }
}

fn trained(spec: &TrainingSpec, objects: &Objects) -> Result<(String, BTreeMap<String, f64>), String> {
    let rows = |key: &str| -> Result<Vec<Row>, String> {
        let body = objects.get(key).ok_or_else(|| format!("ClientError: no S3 objects found under {key}"))?;
        let text = std::str::from_utf8(body).map_err(|_| format!("AlgorithmError: {key} is not text"))?;
        read_rows(text).map_err(|error| format!("AlgorithmError: {key}: {error}"))
    };
    let (learn, held_out) = (rows(&spec.train)?, rows(&spec.held_out)?);
    let failed = |error: String| format!("AlgorithmError: {error}");
    let trained = Trained::with(&learn, &held_out, 0).map_err(|error| failed(error.to_string()))?;
    let body = trained.model.to_json().map_err(|error| failed(error.to_string()))?;
    Ok((body, metrics(&trained.held_out)))
}

fn metrics(measured: &Evaluation) -> BTreeMap<String, f64> {
    let named = [
        ("validation:accuracy", Some(measured.accuracy)),
        ("validation:majority", Some(measured.by_always_saying_the_same)),
        ("validation:mean_error", Some(measured.mean_error)),
        ("validation:caught", measured.caught(2)),
    ];
    named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
