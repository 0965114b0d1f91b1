//! Waiting before something is tried again.

use std::time::Duration;

/// Waits before the n-th repetition: 50 ms at first, twice as long each time, at most 1.6 s.
pub async fn pause(repetition: u32) {
    tokio::time::sleep(Duration::from_millis(25_u64 << repetition.min(6))).await;
}
