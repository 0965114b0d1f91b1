//! A parsed state machine.
//!
//! All states, also those of branches and iterators, lie in one list and name each other by position, so that a
//! transition is an index and no look-up. Everything that can be decided from the definition alone (targets, paths,
//! expressions, patterns) has been decided when a `Machine` exists.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::choice::Rule;
use crate::parse;
use crate::path::Path;
use crate::template::Template;
use crate::time::Millis;

/// Something in a definition that is wrong, or that this interpreter does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{path}: {message}")]
pub struct Problem {
    /// Where, as a path into the definition: `$.States.Foo.Next`.
    pub path: String,
    /// What, in a sentence.
    pub message: String,
}

/// A state machine that has been checked and can be run. Immutable; one serves any number of executions.
#[derive(Clone, Debug)]
pub struct Machine {
    pub(crate) fingerprint: u64,
    pub(crate) timeout: Option<Millis>,
    pub(crate) root: Flow,
    pub(crate) states: Vec<State>,
}

impl Machine {
    /// Reads a definition.
    ///
    /// # Errors
    /// Every problem found, each with its place: unknown fields and types, targets that don't exist, states that
    /// can't be reached, malformed paths, expressions, timestamps and retriers, `JSONata`, the distributed Map, and
    /// variables that nothing assigns.
    pub fn parse(definition: &Value) -> Result<Self, Vec<Problem>> {
        parse::machine(definition)
    }

    /// The `Resource` of every Task state: what a driver must be able to invoke.
    pub fn resources(&self) -> BTreeSet<&str> {
        self.states
            .iter()
            .filter_map(|state| match &state.kind {
                Kind::Task(task) => Some(task.resource.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The names of all states, those of branches and iterators included, in the order of the definition.
    pub fn state_names(&self) -> impl Iterator<Item = &str> {
        self.states.iter().map(|state| state.name.as_str())
    }

    /// Every name that stands in some `ErrorEquals`: what the machine hopes to retry or catch.
    pub fn error_names(&self) -> BTreeSet<&str> {
        let retried = self.states.iter().flat_map(|state| &state.retriers).flat_map(|r| &r.errors);
        let caught = self.states.iter().flat_map(|state| &state.catchers).flat_map(|c| &c.errors);
        retried.chain(caught).map(String::as_str).collect()
    }

    pub(crate) fn state(&self, id: StateId) -> Option<&State> {
        self.states.get(id.0)
    }
}

/// The position of a state in [`Machine::states`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct StateId(pub(crate) usize);

/// A set of states of which one is the first: the machine itself, a branch, an iterator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    pub(crate) start: StateId,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Transition {
    Next(StateId),
    End,
}

#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) data: DataFlow,
    /// Of a Choice state: where no rule holds.
    pub(crate) assign: Option<Template>,
    /// Where it goes on; Choice decides otherwise, Succeed and Fail never get there.
    pub(crate) then: Transition,
    pub(crate) retriers: Vec<Retrier>,
    pub(crate) catchers: Vec<Catcher>,
}

/// A path field that may be `null`.
#[derive(Clone, Debug)]
pub(crate) enum Selection {
    Whole,
    Nothing,
    Path(Path),
}

/// What a state does to its input and its result.
#[derive(Clone, Debug)]
pub(crate) struct DataFlow {
    pub(crate) input: Selection,
    pub(crate) parameters: Option<Template>,
    pub(crate) selector: Option<Template>,
    pub(crate) result: Selection,
    pub(crate) output: Selection,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Pass { result: Option<Value> },
    Task(Task),
    Choice { rules: Vec<Choice>, default: Option<StateId> },
    Wait(Until),
    Succeed,
    Fail { error: Option<Template>, cause: Option<Template> },
    Parallel { branches: Vec<Flow> },
    Map(Box<Map>),
}

impl Kind {
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Pass { .. } => "Pass",
            Self::Task(_) => "Task",
            Self::Choice { .. } => "Choice",
            Self::Wait(_) => "Wait",
            Self::Succeed => "Succeed",
            Self::Fail { .. } => "Fail",
            Self::Parallel { .. } => "Parallel",
            Self::Map(_) => "Map",
        }
    }
}

/// A top-level rule of a Choice state, and what follows when it holds.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) rule: Rule,
    pub(crate) assign: Option<Template>,
    pub(crate) next: StateId,
}

#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) resource: String,
    /// It stays open until its token comes back.
    pub(crate) waits_for_token: bool,
    pub(crate) timeout: Option<Number>,
    pub(crate) heartbeat: Option<Number>,
}

/// A number in the definition, or where to find it in the input.
#[derive(Clone, Debug)]
pub(crate) enum Number {
    Literal(i64),
    Path(Path),
}

#[derive(Clone, Debug)]
pub(crate) enum Until {
    Seconds(i64),
    SecondsPath(Path),
    Timestamp(Millis),
    TimestampPath(Path),
}

#[derive(Clone, Debug)]
pub(crate) struct Map {
    pub(crate) flow: Flow,
    pub(crate) items: Option<Path>,
    pub(crate) selector: Option<Template>,
    pub(crate) concurrency: Option<Number>,
    pub(crate) tolerated_count: Option<Number>,
    pub(crate) tolerated_percentage: Option<Percentage>,
}

#[derive(Clone, Debug)]
pub(crate) enum Percentage {
    Literal(f64),
    Path(Path),
}

#[derive(Clone, Debug)]
pub(crate) struct Retrier {
    pub(crate) errors: Vec<String>,
    pub(crate) interval_seconds: f64,
    pub(crate) max_attempts: u32,
    pub(crate) backoff: f64,
    pub(crate) max_delay_seconds: Option<f64>,
    pub(crate) full_jitter: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Catcher {
    pub(crate) errors: Vec<String>,
    pub(crate) result: Selection,
    pub(crate) assign: Option<Template>,
    pub(crate) next: StateId,
}
