//! The engine on real time: a thread that sleeps until the next thing is due.

use super::Engine;
use crate::clock::{ScaledClock, Stopwatch};
use capstan_core::time::{Millis, Timestamp};
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How many batches of streams are worked at at once. More than there are cores: they wait for the disk half of the time.
const HANDS: usize = 4;
/// How much of virtual time may be lived again after a crash, when nothing else had to be written.
const FORGETFUL: Millis = Millis::minutes(15);
/// How many rows are looked at in one round for those past their time.
const SWEPT: usize = 500;
/// How often that is done, at most.
const TIDIED: Duration = Duration::from_secs(1);
/// The longest sleep: a guard against a machine that was suspended.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Signal {
    #[default]
    None,
    Look,
    Stop,
}

#[derive(Debug, Default)]
struct Bell {
    signal: Mutex<Signal>,
    rung: Condvar,
}

impl Bell {
    fn ring(&self, signal: Signal) {
        let mut current = self.signal.lock().unwrap_or_else(PoisonError::into_inner);
        if *current != Signal::Stop {
            *current = signal;
        }
        self.rung.notify_one();
    }

    /// Waits for a signal, at most so long.
    fn wait(&self, longest: Duration) -> Signal {
        let guard = self.signal.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut guard, _) = self
            .rung
            .wait_timeout_while(guard, longest, |signal| *signal == Signal::None)
            .unwrap_or_else(PoisonError::into_inner);
        let signal = *guard;
        if signal == Signal::Look {
            *guard = Signal::None;
        }
        signal
    }
}

/// Wakes the engine up. Clones wake the same one.
#[derive(Debug, Clone)]
pub struct Waker(Arc<Bell>);

impl Waker {
    /// Something may have been started.
    pub fn wake(&self) {
        self.0.ring(Signal::Look);
    }
}

/// An engine on real time.
#[derive(Debug)]
pub struct Driver {
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

impl Driver {
    /// Starts it. `broken` is told, once, when the store can't be written any more; nothing runs after that.
    pub fn start(
        mut engine: Engine,
        clock: ScaledClock,
        broken: impl FnOnce(String) + Send + 'static,
    ) -> io::Result<Self> {
        let bell = Arc::new(Bell::default());
        let (heard, rings) = (Arc::clone(&bell), Arc::clone(&bell));
        engine.hand_out(HANDS, move || rings.ring(Signal::Look))?;
        let thread = thread::Builder::new().name("engine".to_owned()).spawn(move || {
            if let Some(reason) = drive(&mut engine, clock, &heard) {
                broken(reason);
            }
        })?;
        Ok(Self { bell, thread: Some(thread) })
    }

    /// What wakes it up.
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.bell))
    }

    /// Stops it after the step it is at.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        self.bell.ring(Signal::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic was reported when it happened.
            drop(thread.join());
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.halt();
    }
}

/// Drives until it is told to stop; the reason, if it was the store.
fn drive(engine: &mut Engine, clock: ScaledClock, bell: &Bell) -> Option<String> {
    let mut longest = Duration::ZERO;
    let mut kept = engine.now();
    let mut tidied = Stopwatch::start();
    loop {
        match bell.wait(longest) {
            Signal::Stop => {
                keep(engine, clock.now());
                // Whether that was possible is found out at the next start.
                drop(engine.system().world().sync());
                return None;
            }
            Signal::Look => engine.look(),
            Signal::None => {}
        }
        let now = clock.now();
        let stepped = engine.step(now);
        if now.since(kept) >= FORGETFUL {
            keep(engine, now);
            kept = now;
        }
        let broken = engine.system().world().with(|world| world.broken().map(str::to_owned));
        if broken.is_some() {
            return broken;
        }
        longest = if stepped {
            Duration::ZERO
        } else {
            // With nothing else to do.
            if tidied.elapsed() >= TIDIED {
                tidy(engine);
                tidied = Stopwatch::start();
            }
            let next = engine.next_due().map_or(LONGEST_SLEEP, |due| clock.until(due));
            next.min(LONGEST_SLEEP)
        };
    }
}

/// Takes away what is past its time, and has stored what nobody waits for: records of streams that are seen to. Where the store
/// can't be read or written, that is found out by those who need it.
fn tidy(engine: &Engine) {
    drop(engine.system().world().sweep(SWEPT));
    drop(engine.system().world().sync());
}

/// Has the time that has passed stored: a world in which nothing happens writes nothing, and a cooldown that was over
/// would run again after the next start.
fn keep(engine: &Engine, now: Timestamp) {
    engine.system().world().with(|world| {
        world.advance_to(now);
        world.checkpoint();
    });
}
