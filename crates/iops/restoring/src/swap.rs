//! The exchange: functions are told another table's name, one after the other, each keeping all else it is told.

use crate::row::{going, release, update};
use crate::{Ports, Settings};
use capstan_core::ids::RestoreId;
use capstan_core::iops::{Restore, RestoreStatus, Swapped};
use capstan_core::ports::{Clock, CloudErrorKind, Feeds, FunctionView, Functions, Store, Table, Tables};
use iops_records::RestoreRow;
use tier_steps::{Answer, StepError};

/// How far functions have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// All of them, and what they were told is in force.
    All,
    /// Not yet.
    NotYet,
}

/// Feeds the analysis from the restored table's stream, then points functions at it. What is left on the source's stream is
/// still analysed: its feed stays.
pub async fn swap(ports: &impl Ports, settings: &Settings, id: &RestoreId) -> Result<Answer, StepError> {
    let row = going(ports, id).await?;
    if row.swapped_at.is_some() || !row.swap {
        return Ok(Answer::Done);
    }
    if row.verified_at.is_none() {
        return Err(StepError::OutOfTurn("the table has not been verified yet"));
    }
    let served = settings.of(row.table);
    if let Some(fed) = &served.fed
        && feed(ports, id, fed, &row.target).await? == Moved::NotYet
    {
        return Ok(Answer::Wait);
    }
    let variable = variable(row.table.table());
    let mut all = Moved::All;
    for name in &served.functions {
        // A wish to stop is found between two functions, too.
        going(ports, id).await?;
        let view = function(ports, name).await?;
        if view.environment.get(variable) == Some(&row.target) {
            all = if view.settled { all } else { Moved::NotYet };
            continue;
        }
        if !view.settled {
            return Ok(Answer::Wait);
        }
        let former = view.environment.get(variable).cloned().unwrap_or_default();
        let note = Swapped { function: name.clone(), former };
        update(ports, id, |row| {
            let new = row.swapped.iter().all(|known| known.function != note.function);
            if new {
                row.swapped.push(note.clone());
            }
            new
        })
        .await?;
        all = Moved::NotYet;
        if tell(ports, name, view, variable, &row.target).await? == Moved::NotYet {
            return Ok(Answer::Wait);
        }
    }
    if all == Moved::NotYet {
        return Ok(Answer::Wait);
    }
    let now = ports.wall();
    update(ports, id, |row| row.swapped_at.replace(now).is_none()).await?;
    Ok(Answer::Done)
}

/// Points functions back at what they had before, in the reverse order. One that was pointed elsewhere since is left alone.
pub(crate) async fn point_back(ports: &impl Functions, row: &Restore) -> Result<Moved, StepError> {
    let variable = variable(row.table.table());
    let mut all = Moved::All;
    for Swapped { function: name, former } in row.swapped.iter().rev() {
        let view = function(ports, name).await?;
        if view.environment.get(variable) == Some(&row.target) {
            all = Moved::NotYet;
            if view.settled {
                tell(ports, name, view, variable, former).await?;
            }
        } else if !view.settled {
            all = Moved::NotYet;
        }
    }
    Ok(all)
}

/// Goes on with putting the former table back, and records it once no function works on the restored one any more.
pub async fn put_back(
    ports: &(impl Store + Clock + Functions),
    row: &RestoreRow,
) -> Result<Moved, StepError> {
    if point_back(ports, row).await? == Moved::NotYet {
        return Ok(Moved::NotYet);
    }
    let now = ports.wall();
    let row = update(ports, &row.restore_id, |row| {
        let under_way = row.status == RestoreStatus::SwappingBack;
        if under_way {
            row.status = RestoreStatus::SwappedBack;
            row.ended_at = Some(now);
        }
        under_way
    })
    .await?;
    release(ports, &row).await?;
    Ok(Moved::All)
}

/// Whether a function works on the restored table.
pub async fn points_at(ports: &impl Functions, row: &Restore) -> Result<bool, StepError> {
    for Swapped { function: name, .. } in &row.swapped {
        if function(ports, name).await?.environment.get(variable(row.table.table())) == Some(&row.target) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The variable that names a table. Only such tables are restored as have one.
fn variable(table: Table) -> &'static str {
    table.variable().unwrap_or_default()
}

async fn function(ports: &impl Functions, name: &str) -> Result<FunctionView, StepError> {
    let view = ports.function(name).await.map_err(StepError::of_cloud)?;
    view.ok_or_else(|| StepError::ResourceFailed(format!("there is no function {name}")))
}

/// Tells a function a table's name and nothing else anew. `NotYet`: it takes no change now, or somebody else was first.
async fn tell(
    ports: &impl Functions,
    name: &str,
    view: FunctionView,
    variable: &str,
    table: &str,
) -> Result<Moved, StepError> {
    let mut environment = view.environment;
    if table.is_empty() {
        environment.remove(variable);
    } else {
        environment.insert(variable.to_owned(), table.to_owned());
    }
    match ports.set_environment(name, &environment, &view.revision).await {
        Ok(()) => Ok(Moved::All),
        Err(error) if error.kind == CloudErrorKind::Busy => Ok(Moved::NotYet),
        Err(error) => Err(StepError::of_cloud(error)),
    }
}

/// Has the analysis fed from the restored table's stream too.
async fn feed(ports: &impl Ports, id: &RestoreId, fed: &str, target: &str) -> Result<Moved, StepError> {
    let view = Tables::table(ports, target).await.map_err(StepError::of_cloud)?;
    let stream = view.and_then(|view| view.stream_arn);
    let stream = stream.ok_or_else(|| StepError::ResourceFailed(format!("{target} has no stream")))?;
    let feeds = Feeds::feeds(ports, fed).await.map_err(StepError::of_cloud)?;
    if let Some(known) = feeds.iter().find(|feed| feed.stream_arn == stream) {
        return Ok(if known.enabled { Moved::All } else { Moved::NotYet });
    }
    let like = feeds.first().ok_or_else(|| {
        StepError::ResourceFailed(format!("nothing feeds {fed}, so nobody knows how it is to be fed"))
    })?;
    update(ports, id, |row| row.feed.replace(stream.clone()).is_none()).await?;
    match ports.create_feed(fed, &stream, &like.id).await {
        Ok(()) => Ok(Moved::NotYet),
        Err(error) if matches!(error.kind, CloudErrorKind::AlreadyExists | CloudErrorKind::Busy) => {
            Ok(Moved::NotYet)
        }
        Err(error) => Err(StepError::of_cloud(error)),
    }
}
