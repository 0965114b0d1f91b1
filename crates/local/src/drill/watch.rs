//! What one transition did to the cloud, by the cloud's own log.

use capstan_core::ports::TagKey;
use capstan_core::tier::{ResourceKind, ResourceRef};
use capstan_core::time::Timestamp;
use sim::{Effect, EffectKind, Operation, SharedWorld, World};
use std::collections::{BTreeMap, BTreeSet};

/// An eye on the cloud from a request on.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) asked_at: Timestamp,
    /// When the last life cycle of what was touched ended or will end; not before the request.
    pub(super) last_settled: Timestamp,
    retired_before: BTreeSet<ResourceRef>,
    /// Where in the log the next look begins.
    seen: usize,
    effects: BTreeMap<ResourceRef, BTreeSet<Kind>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Created,
    Changed,
    Deleted,
}

/// Names of resources, as `kind/name`.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) created: Vec<String>,
    pub(super) changed: Vec<String>,
    pub(super) retired: Vec<String>,
    pub(super) deleted: Vec<String>,
}

impl Watch {
    pub(super) fn new(world: &SharedWorld, asked_at: Timestamp) -> Self {
        let (retired_before, seen) = world.with(|world| (retired(world), world.log().len()));
        Self { asked_at, last_settled: asked_at, retired_before, seen, effects: BTreeMap::new() }
    }

    /// Takes in what has happened since the last look. What is being deleted tells only while it is there when it
    /// will be gone, so looks must come at every step.
    pub(super) fn look(&mut self, world: &SharedWorld) {
        world.with(|world| {
            let Some(new) = world.log().get(self.seen..).filter(|new| !new.is_empty()) else { return };
            self.seen += new.len();
            for effect in new {
                // A new tag is no life cycle, and no change of what the resource does.
                let tags = matches!(effect.operation, Operation::TagResources | Operation::UntagResources);
                if let Some(resource) = resource_of(effect).filter(|_| !tags) {
                    self.effects.entry(resource).or_default().insert(kind_of(effect.kind));
                }
            }
            let settled = self.effects.keys().filter_map(|resource| world.settled_at(resource));
            self.last_settled = settled.fold(self.last_settled, Timestamp::max);
        });
    }

    pub(super) fn touched(&self, world: &SharedWorld) -> Touched {
        let retired = world.with(|world| retired(world));
        let newly: BTreeSet<&ResourceRef> = retired.difference(&self.retired_before).collect();
        let mut touched =
            Touched { retired: newly.iter().map(|one| shown(one)).collect(), ..Touched::default() };
        for (resource, kinds) in &self.effects {
            let (created, deleted) = (kinds.contains(&Kind::Created), kinds.contains(&Kind::Deleted));
            if created {
                touched.created.push(shown(resource));
            }
            if deleted {
                touched.deleted.push(shown(resource));
            }
            if !created && !deleted && !newly.contains(resource) {
                touched.changed.push(shown(resource));
            }
        }
        touched
    }
}

const fn kind_of(kind: EffectKind) -> Kind {
    match kind {
        EffectKind::Created => Kind::Created,
        EffectKind::Changed => Kind::Changed,
        EffectKind::Deleted => Kind::Deleted,
    }
}

/// The resource of an effect; parts of resources (endpoint configurations, scaling) are none.
fn resource_of(effect: &Effect) -> Option<ResourceRef> {
    let (kind, name) = effect.resource.split_once('/')?;
    let kind = ResourceKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
    Some(ResourceRef { kind, name: name.to_owned() })
}

fn retired(world: &World) -> BTreeSet<ResourceRef> {
    let resources = world.resources().into_iter();
    resources.filter(|view| view.tags.contains_key(&TagKey::DeleteAfter)).map(|view| view.resource).collect()
}

fn shown(resource: &ResourceRef) -> String {
    format!("{}/{}", resource.kind.as_str(), resource.name)
}
