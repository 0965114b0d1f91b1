#![doc = include_str!("../README.md")]

mod logs;
mod metric;
mod pause;
mod run;
mod start;

pub use aws::Machine;
pub use pause::pause;
pub use run::{TurnedAway, chain};
pub use start::{Start, StartError, start};
