//! ElastiCache replication groups: nothing may be done to one that is not available.

use super::{Claim, Goal, Next, TagCall, claim, failed, tags_next};
use crate::ports::{CacheGroup, CacheGroupSettings, CacheStatus, Tags};
use crate::tier::{Desired, Spec};

/// Calls about a replication group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheGroupCall {
    /// Make it.
    Create(CacheGroupSettings, Tags),
    /// Change the node type.
    SetNodeType(String),
    /// Change the number of nodes; whether cluster mode is on.
    SetNodes(u32, bool),
    /// Delete it, leaving this snapshot.
    Delete(Option<String>),
    /// Change its tags.
    Tag(TagCall),
}

/// The next call.
pub fn next(seen: Option<&CacheGroup>, goal: &Goal<'_>) -> Next<CacheGroupCall> {
    let Some(group) = seen else {
        return match goal.to {
            Desired::Serving { spec: Spec::CacheGroup(settings), .. } => {
                Next::Call(CacheGroupCall::Create(settings.clone(), goal.to.tags(goal.tenant)))
            }
            _ => Next::Ready,
        };
    };
    if let Claim::Settled(answer) = claim(goal, &group.tags) {
        return answer;
    }
    match group.status {
        CacheStatus::Creating => return Next::Wait("the replication group is being made"),
        CacheStatus::Modifying => return Next::Wait("the replication group is being changed"),
        CacheStatus::Deleting => return Next::Wait("the replication group is being deleted"),
        CacheStatus::Failed => {
            return failed(goal, "ElastiCache could not make it", CacheGroupCall::Delete(None));
        }
        CacheStatus::Available => {}
    }
    match goal.to {
        Desired::Absent => Next::Call(CacheGroupCall::Delete(goal.final_snapshot.map(str::to_owned))),
        Desired::Serving { spec: Spec::CacheGroup(wanted), .. }
            if group.settings.node_type != wanted.node_type =>
        {
            Next::Call(CacheGroupCall::SetNodeType(wanted.node_type.clone()))
        }
        Desired::Serving { spec: Spec::CacheGroup(wanted), .. } if group.settings.nodes != wanted.nodes => {
            Next::Call(CacheGroupCall::SetNodes(wanted.nodes, wanted.cluster_mode))
        }
        _ => tags_next(goal, &group.tags, CacheGroupCall::Tag),
    }
}
