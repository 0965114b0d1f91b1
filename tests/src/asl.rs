//! The state machine's definition as it is written, substitutions unmade.

use crate::workspace;
use serde_json::Value;
use std::collections::BTreeSet;

/// Where it lies.
pub const FILE: &str = "statemachine/tier-transition.asl.json";

/// A state, wherever it stands.
#[derive(Debug, Clone)]
pub struct State {
    /// Its name.
    pub name: String,
    /// What it is.
    pub body: Value,
    /// The states of the flow it is in: those it can go to.
    pub siblings: BTreeSet<String>,
    /// Whether it is in a branch of a Parallel.
    pub in_branch: bool,
}

impl State {
    /// A field that is text; empty where there is none.
    pub fn text(&self, field: &str) -> &str {
        self.body.get(field).and_then(Value::as_str).unwrap_or_default()
    }
    /// A field that is a list; empty where there is none.
    pub fn list(&self, field: &str) -> &[Value] {
        self.body.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
    /// A field that is a whole number.
    pub fn number(&self, field: &str) -> Option<u64> {
        self.body.get(field).and_then(Value::as_u64)
    }
    /// The substitution by which a Task names its function.
    pub fn substitution(&self) -> Option<&str> {
        self.text("Resource").strip_prefix("${")?.strip_suffix('}')
    }
}

/// The names in an `ErrorEquals`.
pub fn errors(rule: &Value) -> BTreeSet<String> {
    let names = rule.get("ErrorEquals").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

/// The definition.
pub fn definition() -> Value {
    workspace::json(FILE)
}

/// Every state, those of branches included.
pub fn states() -> Vec<State> {
    let mut states = Vec::new();
    collect(&definition(), false, &mut states);
    states
}

fn collect(flow: &Value, in_branch: bool, into: &mut Vec<State>) {
    let Some(states) = flow.get("States").and_then(Value::as_object) else { return };
    let siblings: BTreeSet<String> = states.keys().cloned().collect();
    for (name, body) in states {
        into.push(State { name: name.clone(), body: body.clone(), siblings: siblings.clone(), in_branch });
        for branch in body.get("Branches").and_then(Value::as_array).into_iter().flatten() {
            collect(branch, true, into);
        }
    }
}

/// The files of all state machines.
pub fn files() -> Vec<String> {
    let files = workspace::entries(&workspace::root().join("statemachine"));
    files.iter().map(|file| format!("statemachine/{}", workspace::file_name(file))).collect()
}

/// Every substitution in the text of a state machine.
pub fn substitutions(file: &str) -> BTreeSet<String> {
    let text = workspace::text(file);
    text.split("${").skip(1).filter_map(|rest| rest.split('}').next()).map(ToOwned::to_owned).collect()
}
