//! `OpenSearch` Serverless collections, with the policies that a collection needs before it can be made.

use crate::Aws;
use crate::refusal::{Call, Said, Service, count, counted, half_done};
use crate::tags;
use aws_sdk_opensearchserverless::types::{
    AccessPolicyType, AccountSettingsDetail, CapacityLimits, CollectionDetail, CollectionErrorDetail,
    CollectionStatus as Theirs, CollectionType, SecurityPolicyType, Tag,
};
use capstan_core::ports::{
    CloudErrorKind, CloudResult, Collection, CollectionLimits, CollectionStatus, Collections, TagKey, Tags,
};
use serde_json::json;

/// What limits are of.
const ACCOUNT: &str = "account";

const SERVICE: Service = Service { name: "opensearchserverless", table };

/// What this service's refusals mean. A name that is taken and a collection that is being made are both `Conflict`.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        "Conflict" if said.operation.starts_with("Create") => CloudErrorKind::AlreadyExists,
        "OcuLimitExceeded" => CloudErrorKind::Quota,
        _ => return None,
    })
}

const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

/// A collection's ARN has its id in it and not its name, so the name goes along as a tag: the search by tags reads it.
pub(crate) const NAME_TAG: &str = "Name";

fn tag_list(tags: &Tags) -> Vec<Tag> {
    // Key and value are there, so none is dropped.
    tags.iter()
        .filter_map(|(key, value)| Tag::builder().key(key.as_str()).value(value).build().ok())
        .collect()
}

fn encryption(name: &str) -> String {
    let collection = format!("collection/{name}");
    json!({"Rules": [{"ResourceType": "collection", "Resource": [collection]}], "AWSOwnedKey": true})
        .to_string()
}

/// Reached from anywhere, but only with a signed request of a principal whom the data-access policy names.
fn network(name: &str) -> String {
    let collection = format!("collection/{name}");
    json!([{"Rules": [{"ResourceType": "collection", "Resource": [collection]}], "AllowFromPublic": true}])
        .to_string()
}

fn data_access(name: &str, principals: &[String]) -> String {
    let items = ["aoss:DescribeCollectionItems", "aoss:CreateCollectionItems", "aoss:UpdateCollectionItems"];
    let indexes = [
        "aoss:CreateIndex",
        "aoss:DescribeIndex",
        "aoss:UpdateIndex",
        "aoss:DeleteIndex",
        "aoss:ReadDocument",
        "aoss:WriteDocument",
    ];
    json!([{
        "Rules": [
            {"ResourceType": "collection", "Resource": [format!("collection/{name}")], "Permission": items},
            {"ResourceType": "index", "Resource": [format!("index/{name}/*")], "Permission": indexes},
        ],
        "Principal": principals,
    }])
    .to_string()
}

/// There already is fine.
fn made<T>(result: CloudResult<T>) -> CloudResult<()> {
    match result {
        Err(error) if error.kind != CloudErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Not there is fine.
fn gone<T>(result: CloudResult<T>) -> CloudResult<()> {
    match result {
        Err(error) if error.kind != CloudErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// An absent name is no failure of the call: it is listed among the errors of a good answer.
fn not_found(error: &CollectionErrorDetail) -> bool {
    let code = error.error_code().unwrap_or("NOT_FOUND").to_ascii_uppercase().replace(['_', ' '], "");
    code.contains("NOTFOUND")
}

impl Aws {
    async fn describe_collection(&self, name: &str) -> CloudResult<Option<CollectionDetail>> {
        let call = call("BatchGetCollection", name);
        let answer = look!(call, self.serverless().batch_get_collection().names(name))?;
        if let Some(error) = answer.collection_error_details().iter().find(|error| !not_found(error)) {
            let words = format!(
                "{}: {}",
                error.error_code().unwrap_or_default(),
                error.error_message().unwrap_or_default()
            );
            return Err(call.refuse(CloudErrorKind::Unavailable, words));
        }
        Ok(answer.collection_details.unwrap_or_default().into_iter().next())
    }

    async fn collection_arn(&self, name: &str, operation: &'static str) -> CloudResult<String> {
        let seen = self.describe_collection(name).await?;
        let arn = seen.and_then(|seen| seen.arn);
        arn.ok_or_else(|| {
            call(operation, name).refuse(CloudErrorKind::NotFound, "there is no such collection")
        })
    }

    pub(crate) async fn tag_collection(&self, name: &str, tags: &Tags) -> CloudResult<()> {
        let arn = self.collection_arn(name, "TagResource").await?;
        let request = self.serverless().tag_resource().resource_arn(arn).set_tags(Some(tag_list(tags)));
        change!(call("TagResource", name), request).map(drop)
    }

    pub(crate) async fn untag_collection(&self, name: &str, keys: &[TagKey]) -> CloudResult<()> {
        let arn = self.collection_arn(name, "UntagResource").await?;
        let request =
            self.serverless().untag_resource().resource_arn(arn).set_tag_keys(Some(tags::names(keys)));
        change!(call("UntagResource", name), request).map(drop)
    }

    async fn make_policies(&self, name: &str) -> CloudResult<()> {
        let security = || self.serverless().create_security_policy().name(name);
        let create = call("CreateSecurityPolicy", name);
        let request = security().r#type(SecurityPolicyType::Encryption).policy(encryption(name));
        made(change!(create, request))?;
        let request = security().r#type(SecurityPolicyType::Network).policy(network(name));
        made(change!(create, request)).map_err(half_done)?;
        let policy = data_access(name, &self.config.collection_principals);
        let request =
            self.serverless().create_access_policy().name(name).r#type(AccessPolicyType::Data).policy(policy);
        made(change!(call("CreateAccessPolicy", name), request)).map_err(half_done)
    }

    async fn delete_policies(&self, name: &str) -> CloudResult<()> {
        let request = self.serverless().delete_access_policy().name(name).r#type(AccessPolicyType::Data);
        gone(change!(call("DeleteAccessPolicy", name), request))?;
        for kind in [SecurityPolicyType::Network, SecurityPolicyType::Encryption] {
            let request = self.serverless().delete_security_policy().name(name).r#type(kind);
            gone(change!(call("DeleteSecurityPolicy", name), request))?;
        }
        Ok(())
    }
}

impl Collections for Aws {
    async fn collection(&self, name: &str) -> CloudResult<Option<Collection>> {
        let Some(seen) = self.describe_collection(name).await? else { return Ok(None) };
        let status = match seen.status() {
            Some(Theirs::Active) => CollectionStatus::Active,
            Some(Theirs::Deleting) => CollectionStatus::Deleting,
            Some(Theirs::Failed) => CollectionStatus::Failed,
            _ => CollectionStatus::Creating,
        };
        let request = self.serverless().list_tags_for_resource().resource_arn(seen.arn().unwrap_or_default());
        let listed = crate::refusal::absent(look!(call("ListTagsForResource", name), request))?;
        let Some(listed) = listed else { return Ok(None) };
        let list = listed.tags();
        let tags = tags::known(list.iter().map(|tag| (Some(tag.key()), Some(tag.value()))));
        Ok(Some(Collection { status, tags }))
    }

    async fn create_collection(&self, name: &str, tags: &Tags) -> CloudResult<()> {
        let create = call("CreateCollection", name);
        if self.config.collection_principals.is_empty() {
            let words =
                "environment variable COLLECTION_PRINCIPALS is missing: nobody could use the collection";
            return Err(create.refuse(CloudErrorKind::Invalid, words));
        }
        self.make_policies(name).await?;
        let mut list = tag_list(tags);
        list.extend(Tag::builder().key(NAME_TAG).value(name).build().ok());
        let request = self.serverless().create_collection().name(name).r#type(CollectionType::Vectorsearch);
        change!(create, request.set_tags(Some(list))).map(drop).map_err(half_done)
    }

    /// Policies that outlived their collection go with a repeated call.
    async fn delete_collection(&self, name: &str) -> CloudResult<()> {
        let delete = call("DeleteCollection", name);
        let seen = self.describe_collection(name).await?;
        let deleted = match seen.and_then(|seen| seen.id) {
            Some(id) => change!(delete, self.serverless().delete_collection().id(id)).map(drop),
            None => Err(delete.refuse(CloudErrorKind::NotFound, "there is no such collection")),
        };
        match deleted {
            Err(error) if error.kind != CloudErrorKind::NotFound => Err(error),
            deleted => self.delete_policies(name).await.map_err(half_done).and(deleted),
        }
    }

    async fn collection_limits(&self) -> CloudResult<CollectionLimits> {
        let call = call("GetAccountSettings", ACCOUNT);
        let answer = look!(call, self.serverless().get_account_settings())?;
        let limits = answer.account_settings_detail().and_then(AccountSettingsDetail::capacity_limits);
        let limits = call.need(limits, "capacityLimits")?;
        Ok(CollectionLimits {
            max_indexing_ocus: counted(limits.max_indexing_capacity_in_ocu()),
            max_search_ocus: counted(limits.max_search_capacity_in_ocu()),
        })
    }

    async fn set_collection_limits(&self, limits: CollectionLimits) -> CloudResult<()> {
        let wanted = CapacityLimits::builder()
            .max_indexing_capacity_in_ocu(count(limits.max_indexing_ocus))
            .max_search_capacity_in_ocu(count(limits.max_search_ocus))
            .build();
        let request = self.serverless().update_account_settings().capacity_limits(wanted);
        change!(call("UpdateAccountSettings", ACCOUNT), request).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{
        AlreadyExists, Busy, Denied, Invalid, NotFound, Quota, Unknown,
    };

    #[test]
    fn refusals_mean_what_they_say() {
        for (operation, status, code, message, kind) in [
            (
                "CreateSecurityPolicy",
                409,
                "ConflictException",
                "Policy with name c already exists",
                AlreadyExists,
            ),
            (
                "CreateCollection",
                409,
                "ConflictException",
                "Collection with name c already exists",
                AlreadyExists,
            ),
            ("DeleteCollection", 409, "ConflictException", "Collection is in CREATING state", Busy),
            ("DeleteAccessPolicy", 404, "ResourceNotFoundException", "", NotFound),
            ("CreateCollection", 400, "OcuLimitExceededException", "", Quota),
            ("CreateCollection", 402, "ServiceQuotaExceededException", "", Quota),
            (
                "CreateCollection",
                400,
                "ValidationException",
                "No matching security policy of encryption type",
                Invalid,
            ),
            ("CreateCollection", 403, "AccessDeniedException", "", Denied),
            ("CreateCollection", 500, "InternalServerException", "", Unknown),
        ] {
            assert_eq!(
                told(SERVICE, operation, status, code, message),
                kind,
                "{operation}: {code}: {message}"
            );
        }
    }

    #[test]
    fn an_absent_name_is_listed_among_the_errors() {
        let listed = |code: &str| CollectionErrorDetail::builder().name("c").error_code(code).build();
        assert!(not_found(&listed("NOT_FOUND")));
        assert!(not_found(&listed("ResourceNotFoundException")));
        assert!(!not_found(&listed("INTERNAL_FAILURE")));
    }
}
