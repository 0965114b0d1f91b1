//! From a JSON definition to a [`Machine`], or to the list of its problems.
//!
//! The reader goes over the raw JSON and not over derived `Deserialize` types: serde stops at the first error, says
//! where in the text and not where in the definition, and can't tell a misspelt field from a field of a dialect we
//! don't speak.

mod choice;
mod errors;
mod fields;
mod kinds;
mod variables;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::machine::{Flow, Machine, Problem, State, StateId};
use crate::size;
use fields::{Node, Report, place};

/// A hundred million seconds less one: the largest duration the service takes.
const MAX_SECONDS: i64 = 99_999_999;

const MAX_NAME: usize = 80;

pub(crate) fn machine(definition: &Value) -> Result<Machine, Vec<Problem>> {
    if size::within(definition, usize::MAX).is_none() {
        return Err(vec![Problem { path: "$".to_owned(), message: "is nested too deep".to_owned() }]);
    }
    let mut parser = Parser::default();
    let parsed = parser.machine(definition);
    let states: Option<Vec<State>> = parser.states.into_iter().collect();
    match (parsed, states) {
        (Some((root, timeout)), Some(states)) if parser.report.problems.is_empty() => {
            Ok(Machine { fingerprint: fingerprint(definition), timeout, root, states })
        }
        _ => {
            if parser.report.problems.is_empty() {
                parser.report.note("$", "could not be understood");
            }
            Err(parser.report.problems)
        }
    }
}

/// FNV-1a over the compact JSON text: enough to notice that an execution is continued with another definition.
fn fingerprint(definition: &Value) -> u64 {
    definition
        .to_string()
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// The states of one flow by name: what a transition in it may target.
type Targets<'a> = BTreeMap<&'a str, StateId>;

#[derive(Default)]
struct Parser<'a> {
    report: Report,
    /// `None` while a state is being read, and for good when it could not be.
    states: Vec<Option<State>>,
    /// Where each name was seen first: names are unique over the whole machine.
    names: BTreeMap<&'a str, String>,
}

impl<'a> Parser<'a> {
    fn machine(&mut self, definition: &'a Value) -> Option<(Flow, Option<i64>)> {
        let node = Node::new(definition, "$".to_owned(), &mut self.report)?;
        node.only(
            &[&["Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"]],
            &mut self.report,
        );
        if node.string("Version", &mut self.report).is_some_and(|version| version != "1.0") {
            node.note("Version", "only version 1.0 is known", &mut self.report);
        }
        let timeout = node.integer("TimeoutSeconds", 1, MAX_SECONDS, &mut self.report);
        let flow = self.flow(&node)?;
        Some((flow, timeout.map(|seconds| seconds * 1000)))
    }

    /// `StartAt` and `States` of a machine, a branch or an iterator.
    fn flow(&mut self, node: &Node<'a>) -> Option<Flow> {
        node.required("StartAt", &mut self.report);
        let states = node.required("States", &mut self.report)?;
        let states = Node::new(states, node.place("States"), &mut self.report)?;
        if states.fields.is_empty() {
            node.note("States", "must hold at least one state", &mut self.report);
        }
        let mut targets = Targets::new();
        for name in states.fields.keys() {
            self.name(name, &states);
            targets.insert(name, StateId(self.states.len()));
            self.states.push(None);
        }
        self.open_scope(&states);
        for (name, state) in states.fields {
            let Some(node) = Node::new(state, states.place(name), &mut self.report) else { continue };
            let parsed = self.state(name, &node, &targets);
            if let Some(slot) = targets.get(name.as_str()).and_then(|id| self.states.get_mut(id.0)) {
                *slot = parsed;
            }
        }
        self.close_scope();
        let start = node.string("StartAt", &mut self.report)?;
        let Some(id) = targets.get(start) else {
            node.note("StartAt", format!("'{start}' is not a state here"), &mut self.report);
            return None;
        };
        self.reachability(start, &states);
        Some(Flow { start: *id })
    }

    fn name(&mut self, name: &'a str, states: &Node<'a>) {
        let at = states.place(name);
        if name.is_empty() || name.chars().count() > MAX_NAME {
            self.report.note(&at, format!("a state's name has 1 to {MAX_NAME} characters"));
        }
        match self.names.get(name) {
            Some(first) => self.report.note(at, format!("the name is taken by {first}")),
            None => {
                self.names.insert(name, at);
            }
        }
    }

    fn reachability(&mut self, start: &'a str, states: &Node<'a>) {
        let mut reached = BTreeSet::new();
        let mut open = vec![start];
        while let Some(name) = open.pop() {
            if reached.insert(name)
                && let Some(state) = states.fields.get(name)
            {
                open.extend(targets_of(state));
            }
        }
        for name in states.fields.keys() {
            if !reached.contains(name.as_str()) {
                self.report.note(place(&states.at, name), "can't be reached from StartAt");
            }
        }
    }

    /// The state named by the field, if it is one.
    fn target(&mut self, node: &Node<'a>, field: &str, targets: &Targets<'a>) -> Option<StateId> {
        let name = node.string(field, &mut self.report)?;
        let found = targets.get(name).copied();
        if found.is_none() {
            node.note(field, format!("'{name}' is not a state here"), &mut self.report);
        }
        found
    }
}

/// The names that a state may go to, read leniently: what is malformed is reported elsewhere.
fn targets_of(state: &Value) -> impl Iterator<Item = &str> {
    let rules = ["Choices", "Catch"].into_iter().filter_map(|field| state.get(field)?.as_array()).flatten();
    let own = ["Next", "Default"].into_iter().filter_map(|field| state.get(field));
    own.chain(rules.filter_map(|rule| rule.get("Next"))).filter_map(Value::as_str)
}
