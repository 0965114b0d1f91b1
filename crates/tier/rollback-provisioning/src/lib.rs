//! `rollback-provisioning`: undoes what the ledger says was begun, and nothing else.
//!
//! First it rests until whatever may still work forward is over. Then it goes in three stages, each in the runbook's reverse order (Kinesis first, `SageMaker` last, §7): what served before is
//! brought back as it was; then the application is given its former configuration, which now points at what serves;
//! then what the change made is deleted. Every call goes as far as it can and the state machine calls again. A refusal
//! is noted on the effect it concerns and the others go on; undoing gives up when only refusals are left, or when its
//! time is over, and then the tier is `STUCK`.

use capstan_core::ports::{Clock, Store};
use capstan_core::tier::ledger::{EffectStatus, Subject};
use capstan_core::tier::recovery::REST;
use capstan_core::tier::{Action, Change, ChangeStatus, Desired, StatusStep, TransitionStatus};
use capstan_core::time::{Millis, Timestamp};
use std::sync::Arc;
use tier_records::{Act, AuditEntry, Transaction};
use tier_steps::drivers::{AllServices, Standing, converge_any};
use tier_steps::ending::{SYSTEM, leaves_data};
use tier_steps::ledger::Ledger;
use tier_steps::phase::{backward, snapshot_name};
use tier_steps::{Answer, Settings, StepError, StepInput, app_config, open};

/// How long undoing is tried.
pub const LONGEST_ROLLBACK: Millis = Millis::minutes(90);
/// How often in a row an effect may be refused for good before undoing it is given up.
pub const MOST_REFUSALS: u32 = 6;

/// Answers `RolledBack`, `Wait` or `Stuck`.
pub async fn handle<P>(ports: &P, settings: &Settings, input: &StepInput) -> Result<Answer, StepError>
where
    P: AllServices + Store + Clock,
{
    let change = open(ports, input).await?;
    match change.status {
        ChangeStatus::Initiated | ChangeStatus::InProgress => {}
        ChangeStatus::RolledBack => return Ok(Answer::RolledBack),
        ChangeStatus::Failed => return Ok(Answer::Stuck),
        ChangeStatus::Completed => return Err(StepError::TransitionEnded),
    }
    let change = begin(ports, change, input).await?;
    let mut ledger = Ledger::read(ports, &change).await?;
    if rests(&change, &ledger, ports.now()) {
        return Ok(Answer::Wait);
    }
    let undone = undo_all(ports, settings, &change, &mut ledger).await?;
    if undone {
        return Ok(Answer::RolledBack);
    }
    let ledger = Ledger::read(ports, &change).await?;
    let left = || ledger.effects().filter(|row| row.status != EffectStatus::Undone);
    let hopeless = left().any(|row| row.refusals >= MOST_REFUSALS)
        && left().all(|row| row.refusals >= MOST_REFUSALS || row.status != EffectStatus::Undoing);
    let since = change.milestones.rollback_started_at.unwrap_or_else(|| ports.now());
    let late = ports.now().since(since) > LONGEST_ROLLBACK;
    Ok(if hopeless || late { Answer::Stuck } else { Answer::Wait })
}

/// Whether it is too early to touch anything.
///
/// From the record on that the change is being undone, no step begins that works forward, and none writes intent. But one
/// that began before may still be about to make a call for which intent is written: of a run whose connection was lost, the
/// workflow has begun another and gone on, and a call that is on its way meets no condition of ours. No run outlives its
/// time limit, so time is what keeps it apart. Where no intent is written there is nothing that could still happen.
fn rests(change: &Change, ledger: &Ledger, now: Timestamp) -> bool {
    let since = change.milestones.rollback_started_at.unwrap_or(now);
    ledger.effects().next().is_some() && now.since(since) < REST
}

/// Records that the change is being undone, and why.
async fn begin(
    ports: &(impl Store + Clock),
    mut change: Change,
    input: &StepInput,
) -> Result<Change, StepError> {
    if change.milestones.rollback_started_at.is_some() {
        return Ok(change);
    }
    let now = ports.now();
    let mut state = tier_records::state(ports, &change.tenant_id).await?;
    if state.transition_id.as_ref() != Some(&change.transition_id) {
        return Err(StepError::TransitionEnded);
    }
    if state.transition_status != TransitionStatus::RollingBack {
        state.step(StatusStep::BeginRollback).map_err(|_| StepError::TransitionEnded)?;
    }
    if let Some(wish) = change.cancellation.clone() {
        change.note_failure("TransitionCancelled", &format!("stopped by {}: {}", wish.by, wish.reason), now);
    } else if let Some(caught) = &input.failure {
        change.note_failure(&caught.error, &caught.message(), now);
    } else if change.errors.is_empty() {
        change.note_failure(
            "ExecutionGone",
            "the execution that worked on the change ended before it was done",
            now,
        );
    }
    let late = input.failure.as_ref().is_some_and(|caught| caught.error == "TransitionTimedOut");
    let effects = tier_records::effects(ports, &change.tenant_id, &change.transition_id).await?;
    for effect in effects.into_iter().filter(|_| late) {
        if let (Subject::Resource(action), Some(reason)) = (&effect.subject, &effect.waiting_for) {
            change.note_failure("StillWaiting", &format!("{}: {reason}", action.resource), now);
        }
    }
    change.status = ChangeStatus::InProgress;
    change.milestones.rollback_started_at = Some(now);
    let subject = format!("{}-{}", change.transition_id, change.recoveries);
    let audit = AuditEntry::new(&change.tenant_id, now, SYSTEM, Act::RollbackStarted, &subject)
        .about(&change.transition_id)
        .with(serde_json::json!({"errors": change.errors}));
    let mut transaction = Transaction::new();
    transaction.put(&mut state);
    transaction.put(&mut change);
    transaction.commit_audited(ports, audit).await?;
    Ok(change)
}

/// Goes through the stages as far as they go now. True: all is undone.
async fn undo_all<P>(
    ports: &P,
    settings: &Settings,
    change: &Change,
    ledger: &mut Ledger,
) -> Result<bool, StepError>
where
    P: AllServices + Store + Clock,
{
    let reversed = || {
        let mut actions: Vec<&Action> = change.plan.actions.iter().collect();
        actions.sort_by_key(|action| std::cmp::Reverse(action.resource.kind.service()));
        actions
    };
    let mut restored = true;
    for action in reversed().into_iter().filter(|action| action.before != Desired::Absent) {
        restored &= undo(ports, settings, change, ledger, action).await?;
    }
    if !restored {
        return Ok(false);
    }
    if let Some(effect) = ledger.on_app_config()
        && effect.status != EffectStatus::Undone
    {
        app_config::restore(ports, change, effect).await?;
    }
    let mut deleted = true;
    for action in reversed().into_iter().filter(|action| action.before == Desired::Absent) {
        deleted &= undo(ports, settings, change, ledger, action).await?;
    }
    Ok(deleted)
}

/// Undoes one action as far as it goes now. True: it is undone, or was never begun.
async fn undo<P>(
    ports: &P,
    settings: &Settings,
    change: &Change,
    ledger: &mut Ledger,
    action: &Action,
) -> Result<bool, StepError>
where
    P: AllServices + Store + Clock,
{
    let effect = match ledger.on(&action.resource) {
        None => return Ok(true),
        Some(effect) if effect.status == EffectStatus::Undone => return Ok(true),
        Some(effect) => Arc::clone(effect),
    };
    let effect = ledger.undoing(ports, change, action, effect, ports.now()).await?;
    let snapshot = leaves_data(change, &action.before, &action.after)
        .then(|| snapshot_name(&action.resource, &action.after));
    match converge_any(ports, &backward(change, action, settings, snapshot.as_deref())).await {
        Ok(Standing::Ready) => {
            ledger.undone(ports, change, action, effect, ports.now()).await?;
            Ok(true)
        }
        Ok(Standing::Waiting(reason)) => {
            Ledger::note(ports, &effect, Some(reason), None).await?;
            Ok(false)
        }
        Ok(Standing::Due) => Ok(false),
        Err(error) => {
            Ledger::note(ports, &effect, None, Some(&error)).await?;
            Ok(false)
        }
    }
}
