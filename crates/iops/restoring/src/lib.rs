//! How a table is restored and put in the place of the one that serves, and how that is undone.
//!
//! | Do | Undo |
//! |---|---|
//! | [`make`]: the service makes a table from the past of another | it is deleted, unless it has served |
//! | [`prepare`]: what a restore loses is set as the source has it | goes with the table |
//! | [`verify`]: rows are counted in both | nothing to undo |
//! | [`swap`]: the analysis is fed from its stream, then functions are pointed at it | they are pointed back; it is fed no more |
//!
//! Each looks at what there is before it acts, so doing it twice does it once. What a function had before stands in the row
//! before it is changed. Rejected: renaming tables (the service can't), and an alias row that functions read (a call more
//! for each request of each function, for ever).

mod make;
mod row;
mod settings;
mod swap;
mod undo;
mod verify;

pub use make::{make, prepare, wait};
pub use row::{Input, Step, open, release, update};
pub use settings::{Served, Settings};
pub use swap::{Moved, points_at, put_back, swap};
pub use undo::{complete, fail, undo};
pub use verify::verify;

use capstan_core::ports::{Clock, Feeds, Functions, Notifier, Store, TableBackups, TableRows, Tables};

/// Everything that a restore takes.
pub trait Ports: Store + Clock + Tables + TableBackups + TableRows + Functions + Feeds + Notifier {}
impl<T: Store + Clock + Tables + TableBackups + TableRows + Functions + Feeds + Notifier> Ports for T {}
