//! `SageMaker` endpoints and their configurations.
//!
//! The service says most of its refusals as `ValidationException`; what it means is in the message.

use crate::Aws;
use crate::refusal::{Call, Said, Service, absent, count, counted};
use crate::tags;
use aws_sdk_sagemaker::operation::describe_endpoint::DescribeEndpointOutput;
use aws_sdk_sagemaker::types::{
    DesiredWeightAndCapacity, EndpointConfigSortKey, EndpointStatus as Theirs, OrderKey,
    PendingProductionVariantSummary, ProductionVariant, ProductionVariantInstanceType,
    ProductionVariantSummary, Tag,
};
use capstan_core::ports::{
    CloudErrorKind, CloudResult, Endpoint, EndpointConfig, EndpointConfigs, EndpointStatus, Endpoints,
    TagKey, Tags, Variant,
};

/// The variant that every endpoint has.
const VARIANT: &str = Variant::First.name();

pub(crate) const SERVICE: Service = Service { name: "sagemaker", table };

/// What this service's refusals mean.
pub(crate) fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    let validation = matches!(said.code, "Validation" | "ValidationError");
    Some(match said.code {
        _ if validation
            && matches!(said.operation, "DescribeModel" | "DeleteModel")
            && said.mentions(&["could not find model"]) =>
        {
            CloudErrorKind::NotFound
        }
        // A missing model is a wrong setting: waiting for it won't help.
        _ if validation && said.mentions(&["could not find model"]) => CloudErrorKind::Invalid,
        _ if validation
            && said.mentions(&["could not find", "does not exist", "requested resource not found"]) =>
        {
            CloudErrorKind::NotFound
        }
        _ if validation && said.mentions(&["already existing", "already exists"]) => {
            CloudErrorKind::AlreadyExists
        }
        _ if validation && said.mentions(&["in-progress", "in progress", "not in service", "inservice"]) => {
            CloudErrorKind::Busy
        }
        // Deleting an endpoint deregisters its scalable target in the caller's name.
        _ if validation && said.mentions(&["does not have application-autoscaling"]) => {
            CloudErrorKind::Denied
        }
        "ResourceNotFound" => CloudErrorKind::NotFound,
        "ResourceInUse" if said.mentions(&["already exist"]) => CloudErrorKind::AlreadyExists,
        "InsufficientCapacity" | "CapacityError" => CloudErrorKind::Quota,
        _ if validation && said.mentions(&["insufficient capacity", "service limit"]) => {
            CloudErrorKind::Quota
        }
        _ => return None,
    })
}

const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

pub(crate) fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key.as_str()).value(value).build()).collect()
}

fn status(theirs: Option<&Theirs>) -> EndpointStatus {
    match theirs {
        Some(Theirs::Creating) => EndpointStatus::Creating,
        Some(Theirs::InService) => EndpointStatus::InService,
        Some(Theirs::Deleting) => EndpointStatus::Deleting,
        Some(Theirs::Failed | Theirs::UpdateRollbackFailed | Theirs::OutOfService) => EndpointStatus::Failed,
        // `Updating`, `SystemUpdating`, `RollingBack`, and what is not known yet: no change is taken now.
        _ => EndpointStatus::Updating,
    }
}

fn endpoint(seen: &DescribeEndpointOutput, tags: Tags) -> Endpoint {
    let pending = seen.pending_deployment_summary();
    let config = pending.and_then(|pending| pending.endpoint_config_name()).or(seen.endpoint_config_name());
    let variant =
        seen.production_variants().iter().find(|one| one.variant_name() != Some(Variant::Second.name()));
    let awaited = pending.and_then(|pending| pending.production_variants().first());
    let desired = awaited.and_then(PendingProductionVariantSummary::desired_instance_count);
    Endpoint {
        status: status(seen.endpoint_status()),
        config_name: config.unwrap_or_default().to_owned(),
        current_instances: counted(variant.and_then(ProductionVariantSummary::current_instance_count)),
        desired_instances: counted(
            desired.or(variant.and_then(ProductionVariantSummary::desired_instance_count)),
        ),
        failure_reason: seen.failure_reason().map(str::to_owned),
        tags,
    }
}

impl Aws {
    async fn describe_endpoint(&self, name: &str) -> CloudResult<DescribeEndpointOutput> {
        look!(call("DescribeEndpoint", name), self.sagemaker().describe_endpoint().endpoint_name(name))
    }

    async fn endpoint_arn(&self, name: &str) -> CloudResult<String> {
        let seen = self.describe_endpoint(name).await?;
        let arn = seen.endpoint_arn().map(str::to_owned);
        call("DescribeEndpoint", name).need(arn, "EndpointArn")
    }

    pub(crate) async fn tag_endpoint(&self, name: &str, tags: &Tags) -> CloudResult<()> {
        let arn = self.endpoint_arn(name).await?;
        let request = self.sagemaker().add_tags().resource_arn(arn).set_tags(Some(tag_list(tags)));
        change!(call("AddTags", name), request).map(drop)
    }

    pub(crate) async fn untag_endpoint(&self, name: &str, keys: &[TagKey]) -> CloudResult<()> {
        let arn = self.endpoint_arn(name).await?;
        let request = self.sagemaker().delete_tags().resource_arn(arn).set_tag_keys(Some(tags::names(keys)));
        change!(call("DeleteTags", name), request).map(drop)
    }
}

impl Endpoints for Aws {
    async fn endpoint(&self, name: &str) -> CloudResult<Option<Endpoint>> {
        let Some(seen) = absent(self.describe_endpoint(name).await)? else { return Ok(None) };
        let Some(arn) = seen.endpoint_arn() else { return Ok(Some(endpoint(&seen, Tags::new()))) };
        let pages = self.sagemaker().list_tags().resource_arn(arn).into_paginator().items().send();
        let listed = pages.collect::<Result<Vec<Tag>, _>>().await;
        let listed = absent(listed.map_err(|error| call("ListTags", name).unseen(&error)))?;
        Ok(listed.map(|list| endpoint(&seen, tags::known(list.iter().map(|tag| (tag.key(), tag.value()))))))
    }

    async fn create_endpoint(&self, name: &str, config: &str, tags: &Tags) -> CloudResult<()> {
        let request = self.sagemaker().create_endpoint().endpoint_name(name).endpoint_config_name(config);
        change!(call("CreateEndpoint", name), request.set_tags(Some(tag_list(tags)))).map(drop)
    }

    async fn update_endpoint(&self, name: &str, config: &str) -> CloudResult<()> {
        let request = self.sagemaker().update_endpoint().endpoint_name(name).endpoint_config_name(config);
        change!(call("UpdateEndpoint", name), request).map(drop)
    }

    async fn set_desired_instances(&self, name: &str, instances: u32) -> CloudResult<()> {
        let wanted = DesiredWeightAndCapacity::builder()
            .variant_name(VARIANT)
            .desired_instance_count(count(instances))
            .build();
        let request = self.sagemaker().update_endpoint_weights_and_capacities().endpoint_name(name);
        let request = request.desired_weights_and_capacities(wanted);
        change!(call("UpdateEndpointWeightsAndCapacities", name), request).map(drop)
    }

    async fn delete_endpoint(&self, name: &str) -> CloudResult<()> {
        change!(call("DeleteEndpoint", name), self.sagemaker().delete_endpoint().endpoint_name(name))
            .map(drop)
    }
}

impl EndpointConfigs for Aws {
    async fn endpoint_config(&self, name: &str) -> CloudResult<Option<EndpointConfig>> {
        let request = self.sagemaker().describe_endpoint_config().endpoint_config_name(name);
        let Some(seen) = absent(look!(call("DescribeEndpointConfig", name), request))? else {
            return Ok(None);
        };
        let call = call("DescribeEndpointConfig", name);
        let second = |one: &&ProductionVariant| one.variant_name() == Some(Variant::Second.name());
        let mut variants = seen.production_variants().iter();
        let variant = call.need(variants.clone().find(|one| !second(one)), "ProductionVariants")?;
        let second = variants.find(second).and_then(ProductionVariant::model_name).map(str::to_owned);
        Ok(Some(EndpointConfig {
            name: name.to_owned(),
            model: variant.model_name().unwrap_or_default().to_owned(),
            instance_type: variant.instance_type().map(|it| it.as_str().to_owned()).unwrap_or_default(),
            initial_instances: counted(variant.initial_instance_count()),
            second_model: second,
        }))
    }

    async fn endpoint_config_names(&self, prefix: &str) -> CloudResult<Vec<String>> {
        let request = self.sagemaker().list_endpoint_configs().name_contains(prefix);
        let request = request.sort_by(EndpointConfigSortKey::Name).sort_order(OrderKey::Ascending);
        let listed = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let listed = listed.map_err(|error| call("ListEndpointConfigs", prefix).unseen(&error))?;
        let names = listed.iter().filter_map(|config| config.endpoint_config_name());
        let mut names: Vec<String> =
            names.filter(|name| name.starts_with(prefix)).map(str::to_owned).collect();
        names.sort_unstable();
        Ok(names)
    }

    async fn create_endpoint_config(&self, config: &EndpointConfig, tags: &Tags) -> CloudResult<()> {
        let variant = |variant: Variant, model: &str, weight: f32| {
            ProductionVariant::builder()
                .variant_name(variant.name())
                .model_name(model)
                .instance_type(ProductionVariantInstanceType::from(config.instance_type.as_str()))
                .initial_instance_count(count(config.initial_instances))
                .initial_variant_weight(weight)
                .build()
        };
        let mut variants = vec![variant(Variant::First, &config.model, 1.0)];
        variants.extend(config.second_model.as_ref().map(|model| variant(Variant::Second, model, 0.0)));
        let request = self.sagemaker().create_endpoint_config().endpoint_config_name(&config.name);
        let request = request.set_production_variants(Some(variants)).set_tags(Some(tag_list(tags)));
        change!(call("CreateEndpointConfig", &config.name), request).map(drop)
    }

    async fn delete_endpoint_config(&self, name: &str) -> CloudResult<()> {
        let request = self.sagemaker().delete_endpoint_config().endpoint_config_name(name);
        change!(call("DeleteEndpointConfig", name), request).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::SERVICE;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{
        AlreadyExists, Busy, Denied, Invalid, NotFound, Quota, Throttled,
    };

    #[test]
    fn refusals_mean_what_they_say() {
        let validation = "ValidationException";
        for (operation, status, code, message, kind) in [
            (
                "DescribeEndpoint",
                400,
                validation,
                "Could not find endpoint \"arn:aws:sagemaker:x:endpoint/e\".",
                NotFound,
            ),
            ("CreateEndpoint", 400, validation, "Could not find endpoint configuration \"arn:x\".", NotFound),
            (
                "CreateEndpointConfig",
                400,
                validation,
                "Could not find model \"arn:aws:sagemaker:x:model/m\".",
                Invalid,
            ),
            (
                "CreateEndpoint",
                400,
                validation,
                "Cannot create already existing endpoint \"arn:x\".",
                AlreadyExists,
            ),
            ("UpdateEndpoint", 400, validation, "Cannot update in-progress endpoint \"arn:x\".", Busy),
            (
                "UpdateEndpoint",
                400,
                validation,
                "1 validation error detected: Value '' at 'endpointName'",
                Invalid,
            ),
            (
                "CreateEndpoint",
                400,
                "ResourceLimitExceeded",
                "The account-level service limit 'ml.g5.2xlarge'",
                Quota,
            ),
            (
                "DescribeModel",
                400,
                validation,
                "Could not find model \"arn:aws:sagemaker:x:model/m\".",
                NotFound,
            ),
            ("DescribeTrainingJob", 400, validation, "Requested resource not found.", NotFound),
            ("CreateTrainingJob", 400, "ResourceInUse", "a job with this name already exists", AlreadyExists),
            ("DeleteEndpoint", 400, "ResourceInUse", "in use", Busy),
            ("ListTags", 400, "com.amazonaws.sagemaker#ResourceNotFound", "", NotFound),
            ("CreateEndpoint", 400, "AccessDeniedException", "User is not authorized", Denied),
            ("CreateEndpoint", 400, "ThrottlingException", "Rate exceeded", Throttled),
        ] {
            assert_eq!(
                told(SERVICE, operation, status, code, message),
                kind,
                "{operation}: {code}: {message}"
            );
        }
    }
}
