//! `update-app-config`: points the application at the new resources, all of which have been seen to serve.
//!
//! Undone by `rollback-provisioning`, which restores the former configuration once what it points at serves again.

use capstan_core::ports::{Clock, Store};
use capstan_core::tier::Phase;
use tier_steps::{Answer, StepError, StepInput, Turn, app_config, guard, in_turn, open};

/// Answers `Cleanup` or, where there is nothing to take away, `Complete`.
pub async fn handle(ports: &(impl Store + Clock), input: &StepInput) -> Result<Answer, StepError> {
    let mut change = open(ports, input).await?;
    guard(&change, ports)?;
    in_turn(&change, Turn::Configure)?;
    if change.milestones.configured_at.is_none() {
        app_config::switch(ports, &mut change).await?;
    }
    Ok(if change.plan.has_phase(Phase::Cleanup) { Answer::Cleanup } else { Answer::Complete })
}
