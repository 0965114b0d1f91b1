//! `restore-table`: the steps of a table's restore, each by its name in the state machine.

use iops_restoring::{Input, Ports, Settings, Step, complete, fail, make, prepare, swap, undo, verify, wait};
use tier_steps::{Answer, StepError};

/// Does a step, as far as it can be done now.
pub async fn handle(ports: &impl Ports, settings: &Settings, input: &Input) -> Result<Answer, StepError> {
    let id = &input.restore_id;
    match input.step {
        Step::Restore => make(ports, id).await,
        Step::Await => wait(ports, id).await,
        Step::Prepare => prepare(ports, id).await,
        Step::Verify => verify(ports, id).await,
        Step::Swap => swap(ports, settings, id).await,
        Step::Complete => complete(ports, id).await,
        Step::Undo => undo(ports, settings, input).await,
        Step::Fail => fail(ports, input).await,
    }
}
