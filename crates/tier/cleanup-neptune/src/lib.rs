//! `cleanup-neptune`: takes away what the plan leaves behind: instances that are too many or too large go, once others serve.
//!
//! Runs when the application has been pointed at the new tier. It makes the calls that are legal now and returns.
//! Undone by `rollback-provisioning`, through the same driver with the plan's former state as the goal.

use capstan_core::ports::{Clock, GraphClusters, GraphInstances, Store, Tagging};
use capstan_core::tier::Phase;
use tier_steps::drivers::Neptune;
use tier_steps::{Answer, Settings, StepError, StepInput, phase};

/// Carries out this service's actions of the phase as far as they go now. `Done` or `Wait`.
pub async fn handle<P>(ports: &P, settings: &Settings, input: &StepInput) -> Result<Answer, StepError>
where
    P: GraphClusters + GraphInstances + Tagging + Store + Clock,
{
    phase::carry_out::<P, Neptune>(ports, settings, input, Phase::Cleanup).await
}
