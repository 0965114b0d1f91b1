//! Backstage of the simulation: what happens to a simulated cloud from outside.

use crate::case::{Checked, Failure, Run};
use crate::stage::{Backstage, Job};
use capstan_core::ids::TenantId;
use capstan_core::money::Usd;
use capstan_core::ports::{
    CacheGroupSettings, CacheGroups, Collections, DomainSettings, Domains, EndpointConfig, EndpointConfigs,
    Endpoints, GraphClusters, ServerlessCaches, Streams,
};
use capstan_core::ports::{ExecutionStatus, StateVisit, Table, TagKey, Tags, Throttle, VisitStatus};
use capstan_core::tier::{ResourceKind, ResourceRef, Spec};
use capstan_core::time::{Millis, Timestamp};
use serde_json::Value;
use sim::{Deployment, Invocation, Ports, SharedWorld, World, WorldConfig};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What a moment is where nothing is under way.
const MOMENT: Millis = Millis::seconds(1);

/// A simulated cloud and the hands behind it.
#[derive(Debug)]
pub struct Simulated {
    world: SharedWorld,
    ports: Ports,
    deployment: Mutex<Deployment>,
}

fn a_dollar_an_hour(_: &Spec) -> Usd {
    Usd::dollars(1)
}

impl Default for Simulated {
    fn default() -> Self {
        let world =
            SharedWorld::in_memory(WorldConfig { hourly: Some(a_dollar_an_hour), ..WorldConfig::default() });
        let ports = Ports::for_invocation(&world, Invocation::unlimited());
        Self { world, ports, deployment: Mutex::default() }
    }
}

impl Simulated {
    /// Its ports.
    pub const fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Its world.
    pub const fn world(&self) -> &SharedWorld {
        &self.world
    }

    async fn make(&self, resource: &ResourceRef) -> Checked {
        let (name, tags) = (resource.name.as_str(), Tags::new());
        match resource.kind {
            ResourceKind::Endpoint => {
                let config = EndpointConfig {
                    name: name.to_owned(),
                    model: crate::suites::MODEL.to_owned(),
                    instance_type: "ml.m5.large".to_owned(),
                    initial_instances: 1,
                    second_model: None,
                };
                self.ports.create_endpoint_config(&config, &tags).await?;
                self.ports.create_endpoint(name, name, &tags).await?;
            }
            ResourceKind::Domain => {
                let instance_type = "t3.small.search".to_owned();
                let settings = DomainSettings { instance_type, instance_count: 1, ebs_gb: 10 };
                self.ports.create_domain(name, &settings, &tags).await?;
            }
            ResourceKind::Collection => self.ports.create_collection(name, &tags).await?,
            ResourceKind::CacheGroup => {
                let node_type = "cache.r7g.large".to_owned();
                let settings = CacheGroupSettings { node_type, nodes: 1, cluster_mode: false };
                self.ports.create_cache_group(name, &settings, &tags).await?;
            }
            ResourceKind::ServerlessCache => {
                self.ports.create_serverless_cache(name, 1_000, 1_000, &tags).await?;
            }
            ResourceKind::GraphCluster => self.ports.create_graph_cluster(name, None, &tags).await?,
            ResourceKind::Stream => self.ports.create_stream(name, Some(1), &tags).await?,
        }
        self.rest();
        Ok(())
    }

    /// Adds to what is deployed.
    fn deploy(&self, add: impl FnOnce(&mut Deployment)) -> Run<'_> {
        let mut deployment = self.deployment.lock().unwrap_or_else(PoisonError::into_inner);
        add(&mut deployment);
        self.world.with(|world| world.set_deployment(&Arc::new(deployment.clone())));
        Box::pin(std::future::ready(Ok(())))
    }

    /// Lets time pass until nothing is under way.
    fn rest(&self) {
        self.world.with(|world| {
            while let Some(next) = world.next_event() {
                world.advance_to(next);
            }
        });
    }
}

fn visit(state: &str, status: VisitStatus, error: Option<&str>, now: Timestamp) -> StateVisit {
    StateVisit {
        state: state.to_owned(),
        status,
        visits: 1,
        entered_at: now,
        exited_at: (status != VisitStatus::Running).then_some(now),
        attempts: 1,
        error: error.map(str::to_owned),
    }
}

/// The machine of the suites, in place of an interpreter.
fn play(world: &mut World) {
    let now = world.now();
    let running = world.executions().filter(|row| row.status == ExecutionStatus::Running).cloned();
    for mut row in running.collect::<Vec<_>>() {
        let which = visit("Which", VisitStatus::Succeeded, None, now);
        if row.input["hold"] == Value::Bool(true) {
            row.visits = vec![which, visit("Hold", VisitStatus::Running, None, now)];
            world.put_execution(row);
            continue;
        }
        let failed = row.input["fail"] == Value::Bool(true);
        let last = if failed {
            visit("Bad", VisitStatus::Failed, Some("Asked"), now)
        } else {
            visit("Good", VisitStatus::Succeeded, None, now)
        };
        row.visits = vec![which, last];
        row.status = if failed { ExecutionStatus::Failed } else { ExecutionStatus::Succeeded };
        row.stopped_at = Some(now);
        world.put_execution(row);
    }
}

impl Backstage for Simulated {
    fn pass(&self) -> Run<'_> {
        self.world.with(|world| {
            let next = world.next_event().unwrap_or_else(|| world.now() + MOMENT);
            world.advance_to(next);
            play(world);
        });
        Box::pin(std::future::ready(Ok(())))
    }

    /// Each look is an event further, of whatever resource.
    fn patience(&self) -> u32 {
        200
    }

    fn stop_execution<'a>(&'a self, name: &'a str) -> Run<'a> {
        let stopped = self.world.with(|world| {
            let mut row =
                world.execution(name).cloned().ok_or_else(|| Failure(format!("no execution {name}")))?;
            row.status = ExecutionStatus::Aborted;
            for open in row.visits.iter_mut().filter(|visit| visit.exited_at.is_none()) {
                (open.status, open.exited_at) = (VisitStatus::Failed, Some(world.now()));
            }
            row.stopped_at = Some(world.now());
            world.put_execution(row);
            Ok(())
        });
        Box::pin(std::future::ready(stopped))
    }

    /// What serves is used.
    fn use_resource<'a>(&'a self, resource: &'a ResourceRef) -> Run<'a> {
        Box::pin(self.make(resource))
    }

    fn make_alarm<'a>(&'a self, name: &'a str) -> Run<'a> {
        self.deploy(|deployment| {
            "arn:aws:sns:us-east-1:000000000000:alerts".clone_into(&mut deployment.topic);
            deployment.alarms.insert(name.to_owned(), vec![deployment.topic.clone()]);
        })
    }

    fn make_table<'a>(&'a self, name: &'a str) -> Run<'a> {
        self.deploy(|deployment| {
            deployment.tables.insert(name.to_owned(), (Table::IopsMetrics, None));
        })
    }

    fn make_backup<'a>(&'a self, table: &'a str) -> Run<'a> {
        self.world.with(|world| drop(world.back_up(table, "by-hand")));
        Box::pin(std::future::ready(Ok(())))
    }

    fn make_function<'a>(&'a self, name: &'a str) -> Run<'a> {
        self.deploy(|deployment| {
            deployment.functions.insert(name.to_owned(), BTreeMap::new());
        })
    }

    fn make_feed<'a>(&'a self, function: &'a str, table: &'a str, _: &'a str) -> Run<'a> {
        self.deploy(|deployment| deployment.feeds.push((function.to_owned(), table.to_owned())))
    }

    fn make_usage_plan<'a>(&'a self, name: &'a str) -> Run<'a> {
        self.deploy(|deployment| {
            deployment.usage_plans.insert(name.to_owned(), Throttle { rate: 10, burst: 20 });
        })
    }

    /// A stream at a dollar an hour, from when it serves.
    fn bill<'a>(&'a self, tenant: &'a TenantId) -> Job<'a, Usd> {
        Box::pin(async move {
            let tags = Tags::from([(TagKey::TenantId, tenant.as_str().to_owned())]);
            let name = format!("billed-{tenant}");
            self.ports.create_stream(&name, Some(1), &tags).await?;
            self.rest();
            let stream = ResourceRef { kind: ResourceKind::Stream, name };
            let lived = self.world.with(|world| {
                world.advance(Millis::hours(1));
                world.settled_at(&stream).map(|since| world.now().since(since))
            });
            let lived = lived.ok_or_else(|| Failure("the stream that is billed is gone".to_owned()))?;
            let micros = lived.0 * 1_000_000 / Millis::hours(1).0;
            i64::try_from(micros).map(Usd::micros).map_err(|error| Failure(error.to_string()))
        })
    }
}
