//! A simulated cloud with real life cycles on a virtual clock, and an embedded item store.
//!
//! It refuses what AWS refuses, takes the time AWS takes (on a clock that can be turned), and fails on command:
//! which call, and how. It backs the local stack, whose world lives on disk and survives `kill -9`, and the
//! drills and fault simulations, which make and drop thousands of worlds a second.
//!
//! - [`World`]: everything there is, as plain data. [`SharedWorld`]: the same behind a lock, with its journal.
//! - [`Ports`]: every port of the core, carried out on a shared world for one [`Invocation`]. Each call gives way
//!   once and then acts at once as a whole, so that [`Stepper`]s can be interleaved in any order.
//! - [`Fault`]: what goes wrong, as text `SERVICE:OPERATION:NTH:KIND`.
//! - [`disk`]: the world on disk.
//!
//! Rejected: simulating the services' HTTP interfaces (others have, and better; those are for proof, they are not
//! a clock one can turn), and mocks per test (they say what the test's author believes of the cloud).

mod bulk;
mod chance;
mod changes;
mod cloud;
mod config;
pub mod disk;
mod execution;
mod expiry;
mod fault;
mod homes;
mod invocation;
mod life;
mod meter;
mod number;
mod operation;
mod persist;
mod ports;
mod record;
mod rows;
mod shared;
mod stream;
mod tables;
mod tamper;
mod timing;
mod traffic;
mod view;
mod watch;
mod world;

pub use cloud::FinalSnapshot;
pub use cloud::inference::Behaviour;
pub use config::{Quotas, SigningKey, WorldConfig};
pub use execution::{ExecutionRow, Kept, Live};
pub use fault::{Fault, FaultKind, FaultParseError, Nth};
pub use invocation::{End, Invocation, Outcome, Stepper, run};
pub use meter::Bill;
pub use operation::Operation;
pub use persist::{Change, Journal, LoadError};
pub use ports::Ports;
pub use record::{Call, Effect, EffectKind, Met};
pub use shared::{Door, Knock, Making, Seen, SharedWorld};
pub use stream::StreamRecord;
pub use tamper::Tamper;
pub use timing::Pace;
pub use view::{ResourceView, Still};
pub use watch::Deployment;
pub use world::World;
