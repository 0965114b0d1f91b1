//! Holds the state machine, the Rust code and the template together, both ways.
//!
//! None of the three can see the others at compile time, and each of these agreements has been broken somewhere before: an error
//! name that no `Catch` matches, a function without a handler, waits that add up to more than the run may take. Every failure
//! says what to do.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken contract is a failed test, and says what to do"
)]

#[path = "contract/actions.rs"]
mod actions;
#[path = "contract/calls.rs"]
mod calls;
#[path = "contract/calls_models.rs"]
mod calls_models;
#[path = "contract/calls_scale.rs"]
mod calls_scale;
#[path = "contract/crates.rs"]
mod crates;
#[path = "contract/machine.rs"]
mod machine;
#[path = "contract/openapi.rs"]
mod openapi;
#[path = "contract/payloads.rs"]
mod payloads;
#[path = "contract/policies.rs"]
mod policies;
#[path = "contract/promises.rs"]
mod promises;
#[path = "contract/releases.rs"]
mod releases;
#[path = "contract/restore.rs"]
mod restore;
#[path = "contract/roles.rs"]
mod roles;
#[path = "contract/rollout.rs"]
mod rollout_machine;
#[path = "contract/stack.rs"]
mod stack;
#[path = "contract/time.rs"]
mod time;
#[path = "contract/upkeep.rs"]
mod upkeep;
#[path = "contract/verdicts.rs"]
mod verdicts;

use capstan_tests::template::{Function, Template};
use std::collections::BTreeMap;

/// The functions of the template by the crate each is made from.
fn functions_by_crate() -> BTreeMap<String, Function> {
    let functions = Template::read().functions();
    functions.into_iter().map(|function| (function.binary.clone(), function)).collect()
}
