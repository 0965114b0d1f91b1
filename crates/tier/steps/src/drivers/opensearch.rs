//! OpenSearch domains and Serverless collections.

use super::{Kind, tag};
use capstan_core::ports::{CloudResult, Collections, Domain, Domains, Tagging};
use capstan_core::tier::converge::{
    CollectionCall, DomainCall, Goal, Next, ObservedCollection, collection, domain,
};

/// `OpenSearch` domains.
#[derive(Debug)]
pub struct DomainKind;

impl<P: Domains + Tagging> Kind<P> for DomainKind {
    type Observed = Option<Domain>;
    type Call = DomainCall;

    async fn observe(ports: &P, goal: &Goal<'_>) -> CloudResult<Option<Domain>> {
        ports.domain(&goal.resource.name).await
    }

    fn next(seen: &Option<Domain>, goal: &Goal<'_>) -> Next<DomainCall> {
        domain::next(seen.as_ref(), goal)
    }

    async fn perform(ports: &P, goal: &Goal<'_>, call: DomainCall) -> CloudResult<()> {
        let name = &goal.resource.name;
        match call {
            DomainCall::Create(settings, tags) => ports.create_domain(name, &settings, &tags).await,
            DomainCall::Update(settings) => ports.update_domain(name, &settings).await,
            DomainCall::Delete => ports.delete_domain(name).await,
            DomainCall::Tag(change) => tag(ports, goal, change).await,
        }
    }
}

/// `OpenSearch` Serverless collections.
#[derive(Debug)]
pub struct CollectionKind;

impl<P: Collections + Tagging> Kind<P> for CollectionKind {
    type Observed = ObservedCollection;
    type Call = CollectionCall;

    async fn observe(ports: &P, goal: &Goal<'_>) -> CloudResult<ObservedCollection> {
        let collection = ports.collection(&goal.resource.name).await?;
        // The account's limits matter to what is to serve, and to nothing else.
        let limits = if goal.to.serves() { Some(ports.collection_limits().await?) } else { None };
        Ok(ObservedCollection { collection, limits })
    }

    fn next(seen: &ObservedCollection, goal: &Goal<'_>) -> Next<CollectionCall> {
        collection::next(seen, goal)
    }

    async fn perform(ports: &P, goal: &Goal<'_>, call: CollectionCall) -> CloudResult<()> {
        let name = &goal.resource.name;
        match call {
            CollectionCall::SetLimits(limits) => ports.set_collection_limits(limits).await,
            CollectionCall::Create(tags) => ports.create_collection(name, &tags).await,
            CollectionCall::Delete => ports.delete_collection(name).await,
            CollectionCall::Tag(change) => tag(ports, goal, change).await,
        }
    }
}
