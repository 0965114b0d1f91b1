//! What the tests of this crate share: a world, a tenant, and a way to ask.

use capstan_core::ports::{
    CacheGroupSettings, CloudErrorKind, CloudResult, DomainSettings, Effect, EndpointConfig, Key,
    ServerlessCapacity, Table, TagKey, Tags, Write,
};
use capstan_core::tier::{ResourceKind, ResourceRef};
use capstan_core::time::Millis;
use serde_json::json;
use sim::{Invocation, Outcome, Ports, SharedWorld, WorldConfig, run};
use std::fmt::Debug;
use std::future::Future;

pub(crate) const TENANT: &str = "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b";

pub(crate) fn world() -> SharedWorld {
    SharedWorld::in_memory(WorldConfig::default())
}

pub(crate) fn ports(world: &SharedWorld) -> Ports {
    Ports::for_invocation(world, Invocation::unlimited())
}

/// A world with a fault, and ports to it with a limit of two minutes.
pub(crate) fn faulty(fault: &str) -> (SharedWorld, Ports) {
    let world = world();
    world.with(|world| world.add_fault(fault.parse().unwrap()));
    let ports = Ports::for_invocation(&world, Invocation::new(Millis::minutes(2)));
    (world, ports)
}

pub(crate) fn tags() -> Tags {
    Tags::from([(TagKey::TenantId, TENANT.to_owned()), (TagKey::Project, "RADIANT".to_owned())])
}

/// Runs to the end what must come to one.
pub(crate) fn ask<T: Debug>(future: impl Future<Output = T>) -> T {
    match run(future, &Invocation::unlimited()) {
        Outcome::Done(value, _) => value,
        other => panic!("{other:?}"),
    }
}

/// The answer must be good.
pub(crate) fn ok<T: Debug>(future: impl Future<Output = CloudResult<T>>) -> T {
    ask(future).unwrap()
}

/// The answer must be this refusal; tells its words.
pub(crate) fn refused<T: Debug>(
    kind: CloudErrorKind,
    future: impl Future<Output = CloudResult<T>>,
) -> String {
    let error = ask(future).unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    error.to_string()
}

/// Lets time pass until nothing is under way.
pub(crate) fn rest(world: &SharedWorld) {
    world.with(|world| {
        while let Some(next) = world.next_event() {
            world.advance_to(next);
        }
    });
}

pub(crate) fn pass(world: &SharedWorld, length: Millis) {
    world.with(|world| world.advance(length));
}

pub(crate) fn resource(kind: ResourceKind, name: &str) -> ResourceRef {
    ResourceRef { kind, name: name.to_owned() }
}

pub(crate) fn config(name: &str, instance_type: &str, instances: u32) -> EndpointConfig {
    EndpointConfig {
        name: name.to_owned(),
        model: "shadow-self".to_owned(),
        instance_type: instance_type.to_owned(),
        initial_instances: instances,
        second_model: None,
    }
}

pub(crate) fn small_domain() -> DomainSettings {
    DomainSettings { instance_type: "t3.small.search".to_owned(), instance_count: 1, ebs_gb: 10 }
}

pub(crate) fn two_nodes() -> CacheGroupSettings {
    CacheGroupSettings { node_type: "cache.r7g.large".to_owned(), nodes: 2, cluster_mode: false }
}

pub(crate) fn capacity() -> ServerlessCapacity {
    ServerlessCapacity { min_milli_ncu: 1_000, max_milli_ncu: 2_500 }
}

pub(crate) fn put(table: Table, partition: &str, sort: &str, more: serde_json::Value) -> Write {
    let serde_json::Value::Object(mut item) = more else { panic!("an item is an object") };
    item.insert(table.partition_key().to_owned(), json!(partition));
    if let Some(name) = table.sort_key() {
        item.insert(name.to_owned(), json!(sort));
    }
    let key = Key { table, partition: partition.to_owned(), sort: sort.to_owned() };
    Write { key, effect: Effect::Put(item), condition: None }
}
