//! What [`EndpointConfigs`] promises.

use super::MODEL;
use crate::case::{Case, Checked, cases, equal, refused};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, EndpointConfig, EndpointConfigs};

pub(super) fn cases<P: EndpointConfigs>() -> Vec<Case<P>> {
    cases! { "EndpointConfigs":
        is_made_and_deleted [endpoint_config, create_endpoint_config, delete_endpoint_config],
        a_name_is_taken_once [create_endpoint_config],
        what_is_absent_is_not_found [endpoint_config, delete_endpoint_config],
        the_instance_types_of_the_tiers_are_taken [endpoint_config, create_endpoint_config],
        an_instance_is_the_least [create_endpoint_config],
        names_come_by_prefix_in_order_from_all_pages [endpoint_config_names, create_endpoint_config],
    }
}

fn config(name: String, instances: u32) -> EndpointConfig {
    let instance_type = "ml.m5.xlarge".to_owned();
    EndpointConfig {
        name,
        model: MODEL.to_owned(),
        instance_type,
        initial_instances: instances,
        second_model: None,
    }
}

async fn is_made_and_deleted<P: EndpointConfigs>(ports: &P, stage: &Stage<'_>) -> Checked {
    let made = config(stage.name("config"), 3);
    equal("before it is made", &ports.endpoint_config(&made.name).await?, &None)?;
    ports.create_endpoint_config(&made, &stage.tags()?).await?;
    equal("once made", &ports.endpoint_config(&made.name).await?, &Some(made.clone()))?;
    ports.delete_endpoint_config(&made.name).await?;
    equal("once deleted", &ports.endpoint_config(&made.name).await?, &None)?;
    let two = EndpointConfig { second_model: Some(MODEL.to_owned()), ..config(stage.name("two"), 1) };
    ports.create_endpoint_config(&two, &stage.tags()?).await?;
    equal("with two variants", &ports.endpoint_config(&two.name).await?, &Some(two))
}

async fn a_name_is_taken_once<P: EndpointConfigs>(ports: &P, stage: &Stage<'_>) -> Checked {
    let made = config(stage.name("config"), 1);
    ports.create_endpoint_config(&made, &stage.tags()?).await?;
    let other = EndpointConfig { initial_instances: 2, ..made.clone() };
    let again = ports.create_endpoint_config(&other, &stage.tags()?).await;
    refused("made again", CloudErrorKind::AlreadyExists, again)?;
    equal("it is the first one", &ports.endpoint_config(&made.name).await?, &Some(made))
}

async fn what_is_absent_is_not_found<P: EndpointConfigs>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("config");
    equal("it", &ports.endpoint_config(&name).await?, &None)?;
    refused("deletion", CloudErrorKind::NotFound, ports.delete_endpoint_config(&name).await)
}

async fn the_instance_types_of_the_tiers_are_taken<P: EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    for (stem, instance_type) in [("dev", "ml.g5.xlarge"), ("staging", "ml.g5.2xlarge")] {
        let made = EndpointConfig { instance_type: instance_type.to_owned(), ..config(stage.name(stem), 1) };
        ports.create_endpoint_config(&made, &stage.tags()?).await?;
        equal(stem, &ports.endpoint_config(&made.name).await?, &Some(made))?;
    }
    Ok(())
}

async fn an_instance_is_the_least<P: EndpointConfigs>(ports: &P, stage: &Stage<'_>) -> Checked {
    let none = config(stage.name("config"), 0);
    refused("none", CloudErrorKind::Invalid, ports.create_endpoint_config(&none, &stage.tags()?).await)
}

/// More than the service has on a page (100), and among them names that only contain the prefix.
async fn names_come_by_prefix_in_order_from_all_pages<P: EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let prefix = stage.name("page");
    let mut expected = Vec::new();
    for number in (0..120).rev() {
        let name = format!("{prefix}-{number:03}");
        ports.create_endpoint_config(&config(name.clone(), 1), &stage.tags()?).await?;
        expected.push(name);
    }
    expected.reverse();
    ports.create_endpoint_config(&config(format!("not-{prefix}"), 1), &stage.tags()?).await?;
    equal("those of the prefix", &ports.endpoint_config_names(&format!("{prefix}-")).await?, &expected)?;
    equal("those of none", &ports.endpoint_config_names(&stage.name("other")).await?, &Vec::new())
}
