//! `OpenSearch` domains and Serverless collections.

use super::{Ports, named};
use crate::cloud::Part;
use crate::cloud::serverless::PolicyKind;
use crate::operation::Operation;
use capstan_core::ports::{
    CloudErrorKind, CloudResult, Collection, CollectionLimits, Collections, Domain, DomainSettings, Domains,
    Tags,
};
use capstan_core::tier::ResourceKind;

const DOMAIN: Part = Part::Resource(ResourceKind::Domain);
const COLLECTION: Part = Part::Resource(ResourceKind::Collection);
const ACCOUNT: &str = "account";

impl Domains for Ports {
    async fn domain(&self, name: &str) -> CloudResult<Option<Domain>> {
        self.look(Operation::DescribeDomain, name, |world| world.cloud.domains.domain(name)).await
    }
    async fn create_domain(&self, name: &str, settings: &DomainSettings, tags: &Tags) -> CloudResult<()> {
        self.change(Operation::CreateDomain, name, &[(DOMAIN, name)], |cx, cloud| {
            cloud.domains.create(cx, name, settings, tags)
        })
        .await
    }
    async fn update_domain(&self, name: &str, settings: &DomainSettings) -> CloudResult<()> {
        self.change(Operation::UpdateDomainConfig, name, &[(DOMAIN, name)], |cx, cloud| {
            cloud.domains.update(cx, name, settings)
        })
        .await
    }
    async fn delete_domain(&self, name: &str) -> CloudResult<()> {
        let parts = [(DOMAIN, name)];
        self.change(Operation::DeleteDomain, name, &parts, |cx, cloud| cloud.domains.delete(cx, name)).await
    }
}

impl Collections for Ports {
    async fn collection(&self, name: &str) -> CloudResult<Option<Collection>> {
        self.look(Operation::BatchGetCollection, name, |world| world.cloud.collections.collection(name)).await
    }

    /// Makes the policies first, as the service wants it. They stay if it then refuses the collection.
    async fn create_collection(&self, name: &str, tags: &Tags) -> CloudResult<()> {
        let operation = Operation::CreateCollection;
        let answer = self
            .call(operation, name, |world, doom| {
                for kind in PolicyKind::ALL {
                    match world.cloud.collections.create_policy(name, kind) {
                        Ok(()) => world.touch(operation, Part::Policies, name),
                        Err(refusal) if refusal.kind == CloudErrorKind::AlreadyExists => {}
                        Err(refusal) => return Err(refusal),
                    }
                }
                world.change(operation, doom, &[(COLLECTION, name)], |cx, cloud| {
                    cloud.collections.create(cx, name, tags)
                })
            })
            .await;
        named(operation, name, answer)
    }

    async fn delete_collection(&self, name: &str) -> CloudResult<()> {
        let parts = [(COLLECTION, name), (Part::Policies, name)];
        self.change(Operation::DeleteCollection, name, &parts, |cx, cloud| {
            cloud.collections.delete(cx, name)?;
            cloud.collections.delete_policies(name);
            Ok(())
        })
        .await
    }
    async fn collection_limits(&self) -> CloudResult<CollectionLimits> {
        self.look(Operation::GetAccountSettings, ACCOUNT, |world| world.cloud.collections.limits).await
    }
    async fn set_collection_limits(&self, limits: CollectionLimits) -> CloudResult<()> {
        self.change(Operation::UpdateAccountSettings, ACCOUNT, &[(Part::Limits, ACCOUNT)], |_, cloud| {
            cloud.collections.set_limits(limits)
        })
        .await
    }
}
