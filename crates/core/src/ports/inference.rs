//! Asking a model that serves.

use super::{CloudResult, Variant};
use crate::time::Millis;
use std::future::Future;

/// What came of asking a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Inferred {
    /// The answer's body as the model gave it, or why there is none. Above the limit it is `Unknown`.
    pub answer: CloudResult<String>,
    /// How long it took in milliseconds, failures included. Who carries it out measures it.
    pub millis: f64,
}

/// Endpoints that answer.
pub trait Inference: Sync {
    /// Asks a model behind an endpoint about one row of CSV, once, and waits no longer than `limit`.
    fn infer(
        &self,
        endpoint: &str,
        variant: Variant,
        row: &str,
        limit: Millis,
    ) -> impl Future<Output = Inferred> + Send;
}
