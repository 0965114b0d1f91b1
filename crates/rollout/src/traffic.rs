//! Entering the stage that is due.

use crate::{Error, Input, Verdict, of, seconds};
use capstan_core::ports::{Clock, Store};
use iops_records::Transaction;

/// Routes hosts as the stage that is due wants it. `Wait`: it is in force, judge it in a moment. `End`: it has ended.
pub async fn set_traffic(ports: &(impl Store + Clock), input: &Input) -> Result<Verdict, Error> {
    let mut canary = of(ports, input).await?;
    if canary.ended() || canary.outcome.is_some() {
        return Ok(Verdict::End);
    }
    let Some(stage) = canary.next.and_then(|next| canary.settings.stages.get(next)).copied() else {
        return Ok(Verdict::Wait);
    };
    let mut routing = iops_records::routing(ports).await?;
    if routing.canary_id.as_deref() != Some(canary.id()) {
        // Whoever ended it did so after we read it.
        return Ok(Verdict::End);
    }
    let now = ports.wall();
    routing.share.percent = stage.percent;
    routing.since = now;
    canary.next = None;
    canary.entered.push(seconds(now));
    let mut transaction = Transaction::new();
    transaction.put(&mut routing);
    transaction.put(&mut canary);
    transaction.commit(ports).await?;
    Ok(Verdict::Wait)
}
