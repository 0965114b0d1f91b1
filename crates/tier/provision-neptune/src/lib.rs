//! `provision-neptune`: makes or grows the cluster and its instances, a change of class inside the cluster included, as the plan says.
//!
//! It makes the calls that are legal now and returns; the state machine waits and calls it again. Undone by
//! `rollback-provisioning`, through the same driver with the plan's former state as the goal.

use capstan_core::ports::{Clock, GraphClusters, GraphInstances, Store, Tagging};
use capstan_core::tier::Phase;
use tier_steps::drivers::Neptune;
use tier_steps::{Answer, Settings, StepError, StepInput, phase};

/// Carries out this service's actions of the phase as far as they go now. `Done` or `Wait`.
pub async fn handle<P>(ports: &P, settings: &Settings, input: &StepInput) -> Result<Answer, StepError>
where
    P: GraphClusters + GraphInstances + Tagging + Store + Clock,
{
    phase::carry_out::<P, Neptune>(ports, settings, input, Phase::Provision).await
}
