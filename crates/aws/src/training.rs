//! Training jobs and models of `SageMaker`.

use crate::Aws;
use crate::refusal::{Call, absent, count};
use crate::sagemaker::{SERVICE, tag_list};
use aws_sdk_sagemaker::operation::describe_training_job::DescribeTrainingJobOutput;
use aws_sdk_sagemaker::types::{
    AlgorithmSpecification, Channel, ContainerDefinition, DataSource, MetricDefinition, OutputDataConfig,
    ResourceConfig, S3DataDistribution, S3DataSource, S3DataType, StoppingCondition, TrainingInputMode,
    TrainingInstanceType, TrainingJobStatus as Theirs,
};
use capstan_core::ports::{
    CloudResult, Model, Models, Objects, Tags, TrainingJob, TrainingJobs, TrainingSpec, TrainingStatus,
};

/// What a job is to write into its log for each metric: `validation:accuracy=0.93`.
const METRICS: [&str; 4] =
    ["validation:accuracy", "validation:majority", "validation:mean_error", "validation:caught"];
/// Rows and model are megabytes; this is the least that is sensible.
const VOLUME_GB: i32 = 10;

const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

fn job(seen: &DescribeTrainingJobOutput) -> TrainingJob {
    let status = match seen.training_job_status() {
        Some(Theirs::Completed) => TrainingStatus::Completed,
        Some(Theirs::Failed) => TrainingStatus::Failed,
        Some(Theirs::Stopping) => TrainingStatus::Stopping,
        Some(Theirs::Stopped) => TrainingStatus::Stopped,
        _ => TrainingStatus::InProgress,
    };
    let artifact = seen.model_artifacts().and_then(|artifacts| artifacts.s3_model_artifacts());
    let metrics = seen.final_metric_data_list().iter();
    TrainingJob {
        status,
        failure_reason: seen.failure_reason().map(str::to_owned),
        // A stopped job may have one, too: half a model.
        artifact: artifact.filter(|_| status == TrainingStatus::Completed).map(str::to_owned),
        metrics: metrics
            .filter_map(|metric| Some((metric.metric_name()?.to_owned(), f64::from(metric.value()?))))
            .collect(),
    }
}

impl Aws {
    fn channel(&self, name: &str, key: &str) -> Channel {
        let source = S3DataSource::builder()
            .s3_data_type(S3DataType::S3Prefix)
            .s3_data_distribution_type(S3DataDistribution::FullyReplicated)
            .s3_uri(self.object_uri(key))
            .build();
        let source = DataSource::builder().s3_data_source(source).build();
        Channel::builder().channel_name(name).data_source(source).content_type("text/csv").build()
    }
}

impl TrainingJobs for Aws {
    async fn training_job(&self, name: &str) -> CloudResult<Option<TrainingJob>> {
        let request = self.sagemaker().describe_training_job().training_job_name(name);
        Ok(absent(look!(call("DescribeTrainingJob", name), request))?.as_ref().map(job))
    }

    async fn create_training_job(&self, spec: &TrainingSpec, tags: &Tags) -> CloudResult<()> {
        let definition = |name: &str| {
            MetricDefinition::builder().name(name).regex(format!("{name}=([0-9.eE+-]+)")).build()
        };
        let algorithm = AlgorithmSpecification::builder()
            .training_image(&spec.image)
            .training_input_mode(TrainingInputMode::File)
            .set_metric_definitions(Some(METRICS.map(definition).to_vec()))
            .build();
        let resources = ResourceConfig::builder()
            .instance_type(TrainingInstanceType::from(spec.instance_type.as_str()))
            .instance_count(1)
            .volume_size_in_gb(VOLUME_GB)
            .build();
        let stop = StoppingCondition::builder().max_runtime_in_seconds(count(spec.longest_seconds)).build();
        let request = self
            .sagemaker()
            .create_training_job()
            .training_job_name(&spec.name)
            .algorithm_specification(algorithm)
            .role_arn(&spec.role_arn)
            .input_data_config(self.channel("train", &spec.train))
            .input_data_config(self.channel("validation", &spec.held_out))
            .output_data_config(
                OutputDataConfig::builder().s3_output_path(self.object_uri(&spec.output)).build(),
            )
            .resource_config(resources)
            .stopping_condition(stop)
            .set_tags(Some(tag_list(tags)));
        change!(call("CreateTrainingJob", &spec.name), request).map(drop)
    }

    async fn stop_training_job(&self, name: &str) -> CloudResult<()> {
        let request = self.sagemaker().stop_training_job().training_job_name(name);
        change!(call("StopTrainingJob", name), request).map(drop)
    }
}

impl Models for Aws {
    async fn model(&self, name: &str) -> CloudResult<Option<Model>> {
        let request = self.sagemaker().describe_model().model_name(name);
        let Some(seen) = absent(look!(call("DescribeModel", name), request))? else { return Ok(None) };
        let container = seen.primary_container();
        Ok(Some(Model {
            name: name.to_owned(),
            image: container.and_then(ContainerDefinition::image).unwrap_or_default().to_owned(),
            artifact: container.and_then(ContainerDefinition::model_data_url).unwrap_or_default().to_owned(),
            role_arn: seen.execution_role_arn().unwrap_or_default().to_owned(),
        }))
    }

    async fn create_model(&self, model: &Model, tags: &Tags) -> CloudResult<()> {
        let container =
            ContainerDefinition::builder().image(&model.image).model_data_url(&model.artifact).build();
        let request = self.sagemaker().create_model().model_name(&model.name).primary_container(container);
        let request = request.execution_role_arn(&model.role_arn).set_tags(Some(tag_list(tags)));
        change!(call("CreateModel", &model.name), request).map(drop)
    }

    async fn delete_model(&self, name: &str) -> CloudResult<()> {
        let request = self.sagemaker().delete_model().model_name(name);
        change!(call("DeleteModel", name), request).map(drop)
    }
}
