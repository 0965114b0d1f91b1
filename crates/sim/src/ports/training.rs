//! Training jobs and models of `SageMaker`.

use super::Ports;
use crate::cloud::Part;
use crate::operation::Operation;
use capstan_core::ports::{CloudResult, Model, Models, Tags, TrainingJob, TrainingJobs, TrainingSpec};

impl TrainingJobs for Ports {
    async fn training_job(&self, name: &str) -> CloudResult<Option<TrainingJob>> {
        self.look(Operation::DescribeTrainingJob, name, |world| world.cloud.training.job(name)).await
    }
    async fn create_training_job(&self, spec: &TrainingSpec, tags: &Tags) -> CloudResult<()> {
        let name = spec.name.as_str();
        self.change(Operation::CreateTrainingJob, name, &[(Part::TrainingJob, name)], |cx, cloud| {
            cloud.training.create_job(cx, spec, tags)
        })
        .await
    }
    async fn stop_training_job(&self, name: &str) -> CloudResult<()> {
        self.change(Operation::StopTrainingJob, name, &[(Part::TrainingJob, name)], |cx, cloud| {
            cloud.training.stop_job(cx, name)
        })
        .await
    }
}

impl Models for Ports {
    async fn model(&self, name: &str) -> CloudResult<Option<Model>> {
        self.look(Operation::DescribeModel, name, |world| {
            world.cloud.training.models.get(name).map(|found| found.model.clone())
        })
        .await
    }
    async fn create_model(&self, model: &Model, tags: &Tags) -> CloudResult<()> {
        let name = model.name.as_str();
        self.change(Operation::CreateModel, name, &[(Part::Model, name)], |_, cloud| {
            cloud.training.create_model(model, tags)
        })
        .await
    }
    async fn delete_model(&self, name: &str) -> CloudResult<()> {
        self.change(Operation::DeleteModel, name, &[(Part::Model, name)], |_, cloud| {
            cloud.training.delete_model(name)
        })
        .await
    }
}
