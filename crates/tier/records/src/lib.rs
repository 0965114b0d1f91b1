//! What tier transitions keep in the store.
//!
//! A record is a type of `capstan_core::tier` with a key and a version. [`Transaction`] gathers writes and commits all or
//! none; every record is written under the condition that nobody has written it since it was read, so the store's
//! conditions are in this one place and no handler can forget one. What is listed across tenants (changes under
//! way, stores due for deletion) has rows in an index table that are written in the same transaction.

mod audit;
mod index;
mod read;
mod record;
mod transaction;

pub use audit::{Act, AuditEntry};
pub use index::{IndexRow, RETIRED, TENANTS, UNDER_WAY};
pub use read::{
    app_config, change, changes, config, confirmation, effects, index_rows, register, shared_change,
    shared_effects, shared_register, state, update_change,
};
pub use record::{AppConfigRow, ConfigRow, Record, RecordError};
pub use transaction::Transaction;
