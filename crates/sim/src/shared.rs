//! A world that several hands hold: behind a lock, with its journal.
//!
//! A change is answered for only when it is durable, but the world is not locked while the disk works: what changed is
//! queued under the world's lock, and whoever comes first to the journal writes all that is queued by then. So what the
//! disk holds is always a prefix of what happened, one wait serves many, and those who only look do not wait at all.
//! They may see what is not yet durable; nobody is told that it is.

use crate::bulk::Bulk;
use crate::config::WorldConfig;
use crate::persist::{Change, Journal};
use crate::stream::StreamRecord;
use crate::world::World;
use capstan_core::ports::{Answered, Item, Key, StoreError, Table};
use capstan_core::time::Timestamp;
use std::fmt;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A world and the journal that makes it durable, if it has one. Clones are the same world.
#[derive(Clone)]
pub struct SharedWorld(Arc<Shared>);

struct Shared {
    held: Mutex<Held>,
    /// Whether some tables are on the disk alone.
    on_disk: bool,
    /// What of the cloud is still being made, which those wait for who ask for it.
    making: Mutex<Option<InMaking>>,
    /// Rung when it is made, and when somebody asks.
    made: Condvar,
    /// Its lock is taken before that of `held` where both are.
    writer: Option<Writer>,
    /// The front door of the system over this world.
    door: Mutex<Option<Door>>,
}

/// A request at the system's own front door.
#[derive(Debug)]
pub struct Knock<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Headers, their names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: &'a str,
}

/// The front door of a system: what the door's own host answers.
pub type Door = Arc<dyn Fn(&Knock<'_>) -> Answered + Send + Sync>;

pub(crate) struct Held {
    pub(crate) world: World,
    /// What is to be written, in order.
    queue: Vec<Change>,
    /// The number of the last entry to the queue.
    queued: u64,
}

/// What is being made, and whether somebody waits for it.
struct InMaking {
    names: Vec<String>,
    asked: bool,
}

impl InMaking {
    fn holds(&self, name: &str) -> bool {
        self.names.iter().any(|one| name.contains(one))
    }
}

/// As long as this lives, something of a world is being made.
#[derive(Debug)]
#[must_use = "who asks waits as long as it lives"]
pub struct Making(SharedWorld);

impl Making {
    /// Waits until somebody asks for it, at most so long.
    pub fn until_asked(&self, longest: Duration) {
        let making = locked(&self.0.0.making);
        let unasked =
            |making: &mut Option<InMaking>| making.as_ref().is_some_and(|in_making| !in_making.asked);
        drop(self.0.0.made.wait_timeout_while(making, longest, unasked));
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        *locked(&self.0.0.making) = None;
        self.0.0.made.notify_all();
    }
}

/// How much of what has happened a run has seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// The last change of the tables that are on the disk alone.
    pub(crate) bulk: u64,
    /// The last entry to the journal's queue.
    pub(crate) queued: u64,
}

impl Held {
    /// All that has happened so far.
    pub(crate) fn seen(&self) -> Seen {
        Seen { bulk: self.world.bulk.as_ref().map_or(0, |bulk| bulk.made()), queued: self.queued }
    }
}

struct Writer {
    turn: Mutex<Turn>,
    /// Rung when a write is over.
    over: Condvar,
}

struct Turn {
    /// In the hands of whoever writes.
    journal: Option<Box<dyn Journal + Send>>,
    /// The number of the last entry that is durable.
    written: u64,
}

fn broken(error: &dyn fmt::Display) -> String {
    format!("the store on disk could not be written: {error}; restart to go on from it")
}

/// A write that panics has failed, and nobody waits for it for ever.
fn unharmed(write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let written = std::panic::catch_unwind(AssertUnwindSafe(write));
    written.unwrap_or_else(|_| Err(io::Error::other("the write was given up half-way")))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every operation leaves the world whole, also one that panicked half-way in a test's own closure.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SharedWorld {
    /// A world in memory.
    pub fn new(world: World) -> Self {
        let on_disk = world.bulk.is_some();
        let held = Mutex::new(Held { world, queue: Vec::new(), queued: 0 });
        Self::of(held, on_disk, None)
    }

    /// A world whose every change is made durable before it is answered for. What is in it already must be what
    /// the journal holds ([`disk::open`](crate::disk::open) sees to that): only changes are written.
    pub fn durable(mut world: World, journal: impl Journal + Send + 'static) -> Self {
        world.keep_changes();
        let on_disk = world.bulk.is_some();
        let held = Mutex::new(Held { world, queue: Vec::new(), queued: 0 });
        let turn = Turn { journal: Some(Box::new(journal)), written: 0 };
        let writer = Some(Writer { turn: Mutex::new(turn), over: Condvar::new() });
        Self::of(held, on_disk, writer)
    }

    fn of(held: Mutex<Held>, on_disk: bool, writer: Option<Writer>) -> Self {
        let (making, made, door) = (Mutex::default(), Condvar::new(), Mutex::default());
        Self(Arc::new(Shared { held, on_disk, making, made, writer, door }))
    }

    /// Hangs in the front door through which functions ask the system itself.
    pub fn set_door(&self, door: Door) {
        *locked(&self.0.door) = Some(door);
    }

    pub(crate) fn door(&self) -> Option<Door> {
        locked(&self.0.door).clone()
    }

    /// An empty world in memory.
    pub fn in_memory(config: WorldConfig) -> Self {
        Self::new(World::new(config))
    }

    /// Until this is dropped, something is being made beside the start that is to be there from the beginning: who asks for an
    /// endpoint, a model or an object whose name holds one of these waits for it, and sees it.
    pub fn making(&self, names: Vec<String>) -> Making {
        *locked(&self.0.making) = Some(InMaking { names, asked: false });
        Making(self.clone())
    }

    /// Waits until what has this name is not being made any more ([`SharedWorld::making`]).
    pub fn wait_until_made(&self, name: &dyn fmt::Display) {
        let mut making = locked(&self.0.making);
        // Mostly nothing is.
        if making.is_none() {
            return;
        }
        let name = name.to_string();
        while let Some(in_making) = making.as_mut().filter(|making| making.holds(&name)) {
            in_making.asked = true;
            self.0.made.notify_all();
            making = self.0.made.wait(making).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether some tables are on the disk alone.
    pub(crate) fn is_on_disk(&self) -> bool {
        self.0.on_disk
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Held> {
        locked(&self.0.held)
    }

    /// Lets go of the world and makes its pending changes durable. After a failure nothing is written any more: what
    /// memory holds and what the disk holds are no longer the same, and only a restart from the disk makes them so.
    pub(crate) fn flush(&self, mut held: MutexGuard<'_, Held>) -> Result<(), String> {
        if let Some(reason) = &held.world.broken {
            return Err(reason.clone());
        }
        if let (Some(bulk), Some(number)) = (held.world.bulk.clone(), held.world.awaited.take()) {
            drop(held);
            self.wait_for(&bulk, number)?;
            return self.flush_world(self.lock());
        }
        self.flush_world(held)
    }

    fn flush_world(&self, mut held: MutexGuard<'_, Held>) -> Result<(), String> {
        let Some(writer) = &self.0.writer else { return Ok(()) };
        let Some(changes) = held.world.take_changes() else { return Ok(()) };
        held.queue.extend(changes);
        held.queued += 1;
        let mine = held.queued;
        drop(held);
        self.write(writer, mine)
    }

    pub(crate) fn wait_for(&self, bulk: &Bulk, number: u64) -> Result<(), String> {
        bulk.wait_for(number).map_err(|error| {
            let reason = broken(&error);
            self.lock().world.broken = Some(reason.clone());
            reason
        })
    }

    /// Records of the stream after one, in order. What was put is there at once, also before it is durable.
    pub fn stream_after(&self, sequence: u64, limit: usize) -> Result<Vec<StreamRecord>, StoreError> {
        let held = self.lock();
        match held.world.bulk.clone() {
            None => Ok(held.world.stream.after(sequence, limit)),
            Some(bulk) => {
                drop(held);
                bulk.stream_after(sequence, limit)
            }
        }
    }

    /// Takes records off the stream: they have been seen to.
    pub fn stream_done(&self, sequences: &[u64]) {
        let mut held = self.lock();
        match held.world.bulk.clone() {
            None => held.world.stream.done(sequences),
            Some(bulk) => {
                drop(held);
                bulk.stream_done(sequences);
            }
        }
    }

    /// Looks at so many rows on the disk for those past their time, and takes them away; how many.
    pub fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let (now, bulk, lasting) = {
            let held = self.lock();
            // Metrics are of the time in which people live.
            (held.world.wall(), held.world.bulk.clone(), held.world.cloud.tables.lasting())
        };
        bulk.map_or(Ok(0), |bulk| bulk.sweep(now, &lasting, limit))
    }

    /// Every item of a table with its key, wherever it is kept; for tests.
    pub fn rows_of(&self, table: Table) -> Result<Vec<(Key, Item)>, StoreError> {
        let held = self.lock();
        if let Some(bulk) = held.world.bulk.clone().filter(|_| table.is_bulk()) {
            drop(held);
            let rows = bulk.all()?.into_iter().filter(|(key, _)| key.table == table);
            return Ok(rows.map(|(key, row)| (key, row.item().clone())).collect());
        }
        let key = |partition: &str, sort: &str| Key {
            table,
            partition: partition.to_owned(),
            sort: sort.to_owned(),
        };
        let rows = held.world.tables.rows(table);
        Ok(rows.map(|(partition, sort, row)| (key(partition, sort), row.item().clone())).collect())
    }

    /// Waits until everything that has happened so far is durable.
    pub fn sync(&self) -> Result<(), String> {
        let seen = self.lock().seen();
        self.sync_to(seen)
    }

    /// Waits until everything is durable that a run has seen: for an answer that rests on what others did. What has happened
    /// since its last call it can't rest on.
    pub fn sync_to(&self, seen: Seen) -> Result<(), String> {
        let bulk = if seen.bulk == 0 { None } else { self.lock().world.bulk.clone() };
        if let Some(bulk) = bulk {
            self.wait_for(&bulk, seen.bulk)?;
        }
        let Some(writer) = &self.0.writer else { return Ok(()) };
        self.write(writer, seen.queued)
    }

    /// Waits until the entry of this number is durable. Whoever comes while nobody writes, writes all there is; those who come
    /// meanwhile wait for that, and only those for whom it was not enough wait for the next.
    fn write(&self, writer: &Writer, mine: u64) -> Result<(), String> {
        let mut turn = locked(&writer.turn);
        loop {
            if turn.written >= mine {
                return Ok(());
            }
            if let Some(reason) = &self.lock().world.broken {
                return Err(reason.clone());
            }
            match turn.journal.take() {
                None => turn = writer.over.wait(turn).unwrap_or_else(PoisonError::into_inner),
                Some(mut journal) => {
                    drop(turn);
                    let (batch, last) = {
                        let mut held = self.lock();
                        (std::mem::take(&mut held.queue), held.queued)
                    };
                    let written = unharmed(|| journal.append(&batch));
                    if let Err(error) = &written {
                        self.lock().world.broken = Some(broken(error));
                    }
                    turn = locked(&writer.turn);
                    turn.journal = Some(journal);
                    if written.is_ok() {
                        turn.written = last;
                    }
                    writer.over.notify_all();
                }
            }
        }
    }

    /// Looks at the world or changes it, all under one lock; what changed is durable, in one write, on return.
    /// [`World::broken`] tells whether that failed.
    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let mut held = self.lock();
        let result = act(&mut held.world);
        // The failure is kept in the world, where the next look finds it.
        drop(self.flush(held));
        result
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        self.lock().world.now
    }

    /// A copy of the world as it is, without its journal.
    pub fn fork(&self) -> World {
        let mut world = self.lock().world.clone();
        // What is on the disk alone belongs to one world.
        (world.bulk, world.awaited) = (None, None);
        world
    }
}

impl fmt::Debug for SharedWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedWorld").finish_non_exhaustive()
    }
}
