//! Which model answers: the routing, read through a cache.

use capstan_core::ports::{Clock, Store};
use capstan_core::time::{Millis, Timestamp};
use iops_records::Routing;
use std::sync::{Arc, Mutex, PoisonError};

/// How old the routing may be that is gone by. A rollback is in force everywhere within this time.
pub const ROUTING_KEPT: Millis = Millis::seconds(5);

/// The routing as it was last read. One an instance.
#[derive(Debug, Default)]
pub(crate) struct Route(Mutex<Option<(Timestamp, Arc<Routing>)>>);

impl Route {
    /// What is in force, as far as anybody knows who looked within the last five seconds. Where it can't be read, the built-in
    /// model answers for all: it needs nobody's leave.
    pub(crate) async fn now(&self, ports: &(impl Store + Clock)) -> Arc<Routing> {
        let now = ports.wall();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // A clock that was set back makes what is known no younger.
        if let Some((read, routing)) = known
            && read <= now
            && now.since(read) < ROUTING_KEPT
        {
            return routing;
        }
        match iops_records::routing(ports).await {
            Ok(routing) => {
                let routing = Arc::new(routing);
                let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                *known = Some((now, Arc::clone(&routing)));
                routing
            }
            Err(error) => {
                tracing::warn!(
                    "The routing can't be read, so the built-in model answers for all hosts: {error}"
                );
                Arc::new(Routing::built_in())
            }
        }
    }
}
