//! `analyze-metrics`: looks at each metric as it is stored, and keeps what it finds.
//!
//! It is invoked with records of the stream of the metrics table, in the order in which each host's metrics were stored, at
//! least once. What makes a sample count once is the host's head ([`iops_records::Head`]): everything that a run has found on
//! a host is written in one transaction with it, under its version. So whoever dies, is repeated, or runs at the same time
//! as another has either counted samples and written what follows from them, or neither.
//!
//! Detectors live in the instance's memory and are stored every [`SNAPSHOT_EVERY`] samples alone. An instance whose memory
//! is not where the head is loads the snapshot and replays the metrics stored since, up to the head.
//! Rejected: the detectors' states in the head (they would be written with every batch), and no states at all (every start of
//! an instance would forget what is usual).

mod event;
mod host;
mod memory;
mod watch;

pub use event::{BadInput, batch};
pub use memory::Memory;
pub use watch::Watch;

use capstan_core::iops::Hostname;
use capstan_core::ports::{Clock, Notifier, Store};
use event::{Samples, Sequence};
use iops_records::together;
use serde_json::{Value, json};

/// After how many samples of a host the states of its detectors are stored.
pub const SNAPSHOT_EVERY: u64 = 64;
/// How many hosts are worked on at once.
const AT_ONCE: usize = 64;

/// The ports of this function.
pub trait Ports: Store + Notifier + Clock {}
impl<P: Store + Notifier + Clock> Ports for P {}

/// Handles a batch of records. What could not be done is named by its first record, from which the stream is to be repeated
/// (`ReportBatchItemFailures`).
pub async fn handle(ports: &impl Ports, memory: &Memory, event: &Value) -> Result<Value, BadInput> {
    let hosts: Vec<(Hostname, Samples)> = batch(event)?;
    let mut failed: Option<&Sequence> = None;
    for some in hosts.chunks(AT_ONCE) {
        let runs = some.iter().map(|(host, samples)| async move {
            let done = host::analyze(ports, memory, host, samples).await;
            if let Err(error) = &done {
                tracing::warn!(host = %host, "The analysis of a host is to be run again: {error}");
            }
            done.err().map(|_| &samples.first)
        });
        failed = together(runs).await.into_iter().flatten().chain(failed).min();
    }
    let failures = failed.map(|sequence| json!({"itemIdentifier": sequence.as_str()}));
    Ok(json!({"batchItemFailures": failures.into_iter().collect::<Vec<_>>()}))
}
