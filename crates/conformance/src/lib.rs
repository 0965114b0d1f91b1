#![doc = include_str!("../README.md")]

pub mod case;
pub mod differences;
pub mod front_door;
pub mod operations;
#[cfg(feature = "aws")]
pub mod proxy;
pub mod run;
pub mod simulated;
pub mod stage;
pub mod suites;

pub use case::{Case, Checked, Failure};
pub use run::Backend;
pub use stage::{Backstage, Stage};
