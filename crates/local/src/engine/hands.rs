//! Runs of streams' functions on threads of their own.
//!
//! On real time the engine's one thread must not wait for the disk with each batch: lanes of a stream are worked off beside
//! each other, as Lambda does it, and everything else goes on. On virtual time there are no hands, so that one order of all
//! things can be repeated.

use super::event::text_of;
use super::standing::{Run, Waiting};
use crate::System;
use crate::functions::Answer;
use capstan_core::time::Timestamp;
use sim::{Outcome, StreamRecord};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// A batch to hand over.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) function: String,
    pub(super) arn: String,
    pub(super) records: Vec<StreamRecord>,
    pub(super) began: Timestamp,
    pub(super) waiting: Waiting,
}

/// A run and what it came to; nothing yet, where it stands still.
type Ended = (Run, Option<Outcome<Answer>>);

/// Threads that run functions.
#[derive(Debug)]
pub(super) struct Hands {
    jobs: Option<Sender<Job>>,
    ended: Receiver<Ended>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Hands {
    /// So many threads; `tell` is called after each run.
    pub(super) fn new(
        system: &Arc<System>,
        count: usize,
        tell: impl Fn() + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let (ends, ended) = mpsc::channel();
        let (waiting, stop) = (Arc::new(Mutex::new(waiting)), Arc::new(AtomicBool::new(false)));
        let mut hands = Self { jobs: Some(jobs), ended, stop, threads: Vec::new() };
        for _ in 0..count {
            let (system, waiting, stop) = (Arc::clone(system), Arc::clone(&waiting), Arc::clone(&hands.stop));
            let (ends, tell) = (ends.clone(), tell.clone());
            let hand = move || {
                while let Some(job) = next(&waiting) {
                    if stop.load(Ordering::Relaxed) || !work(&system, job, &ends) {
                        return;
                    }
                    tell();
                }
            };
            hands.threads.push(thread::Builder::new().name("analysis".to_owned()).spawn(hand)?);
        }
        Ok(hands)
    }

    /// Hands a batch over.
    pub(super) fn take(&self, job: Job) {
        // They listen as long as there are hands.
        let _ = self.jobs.as_ref().map(|jobs| jobs.send(job));
    }

    /// A run that has ended, or stands still, since this was last asked.
    pub(super) fn ended(&self) -> Option<Ended> {
        self.ended.try_recv().ok()
    }
}

impl Drop for Hands {
    /// What is begun is ended; what is not comes again.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A panic was reported when it happened.
            drop(thread.join());
        }
    }
}

fn next(waiting: &Mutex<Receiver<Job>>) -> Option<Job> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Whether anybody wants to know any more.
fn work(system: &System, job: Job, ends: &Sender<Ended>) -> bool {
    let Job { function, arn, records, began, waiting } = job;
    let event = text_of(&records, &arn);
    drop(records);
    // It was there when the system was put together.
    let Some(stepper) = system.begin(&function, event) else { return true };
    let mut run = Run { function, stepper, began, waiting };
    let outcome = system.go_on(&mut run.stepper);
    ends.send((run, outcome)).is_ok()
}
