//! `transition-complete`: records the good end and gives word of it.

use capstan_core::ports::{Clock, Notifier, Store};
use tier_steps::{Answer, StepError, StepInput, ending, open};

/// Answers `Done`.
pub async fn handle(ports: &(impl Store + Clock + Notifier), input: &StepInput) -> Result<Answer, StepError> {
    let change = ending::complete(ports, open(ports, input).await?).await?;
    ending::announce(ports, &change).await?;
    Ok(Answer::Done)
}
