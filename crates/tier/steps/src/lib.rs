//! What the steps of a tier transition share.
//!
//! A step is a Lambda of its own with its own crate; what more than one needs is here: [`open`] and [`look`] load the change at
//! hand, [`guard`] refuses to work on one that should not go on, [`ledger`] writes intent and outcome, [`drivers`] bring a
//! resource to a wanted state, [`errors`] has the closed names that the state machine matches on, and [`workflow`]
//! is the table of all steps, each with what undoes it.

pub mod app_config;
pub mod drivers;
pub mod ending;
pub mod errors;
pub mod input;
pub mod ledger;
pub mod oidc;
pub mod orphans;
pub mod phase;
pub mod planning;
pub mod settings;
pub mod workflow;

pub use errors::StepError;
pub use input::{Answer, Caught, StepInput, Turn, guard, in_turn, look, open};
pub use oidc::{Oidc, check_url};
pub use settings::{Environment, SettingError, Settings};
