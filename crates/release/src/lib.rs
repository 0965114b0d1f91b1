//! What the steps of a model's release share.
//!
//! A release trains a model, holds it against the one that serves, deploys it behind a canary, and records it; or undoes all
//! it did. Each step reads the release's row, notes there what it is about to do, does it, and answers a verdict; so a step
//! that runs twice does nothing more, and whoever undoes knows what there may be. [`workflow::STEPS`] is the table of steps.

mod course;
mod deploy;
mod ending;
mod error;
mod hosts;
mod input;
mod settings;
mod undo;
pub mod workflow;

pub use course::{Turn, go, guard, open, save};
pub use deploy::{check, deploy};
pub use ending::{LONGEST, MOST_RECOVERIES, Word, begin, end, recover};
pub use error::ReleaseError;
pub use hosts::off;
pub use input::{Answer, Input};
pub use settings::Settings;

/// The ports that deploy, look at what is deployed, and take it back.
pub trait Ports:
    capstan_core::ports::Store
    + capstan_core::ports::Clock
    + capstan_core::ports::Endpoints
    + capstan_core::ports::EndpointConfigs
    + capstan_core::ports::Models
{
}
impl<P> Ports for P where
    P: capstan_core::ports::Store
        + capstan_core::ports::Clock
        + capstan_core::ports::Endpoints
        + capstan_core::ports::EndpointConfigs
        + capstan_core::ports::Models
{
}
