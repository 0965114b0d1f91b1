//! `analyze-metrics`: looks at each metric as it is stored, and keeps what it finds.
//!
//! It is invoked with records of the stream of the metrics table, in the order in which each host's metrics were stored, at
//! least once. What makes a sample count once is the host's head ([`iops_records::Head`]): everything that a run has found on
//! a host is written in one transaction with it, under its version. So whoever dies, is repeated, or runs at the same time
//! as another has either counted samples and written what follows from them, or neither.
//!
//! Detectors live in the instance's memory and are stored every [`SNAPSHOT_EVERY`] samples alone. An instance whose memory
//! is not where the head is loads the snapshot and replays the metrics stored since, up to the head.
//!
//! Where the routing says so ([`iops_records::Routing`]), the model behind an endpoint is asked in the place of the built-in one,
//! and what comes of it is counted beside what the built-in one did: that is what a canary is judged by. Of samples whose
//! analysis was not written nothing is counted, so each counts once.
//! Rejected: the detectors' states in the head (they would be written with every batch), and no states at all (every start of
//! an instance would forget what is usual).

mod ask;
mod event;
mod host;
mod measure;
mod memory;
mod route;

pub use event::{BadInput, batch, batch_of_text};
pub use measure::Counted;
pub use memory::Memory;
pub use route::ROUTING_KEPT;

use capstan_core::iops::Hostname;
use capstan_core::ports::{Clock, Inference, Notifier, Store};
use capstan_core::together;
use event::{Samples, Sequence};
use measure::Tally;
use serde_json::{Value, json};

/// After how many samples of a host the states of its detectors are stored.
pub const SNAPSHOT_EVERY: u64 = 64;
/// How many hosts are worked on at once.
const AT_ONCE: usize = 64;

/// The ports of this function.
pub trait Ports: Store + Notifier + Clock + Inference {}
impl<P: Store + Notifier + Clock + Inference> Ports for P {}

/// Handles a batch of records. What could not be done is named by its first record, from which the stream is to be repeated
/// (`ReportBatchItemFailures`).
pub async fn handle(ports: &impl Ports, memory: &Memory, event: &Value) -> Result<Value, BadInput> {
    analyze(ports, memory, batch(event)?).await
}

/// The same of an event as the text that Lambda hands over: of five hundred records most of the work would be to make maps.
pub async fn handle_text(ports: &impl Ports, memory: &Memory, event: &str) -> Result<Value, BadInput> {
    analyze(ports, memory, batch_of_text(event)?).await
}

async fn analyze(
    ports: &impl Ports,
    memory: &Memory,
    hosts: Vec<(Hostname, Samples)>,
) -> Result<Value, BadInput> {
    let mut failed: Option<&Sequence> = None;
    let mut tally = Tally::default();
    for some in hosts.chunks(AT_ONCE) {
        // Looked at for each of them: a rollback counts in the middle of a batch too.
        let routing = memory.route.now(ports).await;
        let routing = &*routing;
        let runs = some.iter().map(|(host, samples)| async move {
            let mut counted = None;
            let done = host::analyze(ports, memory, routing, host, samples, &mut counted).await;
            if let Err(error) = &done {
                tracing::warn!(host = %host, "The analysis of a host is to be run again: {error}");
            }
            (done.err().map(|_| &samples.first), counted.map(|counted| (host, counted)))
        });
        let (again, counted): (Vec<_>, Vec<_>) = together(runs).await.into_iter().unzip();
        failed = again.into_iter().flatten().chain(failed).min();
        for (host, request) in counted.into_iter().flatten() {
            tally.add(&memory.counter, routing, host.as_str(), request);
        }
    }
    tally.store(ports).await;
    let failures = failed.map(|sequence| json!({"itemIdentifier": sequence.as_str()}));
    Ok(json!({"batchItemFailures": failures.into_iter().collect::<Vec<_>>()}))
}
