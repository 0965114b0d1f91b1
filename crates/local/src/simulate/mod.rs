//! Simulation: histories and mishaps drawn from a seed, played on virtual time by the real functions and the real workflow,
//! and promises that must hold over the whole world whatever happens.
//!
//! [`Case::draw`] says what happens in a run, [`Stage`] is what all runs share, [`play`] plays one and has the
//! [`invariants`] look at every step and at the end, [`shrink`] leaves out of a failure what it can do without, and
//! [`simulate`] does all this many times over. A run depends on its case alone, so the same seed gives the same bytes, in
//! whatever order and on however many threads.

mod chance;
mod draw;
mod facts;
mod history;
mod invariants;
mod mishap;
mod operator;
mod report;
mod run;
mod shrink;
mod stage;
mod text;
mod watch;

pub use history::{Act, Case, Doing, Event, Histories, Lengths, Start, TENANTS, Tenant};
pub use invariants::{Promise, Violation};
pub use mishap::Mishap;
pub use report::{Failed, Options, Report, simulate};
pub use run::{Played, play};
pub use shrink::shrink;
pub use stage::Stage;
pub use text::CaseParseError;
