//! The runbook's manual reset (§6, option 2; §7, step 3) as a call: a super admin declares a stuck tier stable.
//!
//! The register goes back to what was there before the change; what the change made and could not delete is no longer
//! explained by it, so it turns up as an orphan, by name, instead of being forgotten.

use crate::Ports;
use api::{Fields, Problem, Reply, Request};
use capstan_core::tier::ledger::{EffectRow, EffectStatus, Subject};
use capstan_core::tier::request::reason_objection;
use capstan_core::tier::{Desired, Role, StatusStep};
use serde_json::json;
use tier_records::{Act, AuditEntry, IndexRow, Transaction};

pub(crate) async fn reset(ports: &impl Ports, request: &Request) -> Result<Reply, Problem> {
    let caller = &request.caller;
    caller.require(Role::SuperAdmin)?;
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
    for effect in effects.into_iter().filter(|effect| effect.status != EffectStatus::Undone) {
        left.push(leave(&mut transaction, effect, &mut register));
    }
    if left.iter().any(|name| name == APP_CONFIG)
        && let Some(change) = &change
    {
        let mut row = tier_records::app_config(ports, &caller.tenant).await?;
        row.config.clone_from(&change.plan.app_config_before);
        row.draining = row.config.as_ref().is_some_and(|config| config.draining);
        transaction.put(&mut row);
    }
    let mut audit =
        AuditEntry::new(&caller.tenant, now, &caller.subject, Act::TierReset, transition.as_str())
            .because(&reason)
            .about(&transition)
            .with(json!({ "leftBehind": left }));
    transaction.put(&mut audit);
    transaction.delete_always(&IndexRow::under_way(&caller.tenant, &transition));
    transaction.commit(ports).await?;
    Ok(Reply::ok(json!({
        "status": state.transition_status,
        "currentTier": state.current_tier,
        "leftBehind": left,
        "next": "GET /tier/orphans lists what exists and is no longer accounted for",
    })))
}

const APP_CONFIG: &str = "app-config";

/// Has the register say of one subject what it said before the change.
fn leave(
    transaction: &mut Transaction,
    effect: EffectRow,
    register: &mut [capstan_core::tier::ledger::Registered],
) -> String {
    let Subject::Resource(action) = effect.subject else { return APP_CONFIG.to_owned() };
    if let Some(row) = register.iter_mut().find(|row| row.resource == action.resource) {
        if action.before == Desired::Absent {
            transaction.delete(row);
        } else {
            row.desired = action.before;
            row.settled = false;
            transaction.put(row);
        }
    }
    action.resource.to_string()
}
