//! The row of a restore, and what a step is called with.

use capstan_core::ids::RestoreId;
use capstan_core::iops::RestoreStatus;
use capstan_core::ports::{Clock, Store};
use iops_records::{RecordError, RestoreRow, Restoring, Transaction, restore, restoring};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tier_steps::{Caught, StepError};

/// How often a row is read again when somebody else writes it at the same time.
const ATTEMPTS: usize = 6;

/// A step of a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Step {
    /// Has the table made.
    Restore,
    /// Waits for it.
    Await,
    /// Sets it as the source is.
    Prepare,
    /// Counts rows.
    Verify,
    /// Puts it in the place of the one that serves.
    Swap,
    /// Records the good end.
    Complete,
    /// Undoes everything.
    Undo,
    /// Records the bad end.
    Fail,
}

/// What a step is called with. Fields it does not know are no concern of its.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// Which restore.
    pub restore_id: RestoreId,
    /// Which step.
    pub step: Step,
    /// What a state before failed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Caught>,
}

impl Input {
    /// Reads a payload.
    pub fn read(payload: Value) -> Result<Self, StepError> {
        serde_json::from_value(payload).map_err(|error| StepError::BadInput(error.to_string()))
    }
}

/// The restore of this id.
pub async fn open(store: &impl Store, id: &RestoreId) -> Result<RestoreRow, StepError> {
    restore(store, id).await?.ok_or_else(|| StepError::NoSuchTransition(id.to_string()))
}

/// The restore, for a step that goes forward: refused once it is to stop, is being undone or has ended.
pub(crate) async fn going(ports: &(impl Store + Clock), id: &RestoreId) -> Result<RestoreRow, StepError> {
    let row = open(ports, id).await?;
    if row.status != RestoreStatus::Running {
        return Err(StepError::TransitionEnded);
    }
    if let Some(wish) = &row.cancellation {
        return Err(StepError::TransitionCancelled { by: wish.by.clone(), reason: wish.reason.clone() });
    }
    if ports.now() > row.deadline {
        return Err(StepError::TransitionTimedOut(row.deadline));
    }
    Ok(row)
}

/// Changes the row, if `change` says that there is something to change; the row as it is then.
pub async fn update(
    store: &impl Store,
    id: &RestoreId,
    change: impl Fn(&mut RestoreRow) -> bool + Send,
) -> Result<RestoreRow, StepError> {
    let mut attempt = 0;
    loop {
        let mut row = open(store, id).await?;
        if !change(&mut row) {
            return Ok(row);
        }
        let mut transaction = Transaction::new();
        transaction.put(&mut row);
        match transaction.commit(store).await {
            Ok(()) => return Ok(row),
            Err(RecordError::Stale { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Takes a restore that has ended off the list of those under way.
pub async fn release(store: &impl Store, row: &RestoreRow) -> Result<(), StepError> {
    let listed: Option<Restoring> = restoring(store, row.table).await?;
    let Some(listed) = listed.filter(|listed| listed.restore_id == row.restore_id) else { return Ok(()) };
    let mut transaction = Transaction::new();
    transaction.delete(&listed);
    match transaction.commit(store).await {
        // Somebody else was first.
        Ok(()) | Err(RecordError::Stale { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
