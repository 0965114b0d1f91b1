//! What the outside must be able to do: narrow traits, one to five methods each, in the words of the domain.
//!
//! Two things carry them out and nothing else does: `aws` (the SDK) and `sim` (a simulated cloud). A type that
//! carries out several is passed as one value: `ports: &P where P: Store + Clock + Streams`. Every method
//! promises a `Send` future, so handlers may be spawned; nothing here is object-safe, on purpose: a
//! function's ports are known when it is built.
//!
//! Rejected: one large `Cloud` trait (a function's signature would no longer say what it may touch), and
//! methods that decide (create-or-update): deciding is the caller's, so that it is the same on both sides.

mod cloud;
mod console;
mod elasticache;
mod extent;
mod functions;
mod inference;
mod issuer;
mod kinesis;
mod machine;
mod neptune;
mod objects;
mod opensearch;
mod sagemaker;
mod scaling;
mod signer;
mod store;
mod stored;
mod tables;
mod tags;
mod training;
mod watch;
mod workflows;

pub use cloud::{CloudError, CloudErrorKind, CloudResult};
pub use console::{Answered, ApiClient, Ask, NoAnswer, SignIn, SignInEndpoints};
pub use elasticache::{
    CacheGroup, CacheGroupSettings, CacheGroups, CacheStatus, ServerlessCache, ServerlessCaches,
};
pub use extent::Extent;
pub use functions::{Concurrency, Feed, Feeds, FunctionView, Functions};
pub use inference::{Inference, Inferred};
pub use issuer::{IssuerError, IssuerKeys, KeysDocument};
pub use kinesis::{Stream, StreamMode, StreamStatus, Streams};
pub use machine::{Clock, Costs, Entropy, Notice, NoticeKind, Notifier, Traffic};
pub use neptune::{
    GraphCluster, GraphClusters, GraphInstance, GraphInstances, GraphStatus, ServerlessCapacity,
};
pub use objects::Objects;
pub use opensearch::{
    Collection, CollectionLimits, CollectionStatus, Collections, Domain, DomainSettings, Domains,
};
pub use sagemaker::{
    Endpoint, EndpointConfig, EndpointConfigs, EndpointScaling, EndpointStatus, Endpoints, ScalingRange,
    Variant,
};
pub use scaling::{TableAutoScaling, TableScaling, Throttle, UnitRange, UsagePlans};
pub use signer::Signer;
pub use store::{
    Condition, Effect, Item, Key, MOST_PUTS, Page, PageOf, Query, ReadAs, SortKind, Store, StoreError, Table,
    Write, is_digits, read_as, whole,
};
pub use stored::{RecordEffect, RecordWrite, Stored};
pub use tables::{
    Backup, Capacity, CountedRows, RestoreFrom, TableBackups, TableRows, TableSetting, TableStatus,
    TableView, Tables,
};
pub use tags::{Found, Inventory, TagKey, Tagging, Tags};
pub use training::{Model, Models, TrainingJob, TrainingJobs, TrainingSpec, TrainingStatus};
pub use watch::{
    Alarm, AlarmAction, AlarmState, Alarms, DayBill, FunctionVitals, Protocol, Spending, Subscription,
    Subscriptions, TableVitals, Vitals,
};
pub use workflows::{ExecutionHistory, ExecutionStatus, ExecutionView, StateVisit, VisitStatus, Workflows};
