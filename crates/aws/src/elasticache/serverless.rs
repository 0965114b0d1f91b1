//! Serverless caches.

use super::{ENGINE, call, description, status, tag_list};
use crate::Aws;
use crate::refusal::{absent, count, counted};
use aws_sdk_elasticache::types::{CacheUsageLimits, EcpuPerSecond, ServerlessCache as Theirs};
use capstan_core::ports::{CloudErrorKind, CloudResult, ServerlessCache, ServerlessCaches, Tags};

fn limits(min_ecpu: u32, max_ecpu: u32) -> CacheUsageLimits {
    let ecpu = EcpuPerSecond::builder().minimum(count(min_ecpu)).maximum(count(max_ecpu)).build();
    CacheUsageLimits::builder().ecpu_per_second(ecpu).build()
}

impl Aws {
    pub(super) async fn describe_serverless_cache(&self, name: &str) -> CloudResult<Theirs> {
        let call = call("DescribeServerlessCaches", name);
        let answer =
            look!(call, self.elasticache().describe_serverless_caches().serverless_cache_name(name))?;
        let first = answer.serverless_caches.unwrap_or_default().into_iter().next();
        first.ok_or_else(|| call.refuse(CloudErrorKind::NotFound, "the answer has no such cache"))
    }
}

impl ServerlessCaches for Aws {
    async fn serverless_cache(&self, name: &str) -> CloudResult<Option<ServerlessCache>> {
        let Some(seen) = absent(self.describe_serverless_cache(name).await)? else { return Ok(None) };
        let Some(tags) = self.cache_tags(name, seen.arn(), seen.description()).await? else {
            return Ok(None);
        };
        let ecpu = seen.cache_usage_limits().and_then(CacheUsageLimits::ecpu_per_second);
        Ok(Some(ServerlessCache {
            status: status(seen.status()),
            min_ecpu: counted(ecpu.and_then(EcpuPerSecond::minimum)),
            max_ecpu: counted(ecpu.and_then(EcpuPerSecond::maximum)),
            tags,
        }))
    }

    async fn create_serverless_cache(
        &self,
        name: &str,
        min_ecpu: u32,
        max_ecpu: u32,
        tags: &Tags,
    ) -> CloudResult<()> {
        let request = self.elasticache().create_serverless_cache().serverless_cache_name(name).engine(ENGINE);
        let request = request.description(description(tags)).cache_usage_limits(limits(min_ecpu, max_ecpu));
        change!(call("CreateServerlessCache", name), request.set_tags(Some(tag_list(tags)))).map(drop)
    }

    async fn set_ecpu(&self, name: &str, min_ecpu: u32, max_ecpu: u32) -> CloudResult<()> {
        let request = self.elasticache().modify_serverless_cache().serverless_cache_name(name);
        change!(call("ModifyServerlessCache", name), request.cache_usage_limits(limits(min_ecpu, max_ecpu)))
            .map(drop)
    }

    async fn delete_serverless_cache(&self, name: &str, final_snapshot: Option<&str>) -> CloudResult<()> {
        let request = self.elasticache().delete_serverless_cache().serverless_cache_name(name);
        let request = request.set_final_snapshot_name(final_snapshot.map(str::to_owned));
        change!(call("DeleteServerlessCache", name), request).map(drop)
    }
}
