//! `cleanup-failed-alert`: tells people that cleaning up failed and that the change is about to be undone. Money is at
//! stake here: what was not cleaned up goes on costing.

use capstan_core::ports::{Clock, Notice, NoticeKind, Notifier, Store};
use capstan_core::tier::prices;
use tier_steps::{Answer, StepError, StepInput, look};

/// Answers `Done`.
pub async fn handle(ports: &(impl Store + Clock + Notifier), input: &StepInput) -> Result<Answer, StepError> {
    let change = look(ports, input).await?;
    // A wish to stop is not a failure of cleaning up.
    if change.cancellation.is_some() || change.ended() {
        return Ok(Answer::Done);
    }
    let mut body = format!(
        "Tenant {}\nChange {} from {} to {}: cleaning up failed; the change is being undone.\n",
        change.tenant_id, change.transition_id, change.from_tier, change.to_tier
    );
    for failure in &change.errors {
        body.push_str(&format!("{} {}: {}\n", failure.at, failure.name, failure.message));
    }
    if let Some(caught) = &input.failure {
        body.push_str(&format!("{}: {}\n", caught.error, caught.message()));
    }
    let daily = change
        .plan
        .actions
        .iter()
        .filter_map(|action| action.before.spec())
        .map(|spec| prices::hourly(spec).times(24.0));
    body.push_str(&format!(
        "What served before the change costs {} a day.\nFollow it: capstan tier watch",
        daily.sum::<capstan_core::money::Usd>()
    ));
    let notice = Notice {
        kind: NoticeKind::CleanupFailed,
        tenant_id: Some(change.tenant_id.clone()),
        subject: format!("Cleanup failed: {} to {} is being undone", change.from_tier, change.to_tier),
        body,
    };
    ports.notify(&notice).await.map_err(StepError::of_cloud)?;
    Ok(Answer::Done)
}
