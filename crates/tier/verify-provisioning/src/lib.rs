//! `verify-provisioning`: is everything there as the plan wants it? Settings, counts and tags, not the status word.
//!
//! It looks and writes no resource. The state machine calls it for both phases; which one it is about follows from
//! how far the change has come.

use capstan_core::ports::{Clock, Store};
use capstan_core::tier::{Direction, Phase};
use tier_steps::drivers::AllServices;
use tier_steps::{Answer, Settings, StepError, StepInput, guard, look, phase};

/// Answers `Advance` (a call is due), `Wait`, `Failed` (a branch failed), or where to go on: `Drain`, `Configure`,
/// `Complete`.
pub async fn handle<P>(ports: &P, settings: &Settings, input: &StepInput) -> Result<Answer, StepError>
where
    P: AllServices + Store + Clock,
{
    let change = look(ports, input).await?;
    guard(&change, ports)?;
    let failed: Vec<_> = input.branches.iter().filter(|branch| branch.failed_step.is_some()).collect();
    if !failed.is_empty() {
        let now = ports.now();
        tier_records::update_change(ports, &change.tenant_id, &change.transition_id, |change| {
            for branch in &failed {
                let step = branch.failed_step.as_deref().unwrap_or_default();
                change.note_failure(&branch.error, &format!("{step}: {}", branch.message()), now);
            }
            true
        })
        .await?;
        return Ok(Answer::Failed);
    }
    let verified = if change.milestones.configured_at.is_some() { Phase::Cleanup } else { Phase::Provision };
    let standing = phase::stand(ports, settings, &change, verified).await?;
    if standing != Answer::Done {
        return Ok(standing);
    }
    let now = ports.now();
    tier_records::update_change(ports, &change.tenant_id, &change.transition_id, |change| {
        let reached = match verified {
            Phase::Provision => &mut change.milestones.provisioned_at,
            Phase::Cleanup => &mut change.milestones.cleaned_at,
        };
        let news = reached.is_none();
        *reached = reached.or(Some(now));
        news
    })
    .await?;
    Ok(match (verified, change.direction) {
        (Phase::Cleanup, _) => Answer::Complete,
        (Phase::Provision, Direction::ScalingDown) => Answer::Drain,
        (Phase::Provision, Direction::ScalingUp) => Answer::Configure,
    })
}
