//! `ElastiCache`: what replication groups and serverless caches share.
//!
//! The service does not even list tags unless the cache is `available`, but whose a cache is must be known in every
//! state. So the tags go into the description as well when it is made, and are read from there while the service
//! refuses; they are those of the beginning then.

mod groups;
mod serverless;

use crate::Aws;
use crate::refusal::{Call, Said, Service};
use crate::tags;
use aws_sdk_elasticache::types::Tag;
use capstan_core::ports::{CacheStatus, CloudErrorKind, CloudResult, TagKey, Tags};
use capstan_core::tier::{ResourceKind, ResourceRef};

const ENGINE: &str = "valkey";

const SERVICE: Service = Service { name: "elasticache", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        "ReplicationGroupNotFound" | "ServerlessCacheNotFound" | "CacheClusterNotFound" => {
            CloudErrorKind::NotFound
        }
        "ReplicationGroupAlreadyExists"
        | "ServerlessCacheAlreadyExists"
        | "ReplicationGroupAlreadyUnderMigration"
        | "SnapshotAlreadyExists"
        | "ServerlessCacheSnapshotAlreadyExists" => CloudErrorKind::AlreadyExists,
        "InvalidReplicationGroupState"
        | "InvalidServerlessCacheState"
        | "InvalidCacheClusterState"
        | "InvalidSnapshotState"
        | "InvalidServerlessCacheSnapshotState"
        | "InvalidUserGroupState" => CloudErrorKind::Busy,
        code if code.contains("Quota") || code.starts_with("Insufficient") => CloudErrorKind::Quota,
        _ => return None,
    })
}

const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key.as_str()).value(value).build()).collect()
}

/// At most 255 characters.
fn description(tags: &Tags) -> String {
    let pairs: Vec<String> = tags.iter().map(|(key, value)| format!("{}={value}", key.as_str())).collect();
    pairs.join(" ").chars().take(255).collect()
}

fn described(description: Option<&str>) -> Tags {
    let pairs = description.unwrap_or_default().split(' ').filter_map(|pair| pair.split_once('='));
    tags::known(pairs.map(|(key, value)| (Some(key), Some(value))))
}

fn status(theirs: Option<&str>) -> CacheStatus {
    match theirs.unwrap_or_default().to_ascii_lowercase().as_str() {
        "creating" => CacheStatus::Creating,
        "available" => CacheStatus::Available,
        "deleting" => CacheStatus::Deleting,
        "create-failed" => CacheStatus::Failed,
        _ => CacheStatus::Modifying,
    }
}

impl Aws {
    /// `None`: it is gone meanwhile.
    async fn cache_tags(
        &self,
        name: &str,
        arn: Option<&str>,
        words: Option<&str>,
    ) -> CloudResult<Option<Tags>> {
        let request = self.elasticache().list_tags_for_resource().set_resource_name(arn.map(str::to_owned));
        match look!(call("ListTagsForResource", name), request) {
            Ok(listed) => {
                let list = listed.tag_list();
                Ok(Some(tags::known(list.iter().map(|tag| (tag.key(), tag.value())))))
            }
            Err(error) => match error.kind {
                CloudErrorKind::NotFound => Ok(None),
                CloudErrorKind::Busy => Ok(Some(described(words))),
                _ => Err(error),
            },
        }
    }

    async fn cache_arn(&self, resource: &ResourceRef) -> CloudResult<String> {
        let name = resource.name.as_str();
        if resource.kind == ResourceKind::ServerlessCache {
            let arn = self.describe_serverless_cache(name).await?.arn;
            return call("DescribeServerlessCaches", name).need(arn, "ARN");
        }
        let arn = self.describe_cache_group(name).await?.arn;
        call("DescribeReplicationGroups", name).need(arn, "ARN")
    }

    pub(crate) async fn tag_cache(&self, resource: &ResourceRef, tags: &Tags) -> CloudResult<()> {
        let arn = self.cache_arn(resource).await?;
        let request =
            self.elasticache().add_tags_to_resource().resource_name(arn).set_tags(Some(tag_list(tags)));
        change!(call("AddTagsToResource", &resource.name), request).map(drop)
    }

    pub(crate) async fn untag_cache(&self, resource: &ResourceRef, keys: &[TagKey]) -> CloudResult<()> {
        let arn = self.cache_arn(resource).await?;
        let request = self.elasticache().remove_tags_from_resource().resource_name(arn);
        let request = request.set_tag_keys(Some(tags::names(keys)));
        change!(call("RemoveTagsFromResource", &resource.name), request).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{
        AlreadyExists, Busy, Denied, Invalid, NotFound, Quota, Throttled,
    };

    #[test]
    fn refusals_mean_what_they_say() {
        for (operation, status, code, message, kind) in [
            ("DescribeReplicationGroups", 404, "ReplicationGroupNotFoundFault", "", NotFound),
            ("DescribeServerlessCaches", 404, "ServerlessCacheNotFoundFault", "", NotFound),
            ("CreateReplicationGroup", 400, "ReplicationGroupAlreadyExists", "", AlreadyExists),
            ("CreateServerlessCache", 400, "ServerlessCacheAlreadyExistsFault", "", AlreadyExists),
            ("DeleteReplicationGroup", 400, "SnapshotAlreadyExistsFault", "", AlreadyExists),
            ("ModifyReplicationGroup", 400, "InvalidReplicationGroupState", "must be available", Busy),
            ("ModifyServerlessCache", 400, "InvalidServerlessCacheStateFault", "", Busy),
            ("CreateReplicationGroup", 400, "InsufficientCacheClusterCapacity", "", Quota),
            ("CreateReplicationGroup", 400, "NodeQuotaForCustomerExceeded", "", Quota),
            ("CreateServerlessCache", 400, "ServerlessCacheQuotaForCustomerExceededFault", "", Quota),
            ("CreateReplicationGroup", 400, "InvalidParameterCombination", "", Invalid),
            ("CreateReplicationGroup", 403, "AccessDenied", "", Denied),
            ("DescribeReplicationGroups", 400, "Throttling", "Rate exceeded", Throttled),
        ] {
            assert_eq!(
                told(SERVICE, operation, status, code, message),
                kind,
                "{operation}: {code}: {message}"
            );
        }
    }

    #[test]
    fn tags_are_read_back_from_the_description() {
        let tags: Tags =
            tags::KEYS.into_iter().map(|key| (key, format!("value-of-{}", key.as_str()))).collect();
        assert_eq!(described(Some(&description(&tags))), tags);
        assert_eq!(described(Some("a cache of somebody else")), Tags::new());
        assert_eq!(described(None), Tags::new());
    }
}
