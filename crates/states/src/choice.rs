//! Choice rules.
//!
//! A comparison of values of the wrong kind is false. A path that selects nothing fails the execution, except under
//! `IsPresent`: so say both the service and, for the exception, the specification.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use crate::context::{Context, select};
use crate::failure::Failure;
use crate::path::Path;
use crate::{number, time};

#[derive(Clone, Debug)]
pub(crate) enum Rule {
    And(Vec<Rule>),
    Or(Vec<Rule>),
    Not(Box<Rule>),
    Data { variable: Path, test: Test },
}

#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// The value is of this kind, or, with `false`, is not.
    Is(Kind, bool),
    Matches(Pattern),
    Compare {
        kind: Comparable,
        orders: &'static [Ordering],
        with: Operand,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Present,
    Null,
    String,
    Numeric,
    Boolean,
    Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparable {
    String,
    Numeric,
    Boolean,
    Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Literal(Value),
    Path(Path),
}

impl Rule {
    pub(crate) fn holds(&self, input: &Value, context: &Context<'_>) -> Result<bool, Failure> {
        match self {
            Self::And(rules) => {
                for rule in rules {
                    if !rule.holds(input, context)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(rules) => {
                for rule in rules {
                    if rule.holds(input, context)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(rule) => rule.holds(input, context).map(|held| !held),
            Self::Data { variable, test: Test::Is(Kind::Present, wanted) } => {
                Ok(select(variable, input, context).is_ok() == *wanted)
            }
            Self::Data { variable, test } => {
                let value = value_at(variable, input, context)?;
                test.holds(&value, input, context)
            }
        }
    }
}

fn value_at<'a>(path: &Path, input: &'a Value, context: &Context<'a>) -> Result<Cow<'a, Value>, Failure> {
    select(path, input, context).map_err(|_| {
        Failure::runtime(format!(
            "Invalid path '{}': The choice state's condition path references an invalid value.",
            path.text
        ))
    })
}

impl Test {
    fn holds(&self, value: &Value, input: &Value, context: &Context<'_>) -> Result<bool, Failure> {
        match self {
            Self::Is(kind, wanted) => Ok(kind.fits(value) == *wanted),
            Self::Matches(pattern) => Ok(value.as_str().is_some_and(|text| pattern.matches(text))),
            Self::Compare { kind, orders, with } => {
                let with = match with {
                    Operand::Literal(literal) => Cow::Borrowed(literal),
                    Operand::Path(path) => value_at(path, input, context)?,
                };
                Ok(kind.compare(value, &with).is_some_and(|order| orders.contains(&order)))
            }
        }
    }
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Present => true,
            Self::Null => value.is_null(),
            Self::String => value.is_string(),
            Self::Numeric => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Timestamp => value.as_str().is_some_and(|text| time::parse(text).is_some()),
        }
    }
}

impl Comparable {
    fn compare(self, a: &Value, b: &Value) -> Option<Ordering> {
        match (self, a, b) {
            (Self::String, Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            (Self::Numeric, Value::Number(a), Value::Number(b)) => number::compare(a, b),
            (Self::Boolean, Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Self::Timestamp, Value::String(a), Value::String(b)) => {
                Some(time::parse(a)?.cmp(&time::parse(b)?))
            }
            _ => None,
        }
    }

    /// Whether a literal can stand on the right of this comparison at all.
    pub(crate) fn accepts(self, literal: &Value) -> bool {
        self.compare(literal, literal).is_some()
    }
}

/// `StringMatches`: literal pieces between stars.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Vec<String>);

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = vec![];
        let mut piece = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' => pieces.push(std::mem::take(&mut piece)),
                '\\' => match chars.next() {
                    Some(escaped @ ('*' | '\\')) => piece.push(escaped),
                    _ => return Err("open escape: a backslash stands before '*' or '\\' only".to_owned()),
                },
                _ => piece.push(c),
            }
        }
        pieces.push(piece);
        Ok(Self(pieces))
    }

    fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = &self.0[..] else {
            return self.0.first().is_some_and(|only| only == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()).and_then(|r| r.strip_suffix(last.as_str()))
        else {
            return false;
        };
        for piece in middle {
            match rest.find(piece.as_str()) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, matches) in [
            ("foo*.log", "foo23.log", true),
            ("*.log", "zebra.log", true),
            ("foo*.*", "foobar.zebra", true),
            ("foo*.*", "foobar", false),
            ("a*a", "a", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("", "", true),
            ("*", "", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("a\\\\*", "a\\x", true),
            ("a?b", "axb", false),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(text), matches, "{pattern} {text}");
        }
        assert!(Pattern::parse("a\\b").is_err());
        assert!(Pattern::parse("a\\").is_err());
    }
}
