//! Tags. Every service has its own calls for them, in its own module; here it is told whose turn it is.

use crate::Aws;
#[cfg(not(feature = "resources"))]
use crate::refusal::{Call, Service};
#[cfg(not(feature = "resources"))]
use capstan_core::ports::CloudErrorKind;
use capstan_core::ports::{CloudResult, TagKey, Tagging, Tags};
use capstan_core::tier::ResourceRef;

/// Every key that Capstan sets.
pub const KEYS: [TagKey; 6] = [
    TagKey::TenantId,
    TagKey::Project,
    TagKey::Tier,
    TagKey::TransitionId,
    TagKey::ManagedBy,
    TagKey::DeleteAfter,
];

/// The tags that Capstan knows, out of all that a resource bears.
pub fn known<'a>(pairs: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>)>) -> Tags {
    let known = |(key, value): (Option<&str>, Option<&str>)| {
        let key = KEYS.into_iter().find(|known| Some(known.as_str()) == key)?;
        Some((key, value.unwrap_or_default().to_owned()))
    };
    pairs.into_iter().filter_map(known).collect()
}

/// Keys as the services want them.
pub fn names(keys: &[TagKey]) -> Vec<String> {
    keys.iter().map(|key| key.as_str().to_owned()).collect()
}

#[cfg(not(feature = "resources"))]
fn not_built_in(resource: &ResourceRef, operation: &'static str) -> CloudResult<()> {
    let service = Service { name: "tags", table: |_| None };
    let call = Call { service, operation, resource: &resource.name };
    Err(call.refuse(
        CloudErrorKind::Invalid,
        format!("this program was built without the service of a {}", resource.kind),
    ))
}

impl Tagging for Aws {
    async fn tag(&self, resource: &ResourceRef, tags: &Tags) -> CloudResult<()> {
        if tags.is_empty() {
            return Ok(());
        }
        match resource.kind {
            #[cfg(feature = "sagemaker")]
            capstan_core::tier::ResourceKind::Endpoint => self.tag_endpoint(&resource.name, tags).await,
            #[cfg(feature = "opensearch")]
            capstan_core::tier::ResourceKind::Domain => self.tag_domain(&resource.name, tags).await,
            #[cfg(feature = "opensearchserverless")]
            capstan_core::tier::ResourceKind::Collection => self.tag_collection(&resource.name, tags).await,
            #[cfg(feature = "elasticache")]
            capstan_core::tier::ResourceKind::CacheGroup
            | capstan_core::tier::ResourceKind::ServerlessCache => self.tag_cache(resource, tags).await,
            #[cfg(feature = "neptune")]
            capstan_core::tier::ResourceKind::GraphCluster => self.tag_graph(&resource.name, tags).await,
            #[cfg(feature = "kinesis")]
            capstan_core::tier::ResourceKind::Stream => self.tag_stream(&resource.name, tags).await,
            #[cfg(not(feature = "resources"))]
            _ => not_built_in(resource, "Tag"),
        }
    }

    async fn untag(&self, resource: &ResourceRef, keys: &[TagKey]) -> CloudResult<()> {
        if keys.is_empty() {
            return Ok(());
        }
        match resource.kind {
            #[cfg(feature = "sagemaker")]
            capstan_core::tier::ResourceKind::Endpoint => self.untag_endpoint(&resource.name, keys).await,
            #[cfg(feature = "opensearch")]
            capstan_core::tier::ResourceKind::Domain => self.untag_domain(&resource.name, keys).await,
            #[cfg(feature = "opensearchserverless")]
            capstan_core::tier::ResourceKind::Collection => self.untag_collection(&resource.name, keys).await,
            #[cfg(feature = "elasticache")]
            capstan_core::tier::ResourceKind::CacheGroup
            | capstan_core::tier::ResourceKind::ServerlessCache => self.untag_cache(resource, keys).await,
            #[cfg(feature = "neptune")]
            capstan_core::tier::ResourceKind::GraphCluster => self.untag_graph(&resource.name, keys).await,
            #[cfg(feature = "kinesis")]
            capstan_core::tier::ResourceKind::Stream => self.untag_stream(&resource.name, keys).await,
            #[cfg(not(feature = "resources"))]
            _ => not_built_in(resource, "Untag"),
        }
    }
}
