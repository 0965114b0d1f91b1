//! `JSONPath`: reading with paths, and placing results with reference paths.
//!
//! The language leaves `JSONPath` to "the" reference implementation; what Step Functions runs behaves like Jayway's,
//! so its rules are taken: a definite path finds one value or misses; a path with a wildcard, slice, union, filter or
//! descent finds a list, perhaps empty, and misses only if its definite beginning does. Functions (`length()`),
//! and script expressions are refused when the path is parsed.

mod filter;
mod parse;
mod place;

pub(crate) use place::place;

use std::borrow::Cow;

use serde_json::Value;

use filter::Filter;
pub(crate) use parse::Cursor;

/// A path may select at most so many nodes; more is a runaway descent.
const MAX_NODES: usize = 100_000;

/// What a path is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// `$`: the state's data.
    Input,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable, whose name is the first step.
    Variable,
}

#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) text: String,
    pub(crate) root: Root,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Name(String),
    Index(i64),
    Indexes(Vec<i64>),
    Slice(Option<i64>, Option<i64>),
    Wildcard,
    /// `..`: the next step is applied to each value and everything below it.
    Descend,
    Filter(Filter),
}

/// The path selects nothing.
#[derive(Debug)]
pub(crate) struct Miss;

impl Path {
    /// The whole of the text must be a path.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut cursor = Cursor::new(text);
        let path = cursor.path()?;
        cursor.end()?;
        Ok(path)
    }

    /// A path that can select one node only and could create it: names and indexes.
    pub(crate) fn parse_reference(text: &str) -> Result<Self, String> {
        let path = Self::parse(text)?;
        let plain = path.steps.iter().all(|step| match step {
            Step::Name(_) => true,
            Step::Index(index) => *index >= 0,
            _ => false,
        });
        if plain { Ok(path) } else { Err(format!("'{text}' is not a reference path")) }
    }

    /// `$`, that is all of the data.
    pub(crate) fn is_whole(&self) -> bool {
        self.root == Root::Input && self.steps.is_empty()
    }

    /// Applies the path to `root`.
    pub(crate) fn find<'a>(&self, root: &'a Value) -> Result<Cow<'a, Value>, Miss> {
        find(&self.steps, root)
    }
}

/// Applies `steps` to `root`; a definite path borrows, others make a list.
pub(crate) fn find<'a>(steps: &[Step], root: &'a Value) -> Result<Cow<'a, Value>, Miss> {
    let mut here = root;
    for (at, step) in steps.iter().enumerate() {
        let Some(found) = step.child(here) else {
            let found = spread(&steps[at..], here, root)?;
            return Ok(Cow::Owned(Value::Array(found.into_iter().cloned().collect())));
        };
        here = found?;
    }
    Ok(Cow::Borrowed(here))
}

/// The rest of an indefinite path, on a list of nodes.
fn spread<'a>(steps: &[Step], from: &'a Value, root: &'a Value) -> Result<Vec<&'a Value>, Miss> {
    let mut nodes = vec![from];
    let mut definite = true;
    let mut descending = false;
    for step in steps {
        if matches!(step, Step::Descend) {
            nodes = descendants(&nodes)?;
            descending = true;
            definite = false;
            continue;
        }
        let mut next = Vec::new();
        for node in &nodes {
            if definite && !step.applies_to(node) {
                return Err(Miss);
            }
            step.select(node, root, descending, &mut next);
            if next.len() > MAX_NODES {
                return Err(Miss);
            }
        }
        definite = false;
        descending = false;
        nodes = next;
    }
    Ok(nodes)
}

fn descendants<'a>(nodes: &[&'a Value]) -> Result<Vec<&'a Value>, Miss> {
    let mut found = Vec::new();
    let mut open: Vec<&Value> = nodes.iter().rev().copied().collect();
    while let Some(node) = open.pop() {
        found.push(node);
        if found.len() > MAX_NODES {
            return Err(Miss);
        }
        match node {
            Value::Array(items) => open.extend(items.iter().rev()),
            Value::Object(fields) => open.extend(fields.values().rev()),
            _ => {}
        }
    }
    Ok(found)
}

impl Step {
    /// For a definite step, the child it names, or that there is none; `None` for an indefinite step.
    fn child<'a>(&self, node: &'a Value) -> Option<Result<&'a Value, Miss>> {
        match self {
            Self::Name(name) => Some(node.as_object().and_then(|fields| fields.get(name)).ok_or(Miss)),
            Self::Index(index) => Some(node.as_array().and_then(|items| item(items, *index)).ok_or(Miss)),
            _ => None,
        }
    }

    /// Whether an indefinite step makes sense on this kind of value at all.
    fn applies_to(&self, node: &Value) -> bool {
        match self {
            Self::Slice(..) | Self::Indexes(_) => node.is_array(),
            Self::Filter(_) => node.is_array() || node.is_object(),
            _ => true,
        }
    }

    /// Adds what the step selects below `node`; what doesn't fit is passed over.
    fn select<'a>(&self, node: &'a Value, root: &'a Value, descending: bool, into: &mut Vec<&'a Value>) {
        match (self, node) {
            (Self::Name(_) | Self::Index(_), _) => into.extend(self.child(node).and_then(Result::ok)),
            (Self::Indexes(indexes), Value::Array(items)) => {
                into.extend(indexes.iter().filter_map(|index| item(items, *index)));
            }
            (Self::Slice(from, to), Value::Array(items)) => into.extend(slice(items, *from, *to)),
            (Self::Wildcard, Value::Array(items)) => into.extend(items),
            (Self::Wildcard, Value::Object(fields)) => into.extend(fields.values()),
            (Self::Filter(filter), Value::Array(items)) => {
                into.extend(items.iter().filter(|item| filter.holds(item, root)));
            }
            // An object is tested itself. Below `..` that would find the elements of a list twice over.
            (Self::Filter(filter), Value::Object(_)) if !descending && filter.holds(node, root) => {
                into.push(node);
            }
            _ => {}
        }
    }
}

fn item(items: &[Value], index: i64) -> Option<&Value> {
    items.get(position(index, items.len())?)
}

/// A negative index counts from the end.
fn position(index: i64, len: usize) -> Option<usize> {
    if index >= 0 {
        return usize::try_from(index).ok();
    }
    len.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
}

fn slice(items: &[Value], from: Option<i64>, to: Option<i64>) -> &[Value] {
    let bound = |index: i64| match position(index, items.len()) {
        Some(at) => at.min(items.len()),
        None if index < 0 => 0,
        None => items.len(),
    };
    let (from, to) = (from.map_or(0, bound), to.map_or(items.len(), bound));
    items.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(path: &str, data: &Value) -> Option<Value> {
        Path::parse(path).unwrap().find(data).ok().map(Cow::into_owned)
    }

    fn store() -> Value {
        json!({
            "books": [
                { "title": "A", "price": 8, "tags": ["x"] },
                { "title": "B", "price": 12.5, "sold": true },
                { "title": "C", "price": 9 }
            ],
            "limit": 9,
            "odd name": { "a.b": 1 },
            "n": null
        })
    }

    #[test]
    fn definite_paths_find_one_value_or_miss() {
        let data = store();
        for (path, found) in [
            ("$", Some(data.clone())),
            ("$.limit", Some(json!(9))),
            ("$.n", Some(Value::Null)),
            ("$.books[1].title", Some(json!("B"))),
            ("$.books[-1].title", Some(json!("C"))),
            ("$['odd name']['a.b']", Some(json!(1))),
            ("$['odd name'].a\\.b", Some(json!(1))),
            ("$.books[3]", None),
            ("$.books[-4]", None),
            ("$.nothing", None),
            ("$.limit.deeper", None),
            ("$.books.title", None),
        ] {
            assert_eq!(read(path, &data), found, "{path}");
        }
    }

    #[test]
    fn indefinite_paths_find_lists() {
        let data = store();
        for (path, found) in [
            ("$.books[*].title", json!(["A", "B", "C"])),
            ("$.books[0,2].title", json!(["A", "C"])),
            ("$.books[1:].title", json!(["B", "C"])),
            ("$.books[:1].title", json!(["A"])),
            ("$.books[-2:].title", json!(["B", "C"])),
            ("$.books[0:2].title", json!(["A", "B"])),
            ("$.books[5:].title", json!([])),
            ("$.books[*].sold", json!([true])),
            ("$..title", json!(["A", "B", "C"])),
            ("$..tags[0]", json!(["x"])),
            ("$['odd name'].*", json!([1])),
            ("$.books[?(@.price < 10)].title", json!(["A", "C"])),
            ("$.books[?(@.price <= $.limit)].title", json!(["A", "C"])),
            ("$.books[?(@.sold)].title", json!(["B"])),
            ("$.books[?(!@.sold && @.title != 'C')].title", json!(["A"])),
            ("$.books[?(@.title == 'A' || @.title == \"B\")].price", json!([8, 12.5])),
            ("$.books[?(@.title == 'Z')]", json!([])),
            ("$..[?(@.price > 10)].title", json!(["B"])),
        ] {
            assert_eq!(read(path, &data), Some(found), "{path}");
        }
    }

    #[test]
    fn the_definite_beginning_of_a_list_path_must_be_there() {
        let data = store();
        assert_eq!(read("$.nothing[*]", &data), None);
        assert_eq!(read("$.limit[0:1]", &data), None);
        assert_eq!(read("$.limit[?(@.x)]", &data), None);
    }

    #[test]
    fn a_runaway_descent_is_cut_off() {
        let data = json!(vec![vec![vec![0; 50]; 50]; 50]);
        assert_eq!(read("$..*..*..*", &data), None);
    }
}
