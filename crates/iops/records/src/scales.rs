//! Changes of scale, and which resource is being changed.

use crate::{Record, RecordError, get, read};
use capstan_core::ids::ScaleId;
use capstan_core::iops::scale::{Scale, Scaled};
use capstan_core::ports::{Query, Store, Table};
use serde::{Deserialize, Serialize};

/// That a resource is being changed: one row a resource, so that nobody changes it twice at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaling {
    /// Always [`Scaling::SUBJECT`].
    pub subject: String,
    /// Which resource.
    pub entry: String,
    /// By which change.
    pub scale_id: ScaleId,
    /// Moves with every write; 0: never stored.
    pub version: u64,
}

impl Scaling {
    /// Its partition.
    pub const SUBJECT: &'static str = "scaling";

    /// The row of a change.
    pub fn of(resource: &Scaled, scale_id: ScaleId) -> Self {
        Self { subject: Self::SUBJECT.to_owned(), entry: resource.key(), scale_id, version: 0 }
    }
}

/// A change of scale as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScaleRow(pub Scale);

impl std::ops::Deref for ScaleRow {
    type Target = Scale;
    fn deref(&self) -> &Scale {
        &self.0
    }
}
impl std::ops::DerefMut for ScaleRow {
    fn deref_mut(&mut self) -> &mut Scale {
        &mut self.0
    }
}

macro_rules! record {
    ($type:ty) => {
        impl Record for $type {
            const TABLE: Table = Table::IopsControl;
            fn keys(&self) -> (String, String) {
                (self.subject.clone(), self.entry.clone())
            }
            fn version(&self) -> u64 {
                self.version
            }
            fn set_version(&mut self, version: u64) {
                self.version = version;
            }
        }
    };
}

record!(Scaling);
record!(ScaleRow);

/// The change of this id.
pub async fn scale(store: &impl Store, id: &ScaleId) -> Result<Option<ScaleRow>, RecordError> {
    get(store, Scale::SUBJECT, id.as_str()).await
}

/// By which change a resource is being changed, if by any.
pub async fn scaling(store: &impl Store, resource: &Scaled) -> Result<Option<Scaling>, RecordError> {
    get(store, Scaling::SUBJECT, &resource.key()).await
}

async fn listed<R: Record>(
    store: &impl Store,
    partition: &str,
    descending: bool,
    limit: usize,
) -> Result<Vec<R>, RecordError> {
    let query = Query {
        table: Table::IopsControl,
        partition: partition.to_owned(),
        prefix: String::new(),
        after: None,
        descending,
        limit,
    };
    let page = store.query(&query).await.map_err(RecordError::Store)?;
    page.items.into_iter().map(|item| read(item, partition)).collect()
}

/// What is being changed.
pub async fn all_scaling(store: &impl Store, limit: usize) -> Result<Vec<Scaling>, RecordError> {
    listed(store, Scaling::SUBJECT, false, limit).await
}

/// The last changes, the latest first.
pub async fn scales(store: &impl Store, limit: usize) -> Result<Vec<ScaleRow>, RecordError> {
    listed(store, Scale::SUBJECT, true, limit).await
}
