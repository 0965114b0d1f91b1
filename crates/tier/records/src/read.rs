//! Reading records.

use crate::record::{AppConfigRow, ConfigRow, Record, RecordError};
use crate::{IndexRow, RateRow, RequestRow, Transaction};
use capstan_core::ids::{TenantId, TransitionId};
use capstan_core::ports::{Key, Query, ReadAs, Store, Table};
use capstan_core::tier::ledger::{self, EffectRow, Registered};
use capstan_core::tier::{Change, Confirmation, Tier, TierConfig, TierState};
use std::sync::Arc;

/// Rows read at a time where all are wanted.
const PAGE: usize = 200;
/// How often a change is read and written again when somebody else was first.
const ATTEMPTS: usize = 6;

fn known<R: Record>(read: ReadAs<R>, key: impl FnOnce() -> String) -> Result<Arc<R>, RecordError> {
    read.map_err(|message| RecordError::Corrupt { table: R::TABLE.name(), key: key(), message })
}

async fn shared<R: Record>(
    store: &impl Store,
    partition: &str,
    sort: &str,
) -> Result<Option<Arc<R>>, RecordError> {
    let key = Key { table: R::TABLE, partition: partition.to_owned(), sort: sort.to_owned() };
    match store.get_as(&key).await.map_err(RecordError::Store)? {
        Some(read) => known(read, || format!("{partition}/{sort}")).map(Some),
        None => Ok(None),
    }
}

pub(crate) async fn get<R: Record>(
    store: &impl Store,
    partition: &str,
    sort: &str,
) -> Result<Option<R>, RecordError> {
    Ok(shared(store, partition, sort).await?.map(Arc::unwrap_or_clone))
}

/// At most so many records of a partition, after the sort key given.
pub(crate) async fn some<R: Record>(
    store: &impl Store,
    partition: &str,
    prefix: &str,
    after: Option<String>,
    descending: bool,
    limit: usize,
) -> Result<Vec<R>, RecordError> {
    let (partition, prefix) = (partition.to_owned(), prefix.to_owned());
    let query = Query { table: R::TABLE, partition, prefix, after, descending, limit };
    let page = store.query_as(&query).await.map_err(RecordError::Store)?;
    let record = |read| known(read, || query.partition.clone()).map(Arc::unwrap_or_clone);
    page.items.into_iter().map(record).collect()
}

async fn all<R: Record>(store: &impl Store, partition: &str, prefix: &str) -> Result<Vec<R>, RecordError> {
    let records = all_shared(store, partition, prefix).await?;
    Ok(records.into_iter().map(Arc::unwrap_or_clone).collect())
}

async fn all_shared<R: Record>(
    store: &impl Store,
    partition: &str,
    prefix: &str,
) -> Result<Vec<Arc<R>>, RecordError> {
    let mut records = Vec::new();
    let mut after = None;
    loop {
        let query = Query {
            table: R::TABLE,
            partition: partition.to_owned(),
            prefix: prefix.to_owned(),
            after,
            descending: false,
            limit: PAGE,
        };
        let page = store.query_as(&query).await.map_err(RecordError::Store)?;
        for read in page.items {
            records.push(known(read, || partition.to_owned())?);
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(records),
        }
    }
}

/// The tenant's tier; one never seen before is in DEV and stable.
pub async fn state(store: &impl Store, tenant: &TenantId) -> Result<TierState, RecordError> {
    Ok(get(store, tenant.as_str(), "").await?.unwrap_or_else(|| TierState::new(tenant.clone())))
}

/// The configuration of a tier; the default with version 0 where it was never edited.
pub async fn config(store: &impl Store, tenant: &TenantId, tier: Tier) -> Result<ConfigRow, RecordError> {
    Ok(get(store, tenant.as_str(), tier.as_str()).await?.unwrap_or_else(|| ConfigRow {
        tenant_id: tenant.clone(),
        tier,
        config: TierConfig::default_for(tier),
        version: 0,
    }))
}

/// What the tenant's application reads; empty with version 0 where nothing was ever written.
pub async fn app_config(store: &impl Store, tenant: &TenantId) -> Result<AppConfigRow, RecordError> {
    Ok(get(store, tenant.as_str(), "").await?.unwrap_or_else(|| AppConfigRow {
        tenant_id: tenant.clone(),
        config: None,
        draining: false,
        version: 0,
    }))
}

/// One change.
pub async fn change(
    store: &impl Store,
    tenant: &TenantId,
    transition: &TransitionId,
) -> Result<Option<Change>, RecordError> {
    get(store, tenant.as_str(), transition.as_str()).await
}

/// One change, for those who only look at it: where the store has read it before, nothing is copied.
pub async fn shared_change(
    store: &impl Store,
    tenant: &TenantId,
    transition: &TransitionId,
) -> Result<Option<Arc<Change>>, RecordError> {
    shared(store, tenant.as_str(), transition.as_str()).await
}

/// Changes, newest first, after the one given; and whether there are more.
pub async fn changes(
    store: &impl Store,
    tenant: &TenantId,
    after: Option<&TransitionId>,
    limit: usize,
) -> Result<(Vec<Change>, bool), RecordError> {
    let query = Query {
        table: Table::TierChangeLog,
        partition: tenant.to_string(),
        prefix: String::new(),
        after: after.map(ToString::to_string),
        descending: true,
        limit,
    };
    let page = store.query_as(&query).await.map_err(RecordError::Store)?;
    let more = page.next.is_some();
    let record = |read| known(read, || tenant.to_string()).map(Arc::unwrap_or_clone);
    let changes = page.items.into_iter().map(record).collect::<Result<_, _>>()?;
    Ok((changes, more))
}

/// The register: every resource the tenant has, retired ones included.
pub async fn register(store: &impl Store, tenant: &TenantId) -> Result<Vec<Registered>, RecordError> {
    all(store, tenant.as_str(), ledger::RESOURCE_ENTRIES).await
}

/// The register, for those who only look at it.
pub async fn shared_register(
    store: &impl Store,
    tenant: &TenantId,
) -> Result<Vec<Arc<Registered>>, RecordError> {
    all_shared(store, tenant.as_str(), ledger::RESOURCE_ENTRIES).await
}

/// What a change has done so far.
pub async fn effects(
    store: &impl Store,
    tenant: &TenantId,
    transition: &TransitionId,
) -> Result<Vec<EffectRow>, RecordError> {
    all(store, tenant.as_str(), &ledger::effect_entries(transition)).await
}

/// What a change has done so far, for those who only look at it.
pub async fn shared_effects(
    store: &impl Store,
    tenant: &TenantId,
    transition: &TransitionId,
) -> Result<Vec<Arc<EffectRow>>, RecordError> {
    all_shared(store, tenant.as_str(), &ledger::effect_entries(transition)).await
}

/// What is stored about a confirmation token.
pub async fn confirmation(store: &impl Store, token_hash: &str) -> Result<Option<Confirmation>, RecordError> {
    get(store, token_hash, "").await
}

/// What is stored of a request under a key.
pub async fn request(
    store: &impl Store,
    tenant: &TenantId,
    entry: &str,
) -> Result<Option<RequestRow>, RecordError> {
    get(store, tenant.as_str(), entry).await
}

/// How many requests a tenant has left; `None` where it never made one.
pub async fn rate(store: &impl Store, tenant: &TenantId) -> Result<Option<RateRow>, RecordError> {
    get(store, tenant.as_str(), RateRow::ENTRY).await
}

/// All rows of one index, in order.
pub async fn index_rows(store: &impl Store, index: &str) -> Result<Vec<IndexRow>, RecordError> {
    all(store, index, "").await
}

/// At most so many rows of one index, after an entry.
pub async fn index_page(
    store: &impl Store,
    index: &str,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<IndexRow>, RecordError> {
    some(store, index, "", after, false, limit).await
}

/// One row of an index.
pub async fn index_row(
    store: &impl Store,
    index: &str,
    entry: &str,
) -> Result<Option<IndexRow>, RecordError> {
    get(store, index, entry).await
}

/// Reads a change, lets `edit` alter it, and writes it back; again when somebody else was first. `edit` answers whether
/// there is anything to write. Gives the change as it then is; `None` if there is no such change.
pub async fn update_change(
    store: &impl Store,
    tenant: &TenantId,
    transition: &TransitionId,
    mut edit: impl FnMut(&mut Change) -> bool + Send,
) -> Result<Option<Change>, RecordError> {
    for attempt in 1.. {
        let Some(mut found) = change(store, tenant, transition).await? else { return Ok(None) };
        if !edit(&mut found) {
            return Ok(Some(found));
        }
        let mut transaction = Transaction::new();
        transaction.put(&mut found);
        match transaction.commit(store).await {
            Ok(()) => return Ok(Some(found)),
            Err(RecordError::Stale { .. }) if attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
