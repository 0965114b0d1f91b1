//! `cleanup-opensearch`: takes away what the plan leaves behind: a replaced store is retired, a smaller domain is shrunk to.
//!
//! Runs when the application has been pointed at the new tier. It makes the calls that are legal now and returns.
//! Undone by `rollback-provisioning`, through the same driver with the plan's former state as the goal.

use capstan_core::ports::{Clock, Collections, Domains, Store, Tagging};
use capstan_core::tier::Phase;
use tier_steps::drivers::OpenSearch;
use tier_steps::{Answer, Settings, StepError, StepInput, phase};

/// Carries out this service's actions of the phase as far as they go now. `Done` or `Wait`.
pub async fn handle<P>(ports: &P, settings: &Settings, input: &StepInput) -> Result<Answer, StepError>
where
    P: Domains + Collections + Tagging + Store + Clock,
{
    phase::carry_out::<P, OpenSearch>(ports, settings, input, Phase::Cleanup).await
}
