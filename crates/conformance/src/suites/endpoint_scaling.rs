//! What [`EndpointScaling`] promises.

use super::endpoints::make;
use crate::case::{Case, Checked, cases, equal, refused};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, EndpointConfigs, EndpointScaling, Endpoints, ScalingRange};

pub(super) fn cases<P: EndpointScaling + Endpoints + EndpointConfigs>() -> Vec<Case<P>> {
    cases! { "EndpointScaling":
        is_set_changed_and_removed [scaling, set_scaling, remove_scaling],
        what_is_not_registered_is_removed_all_the_same [scaling, remove_scaling],
        an_unknown_endpoint_is_not_found [set_scaling],
        the_least_is_not_above_the_most [set_scaling],
    }
}

const RANGE: ScalingRange = ScalingRange { min: 2, max: 20, scale_in_cooldown: 60 };

async fn is_set_changed_and_removed<P: EndpointScaling + Endpoints + EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let (endpoint, _) = make(ports, stage, 2).await?;
    equal("before it is set", &ports.scaling(&endpoint).await?, &None)?;
    ports.set_scaling(&endpoint, RANGE).await?;
    equal("once set", &ports.scaling(&endpoint).await?, &Some(RANGE))?;
    let changed = ScalingRange { min: 1, max: 300, scale_in_cooldown: 300 };
    ports.set_scaling(&endpoint, changed).await?;
    equal("once changed", &ports.scaling(&endpoint).await?, &Some(changed))?;
    ports.remove_scaling(&endpoint).await?;
    equal("once removed", &ports.scaling(&endpoint).await?, &None)
}

async fn what_is_not_registered_is_removed_all_the_same<P: EndpointScaling + Endpoints + EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    equal("nothing", &ports.scaling(&stage.name("nowhere")).await?, &None)?;
    ports.remove_scaling(&stage.name("nowhere")).await?;
    let (endpoint, _) = make(ports, stage, 1).await?;
    ports.remove_scaling(&endpoint).await?;
    Ok(())
}

async fn an_unknown_endpoint_is_not_found<P: EndpointScaling + Endpoints + EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let answer = ports.set_scaling(&stage.name("nowhere"), RANGE).await;
    refused("scaling nothing", CloudErrorKind::NotFound, answer)
}

async fn the_least_is_not_above_the_most<P: EndpointScaling + Endpoints + EndpointConfigs>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let (endpoint, _) = make(ports, stage, 1).await?;
    let answer = ports.set_scaling(&endpoint, ScalingRange { min: 3, max: 2, scale_in_cooldown: 60 }).await;
    refused("upside down", CloudErrorKind::Invalid, answer)
}
