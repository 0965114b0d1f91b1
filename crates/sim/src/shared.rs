//! A world that several hands hold: behind a lock, with its journal.

use crate::config::WorldConfig;
use crate::persist::Journal;
use crate::world::World;
use capstan_core::time::Timestamp;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A world and the journal that makes it durable, if it has one. Clones are the same world.
#[derive(Clone)]
pub struct SharedWorld(Arc<Mutex<Held>>);

pub(crate) struct Held {
    pub(crate) world: World,
    journal: Option<Box<dyn Journal + Send>>,
}

impl Held {
    /// Makes pending changes durable. After a failure nothing is written any more: what memory holds and what
    /// the disk holds are no longer the same, and only a restart from the disk makes them so.
    pub(crate) fn flush(&mut self) -> Result<(), String> {
        if let Some(reason) = &self.world.broken {
            return Err(reason.clone());
        }
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let Some(changes) = self.world.take_changes() else { return Ok(()) };
        journal.append(&changes).map_err(|error| {
            let reason = format!("the store on disk could not be written: {error}; restart to go on from it");
            self.world.broken = Some(reason.clone());
            reason
        })
    }
}

impl SharedWorld {
    /// A world in memory.
    pub fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(Held { world, journal: None })))
    }

    /// A world whose every change is made durable before it is answered for. What is in it already must be what
    /// the journal holds ([`disk::open`](crate::disk::open) sees to that): only changes are written.
    pub fn durable(mut world: World, journal: impl Journal + Send + 'static) -> Self {
        world.keep_changes();
        Self(Arc::new(Mutex::new(Held { world, journal: Some(Box::new(journal)) })))
    }

    /// An empty world in memory.
    pub fn in_memory(config: WorldConfig) -> Self {
        Self::new(World::new(config))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Held> {
        // Every operation leaves the world whole, also one that panicked half-way in a test's own closure.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the world or changes it, all under one lock; what changed is durable, in one write, on return.
    /// [`World::broken`] tells whether that failed.
    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let mut held = self.lock();
        let result = act(&mut held.world);
        // The failure is kept in the world, where the next look finds it.
        drop(held.flush());
        result
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        self.lock().world.now
    }

    /// A copy of the world as it is, without its journal.
    pub fn fork(&self) -> World {
        self.lock().world.clone()
    }
}

impl fmt::Debug for SharedWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedWorld").finish_non_exhaustive()
    }
}
