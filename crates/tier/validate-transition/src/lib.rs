//! `validate-transition`: the first step. Is the plan still the plan, and which way does the workflow go?
//!
//! A recovery, an execution that takes the place of one that is gone, begins here too: it finds out whether the change is to be
//! finished or undone.

use capstan_core::ports::{Clock, Store};
use capstan_core::tier::{Change, ChangeStatus, Desired, Direction, Phase, recovery};
use tier_records::Transaction;
use tier_steps::{Answer, StepError, StepInput, guard, open};

/// Answers `Provision`, `Drain`, `Configure`, `Complete` or `RollBack`.
pub async fn handle(ports: &(impl Store + Clock), input: &StepInput) -> Result<Answer, StepError> {
    let mut change = open(ports, input).await?;
    if change.ended() {
        return Err(StepError::TransitionEnded);
    }
    if change.recoveries > 0 {
        return Ok(if recovery::finishes(&change) { Answer::Complete } else { Answer::RollBack });
    }
    guard(&change, ports)?;
    if change.milestones.validated_at.is_none() {
        holds(ports, &change).await?;
        let now = ports.now();
        change.status = ChangeStatus::InProgress;
        change.started_at = Some(now);
        change.milestones.validated_at = Some(now);
        let mut transaction = Transaction::new();
        transaction.put(&mut change);
        transaction.commit(ports).await?;
    }
    Ok(if change.plan.has_phase(Phase::Provision) {
        Answer::Provision
    } else if change.direction == Direction::ScalingDown {
        Answer::Drain
    } else {
        Answer::Configure
    })
}

/// Whether what the plan was made on is still so.
async fn holds(ports: &impl Store, change: &Change) -> Result<(), StepError> {
    let state = tier_records::state(ports, &change.tenant_id).await?;
    if state.transition_id.as_ref() != Some(&change.transition_id)
        || state.current_tier != change.plan.from_tier
    {
        return Err(StepError::PlanStale("the tier has moved since the plan was made".to_owned()));
    }
    let register = tier_records::shared_register(ports, &change.tenant_id).await?;
    for action in &change.plan.actions {
        let registered = register.iter().find(|row| row.resource == action.resource);
        let current = registered.map_or(&Desired::Absent, |row| &row.desired);
        if *current != action.before {
            let message =
                format!("{} is no longer as the plan found it: ask for the change again", action.resource);
            return Err(StepError::PlanStale(message));
        }
    }
    Ok(())
}
