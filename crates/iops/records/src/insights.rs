//! Insights, and how many there are of each hour and shard.

use crate::{RecordError, get, read};
use capstan_core::iops::{INSIGHTS_KEPT, Insight, InsightId, InsightType, SHARDS, day_of, hour_of};
use capstan_core::ports::{Query, Store, Table};
use capstan_core::together;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many insights there are of one hour in one shard, by type. Kept in the transaction that makes an insight, so that
/// nobody has to read insights to count them, nor to look for them where there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// `counts#`, the day and the shard.
    pub subject: String,
    /// The hour: `2026-11-21T18`.
    pub entry: String,
    /// The shard.
    pub shard: u8,
    /// How many, by type.
    pub by_type: BTreeMap<InsightType, u64>,
    /// When it may go, in seconds since 1970.
    pub expires_at: u64,
    /// Moves with every write; 0: never stored.
    pub version: u64,
}

impl Counts {
    /// The counts of the hour and shard of an insight, all of them zero.
    pub fn new(id: InsightId) -> Self {
        Self {
            subject: subject(&day_of(id.at()), id.shard()),
            entry: hour_of(id.at()),
            shard: id.shard(),
            by_type: BTreeMap::new(),
            expires_at: id.at() + INSIGHTS_KEPT + 86_400,
            version: 0,
        }
    }

    /// Counts an insight that was of one type, or of none, and is now of another.
    pub fn moved(&mut self, from: Option<InsightType>, to: InsightType) {
        if let Some(count) = from.and_then(|from| self.by_type.get_mut(&from)) {
            *count = count.saturating_sub(1);
        }
        *self.by_type.entry(to).or_default() += 1;
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.by_type.values().sum()
    }
}

fn subject(day: &str, shard: u8) -> String {
    format!("counts#{day}#{shard:02}")
}

/// An insight.
pub async fn insight(store: &impl Store, id: InsightId) -> Result<Option<Insight>, RecordError> {
    get(store, &id.bucket(), &id.entry()).await
}

/// How many insights there are of the hour and shard of one.
pub async fn counts(store: &impl Store, id: InsightId) -> Result<Counts, RecordError> {
    let new = Counts::new(id);
    Ok(get(store, &new.subject, &new.entry).await?.unwrap_or(new))
}

/// An hour in which there are insights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hour {
    /// The hour: `2026-11-21T18`.
    pub hour: String,
    /// The counts of its shards that have any.
    pub shards: Vec<Counts>,
}

/// The hours of a day (`2026-11-21`) in which there are insights, the latest first; of one shard or of all.
pub async fn busy_hours(store: &impl Store, day: &str, shard: Option<u8>) -> Result<Vec<Hour>, RecordError> {
    let shards = (0..SHARDS).filter(|one| shard.is_none_or(|only| only == *one));
    let pages = together(shards.map(|shard| async move {
        let query = Query {
            table: Table::IopsAnalysis,
            partition: subject(day, shard),
            prefix: String::new(),
            after: None,
            descending: true,
            limit: 24,
        };
        let page = store.query(&query).await.map_err(RecordError::Store)?;
        page.items
            .into_iter()
            .map(|item| read::<Counts>(item, &query.partition))
            .collect::<Result<Vec<_>, _>>()
    }));
    let mut hours: BTreeMap<String, Vec<Counts>> = BTreeMap::new();
    for page in pages.await {
        for counts in page?.into_iter().filter(|counts| counts.total() > 0) {
            hours.entry(counts.entry.clone()).or_default().push(counts);
        }
    }
    Ok(hours.into_iter().rev().map(|(hour, shards)| Hour { hour, shards }).collect())
}

/// The insights of an hour and a shard, the latest first, before an entry if one is given.
pub async fn insights_of(
    store: &impl Store,
    hour: &str,
    shard: u8,
    before: Option<String>,
    limit: usize,
) -> Result<Vec<Insight>, RecordError> {
    let query = Query {
        table: Table::IopsInsights,
        partition: InsightId::bucket_of(hour, shard),
        prefix: String::new(),
        after: before,
        descending: true,
        limit,
    };
    let page = store.query(&query).await.map_err(RecordError::Store)?;
    page.items.into_iter().map(|item| read(item, &query.partition)).collect()
}
