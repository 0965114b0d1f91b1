//! Rows are counted, all of them, in the restored table and in its source up to the same time.

use crate::Ports;
use crate::row::{going, update};
use capstan_core::ids::RestoreId;
use capstan_core::iops::{Count, Restore};
use tier_steps::{Answer, StepError};

/// How many pages one run counts: a page takes some 100 ms, and a run has 90 s.
const PAGES: usize = 200;

/// Counts on from where the last run stopped, and compares at the end. `Advance`: there is more to count.
pub async fn verify(ports: &impl Ports, id: &RestoreId) -> Result<Answer, StepError> {
    let row = going(ports, id).await?;
    if row.verified_at.is_some() {
        return Ok(Answer::Done);
    }
    if row.prepared_at.is_none() {
        return Err(StepError::OutOfTurn("the table has not been prepared yet"));
    }
    let mut left = PAGES;
    for (table, of) in [(&row.target, OF_RESTORED), (&row.source, OF_SOURCE)] {
        let mut count = of.0(&row).clone();
        let begun = count.clone();
        while !count.done && left > 0 {
            left -= 1;
            let page = ports.count_rows(table, row.until, count.next.as_deref()).await;
            let page = page.map_err(StepError::of_cloud)?;
            count.rows += page.rows;
            count.pages += 1;
            count.done = page.next.is_none();
            count.next = page.next;
        }
        // Whoever counted meanwhile has counted the same.
        update(ports, id, |row| {
            let known = of.1(row);
            let ours = *known == begun && begun != count;
            if ours {
                known.clone_from(&count);
            }
            ours
        })
        .await?;
    }
    let row = crate::open(ports, id).await?;
    if !row.restored_rows.done || !row.source_rows.done {
        return Ok(Answer::Advance);
    }
    if let Some(shortfall) = row.shortfall() {
        return Err(StepError::ResourceFailed(shortfall));
    }
    let now = ports.wall();
    update(ports, id, |row| row.verified_at.replace(now).is_none()).await?;
    Ok(Answer::Done)
}

type Of = (fn(&Restore) -> &Count, fn(&mut Restore) -> &mut Count);
const OF_RESTORED: Of = (|row| &row.restored_rows, |row| &mut row.restored_rows);
const OF_SOURCE: Of = (|row| &row.source_rows, |row| &mut row.source_rows);
