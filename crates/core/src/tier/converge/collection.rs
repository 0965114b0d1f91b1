//! OpenSearch Serverless collections. Their OCU limits belong to the account: raised where needed, never lowered.

use super::{Claim, Goal, Next, TagCall, claim, failed, tags_next};
use crate::ports::{Collection, CollectionLimits, CollectionStatus, Tags};
use crate::tier::{Desired, Spec};

/// What can be seen of a collection.
#[derive(Debug, Clone)]
pub struct ObservedCollection {
    /// The collection.
    pub collection: Option<Collection>,
    /// The account's limits; looked at only for a collection that is to serve.
    pub limits: Option<CollectionLimits>,
}

/// Calls about a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CollectionCall {
    /// Raise the account's limits to these.
    SetLimits(CollectionLimits),
    /// Make it.
    Create(Tags),
    /// Delete it.
    Delete,
    /// Change its tags.
    Tag(TagCall),
}

/// The next call.
pub fn next(seen: &ObservedCollection, goal: &Goal<'_>) -> Next<CollectionCall> {
    let wanted = match goal.to {
        Desired::Serving { spec: Spec::Collection { max_ocus, .. }, .. } => Some(*max_ocus),
        _ => None,
    };
    if let Some(collection) = &seen.collection
        && let Claim::Settled(answer) = claim(goal, &collection.tags)
    {
        return answer;
    }
    if let (Some(least), Some(limits)) = (wanted, seen.limits) {
        let raised = CollectionLimits {
            max_indexing_ocus: limits.max_indexing_ocus.max(least),
            max_search_ocus: limits.max_search_ocus.max(least),
        };
        if raised != limits {
            return Next::Call(CollectionCall::SetLimits(raised));
        }
    }
    let Some(collection) = &seen.collection else {
        return if wanted.is_some() {
            Next::Call(CollectionCall::Create(goal.to.tags(goal.tenant)))
        } else {
            Next::Ready
        };
    };
    match (collection.status, goal.to) {
        (CollectionStatus::Creating, _) => Next::Wait("the collection is being made"),
        (CollectionStatus::Deleting, _) => Next::Wait("the collection is being deleted"),
        (CollectionStatus::Failed, _) => {
            failed(goal, "OpenSearch Serverless could not make it", CollectionCall::Delete)
        }
        (CollectionStatus::Active, Desired::Absent) => Next::Call(CollectionCall::Delete),
        (CollectionStatus::Active, _) => tags_next(goal, &collection.tags, CollectionCall::Tag),
    }
}
