//! The table: made, waited for, set as its source is.

use crate::Ports;
use crate::row::{going, update};
use capstan_core::ids::RestoreId;
use capstan_core::iops::RestoreStatus;
use capstan_core::ports::{CloudErrorKind, TableSetting, TableStatus, TableView, Tables};
use iops_records::RestoreRow;
use tier_steps::{Answer, StepError};

/// The tag by which a table says which restore made it.
const MADE_BY: &str = "capstan:restore";

/// Has the service make the table. The first step: it also says whether there is something to undo instead.
pub async fn make(ports: &impl Ports, id: &RestoreId) -> Result<Answer, StepError> {
    if crate::open(ports, id).await?.status == RestoreStatus::Undoing {
        return Ok(Answer::RollBack);
    }
    let row = going(ports, id).await?;
    if row.restored_at.is_some() {
        return Ok(Answer::Done);
    }
    let there = ports.table(&row.target).await.map_err(StepError::of_cloud)?;
    if there.is_some() {
        let words = || format!("there is a table {} already, and this restore has not made it", row.target);
        return if row.asked { Ok(Answer::Done) } else { Err(StepError::ResourceExists(words())) };
    }
    update(ports, id, |row| !std::mem::replace(&mut row.asked, true)).await?;
    match ports.restore_table(&row.source, &row.target, &row.from).await {
        Err(error) if error.kind == CloudErrorKind::AlreadyExists => Ok(Answer::Done),
        Err(error) => Err(StepError::of_cloud(error)),
        Ok(()) => Ok(Answer::Done),
    }
}

/// Looks whether it is there.
pub async fn wait(ports: &impl Ports, id: &RestoreId) -> Result<Answer, StepError> {
    let row = going(ports, id).await?;
    if row.restored_at.is_some() {
        return Ok(Answer::Done);
    }
    match ports.table(&row.target).await.map_err(StepError::of_cloud)?.map(|view| view.status) {
        None => Err(StepError::ResourceFailed(format!("the service has not made {}", row.target))),
        Some(TableStatus::Failed | TableStatus::Deleting) => {
            Err(StepError::ResourceFailed(format!("{} has failed, or is being deleted", row.target)))
        }
        Some(TableStatus::Creating) => Ok(Answer::Wait),
        Some(TableStatus::Active | TableStatus::Updating) => {
            let now = ports.wall();
            update(ports, id, |row| row.restored_at.replace(now).is_none()).await?;
            Ok(Answer::Done)
        }
    }
}

/// Sets what a restore loses. One setting after the other: a table that is being changed takes no other change.
pub async fn prepare(ports: &impl Ports, id: &RestoreId) -> Result<Answer, StepError> {
    let row = going(ports, id).await?;
    if row.prepared_at.is_some() {
        return Ok(Answer::Done);
    }
    if row.restored_at.is_none() {
        return Err(StepError::OutOfTurn("the table has not been restored yet"));
    }
    let (source, target) = (view(ports, &row.source).await?, view(ports, &row.target).await?);
    if target.status != TableStatus::Active {
        return Ok(Answer::Wait);
    }
    if let Some(setting) = missing(&row, &source, &target).into_iter().next() {
        return match ports.set_table(&row.target, &setting).await {
            Err(error) if error.kind == CloudErrorKind::Busy => Ok(Answer::Wait),
            Err(error) => Err(StepError::of_cloud(error)),
            Ok(()) => Ok(Answer::Advance),
        };
    }
    let now = ports.wall();
    update(ports, id, |row| row.prepared_at.replace(now).is_none()).await?;
    Ok(Answer::Done)
}

async fn view(ports: &impl Tables, name: &str) -> Result<TableView, StepError> {
    let view = ports.table(name).await.map_err(StepError::of_cloud)?;
    view.ok_or_else(|| StepError::ResourceFailed(format!("the table {name} is gone")))
}

/// What the restored table still lacks, protection last.
fn missing(row: &RestoreRow, source: &TableView, target: &TableView) -> Vec<TableSetting> {
    let mut missing = Vec::new();
    let mut tags = source.tags.clone();
    // What CloudFormation marks its own tables with can't be given to others.
    tags.retain(|name, _| !name.starts_with("aws:"));
    tags.insert(MADE_BY.to_owned(), row.restore_id.to_string());
    if tags.iter().any(|tag| target.tags.get(tag.0) != Some(tag.1)) {
        missing.push(TableSetting::Tags(tags));
    }
    if let Some(attribute) = source.expires_by.as_ref().filter(|_| target.expires_by != source.expires_by) {
        missing.push(TableSetting::ExpiresBy(attribute.clone()));
    }
    if source.recoverable.is_some() && target.recoverable.is_none() {
        missing.push(TableSetting::Recoverable);
    }
    if source.stream_arn.is_some() && target.stream_arn.is_none() {
        missing.push(TableSetting::Stream);
    }
    if source.protected && !target.protected {
        missing.push(TableSetting::Protected(true));
    }
    missing
}
