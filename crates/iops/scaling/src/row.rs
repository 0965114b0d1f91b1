//! The row of a change: read, changed, held, let go.

use capstan_core::ids::ScaleId;
use capstan_core::iops::scale::STALE;
use capstan_core::ports::{Clock, Store};
use iops_records::{RecordError, ScaleRow, Transaction, scale};
use tier_steps::StepError;

/// How often a row is read again when somebody else writes it at the same time.
const ATTEMPTS: usize = 6;

/// The change of this id.
pub async fn open(store: &impl Store, id: &ScaleId) -> Result<ScaleRow, StepError> {
    scale(store, id).await?.ok_or_else(|| StepError::NoSuchTransition(id.to_string()))
}

/// Changes the row, if `change` says that there is something to change; the row as it is then.
pub async fn update(
    store: &impl Store,
    id: &ScaleId,
    change: impl Fn(&mut ScaleRow) -> bool + Send,
) -> Result<ScaleRow, StepError> {
    write(store, id, change).await.map(|(row, _)| row)
}

/// The same, and whether it was changed.
async fn write(
    store: &impl Store,
    id: &ScaleId,
    change: impl Fn(&mut ScaleRow) -> bool + Send,
) -> Result<(ScaleRow, bool), StepError> {
    let mut attempt = 0;
    loop {
        let mut row = open(store, id).await?;
        if !change(&mut row) {
            return Ok((row, false));
        }
        let mut transaction = Transaction::new();
        transaction.put(&mut row);
        match transaction.commit(store).await {
            Ok(()) => return Ok((row, true)),
            Err(RecordError::Stale { .. }) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// The row, held by this run; `None`: another one holds it, or it has ended.
pub(crate) async fn hold(ports: &(impl Store + Clock), id: &ScaleId) -> Result<Option<ScaleRow>, StepError> {
    let now = ports.now();
    let (row, held) = write(ports, id, |row| {
        let free = row.held_since.is_none_or(|since| now.since(since) >= STALE);
        if free && !row.ended() {
            row.held_since = Some(now);
        }
        free && !row.ended()
    })
    .await?;
    Ok(held.then_some(row))
}

/// Lets go of the row.
pub(crate) async fn let_go(store: &impl Store, id: &ScaleId) -> Result<ScaleRow, StepError> {
    update(store, id, |row| row.held_since.take().is_some()).await
}
