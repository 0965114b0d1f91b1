//! A case with its world, as data: for whoever has the function itself run on a cloud that others wrote.

use crate::cases::Case;
use crate::scenario::{self, OTHER_TENANT, Scenario, TENANT};
use crate::workspace;
use capstan_core::ids::TenantId;
use capstan_core::ports::{
    Alarms, CacheGroups, Collections, Costs, Domains, EndpointConfigs, EndpointScaling, Endpoints,
    GraphClusters, ServerlessCaches, SortKind, Streams, Subscriptions, Table, Traffic,
};
use capstan_core::tier::{ResourceKind, ResourceRef};
use capstan_core::time::{Millis, Timestamp};
use serde_json::{Map, Value, json};
use sim::{Invocation, Outcome, Ports, SharedWorld, World};

/// The event, the world it comes into, what comes of it and what the tables hold then, for a world whose time is `now`.
///
/// # Panics
/// If the world's own time is later than that.
pub fn at(case: &Case, now: Timestamp) -> Value {
    let first = (case.place)().now();
    assert!(first <= now, "the world of events/{}.json is at {first}, which is after {now}", case.file);
    let by = now.since(first);
    // Hosts tell their times in whole seconds.
    let by = if is_told(case) { Millis(by.0 / 1_000 * 1_000) } else { by };
    let scenario = scenario::shifted(case.place, by);
    let event = event(case, by);
    let before = world(&scenario);
    let told = scenario.world().with(|world| world.notices().len());
    let answer = match scenario.call(case.function(), event.clone()) {
        Ok(answer) => json!({"answer": answer}),
        Err(error) => json!({"errorType": error.name, "errorMessage": error.message}),
    };
    json!({
        "case": case.file,
        "shift": by.0,
        "now": now,
        "event": event,
        "world": before,
        "expected": answer,
        "tablesAfter": tables(&scenario),
        "notices": scenario.world().with(|world| json!(world.notices()[told..])),
    })
}

/// Whether the event is of IOps, where hosts and people tell times.
fn is_told(case: &Case) -> bool {
    workspace::root().join("crates/iops").join(case.function()).is_dir()
}

/// The event with the ids of the shifted world.
fn event(case: &Case, by: Millis) -> Value {
    let text = workspace::text(&format!("events/{}.json", case.file));
    let text = scenario::text_later(&text, by);
    let text = if is_told(case) { scenario::instants_later(&text, by) } else { text };
    serde_json::from_str(&text).expect("an event is JSON")
}

fn tables(scenario: &Scenario) -> Value {
    let rows = |table: Table| -> Vec<Value> {
        scenario.world().with(|world| world.items(table).map(|item| json!(item)).collect())
    };
    let one = |table: Table| {
        json!({
            "name": table.name(),
            "partitionKey": table.partition_key(),
            "sortKey": table.sort_key(),
            "sortIsNumber": table.sort_kind() == SortKind::Number,
            "items": rows(table),
        })
    };
    Table::ALL.into_iter().map(one).collect()
}

fn world(scenario: &Scenario) -> Value {
    let mut copy = scenario.world().fork();
    let faults: Vec<String> = copy.faults().map(ToString::to_string).collect();
    let executions: Vec<Value> = copy
        .executions()
        .map(|row| json!({"name": row.name, "input": row.input, "status": status(row), "stoppedAt": row.stopped_at}))
        .collect();
    copy.clear_faults();
    let looker = Looker::new(copy);
    json!({
        "tables": tables(scenario),
        "resources": looker.resources(),
        "endpointConfigs": looker.endpoint_configs(),
        "monthToDate": looker.costs(),
        "alarms": looker.see(looker.ports.alarms("")),
        "subscriptions": looker.see(looker.ports.subscriptions()),
        "executions": executions,
        "faults": faults,
    })
}

fn status(row: &sim::ExecutionRow) -> Value {
    serde_json::to_value(row).map(|row| row["status"].clone()).unwrap_or_default()
}

/// Who looks at a copy of a world by its ports, as a function does.
struct Looker {
    world: SharedWorld,
    ports: Ports,
    invocation: Invocation,
}

impl Looker {
    fn new(world: World) -> Self {
        let (world, invocation) = (SharedWorld::new(world), Invocation::unlimited());
        Self { ports: Ports::for_invocation(&world, invocation.clone()), world, invocation }
    }

    fn see<T: std::fmt::Debug, E: std::fmt::Debug>(
        &self,
        look: impl Future<Output = Result<T, E>> + Send,
    ) -> T {
        match sim::run(look, &self.invocation) {
            Outcome::Done(Ok(seen), _) => seen,
            other => panic!("a look at a world without faults fails: {other:?}"),
        }
    }

    fn resources(&self) -> Vec<Value> {
        let all = self.world.with(|world| world.resources());
        let one = |resource: &ResourceRef, stage: &str| {
            json!({
                "kind": resource.kind,
                "name": resource.name,
                "stage": stage,
                "connections": self.see(self.ports.connections(resource)),
                "seen": self.seen(resource),
            })
        };
        all.iter().map(|view| one(&view.resource, view.stage)).collect()
    }

    /// What the port of its service shows.
    fn seen(&self, resource: &ResourceRef) -> Value {
        let (ports, name) = (&self.ports, resource.name.as_str());
        match resource.kind {
            ResourceKind::Endpoint => {
                let mut seen = json!(self.see(ports.endpoint(name)));
                seen["scaling"] = json!(self.see(ports.scaling(name)));
                seen
            }
            ResourceKind::Domain => json!(self.see(ports.domain(name))),
            ResourceKind::Collection => json!(self.see(ports.collection(name))),
            ResourceKind::CacheGroup => json!(self.see(ports.cache_group(name))),
            ResourceKind::ServerlessCache => json!(self.see(ports.serverless_cache(name))),
            ResourceKind::GraphCluster => json!(self.see(ports.graph_cluster(name))),
            ResourceKind::Stream => json!(self.see(ports.stream(name))),
        }
    }

    fn endpoint_configs(&self) -> Vec<Value> {
        let names = self.see(self.ports.endpoint_config_names(""));
        names.iter().map(|name| json!(self.see(self.ports.endpoint_config(name)))).collect()
    }

    /// What each tenant has cost this month, in dollars.
    fn costs(&self) -> Map<String, Value> {
        let now = self.world.now();
        let cost = |tenant: &str| {
            let id = TenantId::parse(tenant).expect("a tenant's id");
            (tenant.to_owned(), json!(self.see(self.ports.month_to_date(&id, now))))
        };
        [TENANT, OTHER_TENANT].into_iter().map(cost).collect()
    }
}
