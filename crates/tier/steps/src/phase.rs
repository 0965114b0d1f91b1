//! Carrying out one service's actions of one phase: what every `provision-*` and `cleanup-*` does.

use crate::drivers::{AllServices, Driver, Standing, inspect_any};
use crate::ledger::Ledger;
use crate::{Answer, Settings, StepError, StepInput, Turn, guard, in_turn, look};
use capstan_core::ids::hex;
use capstan_core::ports::{Clock, Store};
use capstan_core::tier::converge::Goal;
use capstan_core::tier::ledger::EffectStatus;
use capstan_core::tier::{Action, Change, Desired, Phase, ResourceRef};
use sha2::{Digest, Sha256};

/// The goal of doing an action.
pub fn forward<'a>(change: &'a Change, action: &'a Action, settings: &'a Settings) -> Goal<'a> {
    Goal {
        tenant: &change.tenant_id,
        resource: &action.resource,
        from: &action.before,
        to: &action.after,
        undoing: false,
        final_snapshot: None,
        model: &settings.model,
    }
}

/// The goal of undoing an action.
pub fn backward<'a>(
    change: &'a Change,
    action: &'a Action,
    settings: &'a Settings,
    final_snapshot: Option<&'a str>,
) -> Goal<'a> {
    Goal {
        tenant: &change.tenant_id,
        resource: &action.resource,
        from: &action.after,
        to: &action.before,
        undoing: true,
        final_snapshot,
        model: &settings.model,
    }
}

/// A name for the last snapshot of a store: unique to the store and the change that gave it its stamp, and the same
/// however often it is asked for.
pub fn snapshot_name(resource: &ResourceRef, desired: &Desired) -> String {
    let stamp = match desired {
        Desired::Absent => "",
        Desired::Serving { stamp, .. } | Desired::Retired { stamp, .. } => stamp.transition_id.as_str(),
    };
    let digest = Sha256::digest(format!("{resource}/{stamp}"));
    format!("{}-final-{}", resource.name, hex(&digest[..5]))
}

/// Makes all calls that the service takes now for its actions of this phase, and returns without waiting.
/// `Done`: everything is as the plan wants it. `Wait`: some of it is not there yet.
pub async fn carry_out<P, D>(
    ports: &P,
    settings: &Settings,
    input: &StepInput,
    phase: Phase,
) -> Result<Answer, StepError>
where
    P: Store + Clock,
    D: Driver<P>,
{
    let change = look(ports, input).await?;
    guard(&change, ports)?;
    in_turn(&change, if phase == Phase::Provision { Turn::Provision } else { Turn::Cleanup })?;
    let mut ledger = Ledger::read(ports, &change).await?;
    let mut answer = Answer::Done;
    for action in change.plan.actions_of(D::SERVICE, phase) {
        let effect = ledger.intend(ports, &change, action, ports.now()).await?;
        match D::converge(ports, &forward(&change, action, settings)).await {
            Ok(Standing::Ready) if effect.status == EffectStatus::Done => {}
            Ok(Standing::Ready) => ledger.done(ports, &change, action, effect, ports.now()).await?,
            Ok(Standing::Waiting(reason)) => {
                Ledger::note(ports, &effect, Some(reason), None).await?;
                answer = Answer::Wait;
            }
            Ok(Standing::Due) => answer = Answer::Wait,
            Err(error) => {
                Ledger::note(ports, &effect, None, Some(&error)).await?;
                return Err(error);
            }
        }
    }
    Ok(answer)
}

/// Where a phase stands as a whole, by looking at every resource of it. `Done`: all as wanted, with the outcome written.
/// `Advance`: some call is due. `Wait`: nothing is to be done yet.
pub async fn stand<P: Store + AllServices>(
    ports: &P,
    settings: &Settings,
    change: &Change,
    phase: Phase,
) -> Result<Answer, StepError> {
    let ledger = Ledger::read(ports, change).await?;
    let mut waiting = false;
    let mut due = false;
    for action in change.plan.actions.iter().filter(|action| action.phase == phase) {
        let done = ledger.on(&action.resource).is_some_and(|effect| effect.status == EffectStatus::Done);
        match inspect_any(ports, &forward(change, action, settings)).await? {
            Standing::Ready => due |= !done,
            Standing::Due => due = true,
            Standing::Waiting(_) => waiting = true,
        }
    }
    Ok(match (due, waiting) {
        (true, _) => Answer::Advance,
        (false, true) => Answer::Wait,
        (false, false) => Answer::Done,
    })
}
