//! `end-restore`: finds restores whose execution is gone, was never started, or ended without its record, and has them gone on
//! with or undone; and goes on with putting a former table back. Called on every change of an execution's status and by the
//! clock.
//!
//! It starts another execution of the same machine, whose steps find out by themselves how far it has come.

use capstan_core::iops::{MOST_RECOVERIES, Restorable, RestoreStatus};
use capstan_core::ports::{Clock, CloudErrorKind, ExecutionStatus, Functions, Notifier, Store, Workflows};
use capstan_core::time::Millis;
use iops_records::RestoreRow;
use iops_restoring::{Input, Moved, Step, fail, open, put_back, release, update};
use serde_json::{Value, json};
use tier_steps::StepError;

/// How long an execution may take to be seen.
const APPEARS: Millis = Millis::seconds(60);

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Restores looked at.
    pub seen: usize,
    /// Executions started.
    pub started: usize,
    /// Ends recorded.
    pub ended: usize,
    /// Restores given up that could not be undone.
    pub stuck: usize,
    /// Restores that could not be dealt with now, and why.
    pub failed: Vec<String>,
}

impl Report {
    /// The report as the function's answer.
    pub fn to_json(&self) -> Value {
        json!({
            "seen": self.seen,
            "started": self.started,
            "ended": self.ended,
            "stuck": self.stuck,
            "failed": self.failed,
        })
    }
}

/// Goes through all restores under way. One that can't be dealt with does not hold up the others.
pub async fn handle<P>(ports: &P) -> Result<Report, StepError>
where
    P: Store + Clock + Workflows + Notifier + Functions,
{
    let mut report = Report::default();
    for table in Restorable::ALL {
        let Some(listed) = iops_records::restoring(ports, table).await? else { continue };
        report.seen += 1;
        let row = open(ports, &listed.restore_id).await?;
        if let Err(error) = reconcile(ports, row, &mut report).await {
            report.failed.push(format!("{}: {}: {}", listed.restore_id, error.name(), error.chain()));
        }
    }
    Ok(report)
}

async fn reconcile<P>(ports: &P, row: RestoreRow, report: &mut Report) -> Result<(), StepError>
where
    P: Store + Clock + Workflows + Notifier + Functions,
{
    if row.ended() {
        report.ended += 1;
        return release(ports, &row).await;
    }
    if row.status == RestoreStatus::SwappingBack {
        report.ended += usize::from(put_back(ports, &row).await? == Moved::All);
        return Ok(());
    }
    let execution = ports.describe(&row.execution_name()).await.map_err(StepError::of_cloud)?;
    match execution.map(|view| view.status) {
        Some(ExecutionStatus::Running) => return Ok(()),
        // Somebody may be about to start it.
        None if row.recoveries == 0 => {
            if ports.wall().since(row.wish.at) < APPEARS {
                return Ok(());
            }
            report.started += 1;
            return start(ports, &row).await;
        }
        None => {
            report.started += 1;
            return start(ports, &row).await;
        }
        Some(_) => {}
    }
    let (undone_after, given_up_after) = MOST_RECOVERIES;
    if row.recoveries >= given_up_after {
        report.ended += 1;
        report.stuck += usize::from(row.undone_at.is_none());
        let input = Input { restore_id: row.restore_id.clone(), step: Step::Fail, failure: None };
        return fail(ports, &input).await.map(drop);
    }
    let before = row.recoveries;
    let row = update(ports, &row.restore_id, |row| {
        // Another round was first.
        if row.recoveries != before || row.ended() {
            return false;
        }
        row.recoveries += 1;
        if row.recoveries > undone_after {
            row.status = RestoreStatus::Undoing;
        }
        true
    })
    .await?;
    if row.ended() {
        return Ok(());
    }
    report.started += 1;
    start(ports, &row).await
}

async fn start(ports: &impl Workflows, row: &RestoreRow) -> Result<(), StepError> {
    match ports.start(&row.execution_name(), &json!({ "restoreId": row.restore_id })).await {
        // It ran and ended between looking and starting: the next look finds that.
        Err(error) if error.kind == CloudErrorKind::AlreadyExists => Ok(()),
        result => result.map_err(StepError::of_cloud),
    }
}
