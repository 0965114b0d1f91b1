//! `judge-canary`: replays the judge on all that was measured of a canary, and keeps its report.

use capstan_core::ports::{Clock, Store};
use rollout::{Error, Input, Verdict};

/// `WAIT`: look again in a moment. `NEXT`: a stage is due. `END`: it is known what becomes of it.
pub async fn handle(ports: &(impl Store + Clock), input: &Input) -> Result<Verdict, Error> {
    rollout::judge(ports, input).await
}
