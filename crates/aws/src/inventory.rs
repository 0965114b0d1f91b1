//! The search for resources by tag, over all services.

use crate::Aws;
use crate::refusal::{Call, Said, Service};
use crate::tags;
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, TagFilter};
use capstan_core::ids::TenantId;
use capstan_core::ports::{CloudErrorKind, CloudResult, Found, Inventory, TagKey};
use capstan_core::tier::{ResourceKind, ResourceRef};

/// The tag that has a collection's name: its ARN has only an id.
const NAME_TAG: &str = "Name";

const SERVICE: Service = Service { name: "tagging", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        // The list must be read from its beginning again.
        "PaginationTokenExpired" | "InternalService" => CloudErrorKind::Unavailable,
        _ => return None,
    })
}

/// The managed kind and the name in an ARN; `None` for what Capstan does not manage.
fn resource(arn: &str) -> Option<(ResourceKind, &str)> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, rest) = (parts.next()?, parts.nth(2)?);
    let (kind, name) = match service {
        "sagemaker" => (ResourceKind::Endpoint, rest.strip_prefix("endpoint/")?),
        "es" => (ResourceKind::Domain, rest.strip_prefix("domain/")?),
        "aoss" => (ResourceKind::Collection, rest.strip_prefix("collection/")?),
        "elasticache" => match rest.split_once(':')? {
            ("replicationgroup", name) => (ResourceKind::CacheGroup, name),
            ("serverlesscache", name) => (ResourceKind::ServerlessCache, name),
            _ => return None,
        },
        "rds" => (ResourceKind::GraphCluster, rest.strip_prefix("cluster:")?),
        "kinesis" => (ResourceKind::Stream, rest.strip_prefix("stream/")?),
        _ => return None,
    };
    // What has more parts is something of a resource, such as a stream's consumer.
    (!name.is_empty() && !name.contains(['/', ':'])).then_some((kind, name))
}

fn found(mapping: &ResourceTagMapping) -> Option<Found> {
    let (kind, name) = resource(mapping.resource_arn()?)?;
    let own = mapping.tags().iter().find(|tag| kind == ResourceKind::Collection && tag.key() == NAME_TAG);
    let name = own.map_or(name, |tag| tag.value()).to_owned();
    let tags = tags::known(mapping.tags().iter().map(|tag| (Some(tag.key()), Some(tag.value()))));
    Some(Found { resource: ResourceRef { kind, name }, tags })
}

impl Inventory for Aws {
    async fn tagged(&self, tenant: &TenantId) -> CloudResult<Vec<Found>> {
        let call = Call { service: SERVICE, operation: "GetResources", resource: tenant.as_str() };
        let filter = TagFilter::builder().key(TagKey::TenantId.as_str()).values(tenant.as_str()).build();
        let pages = self.inventory().get_resources().tag_filters(filter).into_paginator().items().send();
        let listed = pages.collect::<Result<Vec<_>, _>>().await.map_err(|error| call.unseen(&error))?;
        let mut all: Vec<Found> = listed.iter().filter_map(found).collect();
        all.sort_by(|a, b| a.resource.cmp(&b.resource));
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;
    use aws_sdk_resourcegroupstagging::types::Tag;
    use capstan_core::ports::CloudErrorKind::{Denied, Invalid, Throttled, Unavailable};

    #[test]
    fn refusals_mean_what_they_say() {
        for (status, code, kind) in [
            (400, "ThrottledException", Throttled),
            (400, "InvalidParameterException", Invalid),
            (400, "PaginationTokenExpiredException", Unavailable),
            (500, "InternalServiceException", Unavailable),
            (400, "AccessDeniedException", Denied),
        ] {
            assert_eq!(told(SERVICE, "GetResources", status, code, ""), kind, "{code}");
        }
    }

    #[test]
    fn an_arn_tells_kind_and_name() {
        for (tail, expected) in [
            ("sagemaker:us-east-1:1:endpoint/e", Some((ResourceKind::Endpoint, "e"))),
            ("sagemaker:us-east-1:1:endpoint-config/e", None),
            ("es:us-east-1:1:domain/d", Some((ResourceKind::Domain, "d"))),
            (
                "aoss:us-east-1:1:collection/07tjusf2h91cunochc",
                Some((ResourceKind::Collection, "07tjusf2h91cunochc")),
            ),
            ("elasticache:us-east-1:1:replicationgroup:g", Some((ResourceKind::CacheGroup, "g"))),
            ("elasticache:us-east-1:1:serverlesscache:s", Some((ResourceKind::ServerlessCache, "s"))),
            ("elasticache:us-east-1:1:cluster:g-001", None),
            ("rds:us-east-1:1:cluster:c", Some((ResourceKind::GraphCluster, "c"))),
            ("rds:us-east-1:1:db:c-instance-1", None),
            ("kinesis:us-east-1:1:stream/s", Some((ResourceKind::Stream, "s"))),
            ("kinesis:us-east-1:1:stream/s/consumer/c:1", None),
            ("dynamodb:us-east-1:1:table/t", None),
        ] {
            assert_eq!(resource(&format!("arn:aws:{tail}")), expected, "{tail}");
        }
        assert_eq!(resource("not an arn"), None);
    }

    #[test]
    fn a_collections_name_comes_from_its_tag() {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
        let mapping = ResourceTagMapping::builder()
            .resource_arn("arn:aws:aoss:us-east-1:1:collection/07tjusf2h91cunochc")
            .tags(tag("Name", "cato-vectors-ab"))
            .tags(tag("Tier", "PRODUCTION"))
            .tags(tag("CostCenter", "42"))
            .build();
        let found = found(&mapping).unwrap();
        assert_eq!(found.resource.name, "cato-vectors-ab");
        assert_eq!(found.tags.into_iter().collect::<Vec<_>>(), [(TagKey::Tier, "PRODUCTION".to_owned())]);
    }
}
