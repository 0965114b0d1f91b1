//! Choice rules of a definition.

use std::cmp::Ordering::{self, Equal, Greater, Less};

use serde_json::Value;

use super::{Node, Parser, Targets};
use crate::choice::{Comparable, Kind, Operand, Pattern, Rule, Test};
use crate::machine::{Choice, Kind as StateKind};

const KINDS: [(&str, Kind); 6] = [
    ("IsBoolean", Kind::Boolean),
    ("IsNull", Kind::Null),
    ("IsNumeric", Kind::Numeric),
    ("IsPresent", Kind::Present),
    ("IsString", Kind::String),
    ("IsTimestamp", Kind::Timestamp),
];

const COMPARABLES: [(&str, Comparable); 4] = [
    ("Boolean", Comparable::Boolean),
    ("Numeric", Comparable::Numeric),
    ("String", Comparable::String),
    ("Timestamp", Comparable::Timestamp),
];

const ORDERS: [(&str, &[Ordering]); 5] = [
    ("Equals", &[Equal]),
    ("GreaterThan", &[Greater]),
    ("GreaterThanEquals", &[Greater, Equal]),
    ("LessThan", &[Less]),
    ("LessThanEquals", &[Less, Equal]),
];

/// `StringLessThanEquals` taken apart; booleans have no order.
fn comparison(operator: &str) -> Option<(Comparable, &'static [Ordering])> {
    COMPARABLES.iter().find_map(|(prefix, kind)| {
        let order = operator.strip_prefix(prefix)?;
        let (_, orders) = ORDERS.iter().find(|(name, _)| *name == order)?;
        (*kind != Comparable::Boolean || order == "Equals").then_some((*kind, *orders))
    })
}

impl<'a> Parser<'a> {
    pub(super) fn choice(&mut self, node: &Node<'a>, targets: &Targets<'a>) -> Option<StateKind> {
        let default = self.target(node, "Default", targets);
        let rules = match node.required("Choices", &mut self.report)? {
            Value::Array(rules) if !rules.is_empty() => rules,
            _ => {
                node.note("Choices", "must be a non-empty array", &mut self.report);
                return None;
            }
        };
        let mut parsed = Vec::with_capacity(rules.len());
        for (index, rule) in rules.iter().enumerate() {
            let at = format!("{}[{index}]", node.place("Choices"));
            parsed.extend(self.top_rule(rule, at, targets));
        }
        Some(StateKind::Choice { rules: parsed, default })
    }

    fn top_rule(&mut self, rule: &'a Value, at: String, targets: &Targets<'a>) -> Option<Choice> {
        let node = Node::new(rule, at, &mut self.report)?;
        node.required("Next", &mut self.report);
        let next = self.target(&node, "Next", targets);
        let assign = self.assign(&node);
        let rule = self.rule(&node, true);
        Some(Choice { rule: rule?, assign, next: next? })
    }

    fn rule(&mut self, node: &Node<'a>, top: bool) -> Option<Rule> {
        for field in ["Next", "Assign"] {
            if node.has(field) && !top {
                node.note(field, "may stand in a top-level rule only", &mut self.report);
            }
        }
        let mut operators = node
            .fields
            .keys()
            .filter(|name| !["Assign", "Next", "Comment", "Variable"].contains(&name.as_str()));
        let (Some(operator), None) = (operators.next(), operators.next()) else {
            self.report.note(&node.at, "must have exactly one operator");
            return None;
        };
        node.only(&[&["Assign", "Comment", "Next", "Variable"], &[operator]], &mut self.report);
        let boolean = ["And", "Or", "Not"].contains(&operator.as_str());
        if boolean && node.has("Variable") {
            node.note("Variable", format!("can't stand beside {operator}"), &mut self.report);
        }
        match operator.as_str() {
            "And" => self.list(node, operator).map(Rule::And),
            "Or" => self.list(node, operator).map(Rule::Or),
            "Not" => {
                let inner = node.fields.get(operator)?;
                let inner = Node::new(inner, node.place(operator), &mut self.report)?;
                self.rule(&inner, false).map(|rule| Rule::Not(Box::new(rule)))
            }
            _ => self.data_test(node, operator),
        }
    }

    fn list(&mut self, node: &Node<'a>, operator: &str) -> Option<Vec<Rule>> {
        let rules = match node.fields.get(operator)? {
            Value::Array(rules) if !rules.is_empty() => rules,
            _ => {
                node.note(operator, "must be a non-empty array", &mut self.report);
                return None;
            }
        };
        let mut parsed = Vec::with_capacity(rules.len());
        for (index, rule) in rules.iter().enumerate() {
            let at = format!("{}[{index}]", node.place(operator));
            if let Some(inner) = Node::new(rule, at, &mut self.report) {
                parsed.extend(self.rule(&inner, false));
            }
        }
        Some(parsed)
    }

    fn data_test(&mut self, node: &Node<'a>, operator: &str) -> Option<Rule> {
        node.required("Variable", &mut self.report);
        let variable = node.path("Variable", &mut self.report);
        let test = self.test(node, operator);
        Some(Rule::Data { variable: variable?, test: test? })
    }

    fn test(&mut self, node: &Node<'a>, operator: &str) -> Option<Test> {
        let report = &mut self.report;
        let value = node.fields.get(operator)?;
        if let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == operator) {
            let wanted = value.as_bool();
            if wanted.is_none() {
                node.note(operator, "must be true or false", report);
            }
            return wanted.map(|wanted| Test::Is(*kind, wanted));
        }
        if operator == "StringMatches" {
            return match Pattern::parse(node.string(operator, report)?) {
                Ok(pattern) => Some(Test::Matches(pattern)),
                Err(wrong) => {
                    node.note(operator, wrong, report);
                    None
                }
            };
        }
        if let Some((kind, orders)) = comparison(operator) {
            if !kind.accepts(value) {
                node.note(operator, "has a value of the wrong kind", report);
                return None;
            }
            return Some(Test::Compare { kind, orders, with: Operand::Literal(value.clone()) });
        }
        let Some((kind, orders)) = operator.strip_suffix("Path").and_then(comparison) else {
            node.note(operator, "is not a comparison operator", report);
            return None;
        };
        let path = node.path(operator, report)?;
        Some(Test::Compare { kind, orders, with: Operand::Path(path) })
    }
}
