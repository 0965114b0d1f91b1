//! Application Auto Scaling of `SageMaker` endpoints: a scalable target and its target-tracking policy, as one thing.

use crate::Aws;
use crate::refusal::{Call, Said, Service, count, counted, half_done};
use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalableDimension, ScalingPolicy,
    ServiceNamespace, TargetTrackingScalingPolicyConfiguration,
};
use capstan_core::ports::{CloudErrorKind, CloudResult, EndpointScaling, ScalingRange};

/// Invocations an instance takes a minute before another one is added.
const TARGET: f64 = 1_000.0;
const DIMENSION: ScalableDimension = ScalableDimension::SageMakerVariantDesiredInstanceCount;
const NAMESPACE: ServiceNamespace = ServiceNamespace::Sagemaker;

const SERVICE: Service = Service { name: "application-autoscaling", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        "ObjectNotFound" => CloudErrorKind::NotFound,
        "Validation" | "ValidationError"
            if said.mentions(&["could not find", "doesn't exist", "does not exist"]) =>
        {
            CloudErrorKind::NotFound
        }
        "Validation" | "ValidationError"
            if said.mentions(&["in-progress", "in progress", "not in service"]) =>
        {
            CloudErrorKind::Busy
        }
        "FailedResourceAccess" => CloudErrorKind::Denied,
        _ => return None,
    })
}

pub(crate) const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

fn resource_id(endpoint: &str) -> String {
    format!("endpoint/{endpoint}/variant/AllTraffic")
}

fn policy_name(endpoint: &str) -> String {
    format!("{endpoint}-invocations")
}

fn cooldown(policies: &[ScalingPolicy]) -> Option<i32> {
    policies
        .iter()
        .filter_map(|policy| policy.target_tracking_scaling_policy_configuration())
        .find_map(TargetTrackingScalingPolicyConfiguration::scale_in_cooldown)
}

impl EndpointScaling for Aws {
    /// Without its policy the target has no cooldown: that differs from any range wanted, so it is set again.
    async fn scaling(&self, endpoint: &str) -> CloudResult<Option<ScalingRange>> {
        let id = resource_id(endpoint);
        let request = self.autoscaling().describe_scalable_targets().service_namespace(NAMESPACE);
        let pages = request.scalable_dimension(DIMENSION).resource_ids(&id).into_paginator().items().send();
        let targets = pages.collect::<Result<Vec<_>, _>>().await;
        let targets = targets.map_err(|error| call("DescribeScalableTargets", endpoint).unseen(&error))?;
        let Some(target) = targets.first() else { return Ok(None) };
        let request = self.autoscaling().describe_scaling_policies().service_namespace(NAMESPACE);
        let pages = request.scalable_dimension(DIMENSION).resource_id(&id).into_paginator().items().send();
        let policies = pages.collect::<Result<Vec<_>, _>>().await;
        let policies = policies.map_err(|error| call("DescribeScalingPolicies", endpoint).unseen(&error))?;
        Ok(Some(ScalingRange {
            min: counted(Some(target.min_capacity())),
            max: counted(Some(target.max_capacity())),
            scale_in_cooldown: counted(cooldown(&policies)),
        }))
    }

    async fn set_scaling(&self, endpoint: &str, range: ScalingRange) -> CloudResult<()> {
        let id = resource_id(endpoint);
        let register = self.autoscaling().register_scalable_target().service_namespace(NAMESPACE);
        let register = register.scalable_dimension(DIMENSION).resource_id(&id);
        let register = register.min_capacity(count(range.min)).max_capacity(count(range.max));
        change!(call("RegisterScalableTarget", endpoint), register)?;
        let put = call("PutScalingPolicy", endpoint);
        let metric = PredefinedMetricSpecification::builder()
            .predefined_metric_type(MetricType::SageMakerVariantInvocationsPerInstance)
            .build()
            .map_err(|error| put.refuse(CloudErrorKind::Invalid, error.to_string()))?;
        let tracking = TargetTrackingScalingPolicyConfiguration::builder()
            .target_value(TARGET)
            .predefined_metric_specification(metric)
            .scale_in_cooldown(count(range.scale_in_cooldown))
            .build()
            .map_err(|error| put.refuse(CloudErrorKind::Invalid, error.to_string()))?;
        let request = self.autoscaling().put_scaling_policy().policy_name(policy_name(endpoint));
        let request = request.service_namespace(NAMESPACE).scalable_dimension(DIMENSION).resource_id(&id);
        let request = request.policy_type(PolicyType::TargetTrackingScaling);
        let sent = change!(put, request.target_tracking_scaling_policy_configuration(tracking));
        sent.map(drop).map_err(half_done)
    }

    /// The policy goes with its target.
    async fn remove_scaling(&self, endpoint: &str) -> CloudResult<()> {
        let request = self.autoscaling().deregister_scalable_target().service_namespace(NAMESPACE);
        let request = request.scalable_dimension(DIMENSION).resource_id(resource_id(endpoint));
        match change!(call("DeregisterScalableTarget", endpoint), request) {
            Err(error) if error.kind != CloudErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SERVICE;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{Busy, Denied, Invalid, NotFound, Quota, Unavailable};

    #[test]
    fn refusals_mean_what_they_say() {
        for (operation, status, code, message, kind) in [
            (
                "DeregisterScalableTarget",
                400,
                "ObjectNotFoundException",
                "No scalable target found",
                NotFound,
            ),
            (
                "RegisterScalableTarget",
                400,
                "ValidationException",
                "Could not find endpoint \"arn:x\".",
                NotFound,
            ),
            (
                "RegisterScalableTarget",
                400,
                "ValidationException",
                "Maximum capacity cannot be less",
                Invalid,
            ),
            ("RegisterScalableTarget", 400, "ConcurrentUpdateException", "", Busy),
            ("PutScalingPolicy", 400, "LimitExceededException", "", Quota),
            ("PutScalingPolicy", 400, "FailedResourceAccessException", "", Denied),
            ("DescribeScalableTargets", 503, "", "", Unavailable),
        ] {
            assert_eq!(
                told(SERVICE, operation, status, code, message),
                kind,
                "{operation}: {code}: {message}"
            );
        }
    }
}
