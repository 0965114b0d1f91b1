//! The machine's time, and a virtual time that runs faster.
//!
//! This is the one place of the local system that asks the machine what time it is. Everything else is told.

use capstan_core::time::{Millis, Timestamp};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The machine's wall time.
#[expect(clippy::disallowed_methods, reason = "this is the clock of the local system")]
pub fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A running measurement of real time.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts one.
    #[expect(clippy::disallowed_methods, reason = "this is the clock of the local system")]
    pub fn start() -> Self {
        Self(Instant::now())
    }
    /// How long it has run.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
    /// How long it has run, in milliseconds with their fraction.
    pub fn millis(&self) -> f64 {
        self.elapsed().as_secs_f64() * 1e3
    }
}

/// Virtual time that runs a number of times faster than the machine's. It follows the machine's steady clock, so
/// that setting the machine's date does not disturb it.
#[derive(Debug, Clone, Copy)]
pub struct ScaledClock {
    since: Stopwatch,
    start: Timestamp,
    speed: u32,
}

impl ScaledClock {
    /// A clock that shows `start` now.
    pub fn new(start: Timestamp, speed: u32) -> Self {
        Self { since: Stopwatch::start(), start, speed: speed.max(1) }
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        let micros = self.since.elapsed().as_micros().saturating_mul(u128::from(self.speed));
        self.start + Millis(u64::try_from(micros / 1000).unwrap_or(u64::MAX))
    }

    /// How long it really takes until the virtual time is `due`.
    pub fn until(&self, due: Timestamp) -> Duration {
        // A millisecond more, so that whoever wakes up then finds it due.
        Duration::from_micros(due.since(self.now()).0.saturating_mul(1000) / u64::from(self.speed) + 1000)
    }
}
