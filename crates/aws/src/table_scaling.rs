//! Application Auto Scaling of tables: two scalable targets with their target-tracking policies, as one thing.

use crate::Aws;
use crate::autoscaling::call;
use crate::refusal::{count, counted, half_done};
use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalableDimension, ScalableTarget, ScalingPolicy,
    ServiceNamespace, TargetTrackingScalingPolicyConfiguration,
};
use capstan_core::ports::{CloudErrorKind, CloudResult, TableAutoScaling, TableScaling, UnitRange};

const NAMESPACE: ServiceNamespace = ServiceNamespace::Dynamodb;

/// Reads and writes, each with its policy's name and what it looks at.
const HALVES: [(ScalableDimension, &str, MetricType); 2] = [
    (
        ScalableDimension::DynamoDbTableReadCapacityUnits,
        "ReadCapacityScaling",
        MetricType::DynamoDbReadCapacityUtilization,
    ),
    (
        ScalableDimension::DynamoDbTableWriteCapacityUnits,
        "WriteCapacityScaling",
        MetricType::DynamoDbWriteCapacityUtilization,
    ),
];

fn resource_id(table: &str) -> String {
    format!("table/{table}")
}

fn range(targets: &[ScalableTarget], dimension: &ScalableDimension) -> UnitRange {
    let found = targets.iter().find(|target| target.scalable_dimension() == dimension);
    found.map_or(UnitRange { min: 0, max: 0 }, |target| UnitRange {
        min: counted(Some(target.min_capacity())),
        max: counted(Some(target.max_capacity())),
    })
}

/// What both policies aim at; 0 where they differ, or one is missing.
fn target(policies: &[ScalingPolicy]) -> u32 {
    let of = |dimension: &ScalableDimension| {
        let found = policies.iter().find(|policy| policy.scalable_dimension() == dimension);
        let value = found
            .and_then(ScalingPolicy::target_tracking_scaling_policy_configuration)
            .map(TargetTrackingScalingPolicyConfiguration::target_value);
        value
            .filter(|value| (0.0..=100.0).contains(value))
            .map(|value| (20..=90).find(|whole| (f64::from(*whole) - value).abs() < 1e-9).unwrap_or(0))
    };
    let [(read, ..), (write, ..)] = HALVES;
    match (of(&read), of(&write)) {
        (Some(one), Some(other)) if one == other => one,
        _ => 0,
    }
}

fn scaling(targets: &[ScalableTarget], policies: &[ScalingPolicy]) -> Option<TableScaling> {
    let [(read, ..), (write, ..)] = HALVES;
    let there = |target: &&ScalableTarget| [&read, &write].contains(&target.scalable_dimension());
    targets.iter().find(there)?;
    Some(TableScaling {
        read: range(targets, &read),
        write: range(targets, &write),
        target: target(policies),
    })
}

impl Aws {
    async fn scale_half(
        &self,
        table: &str,
        (dimension, policy, metric): (ScalableDimension, &str, MetricType),
        range: UnitRange,
        target: u32,
    ) -> CloudResult<()> {
        let id = resource_id(table);
        let register = self.autoscaling().register_scalable_target().service_namespace(NAMESPACE);
        let register = register.scalable_dimension(dimension.clone()).resource_id(&id);
        let register = register.min_capacity(count(range.min)).max_capacity(count(range.max));
        change!(call("RegisterScalableTarget", table), register)?;
        let put = call("PutScalingPolicy", table);
        let metric = PredefinedMetricSpecification::builder().predefined_metric_type(metric).build();
        let metric = metric.map_err(|error| put.refuse(CloudErrorKind::Invalid, error.to_string()))?;
        let tracking = TargetTrackingScalingPolicyConfiguration::builder()
            .target_value(f64::from(target))
            .predefined_metric_specification(metric)
            .build()
            .map_err(|error| put.refuse(CloudErrorKind::Invalid, error.to_string()))?;
        let request = self.autoscaling().put_scaling_policy().policy_name(policy);
        let request = request.service_namespace(NAMESPACE).scalable_dimension(dimension).resource_id(&id);
        let request = request.policy_type(PolicyType::TargetTrackingScaling);
        let sent = change!(put, request.target_tracking_scaling_policy_configuration(tracking));
        sent.map(drop).map_err(half_done)
    }
}

impl TableAutoScaling for Aws {
    async fn table_scaling(&self, table: &str) -> CloudResult<Option<TableScaling>> {
        let id = resource_id(table);
        let request = self.autoscaling().describe_scalable_targets().service_namespace(NAMESPACE);
        let pages = request.resource_ids(&id).into_paginator().items().send();
        let targets = pages.collect::<Result<Vec<_>, _>>().await;
        let targets = targets.map_err(|error| call("DescribeScalableTargets", table).unseen(&error))?;
        if targets.is_empty() {
            return Ok(None);
        }
        let request = self.autoscaling().describe_scaling_policies().service_namespace(NAMESPACE);
        let pages = request.resource_id(&id).into_paginator().items().send();
        let policies = pages.collect::<Result<Vec<_>, _>>().await;
        let policies = policies.map_err(|error| call("DescribeScalingPolicies", table).unseen(&error))?;
        Ok(scaling(&targets, &policies))
    }

    /// Once the first half is done, what fails is told as not known: looking tells.
    async fn set_table_scaling(&self, table: &str, scaling: TableScaling) -> CloudResult<()> {
        let [read, write] = HALVES;
        self.scale_half(table, read, scaling.read, scaling.target).await?;
        self.scale_half(table, write, scaling.write, scaling.target).await.map_err(half_done)
    }

    /// The policies go with their targets.
    async fn remove_table_scaling(&self, table: &str) -> CloudResult<()> {
        for (dimension, ..) in HALVES {
            let request = self.autoscaling().deregister_scalable_target().service_namespace(NAMESPACE);
            let request = request.scalable_dimension(dimension).resource_id(resource_id(table));
            match change!(call("DeregisterScalableTarget", table), request) {
                Err(error) if error.kind != CloudErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(dimension: &ScalableDimension, aim: f64) -> ScalingPolicy {
        let tracking = TargetTrackingScalingPolicyConfiguration::builder().target_value(aim).build().unwrap();
        ScalingPolicy::builder()
            .policy_arn("arn")
            .policy_name("policy")
            .service_namespace(NAMESPACE)
            .resource_id("table/t")
            .scalable_dimension(dimension.clone())
            .policy_type(PolicyType::TargetTrackingScaling)
            .target_tracking_scaling_policy_configuration(tracking)
            .creation_time(aws_smithy_types::DateTime::from_secs(0))
            .build()
            .unwrap()
    }

    #[test]
    fn policies_that_differ_aim_at_nothing() {
        let [(read, ..), (write, ..)] = HALVES;
        for (aims, wanted) in [((70.0, 70.0), 70), ((70.0, 60.0), 0), ((99.0, 99.0), 0), ((70.5, 70.5), 0)] {
            assert_eq!(target(&[policy(&read, aims.0), policy(&write, aims.1)]), wanted, "{aims:?}");
        }
        assert_eq!(target(&[policy(&read, 70.0)]), 0);
        assert_eq!(scaling(&[], &[]), None);
    }
}
