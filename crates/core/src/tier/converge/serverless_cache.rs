//! ElastiCache serverless caches: nothing may be done to one that is not available.

use super::{Claim, Goal, Next, TagCall, claim, failed, tags_next};
use crate::ports::{CacheStatus, ServerlessCache, Tags};
use crate::tier::{Desired, Spec};

/// Calls about a serverless cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerlessCacheCall {
    /// Make it with these ECPUs per second, least and most.
    Create(u32, u32, Tags),
    /// Change the limits.
    SetEcpu(u32, u32),
    /// Delete it, leaving this snapshot.
    Delete(Option<String>),
    /// Change its tags.
    Tag(TagCall),
}

/// The next call.
pub fn next(seen: Option<&ServerlessCache>, goal: &Goal<'_>) -> Next<ServerlessCacheCall> {
    let wanted = match goal.to {
        Desired::Serving { spec: Spec::ServerlessCache { min_ecpu, max_ecpu }, .. } => {
            Some((*min_ecpu, *max_ecpu))
        }
        _ => None,
    };
    let Some(cache) = seen else {
        return match wanted {
            Some((min, max)) => Next::Call(ServerlessCacheCall::Create(min, max, goal.to.tags(goal.tenant))),
            None => Next::Ready,
        };
    };
    if let Claim::Settled(answer) = claim(goal, &cache.tags) {
        return answer;
    }
    match cache.status {
        CacheStatus::Creating => return Next::Wait("the serverless cache is being made"),
        CacheStatus::Modifying => return Next::Wait("the serverless cache is being changed"),
        CacheStatus::Deleting => return Next::Wait("the serverless cache is being deleted"),
        CacheStatus::Failed => {
            return failed(goal, "ElastiCache could not make it", ServerlessCacheCall::Delete(None));
        }
        CacheStatus::Available => {}
    }
    match (goal.to, wanted) {
        (Desired::Absent, _) => {
            Next::Call(ServerlessCacheCall::Delete(goal.final_snapshot.map(str::to_owned)))
        }
        (_, Some((min, max))) if (cache.min_ecpu, cache.max_ecpu) != (min, max) => {
            Next::Call(ServerlessCacheCall::SetEcpu(min, max))
        }
        _ => tags_next(goal, &cache.tags, ServerlessCacheCall::Tag),
    }
}
