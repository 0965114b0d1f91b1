//! What [`Endpoints`] promises. Their configurations are another port's to make.

use super::MODEL;
use crate::case::{Case, Checked, Failure, cases, equal, refused};
use crate::stage::Stage;
use capstan_core::ports::{
    CloudErrorKind, Endpoint, EndpointConfig, EndpointConfigs, EndpointStatus, Endpoints,
};

pub(super) fn cases<P: Endpoints + EndpointConfigs>() -> Vec<Case<P>> {
    cases! { "Endpoints":
        is_made_resized_and_deleted [endpoint, create_endpoint, set_desired_instances, delete_endpoint],
        is_brought_to_another_configuration [endpoint, create_endpoint, update_endpoint],
        a_name_is_taken_once [create_endpoint],
        nothing_can_be_done_to_what_is_absent [endpoint, update_endpoint, set_desired_instances, delete_endpoint],
        an_unknown_configuration_is_not_found [create_endpoint],
        a_variant_is_never_without_instances [set_desired_instances],
        more_than_the_account_may_have_is_refused [create_endpoint],
        takes_no_change_while_it_is_made_or_changed [update_endpoint, set_desired_instances, delete_endpoint],
    }
}

/// Makes a configuration of that many instances, named after the stem.
pub(super) async fn configure<P: EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
    stem: &str,
    instance_type: &str,
    instances: u32,
) -> Result<String, Failure> {
    let name = stage.name(stem);
    let config = EndpointConfig {
        name: name.clone(),
        model: MODEL.to_owned(),
        instance_type: instance_type.to_owned(),
        initial_instances: instances,
        second_model: None,
    };
    ports.create_endpoint_config(&config, &stage.tags()?).await?;
    Ok(name)
}

pub(super) fn serves(endpoint: &Endpoint) -> bool {
    endpoint.status == EndpointStatus::InService
}

/// Makes an endpoint of so many instances and waits until it serves; tells its name and its configuration's.
pub(super) async fn make<P: Endpoints + EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
    instances: u32,
) -> Result<(String, String), Failure> {
    let config = configure(ports, stage, "config", "ml.m5.large", instances).await?;
    let name = stage.name("shadow");
    ports.create_endpoint(&name, &config, &stage.tags()?).await?;
    stage.until_there("it serves", async || ports.endpoint(&name).await, serves).await?;
    Ok((name, config))
}

async fn is_made_resized_and_deleted<P: Endpoints + EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    equal("before it is made", &ports.endpoint(&stage.name("shadow")).await?, &None)?;
    let (name, config_name) = make(ports, stage, 2).await?;
    let made = Endpoint {
        status: EndpointStatus::InService,
        config_name,
        current_instances: 2,
        desired_instances: 2,
        failure_reason: None,
        tags: stage.tags()?,
    };
    equal("once made", &ports.endpoint(&name).await?, &Some(made.clone()))?;
    ports.set_desired_instances(&name, 3).await?;
    let resized = stage
        .until_there(
            "it has 3 instances",
            async || ports.endpoint(&name).await,
            |seen| serves(seen) && seen.current_instances == 3,
        )
        .await?;
    equal("once resized", &resized, &Endpoint { current_instances: 3, desired_instances: 3, ..made })?;
    ports.delete_endpoint(&name).await?;
    stage.until_gone(async || ports.endpoint(&name).await).await
}

async fn is_brought_to_another_configuration<P: Endpoints + EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let (name, _) = make(ports, stage, 1).await?;
    let next = configure(ports, stage, "next", "ml.m5.xlarge", 2).await?;
    ports.update_endpoint(&name, &next).await?;
    let seen = crate::case::there("it is still there", ports.endpoint(&name).await?)?;
    equal("what it is being brought to", &seen.config_name, &next)?;
    let updated = stage.until_there("it serves again", async || ports.endpoint(&name).await, serves).await?;
    equal("its configuration", &updated.config_name, &next)?;
    equal("its instances", &(updated.current_instances, updated.desired_instances), &(2, 2))
}

async fn a_name_is_taken_once<P: Endpoints + EndpointConfigs>(ports: &P, stage: &Stage<'_>) -> Checked {
    let (name, config) = make(ports, stage, 1).await?;
    let again = ports.create_endpoint(&name, &config, &stage.tags()?).await;
    refused("made again", CloudErrorKind::AlreadyExists, again)
}

async fn nothing_can_be_done_to_what_is_absent<P: Endpoints + EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let name = stage.name("shadow");
    let config = configure(ports, stage, "config", "ml.m5.large", 1).await?;
    equal("it", &ports.endpoint(&name).await?, &None)?;
    refused("count", CloudErrorKind::NotFound, ports.set_desired_instances(&name, 2).await)?;
    refused("deletion", CloudErrorKind::NotFound, ports.delete_endpoint(&name).await)?;
    refused("update", CloudErrorKind::NotFound, ports.update_endpoint(&name, &config).await)
}

async fn an_unknown_configuration_is_not_found<P: Endpoints + EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let name = stage.name("shadow");
    let answer = ports.create_endpoint(&name, &stage.name("nowhere"), &stage.tags()?).await;
    refused("made of nothing", CloudErrorKind::NotFound, answer)?;
    equal("a refusal makes nothing", &ports.endpoint(&name).await?, &None)
}

async fn a_variant_is_never_without_instances<P: Endpoints + EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let (name, _) = make(ports, stage, 1).await?;
    refused("none", CloudErrorKind::Invalid, ports.set_desired_instances(&name, 0).await)
}

async fn more_than_the_account_may_have_is_refused<P: Endpoints + EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let config = configure(ports, stage, "config", "ml.m5.large", 100_000).await?;
    let answer = ports.create_endpoint(&stage.name("shadow"), &config, &stage.tags()?).await;
    refused("far too many", CloudErrorKind::Quota, answer)
}

async fn takes_no_change_while_it_is_made_or_changed<P: Endpoints + EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let config = configure(ports, stage, "config", "ml.m5.large", 1).await?;
    let name = stage.name("shadow");
    ports.create_endpoint(&name, &config, &stage.tags()?).await?;
    refused("update while made", CloudErrorKind::Busy, ports.update_endpoint(&name, &config).await)?;
    refused("deletion while made", CloudErrorKind::Busy, ports.delete_endpoint(&name).await)?;
    stage.until_there("it serves", async || ports.endpoint(&name).await, serves).await?;
    ports.set_desired_instances(&name, 2).await?;
    refused("count while changed", CloudErrorKind::Busy, ports.set_desired_instances(&name, 3).await)?;
    refused("deletion while changed", CloudErrorKind::Busy, ports.delete_endpoint(&name).await)
}
