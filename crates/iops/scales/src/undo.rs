//! Undoing a change: one under way is turned round, one that is done is taken back, one that is stuck is tried again.

use crate::ask::{see, under_way};
use crate::{Ports, go_on, objected, one, reply, wish};
use api::{Fields, Problem, Reply, Request};
use capstan_core::iops::scale::{SCALE_LIMIT, ScaleStatus, Seen, plan, reached};
use capstan_core::tier::request::reason_objection;
use iops_records::{RecordError, ScaleRow, Scaling, Transaction};

/// How often a row is read again when a run writes it at the same time.
const ATTEMPTS: usize = 6;

/// How many changes are looked through for a later one.
const LOOKED_AT: usize = 100;

pub(crate) async fn undo(ports: &impl Ports, request: &Request) -> Result<Reply, Problem> {
    let mut fields = Fields::read(request)?;
    let reason = fields.text("reason");
    fields.finish()?;
    let reason = reason.unwrap_or_default();
    if let Some(objection) = reason_objection(&reason) {
        return Err(Problem::invalid_field("reason", objection.message));
    }
    for _ in 0..ATTEMPTS {
        let mut row = one(ports, request).await?;
        match row.status {
            ScaleStatus::RolledBack | ScaleStatus::Undone => {
                return Ok(reply(200, &row, "it is undone already"));
            }
            ScaleStatus::Undoing => return Ok(go_on(ports, row).await),
            ScaleStatus::Completed => check(ports, &row).await?,
            ScaleStatus::Running => turns(ports, &row).await?,
            ScaleStatus::Stuck => last(ports, &row).await?,
        }
        let mut listed = row.ended().then(|| Scaling::of(&row.resource, row.scale_id.clone()));
        row.status = ScaleStatus::Undoing;
        row.undo = Some(wish(ports, request, reason.clone()));
        row.deadline = ports.now() + SCALE_LIMIT;
        (row.tries, row.ended_at) = (0, None);
        let mut transaction = Transaction::new();
        transaction.put(&mut row);
        if let Some(listed) = &mut listed {
            transaction.put(listed);
        }
        match transaction.commit(ports).await {
            Ok(()) => return Ok(go_on(ports, row).await),
            Err(RecordError::Stale { .. }) => {
                let known = iops_records::scaling(ports, &row.resource).await?;
                if known.is_some_and(|known| known.scale_id != row.scale_id) {
                    return Err(under_way(ports, &row.resource).await?);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::conflict("CONCURRENT_CHANGE", "somebody else changes it at the same time: try again"))
}

/// One under way is turned round, unless it has begun and it is known that the way back is shut.
async fn turns(ports: &impl Ports, row: &ScaleRow) -> Result<(), Problem> {
    let (seen, now) = (see(ports, &row.resource).await?, ports.now());
    if seen.ready && reached(&seen, &row.former) {
        return Ok(());
    }
    let there = Seen { setting: row.wanted, ready: true, ..seen };
    match plan(&there, &row.former, now) {
        Err(objection) if objection.again_at.is_some() => Err(objected(objection, now)),
        _ => Ok(()),
    }
}

/// What is stuck is neither as wanted nor as before; but what was changed after it is somebody else's.
async fn last(ports: &impl Ports, row: &ScaleRow) -> Result<(), Problem> {
    let since = iops_records::scales(ports, LOOKED_AT).await?;
    let later = since.iter().find(|other| other.resource == row.resource && other.entry > row.entry);
    match later {
        Some(later) => Err(Problem::conflict(
            "CHANGED_SINCE",
            format!("change {} has set it otherwise since: undo that one first", later.scale_id),
        )),
        None => Ok(()),
    }
}

/// What was changed since is somebody else's; and the way back has limits as the way there had.
async fn check(ports: &impl Ports, row: &ScaleRow) -> Result<(), Problem> {
    let (seen, now) = (see(ports, &row.resource).await?, ports.now());
    if !reached(&seen, &row.wanted) {
        let words =
            "it was set otherwise since: GET /scale shows how, and which change did it. Undo that one first";
        return Err(Problem::conflict("CHANGED_SINCE", words));
    }
    match plan(&seen, &row.former, now) {
        Ok(_) => Ok(()),
        Err(objection) if objection.code == "NOTHING_TO_CHANGE" => Ok(()),
        Err(objection) => Err(objected(objection, now)),
    }
}
