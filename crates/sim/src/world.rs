//! The world: everything there is, as plain data, and how time passes in it.
//!
//! One value, so that a run is a function of it: a fork is a clone, a restart is a load, and two runs from the
//! same seed can be compared byte by byte. Nothing in here waits, sleeps or writes to a disk.

use crate::bulk::Bulk;
use crate::chance::Chance;
use crate::changes::{Changes, Entry};
use crate::cloud::inference::{self, Behaviour};
use crate::cloud::{Answer, Cloud, Cx, Doom, Part};
use crate::config::WorldConfig;
use crate::execution::{ExecutionRow, Live};
use crate::expiry::Expiry;
use crate::fault::{Counts, Fault, FaultKind, Planned};
use crate::meter::Meter;
use crate::operation::Operation;
use crate::record::{Call, Effect, Met};
use crate::stream::Stream;
use crate::tables::Tables;
use crate::tamper::Tamper;
use crate::timing::Pace;
use crate::traffic::Drain;
use crate::watch::{Deployment, Watch};
use capstan_core::money::Usd;
use capstan_core::ports::{EndpointConfig, Item, KeysDocument, Notice, Table};
use capstan_core::tier::ResourceKind;
use capstan_core::time::{Millis, Timestamp};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

/// A simulated account with its virtual clock, its tables and its executions.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) config: WorldConfig,
    pub(crate) now: Timestamp,
    pub(crate) chance: Chance,
    pub(crate) cloud: Cloud,
    pub(crate) tables: Tables,
    pub(crate) stream: Stream,
    /// Tables that are on the disk alone, if there are such.
    pub(crate) bulk: Option<Arc<Bulk>>,
    /// The change of theirs that the call under way has to wait for.
    pub(crate) awaited: Option<u64>,
    pub(crate) executions: BTreeMap<String, ExecutionRow>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) drains: BTreeMap<String, Drain>,
    pub(crate) issuers: BTreeMap<String, KeysDocument>,
    /// How often each table was written to.
    pub(crate) revisions: [u64; Table::ALL.len()],
    pub(crate) meter: Meter,
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) watch: Watch,
    pub(crate) changes: Changes,
    pub(crate) calls: Vec<Call>,
    pub(crate) effects: Vec<Effect>,
    met: Vec<Met>,
    /// Calls are recorded along with the rest.
    call_records: bool,
    pub(crate) tamper: Tamper,
    faults: Vec<Planned>,
    counts: Counts,
    next_event: Option<Timestamp>,
    last_event: Option<Timestamp>,
    pub(crate) expiry: Expiry,
    pub(crate) broken: Option<String>,
}

impl World {
    /// An empty account.
    pub fn new(config: WorldConfig) -> Self {
        Self {
            now: config.start,
            chance: Chance::new(config.seed),
            config,
            cloud: Cloud::default(),
            tables: Tables::default(),
            stream: Stream::default(),
            bulk: None,
            awaited: None,
            executions: BTreeMap::new(),
            notices: Vec::new(),
            drains: BTreeMap::new(),
            issuers: BTreeMap::new(),
            revisions: [0; Table::ALL.len()],
            meter: Meter::default(),
            deployment: Arc::default(),
            watch: Watch::default(),
            changes: Changes::default(),
            calls: Vec::new(),
            effects: Vec::new(),
            met: Vec::new(),
            call_records: true,
            tamper: Tamper::default(),
            faults: Vec::new(),
            counts: Counts::new(),
            next_event: None,
            last_event: None,
            expiry: Expiry::default(),
            broken: None,
        }
    }

    /// The virtual time.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// What the world was told at its start.
    pub const fn config(&self) -> &WorldConfig {
        &self.config
    }

    /// Gives the world another seed: of two copies of a world with different seeds, ids and the lengths of the life cycles
    /// that begin from now on differ. What is under way ends when it was to end.
    pub const fn reseed(&mut self, seed: u64) {
        self.config.seed = seed;
        self.chance = Chance::new(seed);
    }

    /// Whether calls and effects are recorded from now on ([`WorldConfig::record`]).
    pub const fn record(&mut self, record: bool) {
        self.config.record = record;
    }

    /// Has the life cycles that begin from now on take their lengths from another range.
    pub const fn set_pace(&mut self, pace: Pace) {
        self.config.pace = pace;
    }

    /// Lets time pass until `to`; an earlier time changes nothing.
    pub fn advance_to(&mut self, to: Timestamp) {
        self.now = self.now.max(to);
        self.settle();
    }

    /// Lets so much time pass.
    pub fn advance(&mut self, length: Millis) {
        self.advance_to(self.now + length);
    }

    /// Has the time written to the journal with this look at the world. Every change writes it anyway; a world
    /// that only waits would otherwise start again, after a restart, at its last change.
    pub const fn checkpoint(&mut self) {
        self.changes.press();
    }

    /// When the next life cycle ends; `None` if none will.
    pub const fn next_event(&self) -> Option<Timestamp> {
        self.next_event
    }

    /// When the last life cycle so far ended, of whatever resource or part of one, what is gone by now included;
    /// `None` if none has since the world was made or loaded.
    pub const fn last_event(&self) -> Option<Timestamp> {
        self.last_event
    }

    /// Ends the life cycles due by now, in the order in which they are due: what comes out does not depend on
    /// how often anyone looks.
    pub(crate) fn settle(&mut self) {
        if self.expiry.is_due(self.now) {
            self.expire();
        }
        while let Some(due) = self.next_event.filter(|due| *due <= self.now) {
            self.last_event = Some(due);
            let mut settled: Vec<(ResourceKind, String)> = Vec::new();
            self.cloud.settle(due, |kind, name| settled.push((kind, name.to_owned())));
            self.settle_stack(due);
            for (part, name) in self.cloud.settle_training(due) {
                self.changes.add(|| Entry::Cloud(part, name));
            }
            for (kind, name) in settled {
                self.note_rate(kind, &name, due);
                self.changes.add(|| Entry::Cloud(Part::Resource(kind), name));
            }
            self.foresee();
        }
    }

    fn settle_stack(&mut self, due: Timestamp) {
        let mut settled: Vec<(Part, String, bool)> = Vec::new();
        self.cloud.settle_stack(due, |part, name, gone| settled.push((part, name.to_owned(), gone)));
        for (part, name, gone) in settled {
            if gone && part == Part::Table {
                self.drop_rows(&name);
            }
            self.changes.add(|| Entry::Cloud(part, name));
        }
    }

    /// Finds the next event anew, after a change.
    pub(crate) fn foresee(&mut self) {
        self.next_event = self.cloud.next_event();
    }

    /// Plans a fault; the calls it counts begin now. Plans are not stored: a restart forgets them.
    pub fn add_fault(&mut self, fault: Fault) {
        self.faults.push(Planned::new(fault, self.counts.clone()));
    }

    /// Forgets all planned faults.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// The planned faults, those that have happened included.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter().map(|planned| &planned.fault)
    }

    /// How many calls there were.
    pub const fn call_count(&self) -> u32 {
        self.counts.overall
    }

    /// The calls made so far, if they are recorded.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// What was created, changed and deleted so far, if it is recorded.
    pub fn log(&self) -> &[Effect] {
        &self.effects
    }

    /// Forgets the recorded calls and effects, not the counts.
    pub fn clear_records(&mut self) {
        self.calls.clear();
        self.effects.clear();
        self.met.clear();
    }

    /// Records effects and faults as before, and calls no longer: they are many.
    pub const fn leave_out_calls(&mut self) {
        self.call_records = false;
    }

    /// The faults that really happened so far, if that is recorded.
    pub fn met(&self) -> &[Met] {
        &self.met
    }

    /// How many calls there were that may have changed something: while it stays the same, no row has.
    pub const fn changing_call_count(&self) -> u32 {
        self.counts.changing
    }

    /// Counts a call and says what is to go wrong with it.
    pub(crate) fn count_call(&mut self, operation: Operation, resource: &dyn Display) -> Option<FaultKind> {
        self.counts.count(operation);
        if self.config.record && self.call_records {
            self.calls.push(Call {
                operation,
                resource: resource.to_string(),
                index: self.counts.overall,
                nth: self.counts.of(operation),
                at: self.now,
            });
        }
        let fits = |planned: &&Planned| {
            planned.fits(operation, &self.counts) && planned.fault.kind.touches(operation)
        };
        let kind = self.faults.iter().find(fits)?.fault.kind;
        if self.config.record {
            self.met.push(Met { at: self.now, operation, resource: resource.to_string(), kind });
        }
        Some(kind)
    }

    /// Carries out a change of the cloud and notes what it touched, if it was not refused.
    pub(crate) fn change<T>(
        &mut self,
        operation: Operation,
        doom: Option<Doom>,
        parts: &[(Part, &str)],
        act: impl FnOnce(&Cx<'_>, &mut Cloud) -> Answer<T>,
    ) -> Answer<T> {
        let WorldConfig { seed, pace, ref quotas, .. } = self.config;
        let cx = Cx { now: self.now, seed, pace, doom, quotas };
        let answer = act(&cx, &mut self.cloud)?;
        if self.tamper.no_snapshots {
            self.cloud.snapshots.clear();
        }
        for (part, name) in parts {
            self.touch(operation, *part, name);
        }
        self.foresee();
        Ok(answer)
    }

    /// Notes that a part of the cloud changed.
    pub(crate) fn touch(&mut self, operation: Operation, part: Part, name: &str) {
        self.changes.demand(|| Entry::Cloud(part, name.to_owned()));
        if let Part::Resource(kind) = part {
            self.note_rate(kind, name, self.now);
        }
        // What goes along with something else is no effect of its own.
        let alone = match part {
            Part::Policies | Part::Snapshot(_) | Part::Behaviour => false,
            Part::Scaling => operation != Operation::DeleteEndpoint,
            Part::Resource(_)
            | Part::EndpointConfig
            | Part::Object
            | Part::Model
            | Part::TrainingJob
            | Part::Limits
            | Part::Table
            | Part::Function
            | Part::Feed
            | Part::Backup
            | Part::TableScaling
            | Part::UsagePlan => true,
        };
        if self.config.record && alone {
            self.effects.push(Effect::new(self.now, operation, part.path(name)));
        }
    }

    fn note_rate(&mut self, kind: ResourceKind, name: &str, at: Timestamp) {
        let Some(hourly) = self.config.hourly else { return };
        let rate = self.cloud.billed(kind, name).as_ref().map_or(Usd::ZERO, hourly);
        let outline = self.cloud.outline(kind, name);
        let tenant = outline.as_ref().and_then(crate::cloud::Outline::tenant);
        if self.meter.note(kind, name, at, tenant, rate) {
            self.changes.add(|| Entry::Meter(kind, name.to_owned()));
        }
    }

    /// Whether there is an endpoint of this name, in whatever state.
    pub fn has_endpoint(&self, name: &str) -> bool {
        self.cloud.sagemaker.endpoints.get(name).is_some()
    }

    /// Puts an endpoint into the account as if it had always been there: in service, with its configuration and the artifact
    /// of its model.
    pub fn plant_endpoint(&mut self, name: &str, config: EndpointConfig, artifact: Vec<u8>) {
        let WorldConfig { seed, pace, ref quotas, .. } = self.config;
        let cx = Cx { now: self.now, seed, pace, doom: None, quotas };
        let (key, config_name) = (inference::artifact(&config.model), config.name.clone());
        self.cloud.sagemaker.plant(&cx, name, config);
        self.cloud.objects.insert(key.clone(), artifact.into());
        for (part, name) in [
            (Part::Object, key.as_str()),
            (Part::EndpointConfig, config_name.as_str()),
            (Part::Resource(ResourceKind::Endpoint), name),
        ] {
            self.changes.demand(|| Entry::Cloud(part, name.to_owned()));
        }
        self.note_rate(ResourceKind::Endpoint, name, self.now);
    }

    /// Has an endpoint answer in this way from now on.
    pub fn set_behaviour(&mut self, endpoint: &str, behaviour: Behaviour) {
        match behaviour {
            Behaviour::Healthy => drop(self.cloud.sagemaker.behaviours.remove(endpoint)),
            _ => drop(self.cloud.sagemaker.behaviours.insert(endpoint.to_owned(), behaviour)),
        }
        self.changes.demand(|| Entry::Cloud(Part::Behaviour, endpoint.to_owned()));
    }

    /// How an endpoint answers.
    pub fn behaviour(&self, endpoint: &str) -> Behaviour {
        self.cloud.sagemaker.behaviours.get(endpoint).copied().unwrap_or_default()
    }

    /// The execution of this name.
    pub fn execution(&self, name: &str) -> Option<&ExecutionRow> {
        self.executions.get(name)
    }

    /// All executions, by name.
    pub fn executions(&self) -> impl Iterator<Item = &ExecutionRow> {
        self.executions.values()
    }

    /// Writes an execution's row in place of the one of that name.
    pub fn put_execution(&mut self, row: ExecutionRow) {
        self.changes.demand(|| Entry::Execution(row.name.clone()));
        self.executions.insert(row.name.clone(), row);
    }

    /// The interpreter has moved this execution on: what it holds is now the row's state. False where the row is not, or no
    /// more, one that it holds by this hand.
    pub fn moved<L: Live>(&mut self, name: &str, held: &Arc<L>) -> bool {
        let row = self.executions.get(name);
        let holds = row.and_then(|row| row.state.as_ref()).is_some_and(|state| state.is(held));
        if holds {
            self.changes.demand(|| Entry::Execution(name.to_owned()));
        }
        holds
    }

    /// The notices handed over so far.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Has the issuer of this name publish these keys. They are not stored: whoever runs a world says so at each start.
    pub fn set_issuer_keys(&mut self, issuer: &str, keys: KeysDocument) {
        self.issuers.insert(issuer.to_owned(), keys);
    }

    /// What the issuer of this name publishes.
    pub fn issuer_keys(&self, issuer: &str) -> Option<&KeysDocument> {
        self.issuers.get(issuer)
    }

    /// The items of a table in the order of their keys, for whoever looks at the world from outside; not of those that are
    /// on the disk alone.
    pub fn items(&self, table: Table) -> impl Iterator<Item = &Item> {
        self.tables.all(table)
    }

    /// Why nothing can be made durable any more, if so. Every call is then refused; restart from the disk.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }
}
