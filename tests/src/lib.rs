//! What tests across crates share.
//!
//! [`workspace`], [`asl`] and [`template`] read the three files that must agree; [`scenario`] has worlds in which a
//! function is about to be called, reached by really running the system; [`cases`] says which event of `events/` is for which
//! function in which of these worlds, and what must come of it; [`export`] has all this as data; a [`lab`] goes through to
//! the end, with functions that may be [`tamper`]ed with. A failure here is a failed test, so it panics with what to do.

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "this library is for tests alone"
)]

pub mod asl;
pub mod cases;
pub mod export;
pub mod lab;
pub mod releases;
pub mod scenario;
pub mod tamper;
pub mod template;
pub mod workspace;

/// A route's whole path, as the template has it: that of the IOps API stands for itself.
pub fn resource(route: &str) -> String {
    let of_iops = capstan_core::access::TABLE
        .iter()
        .filter(|rule| rule.base == capstan_core::access::IOPS_BASE)
        .any(|rule| route.split('/').nth(1) == rule.route.split('/').nth(1));
    if of_iops { route.to_owned() } else { format!("{}{route}", capstan_core::access::BASE_PATH) }
}
