//! Tier transitions: moving a tenant between DEV, STAGING and PRODUCTION.
//!
//! The line of thought: a [`TierConfig`] says what a tier is made of ([`edit`] changes it, [`prices`] says what it
//! costs); [`resource`] has the words for one resource and the state it should be in; a [`Plan`] is a list of [`Action`]s,
//! each from a former to a wanted state, and so is its own inverse. [`request`] says who may start one and when,
//! [`Change`] follows it to its end, [`ledger`] has what it did, [`progress`] how far it has come, [`workflow`] which states it went through, and [`recovery`] what to
//! do when its execution is gone.

pub mod app_config;
pub mod change;
pub mod config;
pub mod converge;
pub mod edit;
pub mod ledger;
pub mod names;
pub mod plan;
pub mod prices;
pub mod progress;
pub mod recovery;
pub mod request;
pub mod reshards;
pub mod resource;
pub mod state;
pub mod timing;
pub mod warnings;
pub mod workflow;

pub use app_config::AppConfig;
pub use change::{Cancellation, Change, ChangeStatus, Direction, Failure, Milestones};
pub use config::TierConfig;
pub use plan::{Plan, PlanInput, Verb, Warning};
pub use request::{Confirmation, EMERGENCY, MAX_REASON, MIN_REASON, Objection, Role, reason_objection};
pub use resource::{Action, Desired, Phase, ResourceKind, ResourceRef, Service, Spec, Stamp, Tier};
pub use state::{StatusStep, TierState, TransitionStatus};
