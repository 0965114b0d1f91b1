//! OpenSearch domains: no change while one is being processed.

use super::{Claim, Goal, Next, TagCall, claim, failed, tags_next};
use crate::ports::{Domain, DomainSettings, Tags};
use crate::tier::{Desired, Spec};

/// Calls about a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainCall {
    /// Make it.
    Create(DomainSettings, Tags),
    /// Change its settings.
    Update(DomainSettings),
    /// Delete it.
    Delete,
    /// Change its tags.
    Tag(TagCall),
}

/// The next call.
pub fn next(seen: Option<&Domain>, goal: &Goal<'_>) -> Next<DomainCall> {
    let Some(domain) = seen else {
        return match goal.to {
            Desired::Serving { spec: Spec::Domain(settings), .. } => {
                Next::Call(DomainCall::Create(settings.clone(), goal.to.tags(goal.tenant)))
            }
            _ => Next::Ready,
        };
    };
    if let Claim::Settled(answer) = claim(goal, &domain.tags) {
        return answer;
    }
    if domain.deleting {
        return Next::Wait("the domain is being deleted");
    }
    match (domain.created, domain.processing) {
        (true, _) => {}
        // A domain may be deleted before it is made; where the service will not yet, it says that it is busy.
        (false, true) if *goal.to == Desired::Absent => return Next::Call(DomainCall::Delete),
        (false, true) => return Next::Wait("the domain is being made"),
        (false, false) => return failed(goal, "OpenSearch could not make it", DomainCall::Delete),
    }
    if domain.processing {
        return Next::Wait("the domain is being changed");
    }
    match goal.to {
        Desired::Absent => Next::Call(DomainCall::Delete),
        Desired::Serving { spec: Spec::Domain(settings), .. } if domain.settings != *settings => {
            Next::Call(DomainCall::Update(settings.clone()))
        }
        _ => tags_next(goal, &domain.tags, DomainCall::Tag),
    }
}
