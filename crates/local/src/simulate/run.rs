//! Plays one case: what happens when it happens, then healing, then whatever an operator would do about what is stuck.

use super::facts;
use super::history::{Act, Case, Doing, TENANTS, Tenant};
use super::invariants::{self, Before, Promise, Violation};
use super::mishap::{Mishap, kinds_of};
use super::operator::{self, Operator};
use super::stage::Stage;
use super::watch::Watch;
use crate::engine::Engine;
use capstan_core::tier::{Change, ChangeStatus, Tier};
use capstan_core::time::Millis;
use sim::{FaultKind, World};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Until when everything must have come to rest after the last thing that happened: the longest bound there is.
const PATIENCE: Millis = Millis::hours(12);
/// Waits longer than this are skipped where nothing is under way.
const LONG: Millis = Millis::minutes(10);
/// Hours after which the limits of a day begin anew.
const NEXT_DAY: u64 = 25;
/// Hours until what was left by a reset is deleted.
const REAPED: u32 = 4;

/// How a case went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Played {
    /// The promises that were not kept.
    pub violations: Vec<Violation>,
    /// What really went wrong, and how often.
    pub mishaps: BTreeMap<&'static str, u64>,
    /// How many changes ended how.
    pub ends: BTreeMap<&'static str, u64>,
    /// How many calls there were: in all, and such as may change something.
    pub calls: (u32, u32),
    /// How long after the beginning the first fault struck.
    pub first_struck: Option<Millis>,
}

/// Plays a case. Should playing itself panic, that is what came of it.
pub fn play(stage: &Stage, case: &Case) -> Played {
    catch_unwind(AssertUnwindSafe(|| Player::new(stage, case).play(case))).unwrap_or_else(|panic| {
        let what = format!("the simulation itself panicked: {}", panic_message(&*panic));
        let violation = Violation { promise: Promise::NoPanic, at: stage.set(case).now(), what };
        Played { violations: vec![violation], ..Played::default() }
    })
}

struct Player {
    engine: Engine,
    watch: Watch,
    /// The last confirmation token of each tenant.
    tokens: BTreeMap<Tenant, String>,
    counts: BTreeMap<&'static str, u64>,
    /// Calls made before the beginning.
    calls: (u32, u32),
}

impl Player {
    fn new(stage: &Stage, case: &Case) -> Self {
        let mut engine = stage.set(case);
        engine.hush();
        let (watch, calls) = engine
            .system()
            .world()
            .with(|world| (Watch::new(world), (world.call_count(), world.changing_call_count())));
        Self { engine, watch, tokens: BTreeMap::new(), counts: BTreeMap::new(), calls }
    }

    fn play(mut self, case: &Case) -> Played {
        self.look();
        for event in &case.events {
            self.pass(event.after);
            self.look_after();
            match &event.what {
                Doing::Act(tenant, act) => self.act(*tenant, *act),
                Doing::Mishap(mishap) => self.meet(mishap),
            }
            self.engine.look();
            self.look();
        }
        self.settle();
        self.heal();
        self.settle();
        self.lead_out(case.seed);
        if invariants::goes_on(case) {
            self.go_on();
        }
        let world = self.engine.system().world().clone();
        world.with(|world| {
            self.watch.look(world);
            invariants::at_the_end(&mut self.watch, world);
        });
        if let Some(first) = self.engine.system().panics().first() {
            self.watch.violated(Promise::NoPanic, self.engine.now(), first.clone());
        }
        for met in &self.watch.struck {
            *self.counts.entry(name_of(met.kind)).or_default() += 1;
        }
        for delivery in self.engine.misdelivered() {
            *self.counts.entry(kinds_of(*delivery)).or_default() += 1;
        }
        let (ends, calls) = world.with(|world| {
            let calls = (world.call_count(), world.changing_call_count());
            (self.ends(world), calls)
        });
        let calls = (calls.0 - self.calls.0, calls.1 - self.calls.1);
        let first_struck = self.watch.struck.first().map(|met| met.at.since(self.watch.began));
        Played { violations: self.watch.violations, mishaps: self.counts, ends, calls, first_struck }
    }

    fn look(&mut self) {
        let world = self.engine.system().world().clone();
        world.with(|world| self.watch.look(world));
    }

    /// Looks at what is done without anybody asking.
    fn look_after(&mut self) {
        let world = self.engine.system().world().clone();
        world.with(|world| invariants::upkeep(&mut self.watch, world));
    }

    /// Lets time pass until nothing is left to be done: entries to be sealed, retired stores whose date will come, orphans to
    /// be found. In leaps: every schedule runs once at the end of each.
    fn go_on(&mut self) {
        self.watch.went_on = true;
        self.pass(invariants::SEALED + Millis::minutes(1));
        self.look();
        self.look_after();
        let world = self.engine.system().world().clone();
        let dates = world.with(|world| facts::retired(world));
        let last = dates.into_iter().map(|(_, date)| date).max();
        if last.is_none() && self.watch.orphans.is_empty() {
            return;
        }
        let day = self.engine.now() + Millis::hours(NEXT_DAY);
        let until = last.map_or(day, |last| last.max(day)).since(self.engine.now());
        self.leap(until);
        let looks = invariants::REAPED.0 / Millis::hours(1).0;
        for _ in 0..=looks {
            self.leap(Millis::hours(1));
        }
    }

    /// Goes to the end of so long a time at once, and does what is due then.
    fn leap(&mut self, length: Millis) {
        self.engine.skip(length);
        self.run_until(self.engine.now(), false);
        self.settle();
        self.look();
    }

    /// Lets time pass, and looks after every step.
    fn pass(&mut self, length: Millis) {
        let to = self.engine.now() + length;
        if length > LONG {
            // Days in which only schedules run are not worth playing.
            self.run_until(to, true);
            let left = to.since(self.engine.now());
            if left > Millis(0) {
                self.engine.skip(left);
            }
        }
        self.run_until(to, false);
    }

    /// Goes on until then, or until nothing is under way; whether nothing is.
    fn run_until(&mut self, by: capstan_core::time::Timestamp, or_at_rest: bool) -> bool {
        let watch = &mut self.watch;
        self.engine.run_until(by, |engine| {
            engine.system().world().with(|world| {
                watch.look(world);
                or_at_rest
                    && engine.idle()
                    && !facts::any_under_way(world)
                    && facts::open_changes(world).is_empty()
            })
        })
    }

    fn settle(&mut self) {
        let by = self.engine.now() + PATIENCE;
        self.run_until(by, true);
    }

    fn heal(&self) {
        self.engine.system().world().with(World::clear_faults);
    }

    fn act(&mut self, tenant: Tenant, act: Act) {
        let world = self.engine.system().world().clone();
        let before = world.with(|world| Before::of(world, tenant, act));
        let (operator, engine) = (Operator::of(tenant), &self.engine);
        match act {
            Act::Ask { to, bypass } => {
                if let Some(token) = operator.ask(engine, to, bypass) {
                    self.tokens.insert(tenant, token);
                }
            }
            Act::Race { to, turns } => {
                let mut replies = operator.race(engine, to, turns).into_iter().rev();
                if let Some(token) = replies.find_map(operator::token) {
                    self.tokens.insert(tenant, token);
                }
                // Whoever is asked to confirm does, twice at once.
                self.confirm_twice(tenant, turns);
            }
            Act::Replay { turns } => self.confirm_twice(tenant, turns),
            Act::Cancel => drop(operator.cancel(engine)),
            Act::Reset => self.reset(tenant),
            Act::Edit { tier, most } => drop(operator.edit(engine, tier, most)),
            Act::Cooldown { hours } => drop(operator.cooldown(engine, hours)),
        }
        world.with(|world| before.look(&mut self.watch, world, tenant, act));
    }

    fn confirm_twice(&mut self, tenant: Tenant, turns: u64) {
        if let Some(token) = self.tokens.get(&tenant) {
            Operator::of(tenant).confirm_twice(&self.engine, token, turns);
        }
    }

    /// Resets a tenant; the change counts as reset if the tier was stuck and no longer is.
    fn reset(&mut self, tenant: Tenant) {
        let stuck = |world: &World| {
            let id = TENANTS[tenant.0];
            facts::is_stuck(world, id).then(|| facts::named_change(world, id).unwrap_or_default())
        };
        let world = self.engine.system().world().clone();
        let before = world.with(|world| stuck(world));
        Operator::of(tenant).reset(&self.engine);
        if let Some(change) = before.filter(|_| world.with(|world| stuck(world)).is_none()) {
            self.watch.was_reset(self.engine.now(), TENANTS[tenant.0], &change);
        }
    }

    fn count(&mut self, kind: &'static str, happened: bool) {
        if happened {
            *self.counts.entry(kind).or_default() += 1;
        }
    }

    fn meet(&mut self, mishap: &Mishap) {
        match mishap {
            Mishap::Fault(fault) => {
                self.engine.system().world().with(|world| world.add_fault(fault.clone()));
            }
            Mishap::Heal => self.heal(),
            Mishap::Deliver(nth, delivery) => self.engine.misdeliver(*nth, *delivery),
            Mishap::Abort(tenant) => {
                for name in self.executions_of(*tenant) {
                    let aborted = self.engine.abort(&name);
                    self.ended_from_outside("aborted", aborted);
                }
            }
            Mishap::TimeOut(tenant) => {
                for name in self.executions_of(*tenant) {
                    let timed_out = self.engine.time_out(&name);
                    self.ended_from_outside("execution-timed-out", timed_out);
                }
            }
            Mishap::Fire(schedule) => {
                let fired = self.engine.fire(*schedule);
                self.count("schedule-fired", fired);
            }
            Mishap::Orphan(tenant) => {
                let world = self.engine.system().world().clone();
                let planted = self.watch.orphans.plant(&world, *tenant);
                self.count("orphan-planted", planted);
            }
            Mishap::Jump(seconds) => {
                let length = Millis::seconds(*seconds);
                self.engine.skip(length);
                self.watch.ended_from_outside.push(self.engine.now());
                self.watch.jumped = self.watch.jumped + length;
                self.count("clock-jump", true);
            }
        }
    }

    fn ended_from_outside(&mut self, kind: &'static str, happened: bool) {
        self.count(kind, happened);
        if happened {
            self.watch.ended_from_outside.push(self.engine.now());
        }
    }

    fn executions_of(&self, tenant: Tenant) -> Vec<String> {
        let running: Vec<String> = self.engine.running().map(str::to_owned).collect();
        let of = |name: &String| {
            let world = self.engine.system().world();
            let row = world.with(|world| world.execution(name).cloned());
            row.is_some_and(|row| row.input["tenantId"] == TENANTS[tenant.0])
        };
        running.into_iter().filter(of).collect()
    }

    /// Does about every stuck tier what its notice says, and sees that this leads out of it.
    fn lead_out(&mut self, seed: u64) {
        for tenant in (0..TENANTS.len()).map(Tenant) {
            let world = self.engine.system().world().clone();
            if !world.with(|world| facts::is_stuck(world, TENANTS[tenant.0])) {
                continue;
            }
            if seed.is_multiple_of(2) {
                Operator::of(tenant).cancel(&self.engine);
                self.engine.look();
                self.settle();
            } else {
                self.reset(tenant);
                // The deletion, and the look that finds it done, each at a full hour.
                for _ in 0..REAPED {
                    self.pass(Millis::hours(1));
                }
                self.settle();
            }
        }
        self.leave_none_reset();
    }

    /// After a reset the next change puts everything right, or where a limit of the day is used up (two switches of a stream's
    /// mode), that of the next day: sees that it does.
    fn leave_none_reset(&mut self) {
        for tenant in (0..TENANTS.len()).map(Tenant) {
            for (to, later) in
                [(Tier::Staging, 0), (Tier::Dev, 0), (Tier::Staging, NEXT_DAY), (Tier::Dev, NEXT_DAY)]
            {
                if self.watch.is_reset(TENANTS[tenant.0]) {
                    self.pass(Millis::hours(later));
                    Operator::of(tenant).ask(&self.engine, to, true);
                    self.engine.look();
                    self.settle();
                }
            }
            if self.watch.is_reset(TENANTS[tenant.0]) {
                let what = format!(
                    "tenant {} was reset, and no change can be completed after that",
                    TENANTS[tenant.0]
                );
                self.watch.violated(Promise::Ended, self.engine.now(), what);
            }
        }
    }

    fn ends(&self, world: &World) -> BTreeMap<&'static str, u64> {
        let mut ends = BTreeMap::new();
        let mine =
            |change: &std::sync::Arc<Change>| self.watch.begun.contains_key(change.transition_id.as_str());
        for change in facts::changes(world).into_iter().filter(mine) {
            let end = match change.status {
                ChangeStatus::Completed => "completed",
                ChangeStatus::RolledBack => "rolled-back",
                ChangeStatus::Failed => "reset",
                ChangeStatus::Initiated | ChangeStatus::InProgress => "not-ended",
            };
            *ends.entry(end).or_default() += 1;
        }
        let stuck: u64 = self.watch.stuck.values().map(|times| u64::from(*times)).sum();
        if stuck > 0 {
            ends.insert("stuck-on-the-way", stuck);
        }
        ends
    }
}

/// What a panic said.
fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// The name a fault is counted by.
pub(super) const fn name_of(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Throttled => "throttled",
        FaultKind::Error => "error",
        FaultKind::Denied => "denied",
        FaultKind::Quota => "quota",
        FaultKind::Busy => "busy",
        FaultKind::Stale => "store-conflict",
        FaultKind::Timeout => "timeout",
        FaultKind::TimeoutAfter => "timeout-after-effect",
        FaultKind::Slow(_) => "slow",
        FaultKind::Stall(_) => "stalled",
        FaultKind::Lost(_) => "lost-and-running-on",
        FaultKind::Crash => "killed-before-effect",
        FaultKind::CrashAfter => "killed-after-effect",
        FaultKind::Fails => "life-cycle-failed",
        FaultKind::Never => "life-cycle-never-ends",
    }
}
