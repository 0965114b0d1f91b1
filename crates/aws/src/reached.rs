//! Whether a request that failed on its way may have reached the service.

use hyper_util::client::legacy;
use std::error::Error;

/// Whether the connection never stood, so that nothing was sent. Resolving, connecting, the TLS handshake, and a
/// time-out of these are such failures; everything later is not.
pub(crate) fn never(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<legacy::Error>().is_some_and(legacy::Error::is_connect) {
            return true;
        }
        next = error.source();
    }
    false
}
