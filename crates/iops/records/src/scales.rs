//! Changes of scale, and which resource is being changed.

use crate::{RecordError, get, latest};
use capstan_core::ids::ScaleId;
use capstan_core::iops::scale::{Scale, Scaled};
use capstan_core::ports::Store;
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

crate::record!(Scaling, IopsControl);

crate::row!(
    /// A change of scale as it is kept.
    ScaleRow, Scale, IopsControl
);

/// The change of this id.
pub async fn scale(store: &impl Store, id: &ScaleId) -> Result<Option<ScaleRow>, RecordError> {
    get(store, Scale::SUBJECT, id.as_str()).await
}

/// By which change a resource is being changed, if by any.
pub async fn scaling(store: &impl Store, resource: &Scaled) -> Result<Option<Scaling>, RecordError> {
    get(store, Scaling::SUBJECT, &resource.key()).await
}

/// What is being changed.
pub async fn all_scaling(store: &impl Store, limit: usize) -> Result<Vec<Scaling>, RecordError> {
    latest(store, Scaling::SUBJECT, limit).await
}

/// The last changes, the latest first.
pub async fn scales(store: &impl Store, limit: usize) -> Result<Vec<ScaleRow>, RecordError> {
    latest(store, Scale::SUBJECT, limit).await
}
