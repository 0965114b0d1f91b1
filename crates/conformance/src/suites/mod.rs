//! The suites, one a port, each written against the trait alone.
//!
//! A case makes what it needs under names of its own and leaves it there: the clouds they run on are thrown away. Where a
//! case needs a thing that is another port's to make, its bounds say so.

mod absent;
mod alarms;
mod cache_groups;
mod collections;
mod costs;
mod domains;
mod endpoint_configs;
mod endpoint_scaling;
mod endpoints;
mod functions;
mod graph_clusters;
mod graph_instances;
mod inference;
mod inventory;
mod machine;
mod made;
mod models;
mod notifier;
mod objects;
mod serverless_caches;
mod signer;
mod spending;
mod store;
mod store_batches;
mod store_queries;
mod store_records;
mod store_values;
mod streams;
mod subscriptions;
mod tables;
mod tagging;
mod traffic;
mod training_jobs;
mod vitals;
mod workflows;

use crate::case::Case;
use capstan_core::ports::{
    Alarms, CacheGroups, Clock, Collections, Concurrency, Costs, Domains, EndpointConfigs, EndpointScaling,
    Endpoints, Entropy, Feeds, Functions, GraphClusters, GraphInstances, Inference, Inventory, Models,
    Notifier, Objects, ServerlessCaches, Signer, Spending, Store, Streams, Subscriptions, TableAutoScaling,
    TableBackups, TableRows, Tables, Tagging, Traffic, TrainingJobs, UsagePlans, Vitals, Workflows,
};

/// The model that endpoint configurations name; whoever runs the suites sees to it that it is there.
pub const MODEL: &str = "shadow-self";

macro_rules! every_port {
    ($($port:ident),+ $(,)?) => {
        /// Everything that carries out every port.
        pub trait Ports: $($port +)+ {}
        impl<T: $($port +)+> Ports for T {}
        /// The ports, by their traits' names.
        pub const PORTS: &[&str] = &[$(stringify!($port)),+];
    };
}

every_port! {
    Store, Endpoints, EndpointConfigs, EndpointScaling, Domains, Collections, CacheGroups, ServerlessCaches,
    GraphClusters, GraphInstances, Streams, Tagging, Inventory, Workflows, Notifier, Costs, Traffic, Signer, Objects, Inference, TrainingJobs, Models, Clock,
    Entropy, Alarms, Subscriptions, Vitals, Spending, Tables, TableBackups, TableRows, Functions, Concurrency, Feeds,
    TableAutoScaling, UsagePlans,
}

/// Every case of every port.
pub fn all<P: Ports>() -> Vec<Case<P>> {
    [
        store::cases(),
        store_batches::cases(),
        store_values::cases(),
        store_queries::cases(),
        store_records::cases(),
        endpoints::cases(),
        endpoint_configs::cases(),
        endpoint_scaling::cases(),
        domains::cases(),
        collections::cases(),
        cache_groups::cases(),
        serverless_caches::cases(),
        graph_clusters::cases(),
        graph_instances::cases(),
        streams::cases(),
        tagging::cases(),
        inventory::cases(),
        workflows::cases(),
        notifier::cases(),
        costs::cases(),
        traffic::cases(),
        signer::cases(),
        objects::cases(),
        training_jobs::cases(),
        models::cases(),
        inference::cases(),
        machine::cases(),
        absent::tables(),
        absent::backups(),
        absent::rows(),
        absent::functions(),
        absent::concurrency(),
        absent::feeds(),
        absent::table_scaling(),
        absent::usage_plans(),
        tables::tables(),
        tables::backups(),
        tables::scaling(),
        functions::functions(),
        functions::concurrency(),
        functions::feeds(),
        functions::usage_plans(),
        alarms::cases(),
        subscriptions::cases(),
        vitals::cases(),
        spending::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
