#![doc = include_str!("../README.md")]

mod begin;
mod end;
mod error;
mod input;
mod judging;
mod start;
mod sweep;
mod traffic;

pub use begin::{Objection, Wish, begin, in_service, settings};
pub use end::{end, roll_back};
pub use error::Error;
pub use input::{Caught, Input, Verdict, step};
pub use judging::{judge, stored};
pub use start::start;
pub use sweep::{Report, sweep};
pub use traffic::set_traffic;

use capstan_core::ports::Store;
use iops_records::Canary;

/// The canary that a step is about.
async fn of(store: &impl Store, input: &Input) -> Result<Canary, Error> {
    let found = iops_records::canary(store, &input.canary_id).await?;
    found.ok_or_else(|| Error::NoSuchCanary(input.canary_id.clone()))
}

/// Whole seconds since 1970.
const fn seconds(at: capstan_core::time::Timestamp) -> u64 {
    at.as_millis() / 1_000
}
