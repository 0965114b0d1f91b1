//! Kinesis.

use super::Ports;
use crate::cloud::Part;
use crate::operation::Operation;
use capstan_core::ports::{CloudResult, Stream, StreamMode, Streams, Tags};
use capstan_core::tier::ResourceKind;

const STREAM: Part = Part::Resource(ResourceKind::Stream);

impl Streams for Ports {
    async fn stream(&self, name: &str) -> CloudResult<Option<Stream>> {
        self.look(Operation::DescribeStreamSummary, name, |world| world.cloud.streams.stream(name)).await
    }
    async fn create_stream(&self, name: &str, shards: Option<u32>, tags: &Tags) -> CloudResult<()> {
        self.change(Operation::CreateStream, name, &[(STREAM, name)], |cx, cloud| {
            cloud.streams.create(cx, name, shards, tags)
        })
        .await
    }
    async fn set_shards(&self, name: &str, shards: u32) -> CloudResult<()> {
        self.change(Operation::UpdateShardCount, name, &[(STREAM, name)], |cx, cloud| {
            cloud.streams.set_shards(cx, name, shards)
        })
        .await
    }
    async fn set_mode(&self, name: &str, mode: StreamMode) -> CloudResult<()> {
        self.change(Operation::UpdateStreamMode, name, &[(STREAM, name)], |cx, cloud| {
            cloud.streams.set_mode(cx, name, mode)
        })
        .await
    }
    async fn delete_stream(&self, name: &str) -> CloudResult<()> {
        let parts = [(STREAM, name)];
        self.change(Operation::DeleteStream, name, &parts, |cx, cloud| cloud.streams.delete(cx, name)).await
    }
}
