//! The ends: recorded, said to people, and the resource let go.

use crate::row::update;
use capstan_core::iops::scale::ScaleStatus;
use capstan_core::ports::{Clock, Notice, NoticeKind, Notifier, Store};
use iops_records::{RecordError, ScaleRow, Scaling, Transaction, scaling};
use tier_steps::StepError;

/// The resource is set as it is to be: the end, unless somebody wants something else by now.
pub(crate) async fn reached(ports: &(impl Store + Clock), seen: &ScaleRow) -> Result<(), StepError> {
    let (now, was) = (ports.wall(), seen.status);
    update(ports, &seen.scale_id, |row| {
        if row.status != was {
            return false;
        }
        row.status = match row.status {
            ScaleStatus::Running => ScaleStatus::Completed,
            ScaleStatus::Undoing if row.undo.is_some() => ScaleStatus::Undone,
            ScaleStatus::Undoing => ScaleStatus::RolledBack,
            _ => return false,
        };
        row.ended_at = Some(now);
        row.held_since = None;
        true
    })
    .await
    .map(drop)
}

/// Says how a change ended, and lets go of its resource. Done again where it was cut off: then it is said twice.
pub async fn close(ports: &(impl Store + Notifier), row: &ScaleRow) -> Result<(), StepError> {
    let listed: Option<Scaling> = scaling(ports, &row.resource).await?;
    let Some(listed) = listed.filter(|listed| listed.scale_id == row.scale_id) else { return Ok(()) };
    ports.notify(&word(row)).await.map_err(StepError::of_cloud)?;
    let mut transaction = Transaction::new();
    transaction.delete(&listed);
    match transaction.commit(ports).await {
        // Somebody else was first.
        Ok(()) | Err(RecordError::Stale { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn word(row: &ScaleRow) -> Notice {
    let why = row
        .failure
        .as_ref()
        .map_or_else(String::new, |failure| format!("\n{}: {}", failure.error, failure.message));
    let steps = row.steps.join("; ");
    let (kind, what, then) = match row.status {
        ScaleStatus::Completed => (
            NoticeKind::Completed,
            "was scaled",
            format!("Done: {steps}. Back: capstan scale undo {}", row.scale_id),
        ),
        ScaleStatus::Undone => (NoticeKind::Completed, "is scaled as before", format!("Undone: {steps}.")),
        ScaleStatus::Stuck => (
            NoticeKind::Stuck,
            "is stuck between two scales",
            format!("Next: {}{why}", row.next_command().unwrap_or_default()),
        ),
        _ => (NoticeKind::RolledBack, "was not scaled", format!("It is set as before.{why}")),
    };
    let by = row.undo.as_ref().filter(|_| row.status == ScaleStatus::Undone).unwrap_or(&row.wish);
    let subject = format!("{} {what}", row.resource.key()).chars().take(100).collect();
    Notice {
        kind,
        tenant_id: None,
        subject,
        body: format!(
            "Change of scale {} of {}, asked for by {}: {}\n{then}",
            row.scale_id,
            row.resource.key(),
            by.by,
            by.reason
        ),
    }
}
