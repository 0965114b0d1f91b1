//! Stopping a change: a wish that its steps find at their next look. Nothing is cut off in the middle, so nothing has to be
//! guessed afterwards. On a stuck tier the same call has the rollback tried again.

use crate::Ports;
use crate::change::run;
use api::{Fields, Problem, Reply, Request};
use capstan_core::tier::request::reason_objection;
use capstan_core::tier::{Cancellation, Change, ChangeStatus, StatusStep, TierState, TransitionStatus};
use serde_json::json;
use tier_records::{Act, AuditEntry, IndexRow, RecordError, Transaction};

const ATTEMPTS: usize = 6;

pub(crate) async fn cancel(ports: &impl Ports, request: &Request) -> Result<Reply, Problem> {
    let caller = &request.caller;
    let mut fields = Fields::read(request)?;
    let reason = fields.text("reason");
    fields.finish()?;
    let reason = reason.unwrap_or_default();
    if let Some(objection) = reason_objection(&reason) {
        return Err(Problem::invalid_field("reason", objection.message));
    }
    for _ in 0..ATTEMPTS {
        let state = tier_records::state(ports, &caller.tenant).await?;
        let change = match &state.transition_id {
            Some(transition) => tier_records::change(ports, &caller.tenant, transition).await?,
            None => None,
        };
        let Some(change) = change else {
            return Err(Problem::conflict(
                "NOTHING_UNDER_WAY",
                "no change is under way, so there is nothing to stop",
            ));
        };
        let answered = if state.transition_status == TransitionStatus::Stuck {
            retry_rollback(ports, request, state, change, &reason).await
        } else {
            stop(ports, request, change, &reason).await
        };
        match answered {
            Err(Failed::Record(RecordError::Stale { .. })) => {}
            Err(Failed::Record(error)) => return Err(error.into()),
            Err(Failed::Problem(problem)) => return Err(problem),
            Ok(reply) => return Ok(reply),
        }
    }
    Err(Problem::conflict("CONCURRENT_CHANGE", "the change is moving on as fast as this is tried: try again"))
}

enum Failed {
    Record(RecordError),
    Problem(Problem),
}

async fn stop(
    ports: &impl Ports,
    request: &Request,
    mut change: Change,
    reason: &str,
) -> Result<Reply, Failed> {
    let caller = &request.caller;
    if change.milestones.rollback_started_at.is_some() {
        return Ok(reply("ROLLING_BACK", &change, "it is being undone already"));
    }
    if change.cancellation.is_some() {
        return Ok(reply("CANCELLING", &change, "it was asked to stop already"));
    }
    if change.ended() || change.milestones.cleaned_at.is_some() {
        return Err(Failed::Problem(Problem::conflict(
            "TOO_LATE",
            "everything has been done; only the record is missing. To go back, ask for a change the other way",
        )));
    }
    let now = ports.now();
    change.cancellation =
        Some(Cancellation { by: caller.subject.clone(), reason: reason.to_owned(), at: now });
    let audit = AuditEntry::new(
        &caller.tenant,
        now,
        &caller.subject,
        Act::ChangeCancelled,
        change.transition_id.as_str(),
    )
    .under(caller.role.as_str(), caller.request_id.as_deref())
    .because(reason)
    .about(&change.transition_id);
    let mut transaction = Transaction::new();
    transaction.put(&mut change);
    let told =
        reply("CANCELLING", &change, "its steps stop at their next look, and what was begun is undone");
    let told = request.keep(&mut transaction, told);
    transaction.commit_audited(ports, audit).await.map_err(Failed::Record)?;
    Ok(told)
}

async fn retry_rollback(
    ports: &impl Ports,
    request: &Request,
    mut state: TierState,
    mut change: Change,
    reason: &str,
) -> Result<Reply, Failed> {
    let (caller, now) = (&request.caller, ports.now());
    if state.step(StatusStep::RetryRollback).is_err() {
        return Err(Failed::Record(RecordError::Stale {
            table: "cato_infrastructure_tier",
            key: String::new(),
        }));
    }
    change.status = ChangeStatus::InProgress;
    change.completed_at = None;
    change.duration_seconds = None;
    change.recoveries += 1;
    change.milestones.rollback_started_at = Some(now);
    state.transition_execution_arn = Some(ports.execution_arn(&change.execution_name()));
    let audit =
        AuditEntry::new(&caller.tenant, now, &caller.subject, Act::RollbackRetried, &change.execution_name())
            .under(caller.role.as_str(), caller.request_id.as_deref())
            .because(reason)
            .about(&change.transition_id);
    let mut transaction = Transaction::new();
    for mut effect in
        tier_records::effects(ports, &caller.tenant, &change.transition_id).await.map_err(Failed::Record)?
    {
        if effect.refusals > 0 {
            effect.refusals = 0;
            transaction.put(&mut effect);
        }
    }
    transaction.put(&mut state);
    transaction.put(&mut change);
    transaction.put_always(&IndexRow::under_way(&caller.tenant, &change.transition_id));
    let told = request.keep(&mut transaction, reply("ROLLING_BACK", &change, "the rollback is tried again"));
    transaction.commit_audited(ports, audit).await.map_err(Failed::Record)?;
    // Recorded is promised: if the start fails now, the reconciler makes it good.
    let _started = run(ports, &change).await;
    Ok(told)
}

fn reply(status: &str, change: &Change, message: &str) -> Reply {
    Reply::ok(json!({
        "status": status,
        "transitionId": change.transition_id,
        "fromTier": change.from_tier,
        "toTier": change.to_tier,
        "message": message,
    }))
}
