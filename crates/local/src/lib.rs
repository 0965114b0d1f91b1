//! Capstan on one machine.
//!
//! The system that `template.yaml` describes, built over a simulated cloud: [`template`] reads it, [`functions`] has
//! the code, [`System`] puts the two together, [`engine`] runs its state machine, schedules and events on virtual or
//! scaled time, [`gateway`] is its front door, [`issuer`] signs the tokens for it, [`drill`] is a rehearsal without waiting,
//! [`simulate`] very many of them with mishaps, [`fleet`] hosts that are made up, and [`cli`] the command `capstan`. It is a library as well as a binary
//! so that tests can run the same system without a process and without a socket.

pub mod audit_key;
pub mod canary;
pub mod cli;
pub mod clock;
mod digest;
pub mod drill;
pub mod engine;
pub mod fleet;
pub mod functions;
pub mod gateway;
pub mod issuer;
mod key_file;
pub mod seedling;
pub mod simulate;
mod system;
pub mod template;
mod wake;

#[cfg(test)]
mod toy;

pub use system::{Blueprint, Invoked, StartError, System};
pub use wake::wake;
