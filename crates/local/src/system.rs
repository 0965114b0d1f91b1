//! The template and the code put together: a system whose functions can be invoked.
//!
//! Nothing here knows of time passing or of requests coming in; the engine and the gateway are two users of the same
//! [`System::invoke`], as Step Functions and API Gateway are of Lambda. What does not fit together is found here, once,
//! before anything runs.

use crate::digest;
use crate::functions::{Answer, Env, Function, FunctionError, Handler};
use crate::template::{Description, FunctionSpec, StateMachine, TableSpec};
use capstan_core::ports::{Table, Throttle};
use capstan_core::time::Millis;
use serde_json::Value;
use sim::{Deployment, Invocation, Outcome, Ports, Seen, SharedWorld, Stepper};
use states::{Machine, Problem};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// Why a system can't be started. Each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A function without code.
    #[error(
        "{file} has the function {function}, whose crate is `{crate_name}`, but this program has no such handler. \
         Add it to `registry` in crates/local/src/functions.rs, or take the function out of the template"
    )]
    NoHandler {
        /// The template.
        file: String,
        /// The function's logical id.
        function: String,
        /// The crate looked for.
        crate_name: String,
    },
    /// Code without a function.
    #[error(
        "this program has a handler `{crate_name}`, but {file} has no function for it. Add an \
         AWS::Serverless::Function with `Binary: {crate_name}`, or take the handler out of `registry`"
    )]
    NoFunction {
        /// The template.
        file: String,
        /// The handler's crate.
        crate_name: String,
    },
    /// A function refuses its environment.
    #[error("{file}: the function {function} can't be configured: {reason}")]
    Environment {
        /// The template.
        file: String,
        /// The function's logical id.
        function: String,
        /// Which variable and what is wrong with its value.
        reason: String,
    },
    /// A state machine with errors in it.
    #[error("{file} is not a state machine that can be run: {}", listed(problems))]
    Machine {
        /// The definition's file.
        file: String,
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// A task that calls what is not there.
    #[error(
        "{file} has a task with the Resource {resource}, which is no function of the template. Correct it, or the \
             DefinitionSubstitutions of the state machine"
    )]
    Resource {
        /// The definition's file.
        file: String,
        /// The resource.
        resource: String,
    },
    /// A table that the store does not know.
    #[error(
        "{file}: the table {name} ({logical_id}) is not one of the store's, which are {known}. Correct its TableName, \
             or add it to `Table` in crates/core/src/ports/store.rs"
    )]
    Table {
        /// The template.
        file: String,
        /// The table's logical id.
        logical_id: String,
        /// Its name.
        name: String,
        /// The tables there are.
        known: String,
    },
    /// Two functions behind one route.
    #[error("{file}: {method} {path} leads to both {first} and {second}. Take one of the two events out")]
    Route {
        /// The template.
        file: String,
        /// The method.
        method: String,
        /// The path.
        path: String,
        /// A function.
        first: String,
        /// The other.
        second: String,
    },
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

struct Deployed {
    spec: FunctionSpec,
    handler: Handler,
    /// The name of the state machine that it starts, if its environment says so.
    machine: Option<Arc<str>>,
}

/// A state machine that can be run.
pub(crate) struct Workflow {
    pub(crate) spec: StateMachine,
    pub(crate) machine: Machine,
    /// Tells this definition from another one under the same name.
    pub(crate) fingerprint: String,
}

/// What an invocation came to, and how long it took on the virtual clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoked {
    /// The answer; a run that was killed fails by `Runtime.ExitError` or `Sandbox.Timedout`.
    pub answer: Answer,
    /// How long it took.
    pub latency: Millis,
}

/// The name of the error of a run that died.
pub(crate) const EXIT_ERROR: &str = "Runtime.ExitError";
/// The name of the error of a run that took too long.
pub(crate) const TIMED_OUT: &str = "Sandbox.Timedout";

/// All of a system but its world: the template read, the functions configured, the state machine parsed, and all of it
/// found to fit together. It never changes, so that one serves any number of worlds, on any number of threads:
///
/// ```
/// use local::{Blueprint, engine::{Engine, Options}, functions::registry, issuer, template::Source};
/// use sim::{Pace, SharedWorld, World, WorldConfig};
///
/// // Once.
/// let blueprint = Blueprint::new(Source::BuiltIn.read(&issuer::parameters())?, registry())?;
/// let start = World::new(WorldConfig { pace: Pace::QUICK, record: false, ..WorldConfig::default() });
/// // For every run: a copy of the world it begins in, with a seed of its own.
/// for seed in 0..3 {
///     let mut world = start.clone();
///     world.reseed(seed);
///     let system = blueprint.on(SharedWorld::new(world));
///     let mut engine = Engine::new(system, Options { seed, shuffle: true, interleave: true, speed: 1 });
///     let by = engine.now() + capstan_core::time::Millis::hours(1);
///     engine.run_until_idle(by);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Blueprint {
    description: Description,
    functions: BTreeMap<String, Deployed>,
    /// The logical ids of the functions.
    by_arn: HashMap<String, String>,
    /// In the order of the template.
    workflows: Vec<Workflow>,
    /// What the world is told of it.
    deployment: Arc<Deployment>,
}

impl fmt::Debug for Blueprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blueprint").field("source", &self.description.source).finish_non_exhaustive()
    }
}

impl Blueprint {
    /// Puts template and code together, or says what does not fit.
    pub fn new(description: Description, registry: impl AsRef<[Function]>) -> Result<Arc<Self>, StartError> {
        let functions = deploy(&description, registry.as_ref())?;
        check_tables(&description)?;
        check_routes(&description)?;
        let workflows = workflows(&description)?;
        let by_arn =
            functions.values().map(|function| (function.spec.arn.clone(), function.spec.logical_id.clone()));
        let (by_arn, deployment) = (by_arn.collect(), Arc::new(deployment(&description)));
        Ok(Arc::new(Self { description, functions, by_arn, workflows, deployment }))
    }

    /// The template.
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// The system over a world. It costs next to nothing.
    pub fn on(self: &Arc<Self>, world: SharedWorld) -> Arc<System> {
        world.with(|world| world.set_deployment(&self.deployment));
        Arc::new(System { blueprint: Arc::clone(self), world, panics: Mutex::default() })
    }
}

/// What the world can't know by itself. The topic is the one that critical alerts go to.
fn deployment(description: &Description) -> Deployment {
    let topic = description.functions.iter().find(|function| function.crate_name == "manage-subscriptions");
    let known =
        |table: &TableSpec| Some((table.name.clone(), (table_of(&table.name)?, table.time_to_live.clone())));
    let functions = description.functions.iter().map(|spec| (spec.name.clone(), spec.env.clone()));
    let feeds = description.streams.iter().filter_map(|source| {
        let function = description.function(&source.function)?.name.clone();
        Some((function, source.arn.split('/').nth(1)?.to_owned()))
    });
    let plans = description.usage_plans.iter();
    let plans = plans.map(|(id, (rate, burst))| (id.clone(), Throttle { rate: *rate, burst: *burst }));
    Deployment {
        functions: functions.collect(),
        feeds: feeds.collect(),
        tables: description.tables.iter().filter_map(known).collect(),
        usage_plans: plans.collect(),
        alarms: description.alarms.clone(),
        topic: topic.and_then(|function| function.env.get("ALERT_TOPIC_ARN").cloned()).unwrap_or_default(),
    }
}

/// A system: functions over a world.
pub struct System {
    blueprint: Arc<Blueprint>,
    world: SharedWorld,
    /// What functions said that panicked.
    panics: Mutex<Vec<String>>,
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System").field("source", &self.description().source).finish_non_exhaustive()
    }
}

impl System {
    /// Puts a system together, or says what does not fit. Who makes many builds one [`Blueprint`] for all.
    pub fn new(
        description: Description,
        registry: impl AsRef<[Function]>,
        world: SharedWorld,
    ) -> Result<Arc<Self>, StartError> {
        Ok(Blueprint::new(description, registry)?.on(world))
    }

    /// What it was built from.
    pub fn description(&self) -> &Description {
        &self.blueprint.description
    }

    /// What it was built from, to build another over another world.
    pub const fn blueprint(&self) -> &Arc<Blueprint> {
        &self.blueprint
    }

    /// The world it acts on.
    pub const fn world(&self) -> &SharedWorld {
        &self.world
    }

    /// Has the rows of the tables go when their time is over, as the template has it. Without this they stay for ever: a
    /// world that is gone in a moment need not look for them.
    pub fn expire_rows(&self) {
        let tables = &self.description().tables;
        let expiring =
            tables.iter().filter_map(|table| Some((table_of(&table.name)?, table.time_to_live.clone()?)));
        let expiring = expiring.collect();
        self.world.with(|world| world.set_time_to_live(expiring));
    }

    /// The state machine of this name; the first one for an execution that names none.
    pub(crate) fn workflow(&self, name: &str) -> Option<&Workflow> {
        self.blueprint.workflows.iter().find(|workflow| name.is_empty() || workflow.spec.name == name)
    }

    /// The logical id of the function with this ARN.
    pub(crate) fn function_at(&self, arn: &str) -> Option<&str> {
        self.blueprint.by_arn.get(arn).map(String::as_str)
    }

    /// Runs a function to its end, with an event.
    pub fn invoke(&self, logical_id: &str, event: Value) -> Invoked {
        self.invoke_seeing(logical_id, event).0
    }

    /// The same, and how much of what has happened its answer may rest on.
    pub(crate) fn invoke_seeing(&self, logical_id: &str, event: Value) -> (Invoked, Seen) {
        let Some(function) = self.blueprint.functions.get(logical_id) else {
            return (no_such_function(logical_id), Seen::default());
        };
        let invocation = Invocation::new(function.spec.timeout);
        let ports = function.ports(&self.world, &invocation);
        let outcome =
            catch_unwind(AssertUnwindSafe(|| sim::run((function.handler)(ports, event), &invocation)));
        let outcome = outcome.unwrap_or_else(|panic| self.panicked(&*panic));
        (function.invoked(outcome, &invocation), invocation.seen())
    }

    /// Begins to run a function; whoever steps it decides when its calls are made.
    pub(crate) fn begin(&self, logical_id: &str, event: Value) -> Option<Stepper<'static, Answer>> {
        let function = self.blueprint.functions.get(logical_id)?;
        let invocation = Invocation::new(function.spec.timeout);
        let ports = function.ports(&self.world, &invocation);
        // A function that dies before its first call dies like any other: when it is stepped.
        let run = catch_unwind(AssertUnwindSafe(|| (function.handler)(ports, event)))
            .unwrap_or_else(|died| Box::pin(async move { resume_unwind(died) }));
        Some(Stepper::new(run, &invocation))
    }

    /// Goes on with a run to its end, or to where it stands still (`None`).
    pub(crate) fn go_on(&self, run: &mut Stepper<'static, Answer>) -> Option<Outcome<Answer>> {
        loop {
            match self.step(run) {
                None if run.invocation().is_halted() => return None,
                None => {}
                outcome => return outcome,
            }
        }
    }

    /// Goes on with a run to its next call. One that panics dies, as its process would.
    pub(crate) fn step(&self, run: &mut Stepper<'static, Answer>) -> Option<Outcome<Answer>> {
        catch_unwind(AssertUnwindSafe(|| run.step())).unwrap_or_else(|panic| Some(self.panicked(&*panic)))
    }

    /// What functions said that panicked so far. No fault has one panic: those that kill a run have it answer no more.
    pub fn panics(&self) -> Vec<String> {
        self.panics.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn panicked(&self, panic: &(dyn Any + Send)) -> Outcome<Answer> {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        let mut panics = self.panics.lock().unwrap_or_else(PoisonError::into_inner);
        panics.push(format!("a function panicked: {said}"));
        Outcome::Crashed
    }

    /// What a stepped run came to.
    pub(crate) fn ended(
        &self,
        logical_id: &str,
        outcome: Outcome<Answer>,
        invocation: &Invocation,
    ) -> Invoked {
        match self.blueprint.functions.get(logical_id) {
            Some(function) => function.invoked(outcome, invocation),
            None => no_such_function(logical_id),
        }
    }
}

impl Deployed {
    fn ports(&self, world: &SharedWorld, invocation: &Invocation) -> Ports {
        Ports::for_invocation(world, invocation.clone())
            .of_machine(self.machine.clone())
            .of_function(&self.spec.name)
    }

    fn invoked(&self, outcome: Outcome<Answer>, invocation: &Invocation) -> Invoked {
        let failed = |name: &str, message: String| Err(FunctionError { name: name.to_owned(), message });
        match outcome {
            Outcome::Done(answer, latency) => Invoked { answer, latency },
            Outcome::Crashed => {
                let message = format!("{}: the process ended before it had answered", self.spec.name);
                Invoked { answer: failed(EXIT_ERROR, message), latency: invocation.latency() }
            }
            Outcome::TimedOut => {
                let limit = self.spec.timeout;
                let message =
                    format!("{}: Task timed out after {:.2} seconds", self.spec.name, limit.as_seconds_f64());
                Invoked { answer: failed(TIMED_OUT, message), latency: limit }
            }
        }
    }
}

fn no_such_function(logical_id: &str) -> Invoked {
    let message = format!("there is no function {logical_id}");
    let error = FunctionError { name: "Lambda.ResourceNotFoundException".to_owned(), message };
    Invoked { answer: Err(error), latency: Millis(0) }
}

fn deploy(
    description: &Description,
    registry: &[Function],
) -> Result<BTreeMap<String, Deployed>, StartError> {
    let file = || description.source.clone();
    let mut functions = BTreeMap::new();
    for spec in &description.functions {
        let Some(function) = registry.iter().find(|function| function.name == spec.crate_name) else {
            let (function, crate_name) = (spec.logical_id.clone(), spec.crate_name.clone());
            return Err(StartError::NoHandler { file: file(), function, crate_name });
        };
        let handler = (function.build)(&spec.env as &Env).map_err(|reason| StartError::Environment {
            file: file(),
            function: spec.logical_id.clone(),
            reason,
        })?;
        let machine = spec.env.get("STATE_MACHINE_ARN").map(|arn| machine_of(description, arn).into());
        functions.insert(spec.logical_id.clone(), Deployed { spec: spec.clone(), handler, machine });
    }
    let used: BTreeSet<&str> = description.functions.iter().map(|spec| spec.crate_name.as_str()).collect();
    match registry.iter().find(|function| !used.contains(function.name)) {
        None => Ok(functions),
        Some(unused) => Err(StartError::NoFunction { file: file(), crate_name: unused.name.to_owned() }),
    }
}

/// The table that has this name in the cloud.
fn table_of(name: &str) -> Option<Table> {
    let is = |table: &Table| name.strip_prefix(table.name()).is_some_and(|rest| rest.starts_with('-'));
    Table::ALL.into_iter().find(is)
}

fn check_tables(description: &Description) -> Result<(), StartError> {
    match description.tables.iter().find(|table| table_of(&table.name).is_none()) {
        None => Ok(()),
        Some(unknown) => Err(StartError::Table {
            file: description.source.clone(),
            logical_id: unknown.logical_id.clone(),
            name: unknown.name.clone(),
            known: Table::ALL.map(|table| format!("{}-ENVIRONMENT", table.name())).join(", "),
        }),
    }
}

fn check_routes(description: &Description) -> Result<(), StartError> {
    let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for route in &description.routes {
        if let Some(first) = seen.insert((&route.method, &route.path), &route.function) {
            return Err(StartError::Route {
                file: description.source.clone(),
                method: route.method.clone(),
                path: route.path.clone(),
                first: first.to_owned(),
                second: route.function.clone(),
            });
        }
    }
    Ok(())
}

/// The name of the state machine with this ARN, or the ARN's own last part: of a published version or an alias it is the
/// machine's.
fn machine_of<'a>(description: &'a Description, arn: &'a str) -> &'a str {
    let is = |rest: &str| rest.is_empty() || rest.starts_with(':');
    let mut machines = description.state_machines.iter();
    let known = machines.find(|machine| arn.strip_prefix(machine.arn.as_str()).is_some_and(is));
    known.map_or_else(|| arn.rsplit(':').next().unwrap_or(arn), |machine| &machine.name)
}

fn workflows(description: &Description) -> Result<Vec<Workflow>, StartError> {
    let arns: BTreeSet<&str> = description.functions.iter().map(|function| function.arn.as_str()).collect();
    let workflow = |spec: &StateMachine| {
        let machine = Machine::parse(&spec.definition)
            .map_err(|problems| StartError::Machine { file: spec.file.clone(), problems })?;
        if let Some(unknown) = machine.resources().into_iter().find(|resource| !arns.contains(resource)) {
            return Err(StartError::Resource { file: spec.file.clone(), resource: unknown.to_owned() });
        }
        let fingerprint = format!("{:016x}", digest::number(&[spec.definition.to_string().as_bytes()]));
        Ok(Workflow { spec: spec.clone(), machine, fingerprint })
    };
    description.state_machines.iter().map(workflow).collect()
}
