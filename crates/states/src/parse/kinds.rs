//! The eight state types of a definition.

use serde_json::Value;

use super::{MAX_SECONDS, Node, Parser, Report, Targets};
use crate::machine::{DataFlow, Kind, Map, Number, Percentage, Selection, State, Task, Transition, Until};
use crate::template::{self, Template};

const EVERY: &[&str] = &["Comment", "QueryLanguage", "Type"];
const PATHS: &[&str] = &["InputPath", "OutputPath"];
const ASSIGN: &[&str] = &["Assign"];
const MOVES: &[&str] = &["Next", "End"];
const RESULT: &[&str] = &["Parameters", "ResultPath"];
const WORK: &[&str] = &["ResultSelector", "Retry", "Catch"];
const PASS: &[&str] = &["Result"];
const TASK: &[&str] =
    &["HeartbeatSeconds", "HeartbeatSecondsPath", "Resource", "TimeoutSeconds", "TimeoutSecondsPath"];
const WAIT: &[&str] = &["Seconds", "SecondsPath", "Timestamp", "TimestampPath"];
const CHOICE: &[&str] = &["Choices", "Default"];
const FAIL: &[&str] = &["Cause", "CausePath", "Error", "ErrorPath"];
const PARALLEL: &[&str] = &["Branches"];
const MAP: &[&str] = &[
    "ItemProcessor",
    "ItemSelector",
    "ItemsPath",
    "Iterator",
    "MaxConcurrency",
    "MaxConcurrencyPath",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
];

/// Functions whose result is a string: the only ones a Fail state takes.
const STRING_FUNCTIONS: [&str; 7] = [
    "States.ArrayGetItem",
    "States.Base64Decode",
    "States.Base64Encode",
    "States.Format",
    "States.Hash",
    "States.JsonToString",
    "States.UUID",
];

impl<'a> Parser<'a> {
    pub(super) fn state(&mut self, name: &str, node: &Node<'a>, targets: &Targets<'a>) -> Option<State> {
        node.required("Type", &mut self.report);
        let known: &[&[&str]] = match node.string("Type", &mut self.report)? {
            "Pass" => &[EVERY, ASSIGN, PATHS, MOVES, RESULT, PASS],
            "Task" => &[EVERY, ASSIGN, PATHS, MOVES, RESULT, WORK, TASK],
            "Choice" => &[EVERY, ASSIGN, PATHS, CHOICE],
            "Wait" => &[EVERY, ASSIGN, PATHS, MOVES, WAIT],
            "Succeed" => &[EVERY, PATHS],
            "Fail" => &[EVERY, FAIL],
            "Parallel" => &[EVERY, ASSIGN, PATHS, MOVES, RESULT, WORK, PARALLEL],
            "Map" => &[EVERY, ASSIGN, PATHS, MOVES, RESULT, WORK, MAP],
            other => {
                node.note("Type", format!("'{other}' is not a state type"), &mut self.report);
                return None;
            }
        };
        node.only(known, &mut self.report);
        let then =
            if known.contains(&MOVES) { self.transition(node, targets) } else { Some(Transition::End) };
        let data = self.data_flow(node);
        let assign = if known.contains(&ASSIGN) { self.assign(node) } else { None };
        let retriers = self.retriers(node);
        let catchers = self.catchers(node, targets);
        let kind = self.kind(node, targets);
        Some(State { name: name.to_owned(), kind: kind?, data, assign, then: then?, retriers, catchers })
    }

    fn kind(&mut self, node: &Node<'a>, targets: &Targets<'a>) -> Option<Kind> {
        match node.fields.get("Type")?.as_str()? {
            "Pass" => Some(Kind::Pass { result: node.fields.get("Result").cloned() }),
            "Task" => self.task(node),
            "Choice" => self.choice(node, targets),
            "Wait" => self.wait(node),
            "Succeed" => Some(Kind::Succeed),
            "Fail" => Some(self.fail(node)),
            "Parallel" => self.parallel(node),
            _ => self.map(node),
        }
    }

    fn transition(&mut self, node: &Node<'a>, targets: &Targets<'a>) -> Option<Transition> {
        let report = &mut self.report;
        let end = match node.fields.get("End") {
            None => false,
            Some(Value::Bool(end)) => *end,
            Some(_) => {
                node.note("End", "must be true or false", report);
                return None;
            }
        };
        match (node.has("Next"), end) {
            (true, false) => self.target(node, "Next", targets).map(Transition::Next),
            (false, true) => Some(Transition::End),
            (true, true) => {
                node.note("End", "can't stand beside Next", report);
                None
            }
            (false, false) => {
                report.note(&node.at, "must have Next, or End: true");
                None
            }
        }
    }

    fn data_flow(&mut self, node: &Node<'a>) -> DataFlow {
        let report = &mut self.report;
        DataFlow {
            input: node.selection("InputPath", report),
            parameters: node.template("Parameters", report),
            selector: node.template("ResultSelector", report),
            result: node.result_path(report),
            output: node.selection("OutputPath", report),
        }
    }

    fn task(&mut self, node: &Node<'a>) -> Option<Kind> {
        let report = &mut self.report;
        let timeout = node.number_or_path("TimeoutSeconds", 1, MAX_SECONDS, report);
        let heartbeat = node.number_or_path("HeartbeatSeconds", 1, MAX_SECONDS, report);
        if let (Some(Number::Literal(timeout)), Some(Number::Literal(heartbeat))) = (&timeout, &heartbeat)
            && heartbeat >= timeout
        {
            node.note("HeartbeatSeconds", "must be smaller than TimeoutSeconds", report);
        }
        node.required("Resource", report);
        let resource = node.string("Resource", report)?.to_owned();
        if resource.is_empty() {
            node.note("Resource", "must not be empty", report);
        }
        let waits_for_token = resource.ends_with(".waitForTaskToken");
        Some(Kind::Task(Task { resource, waits_for_token, timeout, heartbeat }))
    }

    fn wait(&mut self, node: &Node<'a>) -> Option<Kind> {
        let report = &mut self.report;
        if WAIT.iter().filter(|name| node.has(name)).count() != 1 {
            report
                .note(&node.at, "must have exactly one of Seconds, SecondsPath, Timestamp and TimestampPath");
            return None;
        }
        let seconds = node.integer("Seconds", 0, MAX_SECONDS, report).map(Until::Seconds);
        let seconds_path = node.reference("SecondsPath", report).map(Until::SecondsPath);
        let timestamp = node.timestamp("Timestamp", report).map(Until::Timestamp);
        let timestamp_path = node.reference("TimestampPath", report).map(Until::TimestampPath);
        seconds.or(seconds_path).or(timestamp).or(timestamp_path).map(Kind::Wait)
    }

    fn fail(&mut self, node: &Node<'a>) -> Kind {
        Kind::Fail {
            error: self.literal_or_expression(node, "Error"),
            cause: self.literal_or_expression(node, "Cause"),
        }
    }

    fn literal_or_expression(&mut self, node: &Node<'a>, field: &str) -> Option<Template> {
        let report = &mut self.report;
        let by_path = format!("{field}Path");
        node.at_most_one(&[field, &by_path], report);
        if let Some(text) = node.string(field, report) {
            return Some(Template::Constant(text.into()));
        }
        let text = node.string(&by_path, report)?;
        let function = text.split('(').next().unwrap_or_default();
        let compiled = if text.starts_with('$') || STRING_FUNCTIONS.contains(&function) {
            template::expression(&by_path, text)
        } else {
            Err("must be a path, or an intrinsic function that makes a string".to_owned())
        };
        let template = compiled.map_err(|wrong| node.note(&by_path, wrong, report)).ok()?;
        report.refer_template(&node.place(&by_path), &template);
        Some(template)
    }

    fn parallel(&mut self, node: &Node<'a>) -> Option<Kind> {
        let branches = match node.required("Branches", &mut self.report)? {
            Value::Array(branches) if !branches.is_empty() => branches,
            _ => {
                node.note("Branches", "must be a non-empty array", &mut self.report);
                return None;
            }
        };
        let mut flows = Vec::with_capacity(branches.len());
        for (index, branch) in branches.iter().enumerate() {
            let at = format!("{}[{index}]", node.place("Branches"));
            let Some(branch) = Node::new(branch, at, &mut self.report) else { continue };
            branch.only(&[&["Comment", "StartAt", "States"]], &mut self.report);
            flows.extend(self.flow(&branch));
        }
        Some(Kind::Parallel { branches: flows })
    }

    fn map(&mut self, node: &Node<'a>) -> Option<Kind> {
        let report = &mut self.report;
        node.at_most_one(&["ItemProcessor", "Iterator"], report);
        node.at_most_one(&["ItemSelector", "Parameters"], report);
        let selector = node
            .template("ItemSelector", report)
            .or_else(|| node.template("Parameters", &mut Report::default()));
        let items = node.reference("ItemsPath", report);
        let concurrency = node.number_or_path("MaxConcurrency", 0, MAX_SECONDS, report);
        let tolerated_count = node.number_or_path("ToleratedFailureCount", 0, MAX_SECONDS, report);
        let names = ["ToleratedFailurePercentage", "ToleratedFailurePercentagePath"];
        node.at_most_one(&names, report);
        let literal = node.number(names[0], 0.0, 100.0, report).map(Percentage::Literal);
        let tolerated_percentage = literal.or_else(|| node.reference(names[1], report).map(Percentage::Path));
        let name = if node.has("Iterator") { "Iterator" } else { "ItemProcessor" };
        let processor = node.required(name, report)?;
        let processor = Node::new(processor, node.place(name), report)?;
        self.processor_config(&processor);
        let flow = self.flow(&processor)?;
        Some(Kind::Map(Box::new(Map {
            flow,
            items,
            selector,
            concurrency,
            tolerated_count,
            tolerated_percentage,
        })))
    }

    fn processor_config(&mut self, processor: &Node<'a>) {
        let report = &mut self.report;
        processor.only(&[&["Comment", "ProcessorConfig", "StartAt", "States"]], report);
        let Some(config) = processor.fields.get("ProcessorConfig") else { return };
        let Some(config) = Node::new(config, processor.place("ProcessorConfig"), report) else { return };
        config.only(&[&["ExecutionType", "Mode"]], report);
        match config.string("Mode", report) {
            None | Some("INLINE") => {
                if config.has("ExecutionType") {
                    config.note("ExecutionType", "belongs to the distributed Map", report);
                }
            }
            Some("DISTRIBUTED") => config.note("Mode", "the distributed Map is not interpreted", report),
            Some(_) => config.note("Mode", "must be INLINE", report),
        }
    }
}

impl Selection {
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Self::Whole)
    }
}
