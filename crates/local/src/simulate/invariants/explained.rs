//! What exists is what the records explain, no more and no less; and nobody touches another tenant's.
//!
//! At every moment a resource has an entry in the register (intent is written before the effect, and the entry goes after
//! the resource), and what is done to it is part of a change of its owner that is under way, or its date has come. At the
//! end every entry has its resource as well, ready, of the shape and with the tags that the entry says.

use super::Promise;
use crate::simulate::facts;
use crate::simulate::watch::{Watch, resource_of};
use capstan_core::tier::{Desired, ResourceKind, ResourceRef};
use sim::{Effect, World};

pub(super) fn look(watch: &mut Watch, world: &World, new: &[Effect]) {
    if new.is_empty() {
        return;
    }
    let mut resource = String::new();
    for (kind, name) in world.names() {
        resource.clear();
        resource.extend([kind.as_str(), "/", name]);
        // What the register has now was noted just before.
        if !watch.has_entry(&resource) && !watch.orphans.has(&resource) {
            let what = format!("{resource} exists, and no entry of the register explains it");
            watch.violated(Promise::Explained, world.now(), what);
        }
    }
    let new: Vec<_> = new.iter().filter(|effect| !watch.orphans.planting(effect)).collect();
    for resource in new.into_iter().filter_map(|effect| resource_of(&effect.resource)) {
        if let Some(why) = meddling(world, &resource) {
            watch.violated(Promise::Explained, world.now(), format!("{resource} was touched, and {why}"));
        }
    }
}

/// Why nobody had a right to touch a resource just now, if so.
fn meddling(world: &World, resource: &ResourceRef) -> Option<String> {
    let Some(owner) = facts::named_after(&resource.name) else {
        return Some("it is no tenant's".to_owned());
    };
    let entry = facts::entry(world, resource);
    if let Some(Desired::Retired { delete_after, .. }) = entry.as_deref().map(|entry| &entry.desired)
        && *delete_after <= world.now()
    {
        return None;
    }
    let mut open = facts::open_changes(world).into_iter();
    let Some(change) = open.find(|change| change.tenant_id.as_str() == owner) else {
        return Some(format!("no change of its owner {owner} is under way"));
    };
    let planned = change.plan.actions.iter().any(|action| action.resource == *resource);
    (!planned)
        .then(|| format!("the change {} that is under way has no business with it", change.transition_id))
}

pub(super) fn at_the_end(watch: &mut Watch, world: &World) {
    let register = facts::register(world);
    for view in world.resources() {
        if watch.orphans.has(&view.resource.to_string()) {
            continue;
        }
        let Some(entry) = register.iter().find(|entry| entry.resource == view.resource) else {
            let what = format!("{} is left, and no entry of the register explains it", view.resource);
            watch.violated(Promise::Explained, world.now(), what);
            continue;
        };
        // One whose date has come is on its way out.
        if matches!(&entry.desired, Desired::Retired { delete_after, .. } if *delete_after <= world.now()) {
            continue;
        }
        // After a reset the register says what is wanted, and that it is not so yet: the next change sees to it, and
        // what was retired by it is deleted as it is.
        let retired = matches!(entry.desired, Desired::Retired { .. });
        if !entry.settled && (retired || watch.is_reset(entry.tenant_id.as_str())) {
            continue;
        }
        let mut wrong = Vec::new();
        if view.stage != "Ready" {
            wrong.push(format!("is {}", view.stage));
        }
        // What a collection may grow to is a limit of the whole account, which only ever goes up (decision 0009).
        let shared = view.resource.kind == ResourceKind::Collection;
        if view.spec.as_ref() != entry.desired.spec() && !shared {
            wrong.push(format!("is of the shape {:?}, not {:?}", view.spec, entry.desired.spec()));
        }
        if view.tags != entry.desired.tags(&entry.tenant_id) {
            wrong.push(format!("bears the tags {:?}", view.tags));
        }
        if !wrong.is_empty() {
            let what = format!("{} {}", view.resource, wrong.join("; "));
            watch.violated(Promise::Explained, world.now(), what);
        }
    }
    for entry in &register {
        let due =
            matches!(&entry.desired, Desired::Retired { delete_after, .. } if *delete_after <= world.now());
        let reset = !entry.settled && watch.is_reset(entry.tenant_id.as_str());
        if world.stage(&entry.resource).is_none() && !due && !reset && entry.desired != Desired::Absent {
            let what = format!("{} is missing: the register has it as {:?}", entry.resource, entry.desired);
            watch.violated(Promise::Explained, world.now(), what);
        }
    }
    let configs = world.endpoint_configs();
    let unused = configs.as_array().into_iter().flatten();
    let endpoint_due = register.iter().any(|entry| {
        entry.resource.kind == ResourceKind::Endpoint && matches!(entry.desired, Desired::Retired { .. })
    });
    if let Some(config) = unused.into_iter().find(|config| config["usedBy"].is_null() && !endpoint_due) {
        watch.violated(
            Promise::Explained,
            world.now(),
            format!("an endpoint configuration is left: {config}"),
        );
    }
}
