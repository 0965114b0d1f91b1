//! How each kind of resource is brought to a wanted state: pure decisions, one call at a time.
//!
//! A kind has what can be observed of it, the calls its service takes, and `next(observed, goal)`: the one legal call
//! that leads towards the goal now, or what to wait for. Doing, undoing, retiring and reaping are all this function with
//! another goal, so they can't drift apart, and repeating one is safe because nothing is assumed: it is looked at.
//! Rejected: a list of calls made in advance; after a crash half-way nobody knows where in the list one is.

pub mod cache_group;
pub mod collection;
pub mod domain;
pub mod endpoint;
pub mod graph;
pub mod serverless_cache;
pub mod stream;

pub use cache_group::CacheGroupCall;
pub use collection::{CollectionCall, ObservedCollection};
pub use domain::DomainCall;
pub use endpoint::{EndpointCall, ObservedEndpoint};
pub use graph::GraphCall;
pub use serverless_cache::ServerlessCacheCall;
pub use stream::StreamCall;

use super::{Desired, ResourceRef, Stamp};
use crate::ids::TenantId;
use crate::ports::{TagKey, Tags};

/// Where a resource is to be brought.
#[derive(Debug, Clone)]
pub struct Goal<'a> {
    /// Whose.
    pub tenant: &'a TenantId,
    /// Which.
    pub resource: &'a ResourceRef,
    /// The state it comes from.
    pub from: &'a Desired,
    /// The state it is to reach.
    pub to: &'a Desired,
    /// Whether this undoes something: then what has failed is made again instead of reported.
    pub undoing: bool,
    /// Name of the snapshot to leave behind on deletion; `None`: nothing worth keeping is in it.
    pub final_snapshot: Option<&'a str>,
    /// The model that endpoints serve.
    pub model: &'a str,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<C> {
    /// Nothing: it is as wanted, counts, settings and tags.
    Ready,
    /// Make this call, then look again.
    Call(C),
    /// Nothing can be done until this is over.
    Wait(&'static str),
    /// It can't be reached.
    Refuse(Refusal),
}

/// Why a goal can't be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A resource of that name belongs to somebody else. It is not touched.
    OwnedByAnother(String),
    /// A resource of that name exists that this change has not made. It is not touched.
    Exists(String),
    /// The service could not make it.
    Failed(String),
}

/// Changes of tags that every kind shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagCall {
    /// Set these.
    Set(Tags),
    /// Remove these.
    Remove(Vec<TagKey>),
}

/// What to do about the tags of a resource that is otherwise as wanted.
pub(crate) fn tags_next<C>(goal: &Goal<'_>, found: &Tags, call: impl Fn(TagCall) -> C) -> Next<C> {
    let wanted = goal.to.tags(goal.tenant);
    let missing: Tags = wanted
        .iter()
        .filter(|(key, value)| found.get(*key) != Some(*value))
        .map(|(key, value)| (*key, value.clone()))
        .collect();
    if !missing.is_empty() {
        return Next::Call(call(TagCall::Set(missing)));
    }
    let surplus: Vec<TagKey> = found.keys().filter(|key| !wanted.contains_key(*key)).copied().collect();
    if surplus.is_empty() { Next::Ready } else { Next::Call(call(TagCall::Remove(surplus))) }
}

/// How a found resource stands to the goal, going by its tags alone.
pub(crate) enum Claim<C> {
    /// It is the one that is meant.
    Ours,
    /// It is not: this is the answer.
    Settled(Next<C>),
}

/// Looks at whose a found resource is, before anything is touched.
pub(crate) fn claim<C>(goal: &Goal<'_>, found: &Tags) -> Claim<C> {
    let owner = found.get(&TagKey::TenantId);
    let ours = owner.is_some_and(|owner| owner == goal.tenant.as_str());
    let made_by = found.get(&TagKey::TransitionId);
    let bears = |stamp: &Stamp| made_by.is_some_and(|id| stamp.is_of(id));
    let stamp_of = |desired: &Desired| match desired {
        Desired::Absent => None,
        Desired::Serving { stamp, .. } | Desired::Retired { stamp, .. } => Some(stamp.clone()),
    };
    match (stamp_of(goal.from), stamp_of(goal.to)) {
        // What is to go is only what bears the stamp; anything else of that name is not the one that is meant.
        (Some(stamp), None) if !ours || !bears(&stamp) => Claim::Settled(Next::Ready),
        (None, Some(stamp)) if ours && !bears(&stamp) => {
            Claim::Settled(Next::Refuse(Refusal::Exists(format!(
                "{} exists and no ledger entry explains it: look at GET /tier/orphans, and delete or rename it",
                goal.resource
            ))))
        }
        (_, Some(_)) if !ours => Claim::Settled(Next::Refuse(Refusal::OwnedByAnother(format!(
            "{} belongs to {}, not to this tenant",
            goal.resource,
            owner.map_or("nobody that Capstan knows", String::as_str)
        )))),
        _ => Claim::Ours,
    }
}

/// A resource that failed to be made: reported when doing; deleted, so that it can be made again, when undoing.
pub(crate) fn failed<C>(goal: &Goal<'_>, reason: &str, delete: C) -> Next<C> {
    if goal.undoing || !goal.to.serves() {
        Next::Call(delete)
    } else {
        Next::Refuse(Refusal::Failed(format!("{}: {reason}", goal.resource)))
    }
}
