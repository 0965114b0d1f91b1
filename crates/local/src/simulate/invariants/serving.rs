//! The application is never pointed at something that does not serve.

use super::Promise;
use crate::simulate::watch::Watch;
use sim::World;
use std::sync::Arc;

pub(super) fn look(watch: &mut Watch, world: &World) {
    check(watch, world, false);
}

pub(super) fn at_the_end(watch: &mut Watch, world: &World) {
    check(watch, world, true);
}

/// Looks at every service that any application is pointed at. What a fault has made fail is looked at again when
/// it must have been repaired, at the end.
fn check(watch: &mut Watch, world: &World, end: bool) {
    let apps = Arc::clone(&watch.apps);
    for row in apps.iter() {
        let Some(config) = &row.config else { continue };
        // Who resets a tier by hand answers for what its application meets until the next change has ended.
        if watch.is_reset(row.tenant_id.as_str()) {
            continue;
        }
        for (service, target) in &config.services {
            let stage = world.stage_of(target.kind, &target.name);
            let serves = matches!(stage, Some("Ready" | "Changing"));
            if !serves && (end || !watch.doomed.contains(&target.name)) {
                let stage = stage.unwrap_or("not there");
                let what = format!(
                    "the application of {} has {service} at {}/{}, which is {stage}",
                    row.tenant_id, target.kind, target.name
                );
                watch.violated(Promise::Serving, world.now(), what);
            }
        }
        if end && row.draining != config.draining {
            let what = format!("the application of {} is told two things about draining", row.tenant_id);
            watch.violated(Promise::Serving, world.now(), what);
        }
    }
}
