//! The time at which a system stood still is over.
//!
//! The cloud's time did not pass meanwhile, and goes on at the machine's. What was done just before it stopped has no seal
//! yet, and would get one hours late: nobody could tell it from a stretch of the audit that was made anew. So it is sealed
//! at the time at which it stopped, before that is left behind.

use crate::system::System;
use capstan_core::time::Timestamp;
use serde_json::Value;

/// Seals what is left, and brings the cloud's time up to the machine's.
pub fn wake(system: &System, machine: Timestamp) {
    if machine > system.world().now() {
        let functions = &system.description().functions;
        if let Some(sealer) = functions.iter().find(|function| function.crate_name == "seal-audit") {
            // What goes wrong is tried again a minute later, and counts as late then.
            let _ = system.invoke(&sealer.logical_id, Value::Null);
        }
    }
    system.world().with(|world| world.advance_to(machine));
}
