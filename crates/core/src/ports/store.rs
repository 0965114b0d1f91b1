//! The item store: a small conditional key-value store shaped like DynamoDB.
//!
//! Items are JSON objects, keys included. `transact` is all or nothing. Repositories are written once on top
//! of this (crate `tier-records`). Rejected: an update-expression language; every write here puts or deletes a
//! whole item under a condition, which is enough and the same everywhere.

use super::RecordWrite;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};
use std::future::Future;
use std::sync::Arc;

/// An item: attribute names to JSON values, the key attributes included.
pub type Item = Map<String, Value>;

/// The tables, their names and keys. `template.yaml` makes the same ones; a test holds both together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One row a tenant: the tier, the change under way, the cooldown (the runbook's `cato_infrastructure_tier`).
    InfrastructureTier,
    /// One row a change (the runbook's `cato_tier_change_log`), newest last.
    TierChangeLog,
    /// One row a tenant and tier: the edited configuration.
    TierConfig,
    /// The register of resources and the effects of each change.
    TierLedger,
    /// Confirmation tokens, by their hash.
    TierConfirmation,
    /// Who did what, when and why.
    TierAudit,
    /// What was signed of the audit. Only the function that seals writes it.
    TierSeal,
    /// What the tenant's application reads: where its services are, and whether it should drain.
    AppConfig,
    /// Rows found across tenants: changes under way, resources due for deletion.
    TierIndex,
    /// Requests under an idempotency key with their answers, and how many requests a tenant has left.
    TierRequest,
    /// What hosts report, a row a host and second (the runbook's `METRICS_TABLE`).
    IopsMetrics,
    /// What was found in it, by hour and shard (the runbook's `INSIGHTS_TABLE`).
    IopsInsights,
    /// How far the analysis of each host has come, and how many insights there are of an hour.
    IopsAnalysis,
    /// What steers IOps and what it measured of itself: the routing of hosts to models, canaries, releases of models,
    /// restores of tables, and settings that were changed.
    IopsControl,
}

/// What a sort key is in the tables of `DynamoDB`. In this port it is text in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKind {
    /// Text, in the order of its bytes.
    Text,
    /// A whole number of ten digits, written with all of them; its attribute is a number.
    Number,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 14] = [
        Self::InfrastructureTier,
        Self::TierChangeLog,
        Self::TierConfig,
        Self::TierLedger,
        Self::TierConfirmation,
        Self::TierAudit,
        Self::TierSeal,
        Self::AppConfig,
        Self::TierIndex,
        Self::TierRequest,
        Self::IopsMetrics,
        Self::IopsInsights,
        Self::IopsAnalysis,
        Self::IopsControl,
    ];

    /// The table's name, before the environment's suffix.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InfrastructureTier => "cato_infrastructure_tier",
            Self::TierChangeLog => "cato_tier_change_log",
            Self::TierConfig => "cato_tier_config",
            Self::TierLedger => "cato_tier_ledger",
            Self::TierConfirmation => "cato_tier_confirmation",
            Self::TierAudit => "cato_tier_audit",
            Self::TierSeal => "cato_tier_seal",
            Self::AppConfig => "cato_app_config",
            Self::TierIndex => "cato_tier_index",
            Self::TierRequest => "cato_tier_request",
            Self::IopsMetrics => "iops-metrics",
            Self::IopsInsights => "iops-insights",
            Self::IopsAnalysis => "iops-analysis",
            Self::IopsControl => "iops-control",
        }
    }

    /// The attribute that holds the partition key (a string).
    pub const fn partition_key(self) -> &'static str {
        match self {
            Self::TierConfirmation => "token_hash",
            Self::TierIndex => "index_name",
            Self::IopsMetrics => "hostname",
            Self::IopsInsights => "bucket",
            Self::IopsAnalysis | Self::IopsControl => "subject",
            _ => "tenant_id",
        }
    }

    /// The attribute that holds the sort key, where the table has one.
    pub const fn sort_key(self) -> Option<&'static str> {
        match self {
            Self::InfrastructureTier | Self::TierConfirmation | Self::AppConfig => None,
            Self::TierChangeLog => Some("transition_id"),
            Self::TierConfig => Some("tier"),
            Self::TierLedger
            | Self::TierAudit
            | Self::TierSeal
            | Self::TierIndex
            | Self::TierRequest
            | Self::IopsInsights
            | Self::IopsAnalysis
            | Self::IopsControl => Some("entry"),
            Self::IopsMetrics => Some("timestamp"),
        }
    }

    /// What the sort key is.
    pub const fn sort_kind(self) -> SortKind {
        match self {
            Self::IopsMetrics => SortKind::Number,
            _ => SortKind::Text,
        }
    }

    /// Whether it holds more than fits into memory. On one machine such tables are on the disk alone, and no transaction
    /// spans them and others.
    pub const fn is_bulk(self) -> bool {
        matches!(self, Self::IopsMetrics | Self::IopsInsights | Self::IopsAnalysis)
    }

    /// Whether what is put there goes on a stream.
    pub const fn has_stream(self) -> bool {
        matches!(self, Self::IopsMetrics)
    }

    /// The variable by which a function is told that this table has another name than its own: one that was restored may
    /// take its place.
    pub const fn variable(self) -> Option<&'static str> {
        match self {
            Self::IopsMetrics => Some("METRICS_TABLE"),
            Self::IopsInsights => Some("INSIGHTS_TABLE"),
            _ => None,
        }
    }

    /// Whether an item bears this sort key. A number may come without its ten digits, as JSON writes it.
    pub fn bears(self, item: &Item, sort: &str) -> bool {
        let Some(name) = self.sort_key() else { return true };
        match (self.sort_kind(), item.get(name)) {
            (SortKind::Text, Some(Value::String(text))) => text == sort,
            (SortKind::Number, Some(value)) => {
                value.as_u64().is_some_and(|number| is_digits(sort) && format!("{number:010}") == sort)
            }
            _ => false,
        }
    }
}

/// Whether a text is a number as a sort key has it.
pub fn is_digits(sort: &str) -> bool {
    sort.len() == 10 && sort.bytes().all(|byte| byte.is_ascii_digit())
}

/// Where an item is. `sort` is empty for a table without a sort key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The table.
    pub table: Table,
    /// The partition key.
    pub partition: String,
    /// The sort key, or empty.
    pub sort: String,
}

/// What must hold for a write to happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// No item is there.
    Absent,
    /// An item is there whose attribute `version` is this.
    VersionIs(u64),
    /// An item is there whose attribute has this value.
    AttributeIs(&'static str, Value),
}

/// What a write does.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Puts the whole item, in place of what is there. It must hold its key attributes.
    Put(Item),
    /// Deletes the item; none there is fine.
    Delete,
    /// Only checks the condition.
    Check,
}

/// One write of a transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// Which item.
    pub key: Key,
    /// What to do with it.
    pub effect: Effect,
    /// What must hold; `None`: do it in any case.
    pub condition: Option<Condition>,
}

/// Which items of one partition, in the order of their sort keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The table; it must have a sort key.
    pub table: Table,
    /// The partition.
    pub partition: String,
    /// Only sort keys that start with this; empty for all. Numbers have no beginning: it must be empty there.
    pub prefix: String,
    /// Start after this sort key (before it, when `descending`).
    pub after: Option<String>,
    /// Largest sort key first.
    pub descending: bool,
    /// At most this many items, 1 to 1000.
    pub limit: usize,
}

/// One page of a query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The items in order.
    pub items: Vec<Item>,
    /// The sort key to go on after, if there is more.
    pub next: Option<String>,
}

/// What an item is as a `T`, or why it is none. Shared, since a store in memory need not read the same item twice.
pub type ReadAs<T> = Result<Arc<T>, String>;

/// Reads an item as a `T`.
pub fn read_as<T: DeserializeOwned>(item: &Item) -> ReadAs<T> {
    T::deserialize(item).map(Arc::new).map_err(|error| error.to_string())
}

/// One page of a query, read as `T`s.
#[derive(Debug, Clone, PartialEq)]
pub struct PageOf<T> {
    /// The items in order.
    pub items: Vec<ReadAs<T>>,
    /// The sort key to go on after, if there is more.
    pub next: Option<String>,
}

/// The most items of one batch.
pub const MOST_PUTS: usize = 25;

/// How the store says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The condition of the write at this index (the first that failed) does not hold. Nothing was written.
    #[error("the condition of write {0} does not hold")]
    ConditionFailed(usize),
    /// Another transaction has hold of an item. Nothing was written; repeat.
    #[error("another transaction holds an item of this one")]
    Conflict,
    /// Too many calls. Nothing was written; repeat.
    #[error("the store asks to slow down")]
    Throttled,
    /// The store failed, nothing was written; repeat.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// No answer: it may have been written. Read before acting again.
    #[error("the store did not answer: {0}")]
    Unknown(String),
    /// The request is wrong: too large (400 KB an item, 100 writes a transaction), a key missing, a table absent.
    #[error("the store refuses the request: {0}")]
    Invalid(String),
}

/// A number without a fraction as the store gives it back: whole, however it was written (`2.0`, `1E+2`). The store has one
/// kind of number, JSON two. `None` where it has a fraction, or is too large for 64 bits.
pub fn whole(number: f64) -> Option<Number> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked first")]
    match number {
        _ if number.fract() != 0.0 => None,
        _ if (0.0..18_446_744_073_709_551_616.0).contains(&number) => Some(Number::from(number as u64)),
        _ if (-9_223_372_036_854_775_808.0..0.0).contains(&number) => Some(Number::from(number as i64)),
        _ => None,
    }
}

/// The item store. Reads see every write acknowledged before them.
pub trait Store: Sync {
    /// The item at the key.
    fn get(&self, key: &Key) -> impl Future<Output = Result<Option<Item>, StoreError>> + Send;
    /// A page of items of one partition.
    fn query(&self, query: &Query) -> impl Future<Output = Result<Page, StoreError>> + Send;
    /// The item at the key as a `T`: the same call as [`Store::get`]. A store that has the item at hand may keep what it was
    /// read as, and hand it out again as long as the item is the same.
    fn get_as<T>(&self, key: &Key) -> impl Future<Output = Result<Option<ReadAs<T>>, StoreError>> + Send
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        async { Ok(self.get(key).await?.as_ref().map(read_as)) }
    }
    /// A page of items of one partition as `T`s: the same call as [`Store::query`].
    fn query_as<T>(&self, query: &Query) -> impl Future<Output = Result<PageOf<T>, StoreError>> + Send
    where
        T: DeserializeOwned + Send + Sync + 'static,
    {
        async {
            let page = self.query(query).await?;
            Ok(PageOf { items: page.items.iter().map(read_as).collect(), next: page.next })
        }
    }
    /// All the writes or none. At most 100, no two of them on one key.
    fn transact(&self, writes: Vec<Write>) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Puts items whatever is there, each for itself: some may be put and others not. Answers the keys of those that the
    /// store would not take now, to be sent again. At most [`MOST_PUTS`], no two of them on one key.
    fn put_batch(&self, puts: Vec<(Key, Item)>) -> impl Future<Output = Result<Vec<Key>, StoreError>> + Send;
    /// One put for itself, under its condition: as a transaction of it alone, and half as dear. It bears no token by which a
    /// try that is repeated is known again, so where an answer was lost and the condition fails then, nobody knows whether
    /// it was written (`Unknown`): for those who read again and begin anew in any case. Of another effect than a put it is
    /// refused.
    fn put(&self, put: RecordWrite) -> impl Future<Output = Result<(), StoreError>> + Send {
        async {
            if !put.is_put() {
                return Err(StoreError::Invalid("it is no put".to_owned()));
            }
            self.transact_records(vec![put]).await
        }
    }
    /// The same call as [`Store::transact`], of records: a store in memory may keep them as they are.
    fn transact_records(
        &self,
        writes: Vec<RecordWrite>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async {
            let writes = writes.into_iter().map(RecordWrite::plain).collect::<Result<_, _>>()?;
            self.transact(writes).await
        }
    }
}
