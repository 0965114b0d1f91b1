//! Kinesis streams.

use super::{Kind, tag};
use capstan_core::ports::{CloudResult, Stream, Streams, Tagging};
use capstan_core::tier::converge::{Goal, Next, StreamCall, stream};

/// Kinesis streams.
#[derive(Debug)]
pub struct StreamKind;

impl<P: Streams + Tagging> Kind<P> for StreamKind {
    type Observed = Option<Stream>;
    type Call = StreamCall;

    async fn observe(ports: &P, goal: &Goal<'_>) -> CloudResult<Option<Stream>> {
        ports.stream(&goal.resource.name).await
    }

    fn next(seen: &Option<Stream>, goal: &Goal<'_>) -> Next<StreamCall> {
        stream::next(seen.as_ref(), goal)
    }

    async fn perform(ports: &P, goal: &Goal<'_>, call: StreamCall) -> CloudResult<()> {
        let name = &goal.resource.name;
        match call {
            StreamCall::Create(shards, tags) => ports.create_stream(name, shards, &tags).await,
            StreamCall::SetMode(mode) => ports.set_mode(name, mode).await,
            StreamCall::SetShards(shards) => ports.set_shards(name, shards).await,
            StreamCall::Delete => ports.delete_stream(name).await,
            StreamCall::Tag(change) => tag(ports, goal, change).await,
        }
    }
}
