//! Intent before an effect, outcome after it: each a transaction that moves the effect's row and the register together.

use crate::StepError;
use crate::ending::SYSTEM;
use capstan_core::ports::Store;
use capstan_core::tier::ledger::{
    EffectRow, EffectStatus, Registered, Subject, effect_entry, resource_entry,
};
use capstan_core::tier::{Action, Change, Desired, ResourceRef, Spec, reshards};
use capstan_core::time::{Millis, Timestamp};
use std::sync::Arc;
use tier_records::{Act, AuditEntry, IndexRow, Transaction};

/// The ledger of one change: its effects, and the tenant's register.
#[derive(Debug)]
pub struct Ledger {
    effects: Vec<Arc<EffectRow>>,
    register: Vec<Arc<Registered>>,
}

impl Ledger {
    /// Reads it.
    pub async fn read(store: &impl Store, change: &Change) -> Result<Self, StepError> {
        Ok(Self {
            effects: tier_records::shared_effects(store, &change.tenant_id, &change.transition_id).await?,
            register: tier_records::shared_register(store, &change.tenant_id).await?,
        })
    }

    /// All effects so far.
    pub fn effects(&self) -> impl Iterator<Item = &EffectRow> {
        self.effects.iter().map(|row| &**row)
    }

    /// The effect on the application's configuration, if intent was ever written.
    pub fn on_app_config(&self) -> Option<&Arc<EffectRow>> {
        self.effects.iter().find(|row| matches!(row.subject, Subject::AppConfig))
    }

    /// The effect on a resource, if intent was ever written.
    pub fn on(&self, resource: &ResourceRef) -> Option<&Arc<EffectRow>> {
        let about =
            |subject: &Subject| matches!(subject, Subject::Resource(action) if action.resource == *resource);
        self.effects.iter().find(|row| about(&row.subject))
    }

    /// Writes intent. The change must be what was read: one that is being undone takes no new effect, and no effect that
    /// has begun to be undone is taken up again.
    pub async fn intend(
        &mut self,
        store: &impl Store,
        change: &Change,
        action: &Action,
        now: Timestamp,
    ) -> Result<Arc<EffectRow>, StepError> {
        if let Some(known) = self.on(&action.resource) {
            return if matches!(known.status, EffectStatus::Intended | EffectStatus::Done) {
                Ok(Arc::clone(known))
            } else {
                Err(StepError::TransitionEnded)
            };
        }
        let mut effect = new_effect(change, Subject::Resource(action.clone()), now);
        let mut registered = self.registered(change, action, now);
        registered.desired = action.after.clone();
        registered.settled = false;
        note_mode_switch(&mut registered, action, now);
        note_reshards(&mut registered, &action.before, &action.after, now);
        let mut transaction = Transaction::new();
        transaction.unchanged(change);
        transaction.put(&mut effect);
        transaction.put(&mut registered);
        transaction.commit(store).await?;
        self.replace(registered);
        let effect = Arc::new(effect);
        self.effects.push(Arc::clone(&effect));
        Ok(effect)
    }

    /// Writes the outcome: the resource is seen to be as `action.after`.
    pub async fn done(
        &mut self,
        store: &impl Store,
        change: &Change,
        action: &Action,
        effect: Arc<EffectRow>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let mut effect = Arc::unwrap_or_clone(effect);
        effect.status = EffectStatus::Done;
        effect.done_at = Some(now);
        self.settle(store, change, action, &action.after, effect, now).await
    }

    /// Writes that undoing has begun.
    pub async fn undoing(
        &mut self,
        store: &impl Store,
        change: &Change,
        action: &Action,
        effect: Arc<EffectRow>,
        now: Timestamp,
    ) -> Result<Arc<EffectRow>, StepError> {
        if effect.status == EffectStatus::Undoing {
            return Ok(effect);
        }
        let mut effect = Arc::unwrap_or_clone(effect);
        effect.status = EffectStatus::Undoing;
        effect.waiting_for = None;
        effect.last_error = None;
        let mut registered = self.registered(change, action, now);
        registered.settled = false;
        note_mode_switch(&mut registered, action, now);
        note_reshards(&mut registered, &action.after, &action.before, now);
        let mut transaction = Transaction::new();
        transaction.put(&mut effect);
        transaction.put(&mut registered);
        transaction.commit(store).await?;
        self.replace(registered);
        Ok(Arc::new(effect))
    }

    /// Writes that it is undone: the resource is seen to be as `action.before`.
    pub async fn undone(
        &mut self,
        store: &impl Store,
        change: &Change,
        action: &Action,
        effect: Arc<EffectRow>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let mut effect = Arc::unwrap_or_clone(effect);
        effect.status = EffectStatus::Undone;
        effect.undone_at = Some(now);
        self.settle(store, change, action, &action.before, effect, now).await
    }

    async fn settle(
        &mut self,
        store: &impl Store,
        change: &Change,
        action: &Action,
        state: &Desired,
        mut effect: EffectRow,
        now: Timestamp,
    ) -> Result<(), StepError> {
        effect.waiting_for = None;
        effect.last_error = None;
        let (mut registered, since) = (self.registered(change, action, now), effect.intended_at);
        let mut transaction = Transaction::new();
        transaction.put(&mut effect);
        match state {
            Desired::Absent if registered.version > 0 => transaction.delete(&registered),
            Desired::Absent => {}
            state => {
                registered.desired = state.clone();
                registered.settled = true;
                // The calls were made by now at the latest.
                registered.resharded_at.iter_mut().filter(|at| **at >= since).for_each(|at| *at = now);
                transaction.put(&mut registered);
            }
        }
        index_retired(&mut transaction, change, action, state);
        match of_store(change, action, state, now) {
            Some(audit) => transaction.commit_audited(store, audit).await?,
            None => transaction.commit(store).await?,
        }
        if *state == Desired::Absent {
            self.register.retain(|row| row.resource != action.resource);
        } else {
            self.replace(registered);
        }
        self.effects.retain(|row| row.entry != effect.entry);
        self.effects.push(Arc::new(effect));
        Ok(())
    }

    /// Notes what is being waited for or what was refused, where that is news.
    pub async fn note(
        store: &impl Store,
        effect: &EffectRow,
        waiting_for: Option<&str>,
        error: Option<&StepError>,
    ) -> Result<(), StepError> {
        let last_error = error.map(|error| format!("{}: {}", error.name(), error.chain()));
        let refusals = match error {
            Some(error) if !error.retryable() => effect.refusals + 1,
            Some(_) => effect.refusals,
            None => 0,
        };
        let known = (effect.waiting_for.as_deref(), &effect.last_error, effect.refusals);
        if known == (waiting_for, &last_error, refusals) {
            return Ok(());
        }
        let waiting_for = waiting_for.map(str::to_owned);
        let mut noted = EffectRow { waiting_for, last_error, refusals, ..effect.clone() };
        let mut transaction = Transaction::new();
        transaction.put(&mut noted);
        Ok(transaction.commit(store).await?)
    }

    fn registered(&self, change: &Change, action: &Action, now: Timestamp) -> Registered {
        if let Some(known) = self.register.iter().find(|row| row.resource == action.resource) {
            return Registered::clone(known);
        }
        Registered {
            tenant_id: change.tenant_id.clone(),
            entry: resource_entry(&action.resource),
            resource: action.resource.clone(),
            desired: action.before.clone(),
            settled: false,
            made_at: now,
            made_by: change.transition_id.clone(),
            mode_switched_at: Vec::new(),
            resharded_at: Vec::new(),
            version: 0,
        }
    }

    fn replace(&mut self, registered: Registered) {
        self.register.retain(|row| row.resource != registered.resource);
        self.register.push(Arc::new(registered));
    }
}

/// A row for an effect that is about to begin.
pub fn new_effect(change: &Change, subject: Subject, now: Timestamp) -> EffectRow {
    EffectRow {
        tenant_id: change.tenant_id.clone(),
        entry: effect_entry(&change.transition_id, &subject),
        transition_id: change.transition_id.clone(),
        subject,
        status: EffectStatus::Intended,
        intended_at: now,
        done_at: None,
        undone_at: None,
        waiting_for: None,
        last_error: None,
        refusals: 0,
        version: 0,
    }
}

/// Retired stores are listed by their date of deletion, as long as they are retired.
fn index_retired(transaction: &mut Transaction, change: &Change, action: &Action, state: &Desired) {
    if let Desired::Retired { delete_after, .. } = &action.after {
        let row = IndexRow::retired(&change.tenant_id, &action.resource, *delete_after);
        if *state == action.after {
            transaction.put_always(&row);
        } else {
            transaction.delete_always(&row);
        }
    }
}

/// What the audit has to say of a data store that is no longer in use, or no longer there.
fn of_store(change: &Change, action: &Action, state: &Desired, now: Timestamp) -> Option<AuditEntry> {
    let stored = action.resource.kind.holds_data();
    let act = match state {
        Desired::Retired { .. } if *state == action.after => Act::StoreRetired,
        Desired::Absent if stored && action.before == Desired::Absent => Act::StoreDeleted,
        _ => return None,
    };
    let name = action.resource.to_string();
    Some(AuditEntry::new(&change.tenant_id, now, SYSTEM, act, &name).about(&change.transition_id))
}

/// Remembers when a stream's mode was switched: Kinesis counts, and so must the next plan.
fn note_mode_switch(registered: &mut Registered, action: &Action, now: Timestamp) {
    let on_demand = |desired: &Desired| desired.spec().map(|spec| matches!(spec, Spec::StreamOnDemand));
    let is_stream =
        matches!(action.after.spec(), Some(Spec::StreamOnDemand | Spec::StreamProvisioned { .. }));
    let (Some(before), Some(after)) = (on_demand(&action.before), on_demand(&action.after)) else { return };
    if is_stream && before != after {
        registered.mode_switched_at.retain(|at| now.since(*at) < Millis::hours(24));
        registered.mode_switched_at.push(now);
    }
}

/// Remembers how often a stream's shards may have to be counted anew on the way from one shape to the other: before it is done, so
/// that nothing which stops half-way is forgotten.
fn note_reshards(registered: &mut Registered, from: &Desired, to: &Desired, now: Timestamp) {
    let calls = reshards::of_desired(from, to);
    if calls > 0 {
        registered.resharded_at = reshards::recent(&registered.resharded_at, now).collect();
        registered.resharded_at.extend(std::iter::repeat_n(now, calls));
    }
}
