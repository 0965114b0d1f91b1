//! `Retry` and `Catch`.

use serde_json::Value;

use super::{MAX_SECONDS, Node, Parser, Targets};
use crate::failure;
use crate::machine::{Catcher, Retrier};

/// A year and a bit: what `MaxDelaySeconds` must stay below.
const MAX_DELAY: i64 = 31_622_399;

impl<'a> Parser<'a> {
    pub(super) fn retriers(&mut self, node: &Node<'a>) -> Vec<Retrier> {
        let rules = self.rules(node, "Retry");
        rules.iter().filter_map(|rule| self.retrier(rule)).collect()
    }

    fn retrier(&mut self, rule: &Node<'a>) -> Option<Retrier> {
        let report = &mut self.report;
        rule.only(
            &[&[
                "BackoffRate",
                "Comment",
                "ErrorEquals",
                "IntervalSeconds",
                "JitterStrategy",
                "MaxAttempts",
                "MaxDelaySeconds",
            ]],
            report,
        );
        let interval = rule.integer("IntervalSeconds", 1, MAX_SECONDS, report).unwrap_or(1);
        let attempts = rule.integer("MaxAttempts", 0, MAX_SECONDS, report).unwrap_or(3);
        let backoff = rule.number("BackoffRate", 1.0, f64::from(u32::MAX), report).unwrap_or(2.0);
        let most = rule.integer("MaxDelaySeconds", 1, MAX_DELAY, report);
        if most.is_some_and(|most| most <= interval) {
            rule.note("MaxDelaySeconds", "must be greater than IntervalSeconds", report);
        }
        let jitter = match rule.string("JitterStrategy", report) {
            None | Some("NONE") => false,
            Some("FULL") => true,
            Some(_) => {
                rule.note("JitterStrategy", "must be FULL or NONE", report);
                false
            }
        };
        Some(Retrier {
            errors: self.error_equals(rule)?,
            interval_seconds: seconds(interval),
            max_attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            backoff,
            max_delay_seconds: most.map(seconds),
            full_jitter: jitter,
        })
    }

    pub(super) fn catchers(&mut self, node: &Node<'a>, targets: &Targets<'a>) -> Vec<Catcher> {
        let rules = self.rules(node, "Catch");
        rules.iter().filter_map(|rule| self.catcher(rule, targets)).collect()
    }

    fn catcher(&mut self, rule: &Node<'a>, targets: &Targets<'a>) -> Option<Catcher> {
        rule.only(&[&["Assign", "Comment", "ErrorEquals", "Next", "ResultPath"]], &mut self.report);
        rule.required("Next", &mut self.report);
        let next = self.target(rule, "Next", targets);
        let result = rule.result_path(&mut self.report);
        let assign = self.assign(rule);
        Some(Catcher { errors: self.error_equals(rule)?, result, assign, next: next? })
    }

    /// The rules in a `Retry` or `Catch`; `States.ALL` may stand in the last one only.
    fn rules(&mut self, node: &Node<'a>, field: &str) -> Vec<Node<'a>> {
        let Some(value) = node.fields.get(field) else { return Vec::new() };
        let Value::Array(rules) = value else {
            node.note(field, "must be an array", &mut self.report);
            return Vec::new();
        };
        let mut nodes = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let at = format!("{}[{index}]", node.place(field));
            let all = rule.pointer("/ErrorEquals/0").and_then(Value::as_str) == Some(failure::ALL);
            if all && index + 1 < rules.len() {
                self.report.note(format!("{at}.ErrorEquals"), "States.ALL may stand in the last rule only");
            }
            nodes.extend(Node::new(rule, at, &mut self.report));
        }
        nodes
    }

    fn error_equals(&mut self, rule: &Node<'a>) -> Option<Vec<String>> {
        let report = &mut self.report;
        let names: Option<Vec<String>> = rule
            .required("ErrorEquals", report)?
            .as_array()
            .filter(|names| !names.is_empty())
            .and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
        let Some(names) = names else {
            rule.note("ErrorEquals", "must be a non-empty array of strings", report);
            return None;
        };
        for name in &names {
            if !failure::is_known(name) {
                rule.note("ErrorEquals", format!("'{name}' is not a predefined error"), report);
            }
        }
        if names.len() > 1 && names.iter().any(|name| name == failure::ALL) {
            rule.note("ErrorEquals", "States.ALL must stand alone", report);
        }
        Some(names)
    }
}

/// Durations in a definition are far below 2^53.
fn seconds(count: i64) -> f64 {
    i32::try_from(count).map_or(f64::from(i32::MAX), f64::from)
}
