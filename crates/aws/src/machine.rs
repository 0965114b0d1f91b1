//! Time and chance, from the machine.

use capstan_core::ports::{Clock, Entropy};
use capstan_core::time::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine a function runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that the port stands for")]
        let now = SystemTime::now();
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
    fn wall(&self) -> Timestamp {
        self.now()
    }
}

impl Entropy for Machine {
    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        // A function that can't make tokens that can't be guessed must not go on.
        getrandom::fill(&mut bytes).unwrap_or_else(|_| std::process::abort());
        bytes
    }
}
