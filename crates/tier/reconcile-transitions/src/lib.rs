//! `reconcile-transitions`: finds changes whose execution is gone, was never started, or ended without its record, and has
//! them finished or undone. Called on every change of an execution's status and by the clock.
//!
//! It does none of the work itself: it starts another execution of the same machine, whose first step finds out how to go
//! on. The count of recoveries is moved under the change's version, so two reconcilers at once start one.

use capstan_core::ports::{Clock, CloudErrorKind, Notifier, Store, Workflows};
use capstan_core::tier::recovery::{self, Recovery};
use capstan_core::tier::{Change, ChangeStatus};
use serde_json::{Value, json};
use tier_records::{Act, AuditEntry, IndexRow, RecordError, Transaction, UNDER_WAY};
use tier_steps::ending::SYSTEM;
use tier_steps::{StepError, ending};

/// What was done about which change.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Changes looked at.
    pub seen: usize,
    /// Executions started.
    pub started: usize,
    /// Ends recorded or announced.
    pub ended: usize,
    /// Changes given up that could not be undone: their tier is `STUCK`. An alarm looks for it in the log.
    pub stuck: usize,
    /// Changes that could not be dealt with now, and why; the next call tries again.
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

/// Goes through all changes under way. One that can't be dealt with does not hold up the others.
pub async fn handle<P>(ports: &P) -> Result<Report, StepError>
where
    P: Store + Clock + Workflows + Notifier,
{
    let mut report = Report::default();
    for row in tier_records::index_rows(ports, UNDER_WAY).await? {
        let Some(transition) = &row.transition_id else { continue };
        let Some(change) = tier_records::change(ports, &row.tenant_id, transition).await? else { continue };
        report.seen += 1;
        if let Err(error) = reconcile(ports, &row, change, &mut report).await {
            report.failed.push(format!("{transition}: {}: {}", error.name(), error.chain()));
        }
    }
    Ok(report)
}

async fn reconcile<P>(
    ports: &P,
    row: &IndexRow,
    mut change: Change,
    report: &mut Report,
) -> Result<(), StepError>
where
    P: Store + Clock + Workflows + Notifier,
{
    if change.ended() {
        report.ended += 1;
        report.stuck += usize::from(change.status == ChangeStatus::Failed);
        ending::announce(ports, &change).await?;
        return unlist(ports, row, &change).await;
    }
    let name = change.execution_name();
    let execution = ports.describe(&name).await.map_err(StepError::of_cloud)?;
    match recovery::decide(&change, execution.as_ref(), ports.now()) {
        Recovery::Leave => Ok(()),
        Recovery::Start => {
            report.started += 1;
            start(ports, &change).await
        }
        Recovery::Recover => {
            if !take_over(ports, &mut change).await? {
                return Ok(());
            }
            report.started += 1;
            start(ports, &change).await
        }
        Recovery::NeverStarted => {
            report.ended += 1;
            let message = "its execution could not be started; nothing was done";
            end(ports, change, "ExecutionNotStarted", message).await.map(drop)
        }
        Recovery::GiveUp => {
            report.ended += 1;
            let message = "executions that should have finished or undone it failed too";
            let status = end(ports, change, "RecoveriesFailed", message).await?;
            report.stuck += usize::from(status == ChangeStatus::Failed);
            Ok(())
        }
    }
}

/// Takes an ended change off the list where an earlier version put it: under its tenant alone.
async fn unlist(ports: &impl Store, row: &IndexRow, change: &Change) -> Result<(), StepError> {
    if row.entry == IndexRow::under_way(&change.tenant_id, &change.transition_id).entry {
        return Ok(());
    }
    let mut transaction = Transaction::new();
    transaction.delete_listed(row);
    match transaction.commit(ports).await {
        Ok(()) | Err(RecordError::Stale { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn start(ports: &impl Workflows, change: &Change) -> Result<(), StepError> {
    let input = json!({"tenantId": change.tenant_id, "transitionId": change.transition_id});
    match ports.start(&change.execution_name(), &input).await {
        // It ran and ended between looking and starting: the next look finds that.
        Err(error) if error.kind == CloudErrorKind::AlreadyExists => Ok(()),
        result => result.map_err(StepError::of_cloud),
    }
}

/// Counts one more recovery. False: another reconciler was first.
async fn take_over(ports: &(impl Store + Clock + Workflows), change: &mut Change) -> Result<bool, StepError> {
    let mut state = tier_records::state(ports, &change.tenant_id).await?;
    change.recoveries += 1;
    state.transition_execution_arn = Some(ports.execution_arn(&change.execution_name()));
    let audit =
        AuditEntry::new(&change.tenant_id, ports.now(), SYSTEM, Act::Recovered, &change.execution_name())
            .about(&change.transition_id);
    let mut transaction = Transaction::new();
    transaction.put(change);
    transaction.put(&mut state);
    match transaction.commit_audited(ports, audit).await {
        Ok(()) => Ok(true),
        Err(RecordError::Stale { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Records the bad end and gives word of it; how it ended.
async fn end<P>(ports: &P, change: Change, name: &str, message: &str) -> Result<ChangeStatus, StepError>
where
    P: Store + Clock + Notifier,
{
    let now = ports.now();
    let updated = tier_records::update_change(ports, &change.tenant_id, &change.transition_id, |change| {
        change.note_failure(name, message, now);
        true
    })
    .await?;
    let change = ending::fail(ports, updated.unwrap_or(change)).await?;
    ending::announce(ports, &change).await?;
    Ok(change.status)
}
