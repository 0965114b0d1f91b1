//! Kinesis streams: mode first, then shards in steps that at most double or halve.

use super::{Claim, Goal, Next, TagCall, claim, tags_next};
use crate::ports::{Stream, StreamMode, StreamStatus, Tags};
use crate::tier::{Desired, Spec};

/// Calls about a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamCall {
    /// Make it, with so many shards or on demand.
    Create(Option<u32>, Tags),
    /// Switch the mode.
    SetMode(StreamMode),
    /// Change the shard count by one legal step.
    SetShards(u32),
    /// Delete it.
    Delete,
    /// Change its tags.
    Tag(TagCall),
}

/// The next call.
pub fn next(seen: Option<&Stream>, goal: &Goal<'_>) -> Next<StreamCall> {
    let wanted = match goal.to {
        Desired::Serving { spec: Spec::StreamOnDemand, .. } => Some((StreamMode::OnDemand, None)),
        Desired::Serving { spec: Spec::StreamProvisioned { shards }, .. } => {
            Some((StreamMode::Provisioned, Some(*shards)))
        }
        _ => None,
    };
    let Some(stream) = seen else {
        return match wanted {
            Some((_, shards)) => Next::Call(StreamCall::Create(shards, goal.to.tags(goal.tenant))),
            None => Next::Ready,
        };
    };
    if let Claim::Settled(answer) = claim(goal, &stream.tags) {
        return answer;
    }
    match stream.status {
        StreamStatus::Creating => return Next::Wait("the stream is being made"),
        StreamStatus::Updating => return Next::Wait("the stream is being changed"),
        StreamStatus::Deleting => return Next::Wait("the stream is being deleted"),
        StreamStatus::Active => {}
    }
    match (goal.to, wanted) {
        (Desired::Absent, _) => Next::Call(StreamCall::Delete),
        (_, Some((mode, _))) if stream.mode != mode => Next::Call(StreamCall::SetMode(mode)),
        (_, Some((_, Some(shards)))) if stream.open_shards != shards => {
            Next::Call(StreamCall::SetShards(legal_step(stream.open_shards, shards)))
        }
        _ => tags_next(goal, &stream.tags, StreamCall::Tag),
    }
}

/// The farthest shard count towards `to` that one call reaches: at most double, at least half.
pub fn legal_step(from: u32, to: u32) -> u32 {
    to.clamp(from.div_ceil(2), from.saturating_mul(2).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn five_to_twenty_and_back_goes_in_legal_steps() {
        assert_eq!([legal_step(5, 20), legal_step(10, 20)], [10, 20]);
        assert_eq!([legal_step(20, 5), legal_step(10, 5)], [10, 5]);
        assert_eq!([legal_step(20, 4), legal_step(10, 4), legal_step(5, 4)], [10, 5, 4]);
    }

    proptest! {
        #[test]
        fn every_step_is_legal_and_gets_there(from in 1u32..5_000, to in 1u32..5_000) {
            let mut at = from;
            for _ in 0..20 {
                let next = legal_step(at, to);
                prop_assert!(next <= at * 2 && next * 2 >= at);
                prop_assert!(next.abs_diff(to) <= at.abs_diff(to));
                at = next;
            }
            prop_assert_eq!(at, to);
        }
    }
}
