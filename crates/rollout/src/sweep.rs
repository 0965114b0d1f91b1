//! Canaries that nobody carries out any more.

use crate::end::announce;
use crate::{Error, roll_back};
use capstan_core::ports::{Clock, CloudErrorKind, ExecutionStatus, Notifier, Store, Workflows};
use capstan_core::subject::SYSTEM;
use capstan_core::time::Millis;
use iops_records::{Because, Canary};
use serde_json::{Value, json};

/// How long a function that was lost sight of may still run, and a start be under way.
const REST: Millis = Millis::seconds(75);
/// So many of the last canaries are looked at for word that was not given.
const LATEST: usize = 5;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Executions started that never were.
    pub started: usize,
    /// Canaries rolled back whose execution was gone.
    pub rolled_back: usize,
    /// Ends of which word was given late.
    pub announced: usize,
}

impl Report {
    /// As the function's answer.
    pub fn to_json(&self) -> Value {
        json!({"started": self.started, "rolledBack": self.rolled_back, "announced": self.announced})
    }
}

/// Looks for canaries whose execution is gone, was never started, or whose end nobody was told of.
pub async fn sweep<P>(ports: &P) -> Result<Report, Error>
where
    P: Store + Clock + Workflows + Notifier,
{
    let mut report = Report::default();
    let routing = iops_records::routing(ports).await?;
    if let Some(id) = &routing.canary_id
        && let Some(canary) = iops_records::canary(ports, id).await?
    {
        watch(ports, canary, &mut report).await?;
    }
    for canary in iops_records::canaries(ports, LATEST).await? {
        let late = canary.ended_at.is_some_and(|at| ports.wall().since(at) >= REST);
        if !canary.announced && late {
            announce(ports, canary).await?;
            report.announced += 1;
        }
    }
    Ok(report)
}

async fn watch<P>(ports: &P, canary: Canary, report: &mut Report) -> Result<(), Error>
where
    P: Store + Clock + Workflows + Notifier,
{
    let execution = ports.describe(canary.id()).await?;
    let gone = match execution.map(|execution| execution.status) {
        Some(ExecutionStatus::Running) => return Ok(()),
        None if ports.wall().since(canary.asked_at) < REST => return Ok(()),
        None => {
            return match ports.start(canary.id(), &json!({"canaryId": canary.id()})).await {
                Err(error) if error.kind == CloudErrorKind::AlreadyExists => Ok(()),
                result => {
                    report.started += 1;
                    Ok(result?)
                }
            };
        }
        Some(ExecutionStatus::Aborted) => "its execution was stopped from outside",
        Some(ExecutionStatus::TimedOut) => "its execution took longer than it may",
        Some(ExecutionStatus::Failed | ExecutionStatus::Succeeded) => "its execution ended before it had",
    };
    let because = Because {
        code: "executionGone".to_owned(),
        text: format!("Rolled back: {gone}."),
        by: SYSTEM.to_owned(),
        tenant: None,
    };
    roll_back(ports, canary, because).await?;
    report.rolled_back += 1;
    Ok(())
}
