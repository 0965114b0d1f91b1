//! What the application reads: drained, switched, and restored. Do and undo stand side by side.

use crate::StepError;
use crate::ledger::new_effect;
use capstan_core::ports::{Clock, Store};
use capstan_core::tier::ledger::{EffectRow, EffectStatus, Subject, effect_entry};
use capstan_core::tier::{Change, Phase};
use tier_records::Transaction;

/// Asks the application to drain: it opens no new connections. Nothing to ask where it was never told anything.
pub async fn drain(ports: &(impl Store + Clock), change: &mut Change) -> Result<(), StepError> {
    let mut row = tier_records::app_config(ports, &change.tenant_id).await?;
    let mut effect = effect(ports, change).await?;
    row.draining = row.config.is_some();
    if let Some(config) = &mut row.config {
        config.draining = true;
    }
    change.milestones.drain_started_at = Some(ports.now());
    let mut transaction = Transaction::new();
    transaction.put(change);
    transaction.put(&mut effect);
    if row.config.is_some() {
        transaction.put(&mut row);
    }
    Ok(transaction.commit(ports).await?)
}

/// Points the application at the new resources; it drains no longer.
pub async fn switch(ports: &(impl Store + Clock), change: &mut Change) -> Result<(), StepError> {
    let now = ports.now();
    let mut row = tier_records::app_config(ports, &change.tenant_id).await?;
    let mut effect = effect(ports, change).await?;
    row.config = Some(change.plan.app_config_after.clone());
    row.draining = false;
    effect.status = EffectStatus::Done;
    effect.done_at = Some(now);
    change.milestones.configured_at = Some(now);
    if !change.plan.has_phase(Phase::Cleanup) {
        change.milestones.cleaned_at = Some(now);
    }
    let mut transaction = Transaction::new();
    transaction.put(change);
    transaction.put(&mut effect);
    transaction.put(&mut row);
    Ok(transaction.commit(ports).await?)
}

/// Gives the application back what it read before the change.
pub async fn restore(
    ports: &(impl Store + Clock),
    change: &Change,
    effect: &EffectRow,
) -> Result<(), StepError> {
    let mut row = tier_records::app_config(ports, &change.tenant_id).await?;
    let mut effect = effect.clone();
    effect.status = EffectStatus::Undone;
    effect.undone_at = Some(ports.now());
    let mut transaction = Transaction::new();
    transaction.put(&mut effect);
    match &change.plan.app_config_before {
        Some(before) => {
            row.config = Some(before.clone());
            row.draining = before.draining;
            transaction.put(&mut row);
        }
        None if row.version > 0 => transaction.delete(&row),
        None => {}
    }
    Ok(transaction.commit(ports).await?)
}

async fn effect(ports: &(impl Store + Clock), change: &Change) -> Result<EffectRow, StepError> {
    let entry = effect_entry(&change.transition_id, &Subject::AppConfig);
    let effects = tier_records::effects(ports, &change.tenant_id, &change.transition_id).await?;
    let known = effects.into_iter().find(|row| row.entry == entry);
    Ok(known.unwrap_or_else(|| new_effect(change, Subject::AppConfig, ports.now())))
}
