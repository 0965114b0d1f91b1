//! Stopping a restore, which is a wish that its steps find; and putting the former table back once it is done.

use crate::ask::under_way;
use crate::{Ports, of_step, one, reply};
use api::{Fields, Problem, Reply, Request};
use capstan_core::iops::{RestoreStatus, Wish};
use capstan_core::ports::{Clock, Workflows};
use capstan_core::tier::request::reason_objection;
use iops_records::{RecordError, RestoreRow, Restoring, Transaction};
use iops_restoring::{Moved, points_at, put_back};
use serde_json::json;

/// What is said once it is so.
const IS_BACK: &str = "the former table serves; the restored one is kept";
const NOT_SERVING: &str = "no function works on the table that this restored, so there is nothing to put back: GET /tables says \
                           which table serves, and GET /restores which restore put it there. Put that one back first";
/// How often a row is read again when its steps write it at the same time.
const ATTEMPTS: usize = 6;

fn wish(ports: &impl Clock, request: &Request) -> Result<Wish, Problem> {
    let mut fields = Fields::read(request)?;
    let reason = fields.text("reason");
    fields.finish()?;
    let reason = reason.unwrap_or_default();
    if let Some(objection) = reason_objection(&reason) {
        return Err(Problem::invalid_field("reason", objection.message));
    }
    let caller = &request.caller;
    Ok(Wish { by: caller.subject.clone(), tenant: caller.tenant.clone(), reason, at: ports.wall() })
}

pub(crate) async fn cancel(ports: &impl Ports, request: &Request) -> Result<Reply, Problem> {
    let wish = wish(ports, request)?;
    for _ in 0..ATTEMPTS {
        let mut row = one(ports, request).await?;
        let mut listed = None;
        match row.status {
            RestoreStatus::Undoing => return Ok(reply(202, &row, "it is being undone already")),
            RestoreStatus::SwappingBack => {
                return Err(Problem::conflict(
                    "TOO_LATE",
                    "it was done, and the former table is being put back",
                ));
            }
            RestoreStatus::Running if row.cancellation.is_some() => {
                return Ok(reply(202, &row, "it was asked to stop already"));
            }
            RestoreStatus::Running => row.cancellation = Some(wish.clone()),
            // The undo is tried again, by another execution.
            RestoreStatus::Stuck => {
                row.status = RestoreStatus::Undoing;
                row.ended_at = None;
                row.recoveries += 1;
                listed = Some(Restoring::of(row.table, row.restore_id.clone()));
            }
            RestoreStatus::Completed if row.swapped_at.is_some() => {
                let words = "it is done: POST /restores/{restoreId}/swap-back puts the former table back";
                return Err(Problem::conflict("TOO_LATE", words));
            }
            RestoreStatus::Completed | RestoreStatus::RolledBack | RestoreStatus::SwappedBack => {
                return Err(Problem::conflict("TOO_LATE", "it has ended: nothing is left to stop"));
            }
        }
        let mut transaction = Transaction::new();
        transaction.put(&mut row);
        if let Some(listed) = &mut listed {
            transaction.put(listed);
        }
        match transaction.commit(ports).await {
            Ok(()) => return Ok(stopped(ports, &row, listed.is_some()).await),
            Err(RecordError::Stale { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::conflict(
        "CONCURRENT_CHANGE",
        "the restore is moving on as fast as this is tried: try again",
    ))
}

async fn stopped(ports: &impl Workflows, row: &RestoreRow, again: bool) -> Reply {
    if !again {
        return reply(202, row, "its steps stop at their next look, and what was done is undone");
    }
    let input = json!({ "restoreId": row.restore_id });
    match ports.start(&row.execution_name(), &input).await {
        Ok(()) => reply(202, row, "the undo is tried again"),
        Err(_) => reply(202, row, "the undo is recorded, and will be tried again within two minutes"),
    }
}

pub(crate) async fn swap_back(ports: &impl Ports, request: &Request) -> Result<Reply, Problem> {
    let wish = wish(ports, request)?;
    for _ in 0..ATTEMPTS {
        let mut row = one(ports, request).await?;
        match row.status {
            RestoreStatus::SwappedBack => return Ok(reply(200, &row, IS_BACK)),
            RestoreStatus::SwappingBack => {}
            RestoreStatus::Completed if row.swapped_at.is_some() => {
                if !points_at(ports, &row).await.map_err(|error| of_step(&error))? {
                    return Err(Problem::conflict("NOT_SERVING", NOT_SERVING));
                }
                row.swap_back = Some(wish.clone());
                row.status = RestoreStatus::SwappingBack;
                row.ended_at = None;
                let mut listed = Restoring::of(row.table, row.restore_id.clone());
                let mut transaction = Transaction::new();
                transaction.put(&mut row);
                transaction.put(&mut listed);
                match transaction.commit(ports).await {
                    Ok(()) => {}
                    Err(RecordError::Stale { .. }) => {
                        match iops_records::restoring(ports, row.table).await? {
                            Some(other) if other.restore_id != row.restore_id => {
                                return Err(under_way(ports, row.table).await?);
                            }
                            _ => continue,
                        }
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            _ => {
                let words = "only what was put in the place of another table can be put back: this was not";
                return Err(Problem::conflict("NOT_SWAPPED", words));
            }
        }
        let moved = put_back(ports, &row).await.map_err(|error| of_step(&error))?;
        let row = one(ports, request).await?;
        return Ok(match moved {
            Moved::All => reply(200, &row, IS_BACK),
            Moved::NotYet => reply(
                202,
                &row,
                "functions are being pointed back; what is left is done every two minutes, or when this is sent again",
            ),
        });
    }
    Err(Problem::conflict("CONCURRENT_CHANGE", "somebody else changes it at the same time: try again"))
}
