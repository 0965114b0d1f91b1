//! `transition-failed`: records the bad end, `FAILED` where everything is undone and `STUCK` where it is not, and gives
//! word of it with the next safe command.

use capstan_core::ports::{Clock, Notifier, Store};
use capstan_core::tier::ChangeStatus;
use tier_steps::{Answer, StepError, StepInput, ending, open};

/// Answers `RolledBack` or `Stuck`.
pub async fn handle(ports: &(impl Store + Clock + Notifier), input: &StepInput) -> Result<Answer, StepError> {
    let mut change = open(ports, input).await?;
    if let (Some(caught), false) = (&input.failure, change.ended()) {
        let noted = change.errors.len();
        change.note_failure(&caught.error, &caught.message(), ports.now());
        if change.errors.len() > noted {
            let errors = change.errors.clone();
            let updated =
                tier_records::update_change(ports, &change.tenant_id, &change.transition_id, |change| {
                    change.errors.clone_from(&errors);
                    true
                });
            change = updated.await?.unwrap_or(change);
        }
    }
    if change.status == ChangeStatus::Completed {
        return Err(StepError::TransitionEnded);
    }
    let change = ending::fail(ports, change).await?;
    ending::announce(ports, &change).await?;
    Ok(if change.status == ChangeStatus::RolledBack { Answer::RolledBack } else { Answer::Stuck })
}
