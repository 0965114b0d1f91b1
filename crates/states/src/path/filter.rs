//! Filter expressions, `[?(@.price < 10 && @.sold)]`: comparisons, existence, `&&`, `||`, `!` and parentheses.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::{Cursor, Step, find};
use crate::number;

#[derive(Clone, Debug)]
pub(crate) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Operand),
    Compare(Operand, Operator, Operand),
}

#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Literal(Value),
    /// `@…`: from the element under test.
    Element(Vec<Step>),
    /// `$…`: from the whole document.
    Document(Vec<Step>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filter {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, String> {
        let mut either = vec![Self::conjunction(cursor)?];
        while next_is(cursor, "||") {
            either.push(Self::conjunction(cursor)?);
        }
        Ok(single(either, Self::Any))
    }

    fn conjunction(cursor: &mut Cursor<'_>) -> Result<Self, String> {
        let mut all = vec![Self::unary(cursor)?];
        while next_is(cursor, "&&") {
            all.push(Self::unary(cursor)?);
        }
        Ok(single(all, Self::All))
    }

    fn unary(cursor: &mut Cursor<'_>) -> Result<Self, String> {
        cursor.spaces();
        if cursor.eat("!") {
            return cursor.deeper(Self::unary).map(|inner| Self::Not(Box::new(inner)));
        }
        if cursor.eat("(") {
            let inner = cursor.deeper(Self::parse)?;
            cursor.spaces();
            cursor.expect(")")?;
            return Ok(inner);
        }
        let left = Operand::parse(cursor)?;
        cursor.spaces();
        match operator(cursor) {
            Some(operator) => {
                cursor.spaces();
                Ok(Self::Compare(left, operator, Operand::parse(cursor)?))
            }
            None if matches!(left, Operand::Literal(_)) => Err(cursor.wrong("a comparison expected")),
            None => Ok(Self::Exists(left)),
        }
    }

    /// Whether `element` passes.
    pub(super) fn holds(&self, element: &Value, document: &Value) -> bool {
        match self {
            Self::Any(filters) => filters.iter().any(|f| f.holds(element, document)),
            Self::All(filters) => filters.iter().all(|f| f.holds(element, document)),
            Self::Not(filter) => !filter.holds(element, document),
            Self::Exists(operand) => operand.value(element, document).is_some(),
            Self::Compare(left, operator, right) => {
                operator.holds(left.value(element, document), right.value(element, document))
            }
        }
    }
}

fn single(mut filters: Vec<Filter>, join: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    match filters.pop() {
        Some(only) if filters.is_empty() => only,
        last => {
            filters.extend(last);
            join(filters)
        }
    }
}

fn next_is(cursor: &mut Cursor<'_>, token: &str) -> bool {
    cursor.spaces();
    cursor.eat(token)
}

fn operator(cursor: &mut Cursor<'_>) -> Option<Operator> {
    [
        ("==", Operator::Equal),
        ("!=", Operator::Unequal),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ]
    .into_iter()
    .find_map(|(token, operator)| cursor.eat(token).then_some(operator))
}

impl Operand {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, String> {
        match cursor.peek() {
            Some('@') => {
                cursor.bump();
                cursor.steps().map(Self::Element)
            }
            Some('$') => {
                cursor.bump();
                cursor.steps().map(Self::Document)
            }
            Some('\'' | '"') => cursor.quoted().map(|text| Self::Literal(Value::String(text))),
            _ => {
                let word = cursor.take_while(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
                match serde_json::from_str(word) {
                    Ok(value) => Ok(Self::Literal(value)),
                    Err(_) => Err(cursor.wrong("a path, string, number, true, false or null expected")),
                }
            }
        }
    }

    fn value<'a>(&'a self, element: &'a Value, document: &'a Value) -> Option<Cow<'a, Value>> {
        match self {
            Self::Literal(value) => Some(Cow::Borrowed(value)),
            Self::Element(steps) => find(steps, element).ok(),
            Self::Document(steps) => find(steps, document).ok(),
        }
    }
}

impl Operator {
    fn holds(self, left: Option<Cow<'_, Value>>, right: Option<Cow<'_, Value>>) -> bool {
        let (Some(left), Some(right)) = (left, right) else {
            return matches!(self, Self::Unequal);
        };
        let order = || match (&*left, &*right) {
            (Value::Number(a), Value::Number(b)) => number::compare(a, b),
            (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            _ => None,
        };
        match self {
            Self::Equal => number::same(&left, &right),
            Self::Unequal => !number::same(&left, &right),
            Self::Less => order() == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order() == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(order(), Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}
