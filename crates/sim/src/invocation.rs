//! One run of a handler: how long it has waited, how long it may, and whether it was killed.
//!
//! A killed handler is one whose future is never polled to its end: the call that kills it stays pending for
//! ever, as a process that is gone never returns. Whoever polls asks [`Invocation::end`] and drops the future.

use crate::shared::Seen;
use capstan_core::time::Millis;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// How an invocation was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By a fault.
    Crashed,
    /// By its own time limit.
    TimedOut,
}

#[derive(Debug)]
struct Cell {
    latency: AtomicU64,
    time_limit: u64,
    /// 0: alive; 1: crashed; 2: timed out.
    end: AtomicU8,
    /// Whether it stands still, and whether whoever invoked it knows: 0: it goes on; 1: it stands; 2: and is lost.
    halted: AtomicU8,
    /// How much of the latency is over on the world's clock.
    passed: AtomicU64,
    /// What had happened when it made its last call ([`Seen`]).
    seen: [AtomicU64; 2],
}

/// A run that stands still before a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Halt {
    /// For how long.
    pub(crate) length: Millis,
    /// Whoever invoked it is told at once that nobody knows what became of it.
    pub(crate) lost: bool,
}

/// A run of a handler. Clones are the same run.
#[derive(Debug, Clone)]
pub struct Invocation(Arc<Cell>);

impl Invocation {
    /// A run that may wait this long in all (the function's `Timeout`).
    pub fn new(time_limit: Millis) -> Self {
        Self(Arc::new(Cell {
            latency: AtomicU64::new(0),
            time_limit: time_limit.0,
            end: AtomicU8::new(0),
            halted: AtomicU8::new(0),
            passed: AtomicU64::new(0),
            seen: Default::default(),
        }))
    }
    /// A run without a limit.
    pub fn unlimited() -> Self {
        Self::new(Millis(u64::MAX))
    }
    /// How long its calls have taken so far.
    pub fn latency(&self) -> Millis {
        Millis(self.0.latency.load(Ordering::Relaxed))
    }
    /// What had happened when it made its last call: what it answers rests on no more.
    pub fn seen(&self) -> Seen {
        let [bulk, queued] = self.0.seen.each_ref().map(|number| number.load(Ordering::Relaxed));
        Seen { bulk, queued }
    }
    pub(crate) fn sees(&self, seen: Seen) {
        self.0.seen[0].fetch_max(seen.bulk, Ordering::Relaxed);
        self.0.seen[1].fetch_max(seen.queued, Ordering::Relaxed);
    }
    /// How far this run is ahead of the world's clock.
    pub(crate) fn ahead(&self) -> Millis {
        Millis(self.latency().0.saturating_sub(self.0.passed.load(Ordering::Relaxed)))
    }
    /// The world's time has come to where this run is: what it has waited is over.
    pub fn caught_up(&self) {
        self.0.passed.store(self.latency().0, Ordering::Relaxed);
    }
    /// How long it may wait in all.
    pub fn time_limit(&self) -> Millis {
        Millis(self.0.time_limit)
    }
    /// How it was killed, if it was.
    pub fn end(&self) -> Option<End> {
        match self.0.end.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(End::Crashed),
            _ => Some(End::TimedOut),
        }
    }
    /// Kills it from outside: the process is gone.
    pub fn crash(&self) {
        self.0.end.store(1, Ordering::Relaxed);
    }
    /// Whether it has come to stand still before a call.
    pub fn is_halted(&self) -> bool {
        self.0.halted.load(Ordering::Relaxed) != 0
    }
    /// Whether it has come to stand still before a call since this was last asked, and if so, whether it is lost to
    /// whoever invoked it. It is to go on when its [`Invocation::latency`] has passed.
    pub fn take_halt(&self) -> Option<bool> {
        match self.0.halted.swap(0, Ordering::Relaxed) {
            0 => None,
            halted => Some(halted == 2),
        }
    }
    /// Has it stand still, up to its limit.
    pub(crate) fn halt(&self, halt: Halt) {
        let latency = self.latency() + halt.length;
        self.0.latency.store(latency.0.min(self.0.time_limit), Ordering::Relaxed);
        self.0.halted.store(1 + u8::from(halt.lost), Ordering::Relaxed);
    }
    /// Whether it lives when its time to go on has come; one that stood still up to its limit is killed there.
    pub(crate) fn goes_on(&self) -> bool {
        if self.latency() >= self.time_limit() {
            self.time_out();
        }
        self.end().is_none()
    }
    /// Kills it from outside at its limit.
    pub fn time_out(&self) {
        self.0.end.store(2, Ordering::Relaxed);
    }
    /// Lets it wait; `false` when that is more than it may, and it is killed.
    pub(crate) fn wait(&self, length: Millis) -> bool {
        let latency = self.latency() + length;
        self.0.latency.store(latency.0.min(self.0.time_limit), Ordering::Relaxed);
        let lives = latency.0 <= self.0.time_limit;
        if !lives {
            self.time_out();
        }
        lives
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It returned this, having taken so long.
    Done(T, Millis),
    /// It was killed by a fault.
    Crashed,
    /// It was killed by its time limit, or waited for what will never come.
    TimedOut,
}

/// Notes that it was asked to wake up.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A run that goes on one step at a time: a step ends where the handler is about to make its next call. With
/// several of these a scheduler can put the calls of several handlers in any order.
pub struct Stepper<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    invocation: Invocation,
    flag: Arc<Flag>,
    waker: Waker,
}

impl<'a, T> Stepper<'a, T> {
    /// A run of this future, whose ports belong to this invocation.
    pub fn new(future: impl Future<Output = T> + Send + 'a, invocation: &Invocation) -> Self {
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&flag));
        Self { future: Box::pin(future), invocation: invocation.clone(), flag, waker }
    }

    /// Goes on to the next call; the outcome, once there is one. Not to be called again after that.
    pub fn step(&mut self) -> Option<Outcome<T>> {
        let mut context = Context::from_waker(&self.waker);
        poll_once(self.future.as_mut(), &mut context, &self.flag, &self.invocation)
    }

    /// The run it steps.
    pub const fn invocation(&self) -> &Invocation {
        &self.invocation
    }
}

fn poll_once<T, F: Future<Output = T> + ?Sized>(
    future: Pin<&mut F>,
    context: &mut Context<'_>,
    flag: &Flag,
    invocation: &Invocation,
) -> Option<Outcome<T>> {
    flag.0.store(false, Ordering::Relaxed);
    let polled = match invocation.end() {
        None => future.poll(context),
        Some(_) => Poll::Pending,
    };
    match (polled, invocation.end()) {
        (Poll::Ready(value), _) => Some(Outcome::Done(value, invocation.latency())),
        (Poll::Pending, Some(End::Crashed)) => Some(Outcome::Crashed),
        (Poll::Pending, Some(End::TimedOut)) => Some(Outcome::TimedOut),
        (Poll::Pending, None) if flag.0.load(Ordering::Relaxed) => None,
        // Nobody will ever wake it: in AWS it would sit there until its limit.
        (Poll::Pending, None) => {
            invocation.time_out();
            Some(Outcome::TimedOut)
        }
    }
}

/// Runs a future whose only waiting is on ports of this world, to its end.
pub fn run<T>(future: impl Future<Output = T>, invocation: &Invocation) -> Outcome<T> {
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&flag));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        if let Some(outcome) = poll_once(future.as_mut(), &mut context, &flag, invocation) {
            return outcome;
        }
    }
}

/// Gives way once: what every call of a port does before it acts.
pub(crate) struct GiveWay(bool);

impl GiveWay {
    pub(crate) const fn once() -> Self {
        Self(false)
    }
}

impl Future for GiveWay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_returns_gives_way_and_ends_when_nothing_will_wake_it() {
        let alive = Invocation::unlimited();
        let future = async {
            GiveWay::once().await;
            GiveWay::once().await;
            7
        };
        assert_eq!(run(future, &alive), Outcome::Done(7, Millis(0)));
        let stuck = Invocation::unlimited();
        assert_eq!(run(std::future::pending::<()>(), &stuck), Outcome::TimedOut);
    }

    #[test]
    fn a_stepper_stops_before_each_call_and_a_crash_from_outside_ends_it() {
        let invocation = Invocation::unlimited();
        let mut stepper = Stepper::new(
            async {
                GiveWay::once().await;
                GiveWay::once().await;
            },
            &invocation,
        );
        assert_eq!(stepper.step(), None);
        assert_eq!(stepper.step(), None);
        stepper.invocation().crash();
        assert_eq!(stepper.step(), Some(Outcome::Crashed));
    }
}
