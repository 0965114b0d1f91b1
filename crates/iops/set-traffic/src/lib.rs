//! `set-traffic`: enters the stage of a canary that is due.
//!
//! One write for routing and canary; in force everywhere within five seconds. Undone by `end-canary`.

use capstan_core::ports::{Clock, Store};
use rollout::{Error, Input, Verdict};

/// `WAIT`: it is in force, and to be judged in a moment.
pub async fn handle(ports: &(impl Store + Clock), input: &Input) -> Result<Verdict, Error> {
    rollout::set_traffic(ports, input).await
}
