//! The runbook's manual reset (§6, option 2; §7, step 3) as a call: a super admin declares a stuck tier stable.
//!
//! The register goes back to what was there before the change. What the change made and could not delete is retired: it
//! keeps its name, so the next change takes another, and `reap-retired` deletes it as soon as it can be, at once where
//! nothing was ever stored in it or its deletion had begun (it may be gone by now), else after the days of grace.

use crate::Ports;
use api::{Fields, Problem, Reply, Request};
use capstan_core::tier::ledger::{EffectRow, EffectStatus, Registered, Subject};
use capstan_core::tier::request::reason_objection;
use capstan_core::tier::{Desired, StatusStep};
use capstan_core::time::Timestamp;
use serde_json::json;
use tier_records::{Act, AuditEntry, IndexRow, Transaction};
use tier_steps::Settings;

pub(crate) async fn reset(
    ports: &impl Ports,
    settings: &Settings,
    request: &Request,
) -> Result<Reply, Problem> {
    let caller = &request.caller;
    let mut fields = Fields::read(request)?;
    let reason = fields.text("reason");
    fields.finish()?;
    let reason = reason.unwrap_or_default();
    if let Some(objection) = reason_objection(&reason) {
        return Err(Problem::invalid_field("reason", objection.message));
    }
    let now = ports.now();
    let mut state = tier_records::state(ports, &caller.tenant).await?;
    if state.step(StatusStep::Reset).is_err() {
        return Err(Problem::conflict(
            "NOT_STUCK",
            format!(
                "the tier is {}, and only a STUCK one is reset. A change under way is stopped with POST /tier/cancel",
                state.transition_status
            ),
        ));
    }
    let Some(transition) = state.transition_id.clone() else {
        return Err(Problem::conflict("NOT_STUCK", "no change is recorded as stuck"));
    };
    let change = tier_records::change(ports, &caller.tenant, &transition).await?;
    state.clear_transition();
    let mut transaction = Transaction::new();
    transaction.put(&mut state);
    let effects = tier_records::effects(ports, &caller.tenant, &transition).await?;
    let mut register = tier_records::register(ports, &caller.tenant).await?;
    let mut left = Vec::new();
    let used = change.as_ref().is_some_and(|change| change.milestones.configured_at.is_some());
    for effect in effects.into_iter().filter(|effect| effect.status != EffectStatus::Undone) {
        let kept = used && effect.status != EffectStatus::Undoing;
        let delete_after = if kept { now + settings.grace } else { now };
        left.push(leave(&mut transaction, effect, &mut register, delete_after));
    }
    if left.iter().any(|name| name == APP_CONFIG)
        && let Some(change) = &change
    {
        let mut row = tier_records::app_config(ports, &caller.tenant).await?;
        row.config.clone_from(&change.plan.app_config_before);
        row.draining = row.config.as_ref().is_some_and(|config| config.draining);
        transaction.put(&mut row);
    }
    let audit = AuditEntry::new(&caller.tenant, now, &caller.subject, Act::TierReset, transition.as_str())
        .under(caller.role.as_str(), caller.request_id.as_deref())
        .because(&reason)
        .about(&transition)
        .with(json!({ "leftBehind": left }));
    transaction.delete_always(&IndexRow::under_way(&caller.tenant, &transition));
    let reply = Reply::ok(json!({
        "status": state.transition_status,
        "currentTier": state.current_tier,
        "leftBehind": left,
        "next": "what could not be deleted is retired and deleted within the hour in which it can be: GET /tier/resources",
    }));
    let reply = request.keep(&mut transaction, reply);
    transaction.commit_audited(ports, audit).await?;
    Ok(reply)
}

const APP_CONFIG: &str = "app-config";

/// Has the register say of one subject what it said before the change; what was not there before is retired.
fn leave(
    transaction: &mut Transaction,
    effect: EffectRow,
    register: &mut [Registered],
    delete_after: Timestamp,
) -> String {
    let Subject::Resource(action) = effect.subject else { return APP_CONFIG.to_owned() };
    if let Some(row) = register.iter_mut().find(|row| row.resource == action.resource) {
        row.settled = false;
        row.desired = match (action.before, action.after) {
            (Desired::Absent, Desired::Serving { spec, stamp }) => {
                let index = IndexRow::retired(&row.tenant_id, &action.resource, delete_after);
                transaction.put_always(&index);
                Desired::Retired { spec, stamp, delete_after }
            }
            // What the change did to it may have reached its tags, or not yet.
            (mut before, _) => {
                if let Desired::Serving { stamp, .. } | Desired::Retired { stamp, .. } = &mut before {
                    stamp.or_of = Some(effect.transition_id.clone());
                }
                before
            }
        };
        transaction.put(row);
    }
    action.resource.to_string()
}
