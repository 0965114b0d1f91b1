//! `OpenSearch` domains.

use crate::Aws;
use crate::refusal::{Call, Said, Service, absent, count, counted};
use crate::tags;
use aws_sdk_opensearch::types::{
    ClusterConfig, DomainEndpointOptions, DomainProcessingStatusType as Stage, DomainStatus, EbsOptions,
    EncryptionAtRestOptions, NodeToNodeEncryptionOptions, OpenSearchPartitionInstanceType, Tag, VolumeType,
};
use capstan_core::ports::{CloudErrorKind, CloudResult, Domain, DomainSettings, Domains, TagKey, Tags};

const ENGINE: &str = "OpenSearch_2.11";

const SERVICE: Service = Service { name: "opensearch", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    let validation = matches!(said.code, "Validation" | "ValidationError");
    Some(match said.code {
        _ if validation && said.mentions(&["insufficient", "limit exceeded"]) => CloudErrorKind::Quota,
        _ if validation
            && said.mentions(&["being processed", "processing", "in progress", "being deleted"]) =>
        {
            CloudErrorKind::Busy
        }
        "InvalidType" | "DisabledOperation" => CloudErrorKind::Invalid,
        _ => return None,
    })
}

const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

fn tag_list(tags: &Tags) -> Vec<Tag> {
    // Key and value are there, so none is dropped.
    tags.iter()
        .filter_map(|(key, value)| Tag::builder().key(key.as_str()).value(value).build().ok())
        .collect()
}

fn cluster(settings: &DomainSettings) -> ClusterConfig {
    ClusterConfig::builder()
        .instance_type(OpenSearchPartitionInstanceType::from(settings.instance_type.as_str()))
        .instance_count(count(settings.instance_count))
        .build()
}

fn storage(settings: &DomainSettings) -> EbsOptions {
    EbsOptions::builder()
        .ebs_enabled(true)
        .volume_type(VolumeType::Gp3)
        .volume_size(count(settings.ebs_gb))
        .build()
}

fn domain(seen: &DomainStatus, tags: Tags) -> Domain {
    let endpoint =
        seen.endpoint().is_some() || seen.endpoints().is_some_and(|endpoints| !endpoints.is_empty());
    let marked = seen.created().unwrap_or(false);
    let stage = matches!(
        seen.domain_processing_status(),
        Some(Stage::Creating | Stage::Modifying | Stage::Upgrading | Stage::Updating)
    );
    let flagged = seen.processing().unwrap_or(false) || seen.upgrade_processing().unwrap_or(false) || stage;
    let deleting = seen.deleted().unwrap_or(false);
    let nodes = seen.cluster_config();
    Domain {
        created: marked && endpoint,
        // Made, but not yet to be talked to: the flag is late or early by some seconds.
        processing: flagged || (marked && !endpoint && !deleting),
        deleting,
        settings: DomainSettings {
            instance_type: nodes
                .and_then(|nodes| nodes.instance_type())
                .map(|it| it.as_str().to_owned())
                .unwrap_or_default(),
            instance_count: counted(nodes.and_then(ClusterConfig::instance_count)),
            ebs_gb: counted(seen.ebs_options().and_then(EbsOptions::volume_size)),
        },
        tags,
    }
}

impl Aws {
    async fn describe_domain(&self, name: &str) -> CloudResult<DomainStatus> {
        let call = call("DescribeDomain", name);
        let answer = look!(call, self.opensearch().describe_domain().domain_name(name))?;
        call.need(answer.domain_status, "DomainStatus")
    }

    pub(crate) async fn tag_domain(&self, name: &str, tags: &Tags) -> CloudResult<()> {
        let arn = self.describe_domain(name).await?.arn;
        let request = self.opensearch().add_tags().arn(arn).set_tag_list(Some(tag_list(tags)));
        change!(call("AddTags", name), request).map(drop)
    }

    pub(crate) async fn untag_domain(&self, name: &str, keys: &[TagKey]) -> CloudResult<()> {
        let arn = self.describe_domain(name).await?.arn;
        let request = self.opensearch().remove_tags().arn(arn).set_tag_keys(Some(tags::names(keys)));
        change!(call("RemoveTags", name), request).map(drop)
    }
}

impl Domains for Aws {
    async fn domain(&self, name: &str) -> CloudResult<Option<Domain>> {
        let Some(seen) = absent(self.describe_domain(name).await)? else { return Ok(None) };
        let request = self.opensearch().list_tags().arn(seen.arn());
        let Some(listed) = absent(look!(call("ListTags", name), request))? else { return Ok(None) };
        let list = listed.tag_list();
        Ok(Some(domain(&seen, tags::known(list.iter().map(|tag| (Some(tag.key()), Some(tag.value())))))))
    }

    async fn create_domain(&self, name: &str, settings: &DomainSettings, tags: &Tags) -> CloudResult<()> {
        let request = self
            .opensearch()
            .create_domain()
            .domain_name(name)
            .engine_version(ENGINE)
            .cluster_config(cluster(settings))
            .ebs_options(storage(settings))
            .encryption_at_rest_options(EncryptionAtRestOptions::builder().enabled(true).build())
            .node_to_node_encryption_options(NodeToNodeEncryptionOptions::builder().enabled(true).build())
            .domain_endpoint_options(DomainEndpointOptions::builder().enforce_https(true).build())
            .set_tag_list(Some(tag_list(tags)));
        change!(call("CreateDomain", name), request).map(drop)
    }

    async fn update_domain(&self, name: &str, settings: &DomainSettings) -> CloudResult<()> {
        let request = self.opensearch().update_domain_config().domain_name(name);
        let request = request.cluster_config(cluster(settings)).ebs_options(storage(settings));
        change!(call("UpdateDomainConfig", name), request).map(drop)
    }

    async fn delete_domain(&self, name: &str) -> CloudResult<()> {
        change!(call("DeleteDomain", name), self.opensearch().delete_domain().domain_name(name)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::SERVICE;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{
        AlreadyExists, Busy, Invalid, NotFound, Quota, Throttled, Unknown,
    };

    #[test]
    fn refusals_mean_what_they_say() {
        for (operation, status, code, message, kind) in [
            ("DescribeDomain", 409, "ResourceNotFoundException", "Domain not found: d", NotFound),
            ("CreateDomain", 409, "ResourceAlreadyExistsException", "Domain d already exists", AlreadyExists),
            ("UpdateDomainConfig", 400, "ValidationException", "A change is already in progress", Busy),
            ("UpdateDomainConfig", 409, "ConflictException", "", Busy),
            ("CreateDomain", 409, "LimitExceededException", "You can't create any more domains", Quota),
            ("CreateDomain", 400, "ValidationException", "Insufficient capacity for r6g.large.search", Quota),
            ("CreateDomain", 400, "ValidationException", "Member must satisfy regular expression", Invalid),
            ("CreateDomain", 409, "InvalidTypeException", "", Invalid),
            ("CreateDomain", 500, "InternalException", "", Unknown),
            ("DescribeDomain", 429, "", "", Throttled),
        ] {
            assert_eq!(
                told(SERVICE, operation, status, code, message),
                kind,
                "{operation}: {code}: {message}"
            );
        }
    }
}
