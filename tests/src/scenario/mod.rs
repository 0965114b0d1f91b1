//! Worlds in which a function is about to be called.
//!
//! Each is reached by really running the system that the template describes, from one seed and one instant: requests go
//! through the functions behind the API, the engine carries the state machine on. So ids, tokens and times are the same in
//! every run, and an event file can hold them. Rejected: rows written into the tables by hand; they say what a test's
//! author believes.

mod canary;
mod instants;
mod iops;
mod keys;
mod mishaps;
mod models;
mod places;
mod shifted;
mod tokens;
mod watch;
mod ways;

pub use canary::*;
pub use instants::instants_later;
pub use iops::*;
pub use keys::*;
pub use mishaps::*;
pub use models::*;
pub use places::{ALL, Place};
pub use shifted::{id_later, shifted, text_later};
pub use tokens::{SEED_OF_KEY, issuer, token_later};
pub use watch::*;
pub use ways::*;

use crate::workspace;
use capstan_core::ports::{ExecutionStatus, Table};
use capstan_core::tier::prices;
use capstan_core::time::{Millis, Timestamp};
use local::System;
use local::engine::{Engine, Options};
use local::functions::registry;
use local::gateway::Gateway;
use local::issuer::ISSUER;
use local::template::{Parameters, Source};
use serde_json::{Value, json};
use sim::{ExecutionRow, SharedWorld, WorldConfig};
use states::{Command, Execution, Machine, StartArgs};
use std::sync::Arc;

/// The tenant of every event.
pub const TENANT: &str = "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b";
/// Somebody else's tenant.
pub const OTHER_TENANT: &str = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed";
/// What all chance comes from.
pub const SEED: u64 = 7;
/// How long anything may take in here.
const PATIENCE: Millis = Millis::hours(24);

/// Who asks, in a world's preparation.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The subject.
    pub sub: &'static str,
    /// The role.
    pub role: &'static str,
    /// The tenant.
    pub tenant: &'static str,
}

/// An admin of the tenant.
pub const ADA: Caller = Caller { sub: "ada", role: "admin", tenant: TENANT };
/// A super admin of the tenant.
pub const GRACE: Caller = Caller { sub: "grace", role: "super_admin", tenant: TENANT };
/// An admin of another tenant.
pub const EVE: Caller = Caller { sub: "eve", role: "admin", tenant: OTHER_TENANT };

/// What an execution of the state machine asks for next.
#[derive(Debug, Clone, PartialEq)]
pub struct Next {
    /// The state.
    pub state: String,
    /// The function's crate.
    pub function: String,
    /// What it is called with.
    pub input: Value,
}

/// A world and the system over it.
#[derive(Debug)]
pub struct Scenario {
    system: Arc<System>,
    engine: Engine,
    /// Through which the console asks the others.
    _door: Arc<Gateway>,
    /// The confirmation token that was handed out last.
    token: Option<String>,
}

impl Scenario {
    /// A world in which nothing has happened.
    pub fn empty() -> Self {
        let parameters = Parameters::from([
            ("OidcIssuer".to_owned(), ISSUER.to_owned()),
            // Who counts calls counts those of the request alone.
            ("TenantRequestsPerMinute".to_owned(), "0".to_owned()),
            ("IopsModelImage".to_owned(), "capstan/model:local".to_owned()),
        ]);
        let description = Source::File(workspace::root().join("template.yaml")).read(&parameters);
        let description = description.unwrap_or_else(|error| panic!("{error}"));
        let state_machine = description.state_machines.first().expect("the template has a state machine");
        let config = WorldConfig::default();
        let world = SharedWorld::in_memory(WorldConfig {
            seed: SEED,
            start: config.start + shifted::shift(),
            state_machine: state_machine.name.clone(),
            hourly: Some(prices::hourly),
            ..config
        });
        world.with(|world| world.set_issuer_keys(ISSUER, issuer().document()));
        let system = System::new(description, registry(), world).unwrap_or_else(|error| panic!("{error}"));
        let engine = Engine::new(Arc::clone(&system), Options { seed: SEED, ..Options::default() });
        let door = Gateway::new(Arc::clone(&system)).hung_in();
        Self { system, engine, _door: door, token: None }
    }

    /// The system.
    pub fn system(&self) -> &System {
        &self.system
    }
    /// Its world.
    pub fn world(&self) -> &SharedWorld {
        self.system.world()
    }
    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// Calls a function with an event, by the name of its crate.
    pub fn call(&self, function: &str, event: Value) -> local::functions::Answer {
        let functions = &self.system.description().functions;
        let spec = functions.iter().find(|spec| spec.crate_name == function);
        let spec = spec
            .unwrap_or_else(|| panic!("template.yaml has no function whose Binary is {function}: add it"));
        self.system.invoke(&spec.logical_id, event).answer
    }

    /// Sends a request through the function behind its route; the status and the body of the answer.
    pub fn request(
        &self,
        caller: Caller,
        method: &str,
        path: &str,
        parameters: &Value,
        body: &Value,
    ) -> (u64, Value) {
        let resource = crate::resource(path);
        let description = self.system.description();
        let route = description.routes.iter().find(|route| route.method == method && route.path == resource);
        let route = route.unwrap_or_else(|| panic!("template.yaml has no route {method} {resource}: add it"));
        let body = if body.is_null() { Value::Null } else { json!(body.to_string()) };
        let event = json!({
            "resource": resource,
            "path": resource,
            "httpMethod": method,
            "pathParameters": parameters,
            "body": body,
            "requestContext": {"authorizer": {"sub": caller.sub, "role": caller.role, "tenant": caller.tenant}},
        });
        let answer = self.system.invoke(&route.function, event).answer;
        let answer =
            answer.unwrap_or_else(|error| panic!("{method} {path} failed instead of answering: {error}"));
        let body = answer["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
        (answer["statusCode"].as_u64().unwrap_or_default(), body.unwrap_or_default())
    }

    /// A request that has to go well.
    fn ask(&self, caller: Caller, path: &str, body: &Value) -> Value {
        let method = if path == "/tier/cooldown" { "PUT" } else { "POST" };
        let (status, answer) = self.request(caller, method, path, &Value::Null, body);
        assert_eq!(status, 200, "{path} {body} is a step of a scenario and must go well: {answer}");
        answer
    }

    /// Asks for a change, and has nothing of it carried out.
    fn change_to(self, target: &str) -> Self {
        self.ask(
            ADA,
            "/tier/change",
            &json!({"targetTier": target, "reason": "load test of the next release"}),
        );
        self
    }

    /// Edits a tier's configuration.
    fn edit(&self, tier: &str, edit: &Value) {
        let (status, answer) = self.request(ADA, "PUT", "/tier/configs/{tier}", &json!({"tier": tier}), edit);
        assert_eq!(status, 200, "{tier} {edit} is a step of a scenario and must go well: {answer}");
    }

    /// Plans a fault.
    fn with_fault(self, fault: &str) -> Self {
        let fault = fault.parse().unwrap_or_else(|error| panic!("{error}"));
        self.world().with(|world| world.add_fault(fault));
        self
    }

    fn without_faults(self) -> Self {
        self.world().with(sim::World::clear_faults);
        self
    }

    /// Lets time pass while nothing runs.
    fn skip(mut self, length: Millis) -> Self {
        self.engine.skip(length);
        self
    }

    /// Lets time pass until then, while nothing runs.
    fn skip_to(self, at: &str) -> Self {
        let at = Timestamp::parse(at).expect("an RFC 3339 time") + shifted::shift();
        let now = self.now();
        assert!(now < at, "it is {now} already, later than {at}: choose a later instant");
        self.skip(at.since(now))
    }

    /// Runs until the state has been entered for the n-th time from here and is about to be carried out.
    fn run_to(mut self, state: &str, nth: usize) -> Self {
        let by = self.now() + PATIENCE;
        let (mut seen, mut inside) = (0, false);
        let reached = self.engine.run_until(by, |engine| {
            let now_inside = is_in(engine, state);
            seen += usize::from(now_inside && !inside);
            inside = now_inside;
            seen == nth
        });
        assert!(reached, "no execution came to {state} for the {nth}. time; running: {:?}", self.next());
        self
    }

    /// How often the state `of` is entered before `before` is.
    fn count(mut self, of: &str, before: &str) -> usize {
        let by = self.now() + PATIENCE;
        let (mut seen, mut inside) = (0, false);
        let reached = self.engine.run_until(by, |engine| {
            let now_inside = is_in(engine, of);
            seen += usize::from(now_inside && !inside);
            inside = now_inside;
            is_in(engine, before)
        });
        assert!(reached, "no execution came to {before}");
        seen
    }

    /// Runs until every execution has ended and its end has been announced.
    fn run_to_end(mut self) -> Self {
        let by = self.now() + PATIENCE;
        let at_rest = |row: &ExecutionRow| row.status != ExecutionStatus::Running && row.state.is_none();
        let ended = self
            .engine
            .run_until(by, |engine| engine.system().world().with(|world| world.executions().all(at_rest)));
        assert!(ended, "something runs on and on: {:?}", self.next());
        self
    }

    /// Everything that running executions ask for next, as they would hand it over.
    pub fn next(&self) -> Vec<Next> {
        let description = self.system.description();
        let running = |row: &&ExecutionRow| row.status == ExecutionStatus::Running;
        let rows: Vec<ExecutionRow> =
            self.world().with(|world| world.executions().filter(running).cloned().collect());
        let mut next = Vec::new();
        for row in rows {
            let its = |machine: &&local::template::StateMachine| row.machine == machine.name;
            let machines = &description.state_machines;
            let machine = machines.iter().find(its).or(machines.first()).expect("a state machine");
            let machine = Machine::parse(&machine.definition).expect("the state machine is sound");
            let commands = match &row.state {
                None => Execution::start(&machine, StartArgs { input: row.input, ..StartArgs::default() }).1,
                Some(state) => {
                    let execution = state.value()["running"]["execution"].clone();
                    let execution: Execution =
                        serde_json::from_value(execution).expect("the engine keeps executions");
                    execution.pending()
                }
            };
            for command in commands {
                let Command::InvokeTask { state, resource, input, .. } = command else { continue };
                let function = description.functions.iter().find(|function| function.arn == resource);
                let function = function.map(|function| function.crate_name.clone()).unwrap_or_default();
                next.push(Next { state, function, input });
            }
        }
        next
    }

    /// Every row of every table, and every execution.
    pub fn records(&self) -> Value {
        self.world().with(|world| {
            let tables =
                Table::ALL.map(|table| (table.name(), world.items(table).cloned().collect::<Vec<_>>()));
            json!({"tables": tables, "executions": world.executions().collect::<Vec<_>>()})
        })
    }

    /// The ids and tokens that an event for this world may need, newest last.
    pub fn facts(&self) -> Value {
        let ids = |table, attribute: &str| {
            let of = |item: &serde_json::Map<String, Value>| item.get(attribute).cloned();
            self.world().with(|world| world.items(table).filter_map(of).collect::<Vec<_>>())
        };
        json!({
            "now": self.now(),
            "confirmationToken": self.token,
            "transitionIds": ids(Table::TierChangeLog, "transition_id"),
            "next": self.next().iter().map(|next| json!({"state": next.state, "input": next.input})).collect::<Vec<_>>(),
        })
    }
}

fn is_in(engine: &Engine, state: &str) -> bool {
    engine.running().any(|execution| engine.active_states(execution).iter().any(|active| active == state))
}
