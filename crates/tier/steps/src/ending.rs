//! How a change ends, and word of it.
//!
//! The end is recorded in one transaction with the tier's state and the audit. Only then are people told; the row in the
//! index of changes under way stays until they are, so a crash in between is found by the reconciler and word is
//! given late rather than never.

use crate::ledger::Ledger;
use crate::{StepError, Turn, in_turn};
use capstan_core::ports::{Clock, Notice, NoticeKind, Notifier, Store};
use capstan_core::tier::ledger::{EffectRow, EffectStatus, Subject};
use capstan_core::tier::{Change, ChangeStatus, Desired, Phase, StatusStep, TransitionStatus};
use capstan_core::time::Millis;
use serde_json::json;
use tier_records::{Act, AuditEntry, IndexRow, RecordError, Transaction};

/// Who acts when nobody asked.
pub use capstan_core::subject::SYSTEM;

/// Records the good end: the new tier, the cooldown, the change log. Safe to repeat.
pub async fn complete(ports: &(impl Store + Clock), mut change: Change) -> Result<Change, StepError> {
    if change.status == ChangeStatus::Completed {
        return Ok(change);
    }
    if let Some(wish) = &change.cancellation {
        return Err(StepError::TransitionCancelled { by: wish.by.clone(), reason: wish.reason.clone() });
    }
    in_turn(&change, Turn::Complete)?;
    let now = ports.now();
    let mut state = tier_records::state(ports, &change.tenant_id).await?;
    if state.transition_id.as_ref() != Some(&change.transition_id) {
        return Err(StepError::TransitionEnded);
    }
    state.step(StatusStep::Complete).map_err(|_| StepError::TransitionEnded)?;
    state.current_tier = change.to_tier;
    state.last_changed_by = Some(change.changed_by.clone());
    state.last_changed_at = Some(now);
    state.next_change_allowed_at = Some(now + Millis::hours(u64::from(state.cooldown_hours)));
    state.clear_transition();
    change.end(ChangeStatus::Completed, now);
    let named = |phase| {
        let actions = change.plan.actions.iter().filter(move |action| action.phase == phase);
        actions.map(|action| action.resource.to_string()).collect()
    };
    (change.resources_provisioned, change.resources_cleaned_up) =
        (named(Phase::Provision), named(Phase::Cleanup));
    let audit =
        AuditEntry::new(&change.tenant_id, now, SYSTEM, Act::ChangeCompleted, change.transition_id.as_str())
            .about(&change.transition_id)
            .with(json!({"tier": change.to_tier}));
    let mut transaction = Transaction::new();
    transaction.put(&mut state);
    transaction.put(&mut change);
    transaction.commit_audited(ports, audit).await?;
    Ok(change)
}

/// Records the bad end: `FAILED` where everything is undone, else `STUCK`. Safe to repeat.
pub async fn fail(ports: &(impl Store + Clock), mut change: Change) -> Result<Change, StepError> {
    if change.ended() {
        return Ok(change);
    }
    let now = ports.now();
    let ledger = Ledger::read(ports, &change).await?;
    let left: Vec<&EffectRow> = ledger.effects().filter(|row| row.status != EffectStatus::Undone).collect();
    let mut state = tier_records::state(ports, &change.tenant_id).await?;
    if state.transition_id.as_ref() != Some(&change.transition_id) {
        return Err(StepError::TransitionEnded);
    }
    let (step, status, act) = if left.is_empty() {
        (StatusStep::FinishRollback, ChangeStatus::RolledBack, Act::ChangeRolledBack)
    } else {
        (StatusStep::GiveUp, ChangeStatus::Failed, Act::ChangeStuck)
    };
    if left.is_empty() && state.transition_status != TransitionStatus::RollingBack {
        state.step(StatusStep::BeginRollback).map_err(|_| StepError::TransitionEnded)?;
    }
    state.step(step).map_err(|_| StepError::TransitionEnded)?;
    if left.is_empty() {
        state.clear_transition();
    }
    for row in &left {
        let why = row.last_error.as_deref().or(row.waiting_for.as_deref()).unwrap_or("not tried yet");
        change.note_failure("NotUndone", &format!("{}: {why}", subject_name(row)), now);
    }
    let subject = format!("{}-{}", change.transition_id, change.recoveries);
    let audit = AuditEntry::new(&change.tenant_id, now, SYSTEM, act, &subject)
        .about(&change.transition_id)
        .with(json!({"errors": change.errors, "left": left.iter().map(|row| subject_name(row)).collect::<Vec<_>>()}));
    change.end(status, now);
    let mut transaction = Transaction::new();
    transaction.put(&mut state);
    transaction.put(&mut change);
    transaction.commit_audited(ports, audit).await?;
    Ok(change)
}

/// Gives word of the end of a change, then takes it off the list of those under way.
pub async fn announce(ports: &(impl Store + Notifier), change: &Change) -> Result<(), StepError> {
    let effects = tier_records::effects(ports, &change.tenant_id, &change.transition_id).await?;
    if let Some(notice) = notice(change, &effects) {
        ports.notify(&notice).await.map_err(StepError::of_cloud)?;
    }
    let mut transaction = Transaction::new();
    transaction.unchanged(change);
    transaction.delete_always(&IndexRow::under_way(&change.tenant_id, &change.transition_id));
    match transaction.commit(ports).await {
        // Somebody has taken the change up again: it is theirs to announce.
        Ok(()) | Err(RecordError::Stale { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn subject_name(row: &EffectRow) -> String {
    match &row.subject {
        Subject::Resource(action) => action.resource.to_string(),
        Subject::AppConfig => "app-config".to_owned(),
    }
}

/// What people are told about the end of a change; nothing while it has not ended.
pub fn notice(change: &Change, effects: &[EffectRow]) -> Option<Notice> {
    let (kind, what, next) = match change.status {
        ChangeStatus::Initiated | ChangeStatus::InProgress => return None,
        ChangeStatus::Completed => (NoticeKind::Completed, "completed", String::new()),
        ChangeStatus::RolledBack => (
            NoticeKind::RolledBack,
            "failed and was rolled back",
            format!("Nothing is left to do. The tenant is in {} as before; the change may be asked for again.", change.from_tier),
        ),
        ChangeStatus::Failed => (
            NoticeKind::Stuck,
            "is STUCK: it could not be undone",
            "Next: look at what is left (capstan tier resources), cure the cause, then retry the rollback: capstan tier cancel --reason '…'".to_owned(),
        ),
    };
    let mut body = format!(
        "Tenant {}\nChange {} from {} to {}, asked for by {}: {}\n",
        change.tenant_id,
        change.transition_id,
        change.from_tier,
        change.to_tier,
        change.changed_by,
        change.reason
    );
    for failure in &change.errors {
        body.push_str(&format!("{} {}: {}\n", failure.at, failure.name, failure.message));
    }
    if change.status == ChangeStatus::Failed {
        for row in effects.iter().filter(|row| row.status != EffectStatus::Undone) {
            body.push_str(&format!(
                "Left: {} {}\n",
                subject_name(row),
                row.last_error.as_deref().unwrap_or("")
            ));
        }
    }
    body.push_str(&next);
    Some(Notice {
        kind,
        tenant_id: Some(change.tenant_id.clone()),
        subject: format!("Tier change {} to {} {what}", change.from_tier, change.to_tier),
        body,
    })
}

/// Whether undoing an action deletes a store that the application was pointed at, and that may hold data.
pub fn leaves_data(change: &Change, before: &Desired, after: &Desired) -> bool {
    let stored = after.spec().is_some_and(|spec| spec.kind().holds_data());
    *before == Desired::Absent && stored && change.milestones.configured_at.is_some()
}
