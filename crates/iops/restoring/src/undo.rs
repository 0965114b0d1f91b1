//! The ends: undone, stuck, or done; each recorded, and said to people.

use crate::row::{going, open, release, update};
use crate::swap::{Moved, point_back, points_at};
use crate::{Input, Ports, Settings};
use capstan_core::ids::RestoreId;
use capstan_core::iops::{Failure, Restore, RestoreStatus};
use capstan_core::ports::{
    Clock, CloudErrorKind, Notice, NoticeKind, Notifier, Store, TableSetting, TableStatus,
};
use iops_records::RestoreRow;
use tier_steps::{Answer, StepError};

/// Undoes what was done, in the reverse order, as far as it can be now. A table that has served stays: what was written to it
/// is nowhere else.
pub async fn undo(ports: &impl Ports, settings: &Settings, input: &Input) -> Result<Answer, StepError> {
    let (now, id) = (ports.wall(), &input.restore_id);
    let row = update(ports, id, |row| {
        let begins = row.status == RestoreStatus::Running;
        if begins {
            row.status = RestoreStatus::Undoing;
        }
        let tells = row.failure.is_none() && input.failure.is_some();
        if let (true, Some(caught)) = (tells, &input.failure) {
            row.failure = Some(Failure { error: caught.error.clone(), message: caught.message(), at: now });
        }
        begins || tells
    })
    .await?;
    if row.status != RestoreStatus::Undoing {
        return Err(StepError::TransitionEnded);
    }
    if row.undone_at.is_none() {
        let row = if !row.served && points_at(ports, &row).await? {
            update(ports, id, |row| !std::mem::replace(&mut row.served, true)).await?
        } else {
            row
        };
        if point_back(ports, &row).await? == Moved::NotYet
            || starve(ports, settings, &row).await? == Moved::NotYet
            || delete(ports, &row).await? == Moved::NotYet
        {
            return Ok(Answer::Wait);
        }
        update(ports, id, |row| row.undone_at.replace(now).is_none()).await?;
    }
    Ok(Answer::RolledBack)
}

/// Ends the feed from the restored table, unless there may be records on it.
async fn starve(ports: &impl Ports, settings: &Settings, row: &Restore) -> Result<Moved, StepError> {
    let (Some(stream), Some(fed)) = (&row.feed, &settings.of(row.table).fed) else { return Ok(Moved::All) };
    if row.served {
        return Ok(Moved::All);
    }
    let feeds = ports.feeds(fed).await.map_err(StepError::of_cloud)?;
    let Some(one) = feeds.iter().find(|one| one.stream_arn == *stream) else { return Ok(Moved::All) };
    match ports.delete_feed(&one.id).await {
        Ok(()) => Ok(Moved::NotYet),
        Err(error) if matches!(error.kind, CloudErrorKind::NotFound | CloudErrorKind::Busy) => {
            Ok(Moved::NotYet)
        }
        Err(error) => Err(StepError::of_cloud(error)),
    }
}

/// Deletes the restored table, unless it has served.
async fn delete(ports: &impl Ports, row: &Restore) -> Result<Moved, StepError> {
    if !row.asked || row.served {
        return Ok(Moved::All);
    }
    let view = ports.table(&row.target).await.map_err(StepError::of_cloud)?;
    let Some(view) = view else { return Ok(Moved::All) };
    let done = match view.status {
        TableStatus::Creating | TableStatus::Updating | TableStatus::Deleting => return Ok(Moved::NotYet),
        TableStatus::Active | TableStatus::Failed if view.protected => {
            ports.set_table(&row.target, &TableSetting::Protected(false)).await
        }
        TableStatus::Active | TableStatus::Failed => ports.delete_table(&row.target).await,
    };
    match done {
        Ok(()) => Ok(Moved::NotYet),
        Err(error) if matches!(error.kind, CloudErrorKind::NotFound | CloudErrorKind::Busy) => {
            Ok(Moved::NotYet)
        }
        Err(error) => Err(StepError::of_cloud(error)),
    }
}

/// Records the good end.
pub async fn complete(ports: &impl Ports, id: &RestoreId) -> Result<Answer, StepError> {
    if open(ports, id).await?.status != RestoreStatus::Completed {
        let row = going(ports, id).await?;
        if row.verified_at.is_none() || (row.swap && row.swapped_at.is_none()) {
            return Err(StepError::OutOfTurn("not everything is done yet"));
        }
    }
    end(ports, id, RestoreStatus::Completed).await?;
    Ok(Answer::Complete)
}

/// Records the bad end: undone, or stuck where something could not be undone.
pub async fn fail<P>(ports: &P, input: &Input) -> Result<Answer, StepError>
where
    P: Store + Clock + Notifier,
{
    let row = open(ports, &input.restore_id).await?;
    if row.status == RestoreStatus::Completed {
        return Err(StepError::TransitionEnded);
    }
    let now = ports.wall();
    if let Some(caught) = input.failure.as_ref().filter(|_| row.undone_at.is_none()) {
        // Why it can't be undone is what a person must know.
        let failure = Failure { error: caught.error.clone(), message: caught.message(), at: now };
        update(ports, &input.restore_id, |row| {
            row.failure.replace(failure.clone()).as_ref() != Some(&failure)
        })
        .await?;
    }
    let status = if row.undone_at.is_some() { RestoreStatus::RolledBack } else { RestoreStatus::Stuck };
    end(ports, &input.restore_id, status).await?;
    Ok(if status == RestoreStatus::Stuck { Answer::Stuck } else { Answer::RolledBack })
}

/// Records an end, says so, and lets go of the table.
async fn end<P>(ports: &P, id: &RestoreId, status: RestoreStatus) -> Result<(), StepError>
where
    P: Store + Clock + Notifier,
{
    let now = ports.wall();
    let row = update(ports, id, |row| {
        let new = row.status != status
            && matches!(row.status, RestoreStatus::Running | RestoreStatus::Undoing)
            && (status != RestoreStatus::Completed || row.cancellation.is_none());
        if new {
            row.status = status;
            row.ended_at = Some(now);
        }
        new
    })
    .await?;
    if row.status != status {
        return Err(StepError::TransitionEnded);
    }
    ports.notify(&word(&row)).await.map_err(StepError::of_cloud)?;
    release(ports, &row).await
}

fn word(row: &RestoreRow) -> Notice {
    let rows = format!(
        "{} rows up to {}, where {} has {}",
        row.restored_rows.rows, row.until, row.source, row.source_rows.rows
    );
    let why = row
        .failure
        .as_ref()
        .map_or_else(String::new, |failure| format!("\n{}: {}", failure.error, failure.message));
    let (kind, what, then) = match row.status {
        RestoreStatus::Completed if row.swap => (
            NoticeKind::Completed,
            "was restored and serves",
            format!(
                "{} has taken its place: {rows}. Back: capstan restore swap-back {}",
                row.target, row.restore_id
            ),
        ),
        RestoreStatus::Completed => (
            NoticeKind::Completed,
            "was restored",
            format!("{}: {rows}. What served before serves.", row.target),
        ),
        RestoreStatus::Stuck => (
            NoticeKind::Stuck,
            "is stuck half-way through a restore",
            format!("Next: {}{why}", row.next_command().unwrap_or_default()),
        ),
        _ => (NoticeKind::RolledBack, "was not restored", format!("What served before serves.{why}")),
    };
    Notice {
        kind,
        tenant_id: None,
        subject: format!("Table {} {what}", row.table.as_str()),
        body: format!(
            "Restore {} of {} to {}, asked for by {}.\n{then}",
            row.restore_id, row.source, row.target, row.wish.by
        ),
    }
}
