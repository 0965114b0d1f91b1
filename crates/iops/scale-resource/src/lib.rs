//! `scale-resource`: goes on, every minute, with the changes of scale under way: those whose service takes its time, those
//! whose run was cut off, those to be undone.

use iops_records::all_scaling;
use iops_scaling::{Ports, drive};
use serde_json::{Value, json};
use tier_steps::StepError;

/// More resources than can be scaled.
const MOST: usize = 50;

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Changes gone on with.
    pub seen: usize,
    /// Those that ended.
    pub ended: usize,
    /// Those that could not be gone on with now, and why.
    pub failed: Vec<String>,
}

impl Report {
    /// The report as the function's answer.
    pub fn to_json(&self) -> Value {
        json!({ "seen": self.seen, "ended": self.ended, "failed": self.failed })
    }
}

/// Goes on with all changes under way. One that can't be gone on with does not hold up the others.
pub async fn handle(ports: &impl Ports) -> Result<Report, StepError> {
    let mut report = Report::default();
    for listed in all_scaling(ports, MOST).await? {
        report.seen += 1;
        match drive(ports, &listed.scale_id).await {
            Ok(row) => report.ended += usize::from(row.ended()),
            Err(error) => {
                report.failed.push(format!("{}: {}: {}", listed.scale_id, error.name(), error.chain()));
            }
        }
    }
    Ok(report)
}
