//! Small machines, each with its input and the answers of its tasks, held against what the specification and the
//! service say they do.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    clippy::unreadable_literal,
    reason = "tests fail by panicking, and rows of a table read best with plain values"
)]

mod choices;
mod data;
mod driver;
mod durable;
mod endless;
mod errors;
mod forks;
mod intrinsics;
mod properties;
mod refusals;
mod times;
mod variables;
