//! Doubt: whether one of the SDK's tries of a call may have happened without our knowing.

use crate::reached;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Watches the tries of one call.
#[derive(Debug, Clone, Default)]
pub struct Doubt(Arc<AtomicBool>);

impl Doubt {
    /// Whether a try so far may have happened although it failed.
    pub fn raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether a service that answers with this, and fails the call by it, may have done it all the same. 503 too: whether the
/// part of a service that is unavailable comes before or after the effect, nobody promises. And a good status, where the
/// answer can't be read; and 408, where the service gave up waiting for the rest of the request.
pub const fn status_leaves_doubt(status: u16) -> bool {
    status == 408 || !matches!(status, 400..=499)
}

#[dyn_dispatch_hint]
impl Intercept for Doubt {
    fn name(&self) -> &'static str {
        "Doubt"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Err(error)) = context.output_or_error() else { return Ok(()) };
        let doubtful = if error.is_operation_error() {
            context.response().is_none_or(|response| status_leaves_doubt(response.status().as_u16()))
        } else {
            // A request that is still here was not handed to the connection.
            context.request().is_none()
                && !error.as_connector_error().is_some_and(|error| error.is_user() || reached::never(error))
        };
        if doubtful {
            self.raise();
        }
        Ok(())
    }
}
