//! Metrics: put in batches, read by host and time.

use crate::RecordError;
use capstan_core::iops::{Hostname, Metric};
use capstan_core::ports::{Key, MOST_PUTS, Query, Store, StoreError, Table};
use capstan_core::together;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How often what the store would not take is sent again.
const ATTEMPTS: u32 = 6;

/// A metric that could not be put, and why, as far as anybody knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Unput {
    /// Its place among those given.
    pub index: usize,
    /// Why.
    pub error: StoreError,
}

/// Puts metrics; what the store would not take now is sent again, after `wait`, which is told how often that has been. No two
/// may be of one host and second. Answers those that could not be put; all others are durable.
///
/// A host's metrics come onto the stream in the order of time, since a detector can't go back: of each host one at a time is
/// under way, and nothing after one that could not be put. Hosts are put beside each other.
pub async fn put_metrics<F: Future<Output = ()> + Send>(
    store: &impl Store,
    metrics: &[Metric],
    wait: impl Fn(u32) -> F + Sync,
) -> Vec<Unput> {
    let wait = &wait;
    let mut unput: Vec<Unput> = Vec::new();
    for mut wave in waves(metrics) {
        let stuck: BTreeMap<&Hostname, StoreError> =
            unput.iter().map(|unput| (&metrics[unput.index].hostname, unput.error.clone())).collect();
        if !stuck.is_empty() {
            let behind = |index: &usize| stuck.get(&metrics[*index].hostname);
            let after = wave
                .iter()
                .filter_map(|(index, _)| Some(Unput { index: *index, error: behind(index)?.clone() }));
            let after: Vec<Unput> = after.collect();
            wave.retain(|(index, _)| behind(index).is_none());
            unput.extend(after);
        }
        let batches = wave.chunks(MOST_PUTS).map(|batch| put_batch(store, batch, wait));
        unput.extend(together(batches).await.into_iter().flatten());
    }
    unput
}

/// The metrics with their places, divided so that no host is twice in one part, and each host's are in the order of time.
fn waves(metrics: &[Metric]) -> Vec<Vec<(usize, &Metric)>> {
    let mut sorted: Vec<(usize, &Metric)> = metrics.iter().enumerate().collect();
    sorted.sort_by_key(|(_, metric)| metric.at);
    let mut counts: HashMap<&Hostname, usize> = HashMap::with_capacity(metrics.len());
    let mut waves: Vec<Vec<(usize, &Metric)>> = Vec::new();
    for (index, metric) in sorted {
        let count = counts.entry(&metric.hostname).or_default();
        if *count == waves.len() {
            waves.push(Vec::new());
        }
        waves[*count].push((index, metric));
        *count += 1;
    }
    waves
}

async fn put_batch<F: Future<Output = ()> + Send>(
    store: &impl Store,
    batch: &[(usize, &Metric)],
    wait: &(impl Fn(u32) -> F + Sync),
) -> Vec<Unput> {
    let mut left: Vec<(usize, &Metric)> = batch.to_vec();
    let mut last = StoreError::Throttled;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            wait(attempt).await;
        }
        let puts = left.iter().map(|(_, metric)| (metric.key(), metric.item())).collect();
        match store.put_batch(puts).await {
            Ok(unput) => {
                let unput: BTreeSet<Key> = unput.into_iter().collect();
                left.retain(|(_, metric)| !unput.is_empty() && unput.contains(&metric.key()));
                last = StoreError::Throttled;
            }
            // To put the same once more is to put it once.
            Err(
                error @ (StoreError::Throttled
                | StoreError::Conflict
                | StoreError::Unavailable(_)
                | StoreError::Unknown(_)),
            ) => {
                last = error;
            }
            Err(error @ (StoreError::Invalid(_) | StoreError::ConditionFailed(_))) => {
                last = error;
                break;
            }
        }
        if left.is_empty() {
            break;
        }
    }
    left.into_iter().map(|(index, ..)| Unput { index, error: last.clone() }).collect()
}

/// A page of a host's metrics, after a second; and the second to go on after, if there is more. What is stored there and is
/// no metric is left out.
pub async fn metrics_of(
    store: &impl Store,
    host: &str,
    after: Option<u64>,
    descending: bool,
    limit: usize,
) -> Result<(Vec<Metric>, Option<u64>), RecordError> {
    let query = Query {
        table: Table::IopsMetrics,
        partition: host.to_owned(),
        prefix: String::new(),
        after: after.map(Metric::sort),
        descending,
        limit,
    };
    let page = store.query(&query).await.map_err(RecordError::Store)?;
    let metrics = page.items.iter().filter_map(|item| Metric::of_item(item).ok()).collect();
    Ok((metrics, page.next.and_then(|next| next.parse().ok())))
}
