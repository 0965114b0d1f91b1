//! The adapters against answers of exactly the shape AWS gives, for what no peer has: operations, life cycles, refusals.
//!
//! All of it passes the recording proxy, so that requests and answers are held against the services' own models with all
//! the rest.

#[cfg(test)]
#[path = "recorded/caches.rs"]
mod caches;
#[cfg(test)]
#[path = "recorded/endpoints.rs"]
mod endpoints;
#[cfg(test)]
#[path = "recorded/others.rs"]
mod others;
#[cfg(test)]
#[path = "recorded/refusals.rs"]
mod refusals;
#[cfg(test)]
#[path = "recorded/script.rs"]
mod script;
#[cfg(test)]
#[path = "recorded/watching.rs"]
mod watching;
