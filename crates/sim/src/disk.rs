//! The world on disk: one file, one table of keys and values, every write atomic and synced.
//!
//! redb was chosen because it is a library, needs nothing installed, and is ACID: a `kill -9` at any moment leaves
//! the last acknowledged write or the one before it, never a part. It also locks its file, so two processes can't
//! both be the world.

use crate::bulk::Bulk;
use crate::config::WorldConfig;
use crate::persist::{Change, Journal, LoadError};
use crate::shared::SharedWorld;
use crate::world::World;
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, StorageError, TableDefinition};
use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most bytes of pages of one file that are kept in memory. What a host reports lands beside what it reported before, so
/// the last page of each of ten thousand hosts has room; redb's own measure is a gigabyte.
const CACHE: usize = 64 * 1024 * 1024;
const ENTRIES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("entries");

/// Why a world can't be had from a file. Nothing in the file was deleted.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// Another process holds it.
    #[error("{} is in use by another process; stop that one first, or choose another file", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a later version.
    #[error("{} can't be read by this version: it is in format {found}, this one knows formats up to {known}. \
             Use the newer version, or another file; this one was left as it is", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format known.
        known: u32,
    },
    /// It is damaged, or it is something else.
    #[error("{} is damaged or not a store of this program ({reason}). Move it away to start with an empty one; \
             nothing in it was deleted", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It can't be opened, read or made at all.
    #[error("{} can't be opened", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A store file that is open.
#[derive(Debug)]
pub struct Disk {
    database: Database,
    path: PathBuf,
}

/// Opens the file, or makes it, and brings up the world in it.
pub fn open(path: &Path, config: WorldConfig) -> Result<SharedWorld, DiskError> {
    let disk = Disk::open(path)?;
    let world = World::load(config, disk.entries()?).map_err(|error| match error {
        LoadError::Newer { found, known } => DiskError::Newer { path: path.to_owned(), found, known },
        LoadError::Damaged { .. } => DiskError::Damaged { path: path.to_owned(), reason: error.to_string() },
    })?;
    let mut world = world;
    world.bulk = Some(Arc::new(Bulk::open(&bulk_path(path))?));
    Ok(SharedWorld::durable(world, disk))
}

/// Where the tables are that do not fit into memory: beside the world.
pub fn bulk_path(path: &Path) -> PathBuf {
    path.with_extension("bulk.redb")
}

impl Disk {
    /// Opens the file, or makes it, and checks it through.
    pub fn open(path: &Path) -> Result<Self, DiskError> {
        Self::opened(path, true)
    }

    /// The same without looking at every page: for files of gigabytes.
    pub(crate) fn open_unchecked(path: &Path) -> Result<Self, DiskError> {
        Self::opened(path, false)
    }

    pub(crate) fn into_database(self) -> Database {
        self.database
    }

    fn opened(path: &Path, checked: bool) -> Result<Self, DiskError> {
        let path = path.to_owned();
        let opened = unharmed(|| {
            if !path.try_exists()? {
                make(&path)?;
            }
            if fs::metadata(&path)?.len() == 0 {
                return Err(DatabaseError::Storage(StorageError::Corrupted("it is empty".to_owned())));
            }
            let mut database = Database::builder().set_cache_size(CACHE).open(&path)?;
            sweep(&path);
            // The checksums of every page: seconds for a store of gigabytes.
            if checked {
                database.check_integrity()?;
            }
            Ok(database)
        });
        match opened {
            Ok(Ok(database)) => Ok(Self { database, path }),
            Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => Err(DiskError::InUse { path }),
            Ok(Err(DatabaseError::Storage(StorageError::Io(source)))) if !tells_of_damage(&source) => {
                Err(DiskError::Io { path, source })
            }
            Ok(Err(error)) => Err(DiskError::Damaged { path, reason: error.to_string() }),
            Err(reason) => Err(DiskError::Damaged { path, reason }),
        }
    }

    /// Every key and value.
    pub fn entries(&self) -> Result<Vec<(String, Vec<u8>)>, DiskError> {
        let damaged = |reason| DiskError::Damaged { path: self.path.clone(), reason };
        let read = unharmed(|| self.read()).map_err(damaged)?;
        read.map_err(|error| damaged(error.to_string()))
    }

    fn read(&self) -> Result<Vec<(String, Vec<u8>)>, redb::Error> {
        let reading = self.database.begin_read()?;
        let table = match reading.open_table(ENTRIES) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut entries = Vec::new();
        for entry in table.iter()? {
            let (key, value) = entry?;
            entries.push((key.value().to_owned(), value.value().to_vec()));
        }
        Ok(entries)
    }

    fn write(&self, changes: &[Change]) -> Result<(), redb::Error> {
        let writing = self.database.begin_write()?;
        {
            let mut table = writing.open_table(ENTRIES)?;
            for (key, value) in changes {
                match value {
                    Some(value) => drop(table.insert(key.as_str(), value.as_slice())?),
                    None => drop(table.remove(key.as_str())?),
                }
            }
        }
        // Synced on return: that is redb's default.
        writing.commit()?;
        Ok(())
    }
}

/// What the drafts of a store are called before what is theirs alone.
fn draft_prefix(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes an empty store beside its place, then links it there, unless another process was first.
fn make(path: &Path) -> Result<(), DatabaseError> {
    // A name that nobody else has; no chance of the simulation's.
    let own = RandomState::new().build_hasher().finish();
    let draft = folder(path).join(format!("{}{own:016x}", draft_prefix(path)));
    drop(Database::create(&draft)?);
    let linked =
        File::open(&draft).and_then(|file| file.sync_all()).and_then(|()| fs::hard_link(&draft, path));
    // Whether or not it worked, the draft must not stay.
    drop(fs::remove_file(&draft));
    match linked {
        Ok(()) => Ok(File::open(folder(path)).and_then(|folder| folder.sync_all())?),
        // Another process was first, and may have swept up the draft.
        Err(_) if path.try_exists()? => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Removes what processes left that died while they made the store. Who holds the store may: nobody needs them now.
fn sweep(path: &Path) {
    let prefix = draft_prefix(path);
    for entry in fs::read_dir(folder(path)).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            // What can't be removed does no harm.
            drop(fs::remove_file(entry.path()));
        }
    }
}

/// Runs what may panic over a damaged file: redb asserts what it reads in places.
fn unharmed<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| "its pages contradict each other".to_owned())
}

/// Whether it is what the file holds that is wrong, not the way to it.
fn tells_of_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

impl Journal for Disk {
    fn append(&mut self, changes: &[Change]) -> io::Result<()> {
        self.write(changes).map_err(|error| match error {
            redb::Error::Io(source) => source,
            other => io::Error::other(other),
        })
    }
}
