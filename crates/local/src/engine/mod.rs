//! Runs what runs by itself: executions, their timers, schedules, events.
//!
//! The interpreter decides, the simulated cloud answers, and this drives the two: it takes the next thing off the
//! agenda, lets virtual time pass up to it, does it, and writes the execution back before anything follows from it.
//! A step never waits. So the same engine serves two clocks: [`Engine::run_until`] jumps from one thing to the next, for
//! drills and simulations; [`real::Driver`] sleeps in between, for `capstan up`.
//!
//! Rejected: an async task per execution (an order that can't be chosen is an order that can't be repeated), and a
//! thread per clock speed.

mod agenda;
mod announce;
mod event;
mod executions;
mod feed;
mod hands;
mod mishaps;
pub mod real;
mod standing;

use crate::System;
use agenda::{Agenda, Due};
use capstan_core::time::{Millis, Timestamp};
use executions::Live;
use feed::Feed;
pub use feed::GivenUp;
use hands::Hands;
pub use mishaps::Delivery;
use mishaps::Mishaps;
use standing::{Run, Waiting};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// How an engine runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// What chance inside executions comes from.
    pub seed: u64,
    /// Draw the order of things due at the same instant from the seed, rather than taking them as they came.
    pub shuffle: bool,
    /// Let invocations due at the same instant take turns, call by call, rather than one after the other.
    pub interleave: bool,
    /// How much faster than people's time the cloud's passes; 0 counts as 1. Waits are in the cloud's time and much of what is
    /// waited for (a canary's stages) is in people's, so a machine goes round so many times more often than it would in AWS, and
    /// its history may be so many times as long.
    pub speed: u32,
}

/// The engine of one system.
#[derive(Debug)]
pub struct Engine {
    system: Arc<System>,
    options: Options,
    agenda: Agenda,
    live: BTreeMap<String, Live>,
    /// Something has run that may have started an execution.
    look: bool,
    mishaps: Mishaps,
    /// Runs that stand still half-way, by their number.
    standing: BTreeMap<u64, Run>,
    /// How many there were.
    stood_still: u64,
    /// Streams on their way to functions.
    feeds: Vec<Feed>,
    /// Records that were given up.
    given_up: Vec<GivenUp>,
    /// Who runs the functions of streams, if not the engine itself.
    hands: Option<Hands>,
}

impl Engine {
    /// An engine that goes on with what is under way in the system's world.
    pub fn new(system: Arc<System>, options: Options) -> Self {
        let agenda = Agenda::new(options.shuffle.then_some(options.seed));
        let mut engine = Self {
            system,
            options,
            agenda,
            live: BTreeMap::new(),
            look: true,
            mishaps: Mishaps::default(),
            standing: BTreeMap::new(),
            stood_still: 0,
            feeds: Vec::new(),
            given_up: Vec::new(),
            hands: None,
        };
        engine.feeds = engine.system.description().streams.iter().cloned().map(Feed::new).collect();
        let now = engine.now();
        for (index, schedule) in engine.system.description().schedules.iter().enumerate() {
            engine.agenda.add(now + schedule.every, Due::Schedule(index));
        }
        engine.restore();
        engine
    }

    /// From now on so many threads run the functions of streams; `tell` is called when one has something for
    /// [`Engine::step`].
    fn hand_out(&mut self, count: usize, tell: impl Fn() + Clone + Send + 'static) -> io::Result<()> {
        self.hands = Some(Hands::new(&self.system, count, tell)?);
        Ok(())
    }

    /// The system it runs.
    pub const fn system(&self) -> &Arc<System> {
        &self.system
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        self.system.world().now()
    }

    /// When the next thing is due; `None` if nothing is. An execution that was started outside counts from the next
    /// [`Engine::step`] on.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.agenda.next()
    }

    /// The names of the executions that are running.
    pub fn running(&self) -> impl Iterator<Item = &str> {
        self.live.keys().map(String::as_str)
    }

    /// The states an execution is in now.
    pub fn active_states(&self, execution: &str) -> Vec<String> {
        self.live.get(execution).map(Live::active_states).unwrap_or_default()
    }

    /// Stops an execution, as somebody may in the console: a function that is running goes on, but nobody waits for what
    /// it answers. False if no such execution is running.
    pub fn abort(&mut self, execution: &str) -> bool {
        let running = self.live.contains_key(execution);
        let (error, cause) = (String::new(), "stopped from outside".to_owned());
        self.apply(execution, states::Event::Abort { error, cause });
        running
    }

    /// Somebody outside may have started an execution.
    pub const fn look(&mut self) {
        self.look = true;
    }

    /// Does the next thing that is due by then; `false` if there is none. Virtual time goes on to when it was due.
    pub fn step(&mut self, by: Timestamp) -> bool {
        self.gather();
        self.begin_new();
        let Some((at, due)) = self.agenda.take(by) else { return false };
        self.system.world().with(|world| world.advance_to(at));
        self.carry_out(at, due);
        true
    }

    /// Goes on, jumping from one thing to the next, until `done` says so; `false` if that was not before `by`, which is
    /// the time then.
    pub fn run_until(&mut self, by: Timestamp, mut done: impl FnMut(&Self) -> bool) -> bool {
        self.look = true;
        loop {
            self.begin_new();
            if done(self) {
                return true;
            }
            if !self.step(by) {
                self.system.world().with(|world| world.advance_to(by));
                return done(self);
            }
        }
    }

    /// Goes on until no execution runs and no event is on its way; `false` if that was not before `by`.
    pub fn run_until_idle(&mut self, by: Timestamp) -> bool {
        self.run_until(by, Self::idle)
    }

    /// Whether no execution runs and no event is on its way.
    pub fn idle(&self) -> bool {
        !self.look
            && self.live.is_empty()
            && self.agenda.only_schedules()
            && self.feeds.iter().all(Feed::is_idle)
    }

    /// Lets time pass at once, for when nothing runs: schedules missed meanwhile run once, at its end.
    pub fn skip(&mut self, length: Millis) {
        let to = self.now() + length;
        self.agenda.put_off_schedules(to);
        self.system.world().with(|world| world.advance_to(to));
    }

    fn carry_out(&mut self, at: Timestamp, due: Due) {
        match due {
            Due::Invoke { .. } if self.options.interleave || self.mishaps.at_once(at) => {
                self.take_turns(at, due);
            }
            Due::Again { function, input } => self.run_again(&function, input),
            Due::Invoke { execution, task, function, input } => {
                self.run(&function, input, Waiting::Task { execution, task });
            }
            Due::GoOn { run } => self.take_up(run),
            Due::Completed { execution, task, answer } => self.complete(&execution, task, answer),
            Due::Timer { execution, timer } => self.apply(&execution, states::Event::TimerFired { timer }),
            Due::Announce { execution } => self.announce(&execution),
            Due::Deliver { function, event, attempt } => self.deliver(&function, event, attempt),
            Due::Feed { stream, lane } => self.feed(stream, lane),
            Due::Schedule(index) => self.run_schedule(index),
        }
    }

    /// Steps all invocations due at the same instant in turns, drawn from the seed.
    fn take_turns(&mut self, at: Timestamp, first: Due) {
        let mut others = self.agenda.take_invocations(at);
        others.insert(0, first);
        let mut runs: Vec<Run> = Vec::new();
        for due in others {
            if let Due::Invoke { execution, task, function, input } = due
                && let Some(stepper) = self.system.begin(&function, input)
            {
                let waiting = Waiting::Task { execution, task };
                runs.push(Run { function, stepper, began: at, waiting });
            }
        }
        while !runs.is_empty() {
            let turn = self.agenda.below(runs.len());
            let stepped = self.system.step(&mut runs[turn].stepper);
            if let Some(outcome) = stepped {
                let run = runs.swap_remove(turn);
                self.ended(run, outcome);
            } else if runs[turn].stepper.invocation().is_halted() && !self.mishaps.at_once(at) {
                let run = runs.swap_remove(turn);
                self.put_aside(run);
            }
        }
    }
}

#[cfg(test)]
mod tests;
