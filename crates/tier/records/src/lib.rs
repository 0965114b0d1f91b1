//! What tier transitions keep in the store.
//!
//! A record is a type of `capstan_core::tier` with a key and a version. [`Transaction`] gathers writes and commits all or
//! none; every record is written under the condition that nobody has written it since it was read, so the store's
//! conditions are in this one place and no handler can forget one. What is listed across tenants (changes under
//! way, stores due for deletion) has rows in an index table that are written in the same transaction.

mod audit;
pub mod denied;
mod index;
mod read;
mod record;
mod request;
mod seal;
mod transaction;

pub use audit::{AuditEntry, EntryRow, HeadRow, SYSTEM_ROLE, append, audit_head, audit_row, audit_rows};
pub use capstan_core::audit::Act;
pub use index::{AUDIT_BROKEN, AUDIT_UNSEALED, IndexRow, RETIRED, TENANTS, UNDER_WAY};
pub use read::{
    app_config, change, changes, config, confirmation, effects, index_page, index_row, index_rows, rate,
    register, request, shared_change, shared_effects, shared_register, state, update_change,
};
pub use record::{AppConfigRow, ConfigRow, Record, RecordError};
pub use request::{KeptAnswer, KeptSecret, RateRow, RequestRow};
pub use seal::{SealRow, SealedRow, former_seal_rows, last_seal, seal_rows, sealed};
pub use transaction::Transaction;
