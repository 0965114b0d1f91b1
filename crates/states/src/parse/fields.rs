//! Reading the fields of one JSON object, noting what is wrong with them.
//!
//! Nothing here stops at the first problem: each reader notes it and answers `None`, so that one run over a
//! definition finds all there is to find.

use serde_json::{Map, Value};

use super::variables::Scopes;
use crate::machine::{Number, Problem, Selection};
use crate::path::{Path, Root};
use crate::template::Template;
use crate::time;

/// Fields of the language that this dialect leaves out, and why.
const REFUSED: [(&str, &str); 8] = [
    ("Arguments", "belongs to JSONata, which is not interpreted"),
    ("Credentials", "is not interpreted: a driver has its own"),
    ("ItemBatcher", "belongs to the distributed Map, which is not interpreted"),
    ("ItemReader", "belongs to the distributed Map, which is not interpreted"),
    ("Items", "belongs to JSONata, which is not interpreted"),
    ("Label", "belongs to the distributed Map, which is not interpreted"),
    ("Output", "belongs to JSONata, which is not interpreted"),
    ("ResultWriter", "belongs to the distributed Map, which is not interpreted"),
];

/// Collects problems.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) problems: Vec<Problem>,
    /// What may be referred to.
    pub(super) scopes: Scopes,
}

impl Report {
    pub(super) fn note(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem { path: path.into(), message: message.into() });
    }
}

/// One object of the definition and its place.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) at: String,
    pub(super) fields: &'a Map<String, Value>,
}

/// The place of a field: `at.name`, or `at['a name']` where a dot would not do.
pub(super) fn place(at: &str, name: &str) -> String {
    if name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') && !name.is_empty() {
        format!("{at}.{name}")
    } else {
        format!("{at}['{name}']")
    }
}

impl<'a> Node<'a> {
    pub(super) fn new(value: &'a Value, at: String, report: &mut Report) -> Option<Self> {
        let Value::Object(fields) = value else {
            report.note(at, "must be an object");
            return None;
        };
        Some(Self { at, fields })
    }

    pub(super) fn place(&self, name: &str) -> String {
        place(&self.at, name)
    }

    pub(super) fn note(&self, name: &str, message: impl Into<String>, report: &mut Report) {
        report.note(self.place(name), message);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Notes every field that is not among `known`.
    pub(super) fn only(&self, known: &[&[&str]], report: &mut Report) {
        for name in self.fields.keys() {
            if known.iter().any(|names| names.contains(&name.as_str())) {
                continue;
            }
            match REFUSED.iter().find(|(refused, _)| refused == name) {
                Some((_, why)) => self.note(name, *why, report),
                None => self.note(name, "is not a field that may stand here", report),
            }
        }
        if let Some(comment) = self.fields.get("Comment")
            && !comment.is_string()
        {
            self.note("Comment", "must be a string", report);
        }
        match self.fields.get("QueryLanguage").map(Value::as_str) {
            None | Some(Some("JSONPath")) => {}
            Some(_) => self.note("QueryLanguage", "only JSONPath is interpreted", report),
        }
    }

    pub(super) fn at_most_one(&self, names: &[&str], report: &mut Report) {
        let there: Vec<_> = names.iter().filter(|name| self.has(name)).collect();
        if let [first, second, ..] = there[..] {
            self.note(second, format!("can't stand beside {first}"), report);
        }
    }

    pub(super) fn required(&self, name: &str, report: &mut Report) -> Option<&'a Value> {
        let found = self.fields.get(name);
        if found.is_none() {
            self.note(name, "is missing", report);
        }
        found
    }

    pub(super) fn string(&self, name: &str, report: &mut Report) -> Option<&'a str> {
        let text = self.fields.get(name)?.as_str();
        if text.is_none() {
            self.note(name, "must be a string", report);
        }
        text
    }

    /// An integer between `least` and `most`.
    pub(super) fn integer(&self, name: &str, least: i64, most: i64, report: &mut Report) -> Option<i64> {
        let number = self.fields.get(name)?.as_i64().filter(|n| (least..=most).contains(n));
        if number.is_none() {
            self.note(name, format!("must be an integer from {least} to {most}"), report);
        }
        number
    }

    pub(super) fn number(&self, name: &str, least: f64, most: f64, report: &mut Report) -> Option<f64> {
        let number = self.fields.get(name)?.as_f64().filter(|n| (least..=most).contains(n));
        if number.is_none() {
            self.note(name, format!("must be a number from {least} to {most}"), report);
        }
        number
    }

    /// `name`, a literal, or `namePath`, where to find it.
    pub(super) fn number_or_path(
        &self,
        name: &str,
        least: i64,
        most: i64,
        report: &mut Report,
    ) -> Option<Number> {
        let by_path = format!("{name}Path");
        self.at_most_one(&[name, &by_path], report);
        match self.integer(name, least, most, report) {
            Some(literal) => Some(Number::Literal(literal)),
            None => self.reference(&by_path, report).map(Number::Path),
        }
    }

    pub(super) fn timestamp(&self, name: &str, report: &mut Report) -> Option<time::Millis> {
        let at = self.string(name, report).map(time::parse_millis)?;
        if at.is_none() {
            self.note(name, "must be a timestamp like 2016-03-14T01:59:00Z", report);
        }
        at
    }

    pub(super) fn path(&self, name: &str, report: &mut Report) -> Option<Path> {
        self.read(name, Path::parse, report)
    }

    pub(super) fn reference(&self, name: &str, report: &mut Report) -> Option<Path> {
        self.read(name, Path::parse_reference, report)
    }

    fn read(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<Path, String>,
        report: &mut Report,
    ) -> Option<Path> {
        match parse(self.string(name, report)?) {
            Ok(parsed) => {
                report.refer_path(self.place(name), &parsed);
                Some(parsed)
            }
            Err(wrong) => {
                self.note(name, wrong, report);
                None
            }
        }
    }

    /// `InputPath` or `OutputPath`.
    pub(super) fn selection(&self, name: &str, report: &mut Report) -> Selection {
        if self.fields.get(name) == Some(&Value::Null) {
            return Selection::Nothing;
        }
        match self.path(name, report) {
            Some(path) if !path.is_whole() => Selection::Path(path),
            _ => Selection::Whole,
        }
    }

    /// `ResultPath`.
    pub(super) fn result_path(&self, report: &mut Report) -> Selection {
        let name = "ResultPath";
        if self.fields.get(name) == Some(&Value::Null) {
            return Selection::Nothing;
        }
        match self.reference(name, report) {
            Some(path) if path.root == Root::Context => {
                self.note(name, "can't write into the context object", report);
                Selection::Whole
            }
            Some(path) if path.root == Root::Variable => {
                self.note(name, "can't write into a variable: only Assign can", report);
                Selection::Whole
            }
            Some(path) if !path.is_whole() => Selection::Path(path),
            _ => Selection::Whole,
        }
    }

    pub(super) fn template(&self, name: &str, report: &mut Report) -> Option<Template> {
        let value = self.fields.get(name)?;
        if !value.is_object() {
            self.note(name, "must be an object", report);
            return None;
        }
        let at = self.place(name);
        let template = Template::parse(value, &at, &mut |at, wrong| report.note(at, wrong));
        report.refer_template(&at, &template);
        Some(template)
    }
}
