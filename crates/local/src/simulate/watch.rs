//! An eye on the world while a case is played: looks after every step at what has changed, and keeps what the promises are
//! held against at the end.

use super::facts;
use super::invariants::{self, Acts, Asked, Orphans, Promise, Violation, Word};
use capstan_core::ports::Table;
use capstan_core::tier::{Change, ChangeStatus, ResourceKind, ResourceRef};
use capstan_core::time::{Millis, Timestamp};
use sim::{Effect, FaultKind, Met, Still, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tier_records::AppConfigRow;

/// A span of time in which a resource was in the register.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) tenant: String,
    pub(super) from: Timestamp,
    pub(super) until: Option<Timestamp>,
    /// The revision of the ledger at which it was last there.
    seen: u64,
}

/// The deletion of a store, and what is to be left of it.
#[derive(Debug, Clone)]
pub(super) struct Deletion {
    pub(super) store: ResourceRef,
    pub(super) at: Timestamp,
    pub(super) snapshot: bool,
}

/// The tables whose rows are looked at after every step, in the order in which their revisions are kept.
const REVISIONS: [Table; 4] =
    [Table::TierChangeLog, Table::InfrastructureTier, Table::TierLedger, Table::AppConfig];

/// What was seen.
#[derive(Debug)]
pub(super) struct Watch {
    looked_at: (u32, Option<Timestamp>),
    /// The revisions of the tables of changes and states, of the ledger, and of what the applications read, then.
    revisions: [u64; 4],
    seen_effects: usize,
    seen_faults: usize,
    /// What each change found when it was begun, by its id.
    pub(super) begun: BTreeMap<String, Still>,
    /// Changes that began after a reset, on what another had left half-way: undoing brings that to what the register says.
    pub(super) began_half_way: BTreeSet<String>,
    /// Changes that were seen to be rolled back: whose, which, and what was there then.
    pub(super) undone: Vec<(String, String, Still)>,
    open: BTreeSet<(String, String)>,
    /// When it began to look.
    pub(super) began: Timestamp,
    /// Changes that were reset.
    pub(super) reset: BTreeSet<String>,
    /// Tenants that were reset, until a change of theirs is completed.
    pub(super) by_hand: BTreeSet<String>,
    /// How often each change was seen to get stuck.
    pub(super) stuck: BTreeMap<String, u32>,
    /// By `kind/name`.
    pub(super) registered: BTreeMap<String, Vec<Span>>,
    pub(super) deletions: Vec<Deletion>,
    /// Resources that a fault has made fail: what they serve meanwhile is nobody's promise.
    pub(super) doomed: BTreeSet<String>,
    /// When which fault struck.
    pub(super) struck: Vec<Met>,
    /// When executions were ended from outside.
    pub(super) ended_from_outside: Vec<Timestamp>,
    /// How long nothing moved, in all.
    pub(super) jumped: Millis,
    pub(super) violations: Vec<Violation>,
    /// What the applications read.
    pub(super) apps: Arc<[Arc<AppConfigRow>]>,
    /// What changes are to come to.
    pub(super) asked: Asked,
    /// Acts of which no row tells by itself.
    pub(super) acts: Acts,
    /// What people were told.
    pub(super) word: Word,
    /// What was made by hand.
    pub(super) orphans: Orphans,
    /// The run went on when its tale was at its end.
    pub(super) went_on: bool,
}

impl Watch {
    pub(super) fn new(world: &World) -> Self {
        Self {
            looked_at: (u32::MAX, None),
            revisions: [u64::MAX; 4],
            seen_effects: 0,
            seen_faults: 0,
            begun: BTreeMap::new(),
            began_half_way: BTreeSet::new(),
            undone: Vec::new(),
            open: BTreeSet::new(),
            began: world.now(),
            reset: BTreeSet::new(),
            by_hand: BTreeSet::new(),
            stuck: BTreeMap::new(),
            registered: BTreeMap::new(),
            deletions: Vec::new(),
            doomed: BTreeSet::new(),
            struck: Vec::new(),
            ended_from_outside: Vec::new(),
            jumped: Millis(0),
            violations: Vec::new(),
            apps: Arc::from([]),
            asked: Asked::default(),
            acts: Acts::default(),
            word: Word::default(),
            orphans: Orphans::default(),
            went_on: false,
        }
    }

    pub(super) fn violated(&mut self, promise: Promise, at: Timestamp, what: String) {
        // One a promise tells what there is to know; what follows from it would only bury it.
        if self.violations.iter().all(|known| known.promise != promise) {
            self.violations.push(Violation { promise, at, what });
        }
    }

    /// Whether a tenant was reset by hand, and no change was completed since.
    pub(super) fn is_reset(&self, tenant: &str) -> bool {
        self.by_hand.contains(tenant)
    }

    /// Whether the register had a resource, `kind/name`, at the last look.
    pub(super) fn has_entry(&self, resource: &str) -> bool {
        let last = self.registered.get(resource).and_then(|spans| spans.last());
        last.is_some_and(|span| span.until.is_none())
    }

    /// Looks, if anything can have changed since the last look.
    pub(super) fn look(&mut self, world: &World) {
        let mark = (world.changing_call_count(), world.last_event());
        if self.looked_at == mark {
            return;
        }
        self.looked_at = mark;
        self.note_faults(world);
        let before = std::mem::replace(&mut self.revisions, REVISIONS.map(|table| world.revision(table)));
        let [changes, states, ledger, apps] = [0, 1, 2, 3].map(|at| before[at] != self.revisions[at]);
        if changes {
            self.note_changes(world);
        }
        if ledger {
            self.note_register(world);
        }
        if apps {
            self.apps = facts::app_configs(world).into();
        }
        if changes || states {
            invariants::one_change(self, world);
        }
        let new: &[Effect] = world.log().get(self.seen_effects..).unwrap_or_default();
        self.seen_effects += new.len();
        invariants::look(self, world, new);
    }

    pub(super) fn note_faults(&mut self, world: &World) {
        let new = world.met().get(self.seen_faults..).unwrap_or_default();
        self.seen_faults += new.len();
        for met in new {
            if met.kind == FaultKind::Fails {
                self.doomed.insert(met.resource.clone());
            }
        }
        self.struck.extend_from_slice(new);
    }

    fn note_changes(&mut self, world: &World) {
        let all = facts::changes(world);
        let now: BTreeSet<(String, String)> = all
            .iter()
            .filter(|change| !change.ended())
            .map(|change| (change.tenant_id.to_string(), change.transition_id.to_string()))
            .collect();
        if now != self.open {
            self.note_begun_and_ended(world, &all, &now);
        }
        invariants::undoing(self, world, &all);
    }

    fn note_begun_and_ended(&mut self, world: &World, all: &[Arc<Change>], now: &BTreeSet<(String, String)>) {
        let of = |id: &str| all.iter().find(|change| change.transition_id.as_str() == id);
        let before = std::mem::replace(&mut self.open, now.clone());
        for (tenant, id) in now.difference(&before) {
            match of(id) {
                Some(change) if self.stuck.contains_key(id) => self.taken_up_again(world, change),
                Some(change) => self.asked.begun(world, change),
                None => {}
            }
            self.begun.entry(id.clone()).or_insert_with(|| facts::still(world));
            if self.is_reset(tenant) {
                self.began_half_way.insert(id.clone());
            }
        }
        for (tenant, id) in before.difference(now) {
            let Some(change) = of(id) else { continue };
            match change.status {
                ChangeStatus::RolledBack => {
                    self.undone.push((tenant.clone(), id.clone(), facts::still(world)));
                }
                ChangeStatus::Completed => {
                    self.by_hand.remove(tenant);
                    invariants::completed(self, world, change);
                }
                ChangeStatus::Failed => {
                    *self.stuck.entry(id.clone()).or_default() += 1;
                    self.word.got_stuck(id, world.now());
                    invariants::got_stuck(self, world, change);
                }
                ChangeStatus::Initiated | ChangeStatus::InProgress => {}
            }
        }
    }

    /// An operator has the undoing of a stuck change tried again.
    fn taken_up_again(&mut self, world: &World, change: &Change) {
        let id = change.transition_id.as_str();
        self.word.led_out(id, world.now());
        self.acts.taken_up_again(id);
    }

    /// An operator has declared the tier of a stuck change stable.
    pub(super) fn was_reset(&mut self, now: Timestamp, tenant: &str, change: &str) {
        self.word.led_out(change, now);
        self.reset.insert(change.to_owned());
        self.by_hand.insert(tenant.to_owned());
    }

    /// Whether a store of which this text tells is gone.
    pub(super) fn is_gone(&self, world: &World, text: &str) -> bool {
        let deleted = |word: &str| self.deletions.iter().any(|one| one.store.to_string() == word);
        let absent = |word: &str| resource_of(word).is_some_and(|store| world.stage(&store).is_none());
        text.split_whitespace().any(|word| deleted(word) || absent(word))
    }

    fn note_register(&mut self, world: &World) {
        let (now, seen) = (world.now(), world.revision(Table::TierLedger));
        for (tenant, resource) in facts::registered(world) {
            let begins = || Span { tenant: tenant.to_owned(), from: now, until: None, seen };
            let Some(spans) = self.registered.get_mut(resource) else {
                self.registered.insert(resource.to_owned(), vec![begins()]);
                continue;
            };
            match spans.last_mut().filter(|span| span.until.is_none()) {
                Some(span) => span.seen = seen,
                None => spans.push(begins()),
            }
        }
        let last = self.registered.values_mut().filter_map(|spans| spans.last_mut());
        for span in last.filter(|span| span.until.is_none() && span.seen != seen) {
            span.until = Some(now);
        }
    }

    /// Whether a fault struck, or an execution was ended from outside, in this span.
    pub(super) fn troubled(&self, from: Timestamp, until: Timestamp) -> bool {
        let within = |at: &Timestamp| *at >= from && *at <= until;
        self.struck.iter().any(|met| within(&met.at)) || self.ended_from_outside.iter().any(within)
    }
}

/// The resource that a path of an effect is of; `None` for parts of resources.
pub(super) fn resource_of(path: &str) -> Option<ResourceRef> {
    let (kind, name) = path.split_once('/')?;
    let kind = ResourceKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
    Some(ResourceRef { kind, name: name.to_owned() })
}
