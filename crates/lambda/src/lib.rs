#![doc = include_str!("../README.md")]

mod logs;
mod metric;
mod run;
mod start;

pub use aws::Machine;
pub use run::{TurnedAway, chain};
pub use start::{Start, StartError, start};
