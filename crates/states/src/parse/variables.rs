//! Which variables there are where, while a definition is read.
//!
//! What a flow assigns is collected before its states are read, since a state may name what a later one assigns (in a
//! loop it is there). Whether a variable has a value when a state is entered is then for the execution to see; that no
//! state in reach ever assigns it, or that an inner scope takes an outer one's name, can be said here.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Parser;
use super::fields::{Node, Report, place};
use crate::path::{Path, Root, Step};
use crate::template::Template;
use crate::variables::{RESERVED, refusal};

/// The names assigned in each open scope, the innermost last, with the place of the first assignment.
#[derive(Debug, Default)]
pub(super) struct Scopes(Vec<BTreeMap<String, String>>);

impl Report {
    /// Notes a reference to a variable that is in no scope here.
    pub(super) fn refer(&mut self, at: String, name: &str) {
        if self.scopes.0.iter().any(|scope| scope.contains_key(name)) {
            return;
        }
        let why = if name == RESERVED {
            format!("'${RESERVED}' is reserved, and belongs to JSONata")
        } else {
            format!("'${name}' is assigned by no state here or further out")
        };
        self.note(at, why);
    }

    /// The same for a path, which may be to something else.
    pub(super) fn refer_path(&mut self, at: String, path: &Path) {
        if let (Root::Variable, Some(Step::Name(name))) = (path.root, path.steps.first()) {
            self.refer(at, name);
        }
    }

    /// The same for all that a template reads.
    pub(super) fn refer_template(&mut self, at: &str, template: &Template) {
        template.each_path(at, &mut |at, path| self.refer_path(at, path));
    }
}

impl<'a> Parser<'a> {
    /// Begins the scope of a flow with these states.
    pub(super) fn open_scope(&mut self, states: &Node<'a>) {
        let mut assigned = BTreeMap::new();
        for (name, state) in states.fields {
            for (at, fields) in assignments(state, &place(&states.at, name)) {
                for field in fields.keys() {
                    let variable = field.strip_suffix(".$").unwrap_or(field);
                    let at = format!("{at}.{field}");
                    let outer = self.report.scopes.0.iter().find_map(|scope| scope.get(variable));
                    if let Some(outer) = outer {
                        let why =
                            format!("'{variable}' is a variable of an outer scope, assigned in {outer}");
                        self.report.note(at, why);
                    } else {
                        assigned.entry(variable.to_owned()).or_insert(at);
                    }
                }
            }
        }
        self.report.scopes.0.push(assigned);
    }

    pub(super) fn close_scope(&mut self) {
        self.report.scopes.0.pop();
    }

    /// `Assign`. An empty one is none.
    pub(super) fn assign(&mut self, node: &Node<'a>) -> Option<Template> {
        let template = node.template("Assign", &mut self.report)?;
        let names = node.fields.get("Assign")?.as_object()?;
        for name in names.keys() {
            if let Some(wrong) = refusal(name.strip_suffix(".$").unwrap_or(name)) {
                self.report.note(format!("{}.{name}", node.place("Assign")), wrong);
            }
        }
        (!names.is_empty()).then_some(template)
    }
}

/// Every `Assign` of a state with its place, read leniently: what is malformed is reported elsewhere.
fn assignments<'a>(state: &'a Value, at: &str) -> Vec<(String, &'a Map<String, Value>)> {
    let own = state.get("Assign").map(|assign| (format!("{at}.Assign"), assign));
    let rules = ["Choices", "Catch"].into_iter().flat_map(|field| {
        let rules = state.get(field).and_then(Value::as_array).into_iter().flatten();
        rules.enumerate().filter_map(move |(index, rule)| {
            Some((format!("{at}.{field}[{index}].Assign"), rule.get("Assign")?))
        })
    });
    own.into_iter().chain(rules).filter_map(|(at, assign)| Some((at, assign.as_object()?))).collect()
}
