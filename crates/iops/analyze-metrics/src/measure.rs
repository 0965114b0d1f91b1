//! What is counted of each arm.

use capstan_core::ports::{Clock, Store, Variant};
use iops_records::{COMPARED, INTERVAL, Measured, Routing, Transaction, is_passing};
use judge::{Arm, Interval};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The group under which the baseline is counted, which is one: only the canary's hosts are looked at one by one.
const BASELINE: u16 = capstan_core::iops::routing::GROUPS - 1;
/// How often a row is tried.
const ATTEMPTS: usize = 4;
/// The most latencies of an arm that a metric takes.
const MOST_LATENCIES: usize = 100;

/// What a run counted of one host: a batch that a host sends at once is one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    /// The host's group.
    pub(crate) group: u16,
    /// Whether the model behind the endpoint was asked.
    pub(crate) canary: bool,
    /// Which of the models behind it.
    pub(crate) variant: Variant,
    /// Whether it failed.
    pub(crate) failed: bool,
    /// The longest that an answer took, in milliseconds.
    pub(crate) millis: f64,
    /// Whether the other model came to another severity for any of its samples.
    pub(crate) disagreed: Option<bool>,
    /// The first sample that was counted, in seconds since 1970.
    pub(crate) first: u64,
}

impl Request {
    /// Adds what was counted of the same host later.
    pub(crate) fn join(&mut self, other: &Self) {
        self.failed |= other.failed;
        self.millis = self.millis.max(other.millis);
        // Where one sample has no answer of both, the request has none.
        self.disagreed = self.disagreed.zip(other.disagreed).map(|(one, two)| one || two);
    }
}

/// What was counted of an arm since it was last taken, for the dashboard.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counted {
    /// `canary`, which stands for the model behind the endpoint after the canary too, or `baseline`.
    pub arm: &'static str,
    /// Requests.
    pub requests: u64,
    /// Of these, those that failed.
    pub errors: u64,
    /// How long they took, in milliseconds; a hundred of them at most.
    pub latencies: Vec<f64>,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(Mutex<[Counted; 2]>);

impl Counter {
    fn add(&self, request: &Request) {
        let mut arms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let arm = &mut arms[usize::from(!request.canary)];
        arm.arm = if request.canary { "canary" } else { "baseline" };
        arm.requests += 1;
        arm.errors += u64::from(request.failed);
        if arm.latencies.len() < MOST_LATENCIES {
            arm.latencies.push(request.millis);
        }
    }

    pub(crate) fn take(&self) -> Vec<Counted> {
        let mut arms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *arms).into_iter().filter(|arm| arm.requests > 0).collect()
    }
}

/// What a run counted while a canary was under way or two models were compared, by canary and stage.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<(String, u8), Counts>);

/// What is counted of one stage, and the host and second of the least sample in it.
#[derive(Debug)]
struct Counts {
    requests: Vec<Request>,
    first: (String, u64),
    /// Whether two models are compared: then hosts are told apart on both arms.
    compared: bool,
}

impl Tally {
    /// Counts a request of a host under this routing.
    pub(crate) fn add(&mut self, counter: &Counter, routing: &Routing, host: &str, request: Request) {
        if routing.canary_id.is_some() || routing.share.percent > 0 {
            counter.add(&request);
        }
        // Of two models that are compared the second one is what a canary is: the one that is held against the other.
        let (canary, percent, request) = match (&routing.canary_id, &routing.second) {
            (Some(canary), _) => (canary, routing.share.percent, request),
            (None, Some(second)) if request.canary => {
                let canary = request.variant == Variant::Second;
                (&second.release_id, COMPARED, Request { canary, ..request })
            }
            _ => return,
        };
        let first = (host.to_owned(), request.first);
        let compared = routing.canary_id.is_none();
        let new = || Counts { requests: Vec::new(), first: first.clone(), compared };
        let counts = self.0.entry((canary.clone(), percent)).or_insert_with(new);
        counts.first = first.min(std::mem::take(&mut counts.first));
        counts.requests.push(request);
    }

    /// Writes a row for each. What can't be written is not measured: the judge holds a stage without data, so that nothing has
    /// to be repeated for it.
    pub(crate) async fn store(self, ports: &(impl Store + Clock)) {
        let now = ports.wall().as_millis() / 1_000;
        let start = now - now % u64::from(INTERVAL);
        for ((canary_id, percent), Counts { requests, first: (host, at), compared }) in self.0 {
            let (mut canary, mut baseline) = (Arm::default(), Arm::default());
            for request in requests {
                let Request { group, canary: routed, failed, millis, disagreed, .. } = request;
                let counts = match (routed, compared) {
                    (true, _) => canary.group(group),
                    (false, true) => baseline.group(group),
                    (false, false) => baseline.group(BASELINE),
                };
                // The built-in model does not disagree with itself, so what it answers for has none.
                counts.record(failed, millis, disagreed);
            }
            let interval = Interval { start, seconds: INTERVAL, percent, canary, baseline };
            let row = Measured::new(&canary_id, interval, (&host, at));
            for attempt in 1..=ATTEMPTS {
                let mut transaction = Transaction::new();
                transaction.put_always(&row);
                match transaction.commit_cheaply(ports).await {
                    Ok(()) => break,
                    Err(error) if is_passing(&error) && attempt < ATTEMPTS => {}
                    Err(error) => {
                        tracing::warn!(canary.id = %canary_id, "What was measured is lost: {error}");
                        break;
                    }
                }
            }
        }
    }
}
