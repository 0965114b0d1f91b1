//! Variables: what `Assign` sets and `$name` reads.
//!
//! An execution keeps them by scope: the machine is one, and so is each Parallel branch and Map iteration. A scope is
//! there once something in it has assigned, and knows the next one outwards. Inner scopes read the outer ones in place:
//! while a Parallel or Map runs, nothing outside it can assign, so a copy for each iteration would only be large. An
//! `Assign` is evaluated whole before any of it is set, and set when its state is left: until then, and when the state
//! fails after all, everything sees the values that were there when the state was entered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Limits;
use crate::failure::{DATA_LIMIT_EXCEEDED, Failure};
use crate::size;

/// The name that nothing may assign: in `JSONata` it stands for the state's data.
pub(crate) const RESERVED: &str = "states";

/// Characters that a name may have.
const MAX_NAME: usize = 80;

/// Unicode's `ID_Start` and `ID_Continue` have these beside `XID_Start` and `XID_Continue`, which leave out what
/// normalisation would take apart.
const ID_ONLY: [char; 19] = [
    '\u{37A}', '\u{309B}', '\u{309C}', '\u{FC5E}', '\u{FC5F}', '\u{FC60}', '\u{FC61}', '\u{FC62}',
    '\u{FC63}', '\u{FDFA}', '\u{FDFB}', '\u{FE70}', '\u{FE72}', '\u{FE74}', '\u{FE76}', '\u{FE78}',
    '\u{FE7A}', '\u{FE7C}', '\u{FE7E}',
];
/// These begin an identifier in `ID_Start` only; both sets let them go on in one.
const ID_START_ONLY: [char; 4] = ['\u{E33}', '\u{EB3}', '\u{FF9E}', '\u{FF9F}'];

/// Whether a variable's name may begin with `c`.
pub(crate) fn begins_name(c: char) -> bool {
    unicode_ident::is_xid_start(c) || ID_ONLY.contains(&c) || ID_START_ONLY.contains(&c)
}

/// Whether a variable's name may go on with `c`.
pub(crate) fn continues_name(c: char) -> bool {
    unicode_ident::is_xid_continue(c) || ID_ONLY.contains(&c)
}

/// Why nothing can be assigned to `name`, if so.
pub(crate) fn refusal(name: &str) -> Option<String> {
    let mut chars = name.chars();
    if !chars.next().is_some_and(begins_name) || !chars.all(continues_name) {
        return Some(format!("'{name}' is not a variable's name: a letter, then letters, digits and '_'"));
    }
    if name.chars().count() > MAX_NAME {
        return Some(format!("a variable's name has 1 to {MAX_NAME} characters"));
    }
    (name == RESERVED).then(|| format!("'{RESERVED}' is reserved: nothing may be assigned to it"))
}

/// Where something is evaluated: the innermost scope, and the next one outwards in which something is assigned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) own: u64,
    pub(crate) outer: Option<u64>,
}

/// The variables of an execution.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Variables {
    scopes: BTreeMap<u64, Locals>,
    /// The sizes of all values together.
    bytes: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Locals {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outer: Option<u64>,
    values: Map<String, Value>,
}

/// What an `Assign` has come to, checked and not yet set.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) values: Map<String, Value>,
    /// What all variables take once it is set.
    bytes: usize,
}

impl Variables {
    /// Whether nothing is assigned now.
    pub(crate) fn is_empty(&self) -> bool {
        self.scopes.is_empty()
    }

    /// The value that `name` has at `place`.
    pub(crate) fn find(&self, place: Place, name: &str) -> Option<&Value> {
        let mut next = self.innermost(place);
        while let Some(locals) = next.and_then(|id| self.scopes.get(&id)) {
            if let Some(value) = locals.values.get(name) {
                return Some(value);
            }
            next = locals.outer;
        }
        None
    }

    /// The innermost scope at `place` in which something is assigned: what a branch that begins there has outside.
    pub(crate) fn innermost(&self, place: Place) -> Option<u64> {
        if self.scopes.contains_key(&place.own) { Some(place.own) } else { place.outer }
    }

    /// Holds `values`, which an `Assign` at `place` made, against the limits.
    pub(crate) fn check(
        &self,
        place: Place,
        values: Map<String, Value>,
        limits: Limits,
    ) -> Result<Assignment, Failure> {
        let own = self.scopes.get(&place.own);
        let (mut combined, mut replaced) = (0_usize, 0_usize);
        for (name, value) in &values {
            combined += size::within(value, limits.payload_bytes)
                .ok_or_else(|| too_large(&format!("The variable '{name}'"), limits.payload_bytes))?
                .bytes;
            replaced += own.and_then(|locals| locals.values.get(name)).map_or(0, bytes_of);
        }
        if combined > limits.payload_bytes {
            return Err(too_large("What one Assign sets", limits.payload_bytes));
        }
        let bytes = self.bytes.saturating_sub(replaced) + combined;
        if bytes > limits.variables_bytes {
            return Err(too_large("What all variables hold together", limits.variables_bytes));
        }
        Ok(Assignment { values, bytes })
    }

    /// Sets what was checked.
    pub(crate) fn set(&mut self, place: Place, assignment: Assignment) {
        if assignment.values.is_empty() {
            return;
        }
        let locals =
            self.scopes.entry(place.own).or_insert_with(|| Locals { outer: place.outer, values: Map::new() });
        locals.values.extend(assignment.values);
        self.bytes = assignment.bytes;
    }

    /// A branch is over, and its variables with it.
    pub(crate) fn close(&mut self, id: u64) {
        if let Some(locals) = self.scopes.remove(&id) {
            let freed: usize = locals.values.values().map(bytes_of).sum();
            self.bytes = self.bytes.saturating_sub(freed);
        }
    }
}

fn bytes_of(value: &Value) -> usize {
    size::within(value, usize::MAX).map_or(0, |extent| extent.bytes)
}

fn too_large(what: &str, limit: usize) -> Failure {
    let depth = size::MAX_DEPTH;
    Failure::new(
        DATA_LIMIT_EXCEEDED,
        format!("{what} is larger than {limit} bytes or nested deeper than {depth} levels."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::json;

    const ROOT: Place = Place { own: 0, outer: None };

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn set(variables: &mut Variables, place: Place, values: &Value, limits: Limits) -> Result<(), String> {
        let checked = variables.check(place, object(values), limits).map_err(|failure| failure.cause)?;
        variables.set(place, checked);
        Ok(())
    }

    #[test]
    fn names() {
        let long = "x".repeat(MAX_NAME);
        for name in ["x", "aB9_", "Ж", "中文", "é", "\u{2118}", "\u{FF9E}a", long.as_str()] {
            assert_eq!(refusal(name), None, "{name}");
        }
        let longer = "é".repeat(MAX_NAME + 1);
        for (name, says) in [
            ("", "not a variable's name"),
            ("9a", "not a variable's name"),
            ("_a", "not a variable's name"),
            ("a.b", "not a variable's name"),
            ("a[2]", "not a variable's name"),
            ("a-b", "not a variable's name"),
            ("$a", "not a variable's name"),
            (longer.as_str(), "1 to 80 characters"),
            ("states", "reserved"),
        ] {
            assert!(refusal(name).is_some_and(|wrong| wrong.contains(says)), "{name}");
        }
    }

    #[test]
    fn inner_scopes_read_outer_ones_and_end() {
        let mut variables = Variables::default();
        let limits = Limits::default();
        set(&mut variables, ROOT, &json!({"a": 1}), limits).unwrap();
        // A branch in a branch, of which only the inner one assigns.
        let middle = Place { own: 5, outer: variables.innermost(ROOT) };
        let inner = Place { own: 9, outer: variables.innermost(middle) };
        set(&mut variables, inner, &json!({"b": 2}), limits).unwrap();
        assert_eq!(variables.find(inner, "a"), Some(&json!(1)));
        assert_eq!(variables.find(inner, "b"), Some(&json!(2)));
        assert_eq!(variables.find(middle, "a"), Some(&json!(1)));
        assert_eq!(variables.find(middle, "b"), None);
        variables.close(9);
        assert_eq!((variables.find(inner, "b"), variables.bytes), (None, 1));
    }

    #[test]
    fn limits() {
        let limits = Limits { payload_bytes: 10, variables_bytes: 25, ..Limits::default() };
        let mut variables = Variables::default();
        let ten = json!("12345678");
        let four = json!("12");
        let refused = |variables: &mut Variables, values: &Value, says: &str| {
            let wrong = set(variables, ROOT, values, limits).unwrap_err();
            assert!(wrong.contains(says), "{wrong}");
        };
        refused(&mut variables, &json!({"a": "123456789"}), "The variable 'a'");
        refused(&mut variables, &json!({"a": ten, "b": 1}), "one Assign");
        assert!(variables.is_empty());
        set(&mut variables, ROOT, &json!({ "a": ten }), limits).unwrap();
        set(&mut variables, ROOT, &json!({ "b": ten }), limits).unwrap();
        set(&mut variables, ROOT, &json!({"c": four, "d": 1}), limits).unwrap();
        refused(&mut variables, &json!({"e": 1}), "all variables");
        // What is replaced makes room.
        set(&mut variables, ROOT, &json!({ "a": four }), limits).unwrap();
        set(&mut variables, ROOT, &json!({"e": 1}), limits).unwrap();
        assert_eq!(variables.bytes, 4 + 10 + 5 + 1);
    }

    proptest! {
        /// Whatever is assigned, refused and closed: the count is that of the values that are there.
        #[test]
        fn the_count_is_right(steps in vec((0..3_u64, "[abc]", ".{0,9}", any::<bool>()), 0..40)) {
            let limits = Limits { payload_bytes: 8, variables_bytes: 20, ..Limits::default() };
            let mut variables = Variables::default();
            for (own, name, text, close) in steps {
                if close {
                    variables.close(own);
                } else {
                    let _ = set(&mut variables, Place { own, outer: None }, &json!({ name: text }), limits);
                }
                let held = variables.scopes.values().flat_map(|locals| locals.values.values());
                prop_assert_eq!(variables.bytes, held.map(bytes_of).sum::<usize>());
                prop_assert!(variables.bytes <= limits.variables_bytes);
            }
        }
    }
}
