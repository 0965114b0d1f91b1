//! The rules of Capstan's procedures, and the ports they act through.
//!
//! Everything here is a value or a pure function, but for the traits in [`ports`], which other crates carry
//! out (`aws` with the SDK, `sim` with a simulated cloud). No I/O, no clock, no randomness: what a rule needs
//! to know, it is told.
//!
//! - [`access`]: who may do what.
//! - [`audit`]: the chain of what was done, its seals, and what is wrong with it.
//! - [`iops`]: what hosts report and what is found in it.
//! - [`ids`], [`money`], [`time`]: the words everything else is said in.
//! - [`ports`]: what the outside must be able to do.
//! - [`subject`]: who callers may be.
//! - [`web`]: what URLs and forms are written in.
//! - [`tier`]: tier transitions: configurations, requests, the plan, its inverse, progress, recovery.

pub mod access;
pub mod audit;
pub mod ids;
pub mod iops;
pub mod money;
pub mod ports;
pub mod subject;
pub mod tier;
pub mod time;
pub mod web;

mod together;

pub use together::together;
