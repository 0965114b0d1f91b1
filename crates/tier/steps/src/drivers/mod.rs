//! Drivers: how a resource is brought to a wanted state through the ports.
//!
//! What to do is decided in `capstan_core::tier::converge`; here it is looked at, done, and looked at again, until there is
//! nothing to do now. One invocation makes all the calls that are legal at once and leaves the waiting to the
//! state machine.

mod elasticache;
mod kinesis;
mod neptune;
mod opensearch;
mod sagemaker;

use crate::StepError;
use capstan_core::ports::{
    CacheGroups, CloudErrorKind, CloudResult, Collections, Domains, EndpointConfigs, EndpointScaling,
    Endpoints, GraphClusters, GraphInstances, ServerlessCaches, Streams, Tagging,
};
use capstan_core::tier::converge::{Goal, Next, Refusal, TagCall};
use capstan_core::tier::{ResourceKind, Service};
use std::future::Future;

pub use elasticache::{CacheGroupKind, ServerlessCacheKind};
pub use kinesis::StreamKind;
pub use neptune::GraphKind;
pub use opensearch::{CollectionKind, DomainKind};
pub use sagemaker::EndpointKind;

/// Most calls made about one resource in one invocation; more is left to the next.
const MOST_CALLS: usize = 24;

/// Where a resource stands after it was driven as far as it goes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// As wanted.
    Ready,
    /// Something must be over first.
    Waiting(&'static str),
    /// There is a call to make now.
    Due,
}

/// One kind of resource: looking, deciding, doing.
pub trait Kind<P> {
    /// What can be seen.
    type Observed: Send;
    /// What can be done.
    type Call: Send;
    /// Looks.
    fn observe(ports: &P, goal: &Goal<'_>) -> impl Future<Output = CloudResult<Self::Observed>> + Send;
    /// Decides.
    fn next(seen: &Self::Observed, goal: &Goal<'_>) -> Next<Self::Call>;
    /// Does.
    fn perform(ports: &P, goal: &Goal<'_>, call: Self::Call) -> impl Future<Output = CloudResult<()>> + Send;
}

/// Drives a resource as far towards the goal as it goes now.
pub async fn converge<P: Sync, K: Kind<P>>(ports: &P, goal: &Goal<'_>) -> Result<Standing, StepError> {
    for _ in 0..MOST_CALLS {
        let seen = K::observe(ports, goal).await.map_err(StepError::of_cloud)?;
        let call = match K::next(&seen, goal) {
            Next::Ready => return Ok(Standing::Ready),
            Next::Wait(reason) => return Ok(Standing::Waiting(reason)),
            Next::Refuse(refusal) => return Err(refused(refusal)),
            Next::Call(call) => call,
        };
        match K::perform(ports, goal, call).await {
            Ok(()) => {}
            Err(error) => match error.kind {
                CloudErrorKind::Busy => return Ok(Standing::Waiting("the service is busy with it")),
                // What was seen is no longer so, or is not yet to be seen: look again, later.
                CloudErrorKind::NotFound | CloudErrorKind::AlreadyExists => {
                    return Ok(Standing::Waiting("the service is catching up"));
                }
                _ => return Err(StepError::of_cloud(error)),
            },
        }
    }
    Ok(Standing::Waiting("there is more to do"))
}

/// Looks where a resource stands, and does nothing.
pub async fn inspect<P: Sync, K: Kind<P>>(ports: &P, goal: &Goal<'_>) -> Result<Standing, StepError> {
    let seen = K::observe(ports, goal).await.map_err(StepError::of_cloud)?;
    match K::next(&seen, goal) {
        Next::Ready => Ok(Standing::Ready),
        Next::Wait(reason) => Ok(Standing::Waiting(reason)),
        Next::Call(_) => Ok(Standing::Due),
        Next::Refuse(refusal) => Err(refused(refusal)),
    }
}

fn refused(refusal: Refusal) -> StepError {
    match refusal {
        Refusal::OwnedByAnother(message) => StepError::OwnedByAnother(message),
        Refusal::Exists(message) => StepError::ResourceExists(message),
        Refusal::Failed(message) => StepError::ResourceFailed(message),
    }
}

async fn tag(ports: &impl Tagging, goal: &Goal<'_>, call: TagCall) -> CloudResult<()> {
    match call {
        TagCall::Set(tags) => ports.tag(goal.resource, &tags).await,
        TagCall::Remove(keys) => ports.untag(goal.resource, &keys).await,
    }
}

/// A service, as what carries out the steps about it.
pub trait Driver<P> {
    /// Which.
    const SERVICE: Service;
    /// Drives one of its resources.
    fn converge(ports: &P, goal: &Goal<'_>) -> impl Future<Output = Result<Standing, StepError>> + Send;
    /// Looks at one of its resources.
    fn inspect(ports: &P, goal: &Goal<'_>) -> impl Future<Output = Result<Standing, StepError>> + Send;
}

macro_rules! driver {
    ($(#[$doc:meta])* $name:ident: $($bound:ident)+ => $($pattern:ident: $kind:ty),+; else $last:ty) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;
        impl<P: $($bound +)+ Sync> Driver<P> for $name {
            const SERVICE: Service = Service::$name;
            async fn converge(ports: &P, goal: &Goal<'_>) -> Result<Standing, StepError> {
                match goal.resource.kind {
                    $(ResourceKind::$pattern => converge::<P, $kind>(ports, goal).await,)+
                    _ => converge::<P, $last>(ports, goal).await,
                }
            }
            async fn inspect(ports: &P, goal: &Goal<'_>) -> Result<Standing, StepError> {
                match goal.resource.kind {
                    $(ResourceKind::$pattern => inspect::<P, $kind>(ports, goal).await,)+
                    _ => inspect::<P, $last>(ports, goal).await,
                }
            }
        }
    };
}

driver!(
    /// `SageMaker` endpoints.
    SageMaker: Endpoints EndpointConfigs EndpointScaling Tagging => Endpoint: EndpointKind; else EndpointKind
);
driver!(
    /// `OpenSearch` domains and collections.
    OpenSearch: Domains Collections Tagging => Collection: CollectionKind; else DomainKind
);
driver!(
    /// `ElastiCache` groups and serverless caches.
    ElastiCache: CacheGroups ServerlessCaches Tagging => ServerlessCache: ServerlessCacheKind; else CacheGroupKind
);
driver!(
    /// Neptune clusters.
    Neptune: GraphClusters GraphInstances Tagging => GraphCluster: GraphKind; else GraphKind
);
driver!(
    /// Kinesis streams.
    Kinesis: Streams Tagging => Stream: StreamKind; else StreamKind
);

/// The ports of all five services.
pub trait AllServices:
    Endpoints
    + EndpointConfigs
    + EndpointScaling
    + Domains
    + Collections
    + CacheGroups
    + ServerlessCaches
    + GraphClusters
    + GraphInstances
    + Streams
    + Tagging
    + Sync
{
}
impl<P> AllServices for P where
    P: Endpoints
        + EndpointConfigs
        + EndpointScaling
        + Domains
        + Collections
        + CacheGroups
        + ServerlessCaches
        + GraphClusters
        + GraphInstances
        + Streams
        + Tagging
        + Sync
{
}

/// Drives a resource of any service.
pub async fn converge_any(ports: &impl AllServices, goal: &Goal<'_>) -> Result<Standing, StepError> {
    match goal.resource.kind.service() {
        Service::SageMaker => SageMaker::converge(ports, goal).await,
        Service::OpenSearch => OpenSearch::converge(ports, goal).await,
        Service::ElastiCache => ElastiCache::converge(ports, goal).await,
        Service::Neptune => Neptune::converge(ports, goal).await,
        Service::Kinesis => Kinesis::converge(ports, goal).await,
    }
}

/// Looks at a resource of any service.
pub async fn inspect_any(ports: &impl AllServices, goal: &Goal<'_>) -> Result<Standing, StepError> {
    match goal.resource.kind.service() {
        Service::SageMaker => SageMaker::inspect(ports, goal).await,
        Service::OpenSearch => OpenSearch::inspect(ports, goal).await,
        Service::ElastiCache => ElastiCache::inspect(ports, goal).await,
        Service::Neptune => Neptune::inspect(ports, goal).await,
        Service::Kinesis => Kinesis::inspect(ports, goal).await,
    }
}
