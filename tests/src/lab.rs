//! A laboratory: the whole system on a simulated cloud and virtual time, driven as an operator drives it.
//!
//! Where a scenario stops before one call, a lab goes through to the end, and its functions can be tampered with: run
//! twice, run twice at once, made to fail.

use capstan_core::ports::Table;
use capstan_core::tier::{Tier, prices};
use capstan_core::time::{Millis, Timestamp};
use local::engine::{Engine, Options};
use local::functions::{Function, registry};
use local::gateway::{Gateway, Reply, Request};
use local::issuer::{ISSUER, parameters};
use local::template::{Description, Source};
use local::{Blueprint, System};
use serde_json::{Map, Value, json};
use sim::{SharedWorld, WorldConfig};
use std::sync::{Arc, LazyLock};

use crate::scenario::{Caller, TENANT, issuer};

/// What every route begins with.
const BASE: &str = "/api/admin/infrastructure";
/// Hours within which every change must have come to its end.
const PATIENCE: u64 = 24;

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| description(&[]));

/// The template with values for some of its parameters.
fn description(given: &[(&str, &str)]) -> Description {
    let mut parameters = parameters();
    // Who counts calls counts those of the request alone.
    parameters.insert("TenantRequestsPerMinute".to_owned(), "0".to_owned());
    parameters.extend(given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Source::BuiltIn.read(&parameters).expect("the template can be read")
}

/// Every move between two tiers.
pub fn moves() -> Vec<(Tier, Tier)> {
    let pairs = Tier::ALL.into_iter().flat_map(|from| Tier::ALL.into_iter().map(move |to| (from, to)));
    pairs.filter(|(from, to)| from != to).collect()
}

/// A system with its engine.
#[derive(Debug)]
pub struct Lab {
    system: Arc<System>,
    engine: Engine,
}

/// An answer of the API.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// HTTP status.
    pub status: u64,
    /// Headers as the function gave them.
    pub headers: Value,
    /// The body.
    pub body: Value,
}

/// What a change came to.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Its status in the change log.
    pub status: String,
    /// Its row of the change history.
    pub change: Value,
    /// From the request to the end of its execution.
    pub took: Millis,
}

/// What a change must leave as it was when it is undone: the cloud, and the records that say what is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Slate {
    cloud: Value,
    records: Value,
}

impl Lab {
    /// A world in which nothing has happened.
    pub fn new(seed: u64) -> Self {
        let config = WorldConfig {
            seed,
            start: Timestamp::parse("2026-11-21T03:00:00Z").expect("a time"),
            hourly: Some(prices::hourly),
            ..WorldConfig::default()
        };
        Self::on(SharedWorld::in_memory(config), &registry(), Options::default())
    }

    /// A lab on a world, with these functions.
    pub fn on(world: SharedWorld, functions: &[Function], options: Options) -> Self {
        Self::described(DESCRIPTION.clone(), world, functions, options)
    }

    /// The same with other values for some parameters of the template.
    pub fn with(
        world: SharedWorld,
        functions: &[Function],
        options: Options,
        given: &[(&str, &str)],
    ) -> Self {
        Self::described(description(given), world, functions, options)
    }

    fn described(
        description: Description,
        world: SharedWorld,
        functions: &[Function],
        options: Options,
    ) -> Self {
        world.with(|world| world.set_issuer_keys(ISSUER, issuer().document()));
        let blueprint = Blueprint::new(description, functions).expect("template and code fit together");
        Self::of(blueprint.on(world), options)
    }

    fn of(system: Arc<System>, options: Options) -> Self {
        Self { engine: Engine::new(Arc::clone(&system), options), system }
    }

    /// A lab on another world, with the same functions.
    #[must_use]
    pub fn on_world(&self, world: SharedWorld, options: Options) -> Self {
        Self::of(self.system.blueprint().on(world), options)
    }

    /// A world in which the tenant is in a tier with all its resources, DEV being reached by coming down from STAGING.
    pub fn at(tier: Tier, seed: u64) -> Self {
        let mut lab = Self::new(seed);
        let path: &[Tier] = if tier == Tier::Dev { &[Tier::Staging, Tier::Dev] } else { &[tier] };
        for tier in path {
            assert_eq!(lab.go(*tier).status, "COMPLETED");
            lab.engine.skip(Millis::hours(25));
        }
        lab
    }

    /// Another lab on a copy of this world, with these functions.
    #[must_use]
    pub fn fork(&self, functions: &[Function]) -> Self {
        self.fork_with(functions, Options::default())
    }

    /// The same, with a choice of how the engine orders what is due at once.
    #[must_use]
    pub fn fork_with(&self, functions: &[Function], options: Options) -> Self {
        Self::on(SharedWorld::new(self.system.world().fork()), functions, options)
    }

    /// The front door, for those who come with tokens signed with `KEY`.
    pub fn gateway(&self) -> Gateway {
        Gateway::new(Arc::clone(&self.system))
    }

    /// The world.
    pub fn world(&self) -> &SharedWorld {
        self.system.world()
    }

    /// The system.
    pub const fn system(&self) -> &Arc<System> {
        &self.system
    }

    /// Sends a request through the front door, with a token of this caller.
    pub fn knock(&self, caller: Caller, method: &str, path: &str, body: &str) -> Reply {
        let request = Request::new(method, &crate::resource(path), body);
        Gateway::new(Arc::clone(&self.system)).handle(&request.with_token(&caller.token(self.engine.now())))
    }

    /// The engine, for those who take smaller steps.
    pub const fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Plans a fault, `SERVICE:OPERATION:NTH:KIND`.
    pub fn fault(&self, fault: &str) {
        let fault = fault.parse().unwrap_or_else(|error| panic!("{fault}: {error}"));
        self.world().with(|world| world.add_fault(fault));
    }

    /// Takes all faults back.
    pub fn heal(&self) {
        self.world().with(sim::World::clear_faults);
    }

    /// Calls the API as a super admin: status and body; 502 and nothing where the function died.
    pub fn call(&mut self, method: &str, path: &str, body: &Value) -> (u64, Value) {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.call_raw(method, path, &text)
    }

    /// The same with a body that may be anything.
    pub fn call_raw(&mut self, method: &str, path: &str, body: &str) -> (u64, Value) {
        let caller = json!({"sub": "grace", "role": "super_admin", "tenant": TENANT});
        match self.send(method, path, body, &caller, &Value::Null) {
            None => (502, Value::Null),
            Some(answer) => (answer.status, answer.body),
        }
    }

    /// Sends a request under an idempotency key, as a super admin; `None` where the function died.
    pub fn call_once(&mut self, path: &str, body: &Value, key: &str) -> Option<Sent> {
        let caller = json!({"sub": "grace", "role": "super_admin", "tenant": TENANT});
        self.send("POST", path, &body.to_string(), &caller, &json!({ "Idempotency-Key": key }))
    }

    /// Sends a request of anybody's, with headers; `None` where the function died.
    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        caller: &Value,
        headers: &Value,
    ) -> Option<Sent> {
        let (function, event) = self.event(method, path, body, caller, headers);
        let invoked = self.system.invoke(&function, event);
        self.engine.look();
        let answer = invoked.answer.ok()?;
        let status = answer["statusCode"].as_u64().expect("a status");
        let body = serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON");
        Some(Sent { status, headers: answer["headers"].clone(), body })
    }

    /// The function behind a route, by its logical id, and what it gets.
    ///
    /// # Panics
    /// If there is no such route.
    pub fn event(
        &self,
        method: &str,
        path: &str,
        body: &str,
        caller: &Value,
        headers: &Value,
    ) -> (String, Value) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let (route, parameters) = match path.strip_prefix("/tier/configs/") {
            Some(tier) => (format!("{BASE}/tier/configs/{{tier}}"), json!({ "tier": tier })),
            None => route_of(path),
        };
        let routes = &self.system.description().routes;
        let found = routes.iter().find(|known| known.method == method && known.path == route);
        let function = found.unwrap_or_else(|| panic!("no route {method} {route}")).function.clone();
        let query: Map<String, Value> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect();
        let event = json!({
            "resource": route,
            "path": crate::resource(path),
            "httpMethod": method,
            "headers": headers,
            "queryStringParameters": query,
            "pathParameters": parameters,
            "requestContext": {"authorizer": caller},
            "body": if body.is_empty() { Value::Null } else { json!(body) },
        });
        (function, event)
    }

    /// Calls a function of the workflow directly, as nobody should: the error's name, if it fails.
    ///
    /// # Panics
    /// If the template has no such function.
    pub fn out_of_order(&self, function: &str, input: Value) -> Option<String> {
        let functions = &self.system.description().functions;
        let found = functions.iter().find(|known| known.crate_name == function).expect("a function");
        self.system.invoke(&found.logical_id, input).answer.err().map(|error| error.name)
    }

    /// Reads the API.
    pub fn get(&mut self, path: &str) -> Value {
        self.call("GET", path, &Value::Null).1
    }

    /// Asks for a change past the cooldown, and confirms it where that is asked for.
    pub fn ask(&mut self, to: Tier) -> Value {
        let body = json!({"targetTier": to, "reason": "[EMERGENCY] a test of moving up and down"});
        let (_, answer) = self.call("POST", "/tier/bypass-cooldown", &body);
        if answer["status"] != "REQUIRES_CONFIRMATION" {
            return answer;
        }
        let token = answer["confirmationToken"].clone();
        self.call("POST", "/tier/confirm", &json!({ "confirmationToken": token })).1
    }

    /// Goes on until no change is under way and no execution runs; false if that was not to be had.
    pub fn settle(&mut self) -> bool {
        let by = self.engine.now() + Millis::hours(PATIENCE);
        let system = Arc::clone(&self.system);
        self.engine.run_until(by, |engine| engine.running().next().is_none() && !under_way(&system))
    }

    /// Moves the tenant and goes on to the end of it.
    pub fn go(&mut self, to: Tier) -> Ended {
        let started = self.engine.now();
        let answer = self.ask(to);
        assert_eq!(answer["status"], "INITIATED", "{answer}");
        self.finish(started)
    }

    /// Goes on to the end of the change that is under way.
    pub fn finish(&mut self, started: Timestamp) -> Ended {
        assert!(self.settle(), "the change came to no end: {}", self.get("/tier/transition-status"));
        let change = self.get("/tier/change-history?limit=1")["changes"][0].clone();
        let status = change["status"].as_str().unwrap_or_default().to_owned();
        Ended { status, change, took: self.engine.now().since(started) }
    }

    /// What is there: every resource with its settings and tags, and what the records say of them. Versions of rows and
    /// the memory of mode switches move on and are left out; so are the dates of making, since an endpoint that was
    /// deleted and is wanted back is another endpoint.
    pub fn slate(&self) -> Slate {
        self.world().with(|world| {
            let rows = |table: Table, prefix: &str| -> Vec<Value> {
                let wanted = |item: &&Map<String, Value>| {
                    // That a tenant is known is not taken back.
                    if item
                        .get("index_name")
                        .is_some_and(|name| name == "TENANTS" || name == "AUDIT_UNSEALED")
                    {
                        return false;
                    }
                    prefix.is_empty()
                        || item
                            .get("entry")
                            .and_then(Value::as_str)
                            .is_some_and(|entry| entry.starts_with(prefix))
                };
                world
                    .items(table)
                    .filter(wanted)
                    .map(|item| {
                        without(
                            &json!(item),
                            &["version", "mode_switched_at", "resharded_at", "made_at", "made_by"],
                        )
                    })
                    .collect()
            };
            Slate {
                cloud: world.snapshot(),
                records: json!({
                    "app": rows(Table::AppConfig, ""),
                    "register": rows(Table::TierLedger, "resource#"),
                    "index": rows(Table::TierIndex, ""),
                }),
            }
        })
    }
}

/// The route of a path of a test, and its parameters.
fn route_of(path: &str) -> (String, Value) {
    if let Some(rest) = path.strip_prefix("/restores/") {
        let (id, act) =
            rest.split_once('/').map_or((rest, String::new()), |(id, act)| (id, format!("/{act}")));
        return (format!("/restores/{{restoreId}}{act}"), json!({ "restoreId": id }));
    }
    if let Some(rest) = path.strip_prefix("/scale/") {
        let (id, act) =
            rest.split_once('/').map_or((rest, String::new()), |(id, act)| (id, format!("/{act}")));
        return (format!("/scale/{{scaleId}}{act}"), json!({ "scaleId": id }));
    }
    if let Some(rest) = path.strip_prefix("/canary/") {
        let (id, act) =
            rest.split_once('/').map_or((rest, String::new()), |(id, act)| (id, format!("/{act}")));
        return (format!("/canary/{{canaryId}}{act}"), json!({ "canaryId": id }));
    }
    if let Some(id) = path.strip_prefix("/models/releases/") {
        let (id, act) = id.split_once('/').map_or((id, String::new()), |(id, act)| (id, format!("/{act}")));
        return (format!("/models/releases/{{releaseId}}{act}"), json!({ "releaseId": id }));
    }
    if let Some(version) = path.strip_prefix("/models/").and_then(|path| path.strip_suffix("/restore")) {
        return ("/models/{version}/restore".to_owned(), json!({ "version": version }));
    }
    if let Some(id) = path.strip_prefix("/subscriptions/") {
        return ("/subscriptions/{subscriptionId}".to_owned(), json!({ "subscriptionId": id }));
    }
    if let Some(name) = path.strip_prefix("/alarms/").and_then(|rest| rest.strip_suffix("/test")) {
        return ("/alarms/{name}/test".to_owned(), json!({ "name": name }));
    }
    let Some(rest) = path.strip_prefix("/insights/").filter(|rest| *rest != "summary") else {
        return (crate::resource(path), Value::Null);
    };
    let (id, act) = rest.split_once('/').map_or((rest, String::new()), |(id, act)| (id, format!("/{act}")));
    (format!("/insights/{{insightId}}{act}"), json!({ "insightId": id }))
}

fn under_way(system: &System) -> bool {
    system.world().with(|world| world.items(Table::TierIndex).any(|row| row["index_name"] == "UNDER_WAY"))
}

impl Slate {
    /// The same, without what two runs of one change may differ in: ids and times.
    #[must_use]
    pub fn of_any_run(&self) -> Self {
        let fields =
            ["DeleteAfter", "deleteAfter", "TransitionId", "transitionId", "made_at", "made_by", "entry"];
        Self { cloud: without(&self.cloud, &fields), records: without(&self.records, &fields) }
    }

    /// In what the other differs, by place; empty if in nothing.
    pub fn difference(&self, other: &Self) -> String {
        difference(&self.cloud, &other.cloud, "cloud") + &difference(&self.records, &other.records, "records")
    }
}

fn without(value: &Value, fields: &[&str]) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| !fields.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), without(value, fields))).collect())
        }
        Value::Array(items) => items.iter().map(|item| without(item, fields)).collect(),
        other => other.clone(),
    }
}

fn difference(one: &Value, other: &Value, place: &str) -> String {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
            names.sort();
            names.dedup();
            let at =
                |members: &Map<String, Value>, name: &str| members.get(name).cloned().unwrap_or_default();
            names
                .iter()
                .map(|name| difference(&at(one, name), &at(other, name), &format!("{place}.{name}")))
                .collect()
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let pairs = one.iter().zip(other).enumerate();
            pairs.map(|(index, (one, other))| difference(one, other, &format!("{place}[{index}]"))).collect()
        }
        (one, other) if one == other => String::new(),
        (one, other) => format!("{place}: {one} → {other}; "),
    }
}
