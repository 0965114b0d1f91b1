//! `SageMaker` and Application Auto Scaling.

use super::{Ports, named};
use crate::cloud::Part;
use crate::operation::Operation;
use capstan_core::ports::{
    CloudResult, Endpoint, EndpointConfig, EndpointConfigs, EndpointScaling, Endpoints, ScalingRange, Tags,
};
use capstan_core::tier::ResourceKind;
use std::ops::Bound;

const ENDPOINT: Part = Part::Resource(ResourceKind::Endpoint);

impl Endpoints for Ports {
    async fn endpoint(&self, name: &str) -> CloudResult<Option<Endpoint>> {
        self.look(Operation::DescribeEndpoint, name, |world| world.cloud.sagemaker.endpoint(name)).await
    }
    async fn create_endpoint(&self, name: &str, config: &str, tags: &Tags) -> CloudResult<()> {
        self.change(Operation::CreateEndpoint, name, &[(ENDPOINT, name)], |cx, cloud| {
            cloud.sagemaker.create_endpoint(cx, name, config, tags)
        })
        .await
    }
    async fn update_endpoint(&self, name: &str, config: &str) -> CloudResult<()> {
        self.change(Operation::UpdateEndpoint, name, &[(ENDPOINT, name)], |cx, cloud| {
            cloud.sagemaker.update_endpoint(cx, name, config)
        })
        .await
    }
    async fn set_desired_instances(&self, name: &str, instances: u32) -> CloudResult<()> {
        self.change(Operation::UpdateEndpointWeightsAndCapacities, name, &[(ENDPOINT, name)], |cx, cloud| {
            cloud.sagemaker.set_desired(cx, name, instances)
        })
        .await
    }
    async fn delete_endpoint(&self, name: &str) -> CloudResult<()> {
        let operation = Operation::DeleteEndpoint;
        let parts = [(ENDPOINT, name), (Part::Scaling, name)];
        self.change(operation, name, &parts, |cx, cloud| cloud.sagemaker.delete_endpoint(cx, name)).await
    }
}

impl EndpointConfigs for Ports {
    async fn endpoint_config(&self, name: &str) -> CloudResult<Option<EndpointConfig>> {
        self.look(Operation::DescribeEndpointConfig, name, |world| {
            world.cloud.sagemaker.configs.get(name).map(|found| found.config.clone())
        })
        .await
    }
    async fn endpoint_config_names(&self, prefix: &str) -> CloudResult<Vec<String>> {
        self.look(Operation::ListEndpointConfigs, prefix, |world| {
            let from = (Bound::Included(prefix), Bound::Unbounded);
            let names = world.cloud.sagemaker.configs.range::<str, _>(from).map(|(name, _)| name);
            names.take_while(|name| name.starts_with(prefix)).cloned().collect()
        })
        .await
    }
    async fn create_endpoint_config(&self, config: &EndpointConfig, tags: &Tags) -> CloudResult<()> {
        let name = config.name.as_str();
        self.change(Operation::CreateEndpointConfig, name, &[(Part::EndpointConfig, name)], |_, cloud| {
            cloud.sagemaker.create_config(config, tags)
        })
        .await
    }
    async fn delete_endpoint_config(&self, name: &str) -> CloudResult<()> {
        self.change(Operation::DeleteEndpointConfig, name, &[(Part::EndpointConfig, name)], |_, cloud| {
            cloud.sagemaker.delete_config(name)
        })
        .await
    }
}

impl EndpointScaling for Ports {
    async fn scaling(&self, endpoint: &str) -> CloudResult<Option<ScalingRange>> {
        self.look(Operation::DescribeScalableTargets, endpoint, |world| {
            world.cloud.sagemaker.scaling.get(endpoint).copied()
        })
        .await
    }
    async fn set_scaling(&self, endpoint: &str, range: ScalingRange) -> CloudResult<()> {
        self.change(Operation::RegisterScalableTarget, endpoint, &[(Part::Scaling, endpoint)], |_, cloud| {
            cloud.sagemaker.set_scaling(endpoint, range)
        })
        .await
    }
    async fn remove_scaling(&self, endpoint: &str) -> CloudResult<()> {
        let operation = Operation::DeregisterScalableTarget;
        let answer = self
            .call(operation, endpoint, |world, _| {
                if world.cloud.sagemaker.scaling.remove(endpoint).is_some() {
                    world.touch(operation, Part::Scaling, endpoint);
                }
                Ok(())
            })
            .await;
        named(operation, endpoint, answer)
    }
}
