//! What our adapters say when the connection to the cloud fails them, held against what really happened there.
//!
//! Between the adapters and an emulated cloud stands the proxy that makes the faults: only it knows whether a request was
//! carried out, and only the cloud behind it knows how often. Every call ends in a success that is true, a refusal that is
//! true, or "nobody knows"; never in a guess. Without the emulators (`MINISTACK_URL`, `MOTO_URL`) the tests say so and do
//! nothing.
#![cfg(feature = "aws")]
#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test")]

#[path = "faults/changes.rs"]
mod changes;
#[path = "faults/claims.rs"]
mod claims;
#[path = "faults/reads.rs"]
mod reads;
#[path = "faults/settings.rs"]
mod settings;
#[path = "faults/world.rs"]
mod world;
