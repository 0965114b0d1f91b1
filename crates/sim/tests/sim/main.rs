//! Tests of the simulated cloud through its ports. One binary, since linking is most of what tests cost.
//! The modules are marked as tests, so that the lints know them for what they are.

#[cfg(test)]
mod bulk;
#[cfg(test)]
mod cost;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod interleaving;
#[cfg(test)]
mod life_cycles;
#[cfg(test)]
mod persistence;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod setting;
#[cfg(test)]
mod store;
#[cfg(test)]
mod store_conformance;
#[cfg(test)]
mod training;
