//! How a resource is brought to a setting: looked at, changed by one action, looked at again, until it is so.
//!
//! | Do | Undo |
//! |---|---|
//! | [`drive`] a change that is `RUNNING`, to the setting wanted | [`drive`] the same one once it is `UNDOING`, to the former setting |
//!
//! The former setting stands in the row before anything is done, so undoing needs nothing else. Nothing is done without having
//! looked first: a run that was cut off, or an answer that was lost, is found out by the next look. One run at a time holds the
//! row; one that is gone holds it for a minute more, after which no call of its own can come.

mod act;
mod end;
mod row;

pub use act::{look, reckon};
pub use end::close;
pub use row::{open, update};

use capstan_core::ids::ScaleId;
use capstan_core::iops::Failure;
use capstan_core::iops::scale::{MOST_TRIES, Next, SCALE_LIMIT, ScaleStatus, next};
use capstan_core::ports::{
    Clock, CloudErrorKind, Concurrency, EndpointConfigs, EndpointScaling, Endpoints, Notifier, Store,
    TableAutoScaling, Tables, UsagePlans,
};
use iops_records::ScaleRow;
use tier_steps::StepError;

/// How many looks a run takes at most: more than the longest way there and back has actions.
const ROUNDS: usize = 12;

/// The services whose resources are scaled.
pub trait Services:
    Concurrency + Tables + TableAutoScaling + Endpoints + EndpointScaling + UsagePlans
{
}
impl<T: Concurrency + Tables + TableAutoScaling + Endpoints + EndpointScaling + UsagePlans> Services for T {}

/// Everything that a change of scale takes.
pub trait Ports: Services + EndpointConfigs + Store + Clock + Notifier {}
impl<T: Services + EndpointConfigs + Store + Clock + Notifier> Ports for T {}

/// Whether another look is worth it at once.
enum Turn {
    Again,
    /// It takes its time, or another one's.
    Later,
}

/// Goes on with a change as far as it can be now; the row as it is then. One that has ended is closed.
pub async fn drive(ports: &impl Ports, id: &ScaleId) -> Result<ScaleRow, StepError> {
    let row = row::hold(ports, id).await?;
    let Some(mut row) = row else {
        let row = open(ports, id).await?;
        if row.ended() {
            close(ports, &row).await?;
        }
        return Ok(row);
    };
    for _ in 0..ROUNDS {
        let turn = turn(ports, &row).await;
        row = open(ports, id).await?;
        if row.ended() {
            close(ports, &row).await?;
            return Ok(row);
        }
        match turn {
            Ok(Turn::Again) => {}
            Ok(Turn::Later) => break,
            Err(error) => {
                row::let_go(ports, id).await?;
                return Err(error);
            }
        }
    }
    row::let_go(ports, id).await
}

async fn turn(ports: &impl Ports, row: &ScaleRow) -> Result<Turn, StepError> {
    if ports.now() > row.deadline {
        return refused(ports, row, StepError::TransitionTimedOut(row.deadline)).await;
    }
    let seen = match look(ports, &row.resource).await {
        Ok(Some(seen)) => seen,
        Ok(None) => {
            let words = format!("{} is gone", row.resource.key());
            return refused(ports, row, StepError::ResourceFailed(words)).await;
        }
        Err(error) => return passing(ports, row, StepError::of_cloud(error)).await,
    };
    let action = match next(&seen, row.target()) {
        Next::Wait => return Ok(Turn::Later),
        Next::Reached => return end::reached(ports, row).await.map(|()| Turn::Later),
        Next::Do(action) => action,
    };
    match act::carry_out(ports, &row.resource, action).await {
        Ok(()) => Ok(Turn::Again),
        // The service is at another change.
        Err(error) if error.kind == CloudErrorKind::Busy => Ok(Turn::Later),
        // The next look tells.
        Err(error) if error.kind == CloudErrorKind::Unknown => Ok(Turn::Again),
        Err(error) => passing(ports, row, StepError::of_cloud(error)).await,
    }
}

/// What may pass is tried again by the clock; all else is a refusal.
async fn passing(ports: &impl Ports, row: &ScaleRow, error: StepError) -> Result<Turn, StepError> {
    if error.retryable() { Ok(Turn::Later) } else { refused(ports, row, error).await }
}

/// A change that is refused is undone; undoing that is refused again and again, or for a day, calls a person.
async fn refused(ports: &impl Ports, row: &ScaleRow, error: StepError) -> Result<Turn, StepError> {
    let failure = Failure { error: error.name().to_owned(), message: error.chain(), at: ports.wall() };
    let (now, for_long) =
        (ports.now(), matches!(error, StepError::CapacityRefused(_) | StepError::TransitionTimedOut(_)));
    let row = update(ports, &row.scale_id, |row| {
        match row.status {
            ScaleStatus::Running => {
                row.status = ScaleStatus::Undoing;
                row.failure = Some(failure.clone());
                (row.deadline, row.tries) = (now + SCALE_LIMIT, 0);
            }
            ScaleStatus::Undoing => {
                row.tries += 1;
                if for_long || row.tries >= MOST_TRIES {
                    row.status = ScaleStatus::Stuck;
                    row.failure = Some(failure.clone());
                    row.ended_at = Some(failure.at);
                    row.held_since = None;
                }
            }
            _ => return false,
        }
        true
    })
    .await?;
    Ok(if row.tries == 0 { Turn::Again } else { Turn::Later })
}
