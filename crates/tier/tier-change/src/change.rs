//! Asking for a change, and starting it.

use crate::{Ports, confirm};
use api::{Caller, Fields, Problem, Reply, Request};
use capstan_core::ids::TransitionId;
use capstan_core::ports::Workflows;
use capstan_core::tier::request::{ChangeRequest, needs_confirmation, objections};
use capstan_core::tier::{
    Change, ChangeStatus, Confirmation, Milestones, Objection, Plan, StatusStep, Tier, TierState,
};
use capstan_core::time::Timestamp;
use serde_json::json;
use std::sync::Arc;
use tier_records::{Act, AuditEntry, IndexRow, RecordError, Transaction};
use tier_steps::planning::{self, Planned};
use tier_steps::{Settings, StepError};

/// How often a start is decided again when somebody else wrote first.
const ATTEMPTS: usize = 4;

/// What is asked for, by whom.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) target: Tier,
    pub(crate) reason: String,
    pub(crate) bypass: bool,
}

impl Wish {
    pub(crate) fn objections(&self, state: &TierState, now: Timestamp) -> Vec<Objection> {
        let request = ChangeRequest { target: self.target, reason: &self.reason, bypass: self.bypass };
        objections(state, &request, now)
    }
}

pub(crate) async fn request(
    ports: &impl Ports,
    settings: &Settings,
    request: &Request,
    bypass: bool,
) -> Result<Reply, Problem> {
    let caller = &request.caller;
    let mut fields = Fields::read(request)?;
    let (target, reason) = (fields.tier("targetTier"), fields.text("reason"));
    fields.finish()?;
    let (Some(target), Some(reason)) = (target, reason) else { return Err(request.no_such_route()) };
    let wish = Wish { target, reason, bypass };
    for _ in 0..ATTEMPTS {
        let state = tier_records::state(ports, &caller.tenant).await?;
        let objections = wish.objections(&state, ports.now());
        if !objections.is_empty() {
            return Ok(Reply::rejected(&objections));
        }
        let transition = planning::new_transition_id(ports)?;
        let Some(planned) = planning::plan(ports, settings, &state, target, &transition).await? else {
            continue;
        };
        if let Some(objection) = &planned.objection {
            return Ok(Reply::rejected(std::slice::from_ref(objection)));
        }
        let answered = if needs_confirmation(state.current_tier, target, planned.plan.cost_after) {
            confirm::ask(ports, settings, request, &wish, &state, &planned, &transition).await
        } else {
            start(ports, request, &wish, state, planned, transition, None).await
        };
        match answered {
            Err(RecordError::Stale { .. }) => {}
            answered => return Ok(answered?),
        }
    }
    Err(Problem::conflict(
        "CONCURRENT_CHANGE",
        "others are writing at the same time and nothing was started: try again",
    ))
}

/// Records the change and starts its execution. `Stale`: somebody else wrote first, and nothing was done.
pub(crate) async fn start(
    ports: &impl Ports,
    request: &Request,
    wish: &Wish,
    mut state: TierState,
    planned: Planned,
    transition: TransitionId,
    token: Option<Confirmation>,
) -> Result<Reply, RecordError> {
    let (caller, now) = (&request.caller, ports.now());
    let plan = planned.plan;
    let mut change = new_change(caller, wish, &plan, &transition, now);
    let mut detail = json!({"from": plan.from_tier, "to": plan.to_tier, "bypassedCooldown": wish.bypass});
    if let Some(token) = &token {
        change.changed_by.clone_from(&token.requested_by);
        change.confirmed_by = Some(caller.subject.clone());
        detail["requestedBy"] = json!(token.requested_by);
        detail["confirmedBy"] = json!(caller.subject);
    }
    if state.step(StatusStep::Begin(plan.direction)).is_err() {
        // The objections have seen the state; it can't be one that takes no change.
        return Err(RecordError::Stale { table: "cato_infrastructure_tier", key: caller.tenant.to_string() });
    }
    let arn = ports.execution_arn(transition.as_str());
    state.target_tier = Some(plan.to_tier);
    state.transition_id = Some(transition.clone());
    state.transition_execution_arn = Some(arn.clone());
    state.transition_started_at = Some(now);
    let audit =
        AuditEntry::new(&caller.tenant, now, &caller.subject, Act::ChangeStarted, transition.as_str())
            .under(caller.role.as_str(), caller.request_id.as_deref())
            .because(&wish.reason)
            .about(&transition)
            .with(detail);
    let mut transaction = Transaction::new();
    transaction.put(&mut state);
    transaction.put(&mut change);
    transaction.unchanged(&planned.config);
    transaction.put_always(&IndexRow::under_way(&caller.tenant, &transition));
    transaction.put_always(&IndexRow::tenant(&caller.tenant));
    if let Some(mut token) = token {
        token.used_at = Some(ports.wall());
        transaction.put(&mut token);
    }
    let reply = Reply::ok(json!({
        "status": "INITIATED",
        "transitionId": transition,
        "executionArn": arn,
        "fromTier": plan.from_tier,
        "toTier": plan.to_tier,
        "estimatedCompletionMinutes": plan.expected_minutes,
        "warnings": plan.warnings,
    }));
    let reply = request.keep(&mut transaction, reply);
    transaction.commit_audited(ports, audit).await?;
    // Recorded is promised: if the start fails now, the reconciler makes it good.
    let _started = run(ports, &change).await;
    Ok(reply)
}

/// Starts the execution that works on the change now.
pub(crate) async fn run(ports: &impl Workflows, change: &Change) -> Result<(), StepError> {
    let input = json!({"tenantId": change.tenant_id, "transitionId": change.transition_id});
    ports.start(&change.execution_name(), &input).await.map_err(StepError::of_cloud)
}

fn new_change(
    caller: &Caller,
    wish: &Wish,
    plan: &Arc<Plan>,
    transition: &TransitionId,
    now: Timestamp,
) -> Change {
    Change {
        tenant_id: caller.tenant.clone(),
        transition_id: transition.clone(),
        from_tier: plan.from_tier,
        to_tier: plan.to_tier,
        direction: plan.direction,
        status: ChangeStatus::Initiated,
        changed_by: caller.subject.clone(),
        confirmed_by: None,
        reason: wish.reason.clone(),
        bypassed_cooldown: wish.bypass,
        created_at: now,
        started_at: None,
        completed_at: None,
        duration_seconds: None,
        errors: Vec::new(),
        resources_provisioned: Vec::new(),
        resources_cleaned_up: Vec::new(),
        plan: Arc::clone(plan),
        milestones: Milestones::default(),
        cancellation: None,
        deadline: now + Change::time_allowed(plan.expected_minutes),
        recoveries: 0,
        version: 0,
    }
}
