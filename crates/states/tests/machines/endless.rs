//! Chains that take no time end by themselves or at the limit of the history, whatever they look like: a driver gets
//! its commands back from every call.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use states::{Execution, Limits, Machine, StartArgs, Status};

const LIMIT: u64 = 2_000;

/// A state that needs neither a task nor time, going on to one of the given names.
fn state(at: usize, kind: u8, next: &str, other: &str) -> Value {
    match kind {
        0 => json!({ "Type": "Pass", "Next": next }),
        1 => {
            json!({ "Type": "Pass", "Parameters": { "n.$": "States.MathAdd($$.State.RetryCount, 1)" }, "Next": next })
        }
        2 => json!({ "Type": "Wait", "Seconds": 0, "Next": next }),
        3 => {
            json!({ "Type": "Choice", "Default": other, "Choices": [{ "Variable": "$.n", "IsPresent": true, "Next": next }] })
        }
        4 => json!({ "Type": "Parallel", "Next": next, "ResultPath": null, "Branches": [
            { "StartAt": format!("A{at}"), "States": { format!("A{at}"): { "Type": "Pass", "Next": format!("B{at}") }, format!("B{at}"): { "Type": "Succeed" } } },
            { "StartAt": format!("C{at}"), "States": { format!("C{at}"): { "Type": "Pass", "End": true } } }
        ]}),
        5 => {
            json!({ "Type": "Map", "ItemsPath": "$$.Execution.Input.list", "ResultPath": null, "Next": next, "ItemProcessor":
            { "StartAt": format!("I{at}"), "States": { format!("I{at}"): { "Type": "Pass", "End": true } } } })
        }
        6 => {
            json!({ "Type": "Parallel", "Next": next, "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": other }], "Branches": [
                { "StartAt": format!("F{at}"), "States": { format!("F{at}"): { "Type": "Fail", "Error": "E" } } }
            ]})
        }
        _ => json!({ "Type": "Succeed" }),
    }
}

/// What `S0` reaches: unreachable states are refused.
fn prune(states: &Map<String, Value>) -> Value {
    let (mut kept, mut open) = (Map::new(), vec!["S0".to_owned()]);
    while let Some(name) = open.pop() {
        if kept.contains_key(&name) {
            continue;
        }
        let state = &states[&name];
        for field in ["/Next", "/Default", "/Choices/0/Next", "/Catch/0/Next"] {
            open.extend(state.pointer(field).and_then(Value::as_str).map(str::to_owned));
        }
        kept.insert(name, state.clone());
    }
    json!({ "StartAt": "S0", "States": kept })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_takes_no_time_ends(drawn in vec((0..8_u8, any::<usize>(), any::<usize>()), 1..8), items in 0..9_usize) {
        let count = drawn.len();
        let states = drawn
            .iter()
            .enumerate()
            .map(|(at, (kind, next, other))| {
                (format!("S{at}"), state(at, *kind, &format!("S{}", next % count), &format!("S{}", other % count)))
            })
            .collect();
        let machine = Machine::parse(&prune(&states)).unwrap();
        let args = StartArgs {
            input: json!({ "list": vec![1; items] }),
            limits: Limits { history_events: LIMIT, ..Limits::default() },
            ..StartArgs::default()
        };
        let (execution, _) = Execution::start(&machine, args);
        prop_assert_ne!(execution.status(), Status::Running);
        // One state may still end, and the iterations of one Map begin.
        prop_assert!(execution.history().len() as u64 <= LIMIT + 40);
    }
}

#[test]
fn a_circle_ends_at_the_25_000_events_of_the_service() {
    let circle = json!({ "StartAt": "A", "States": {
        "A": { "Type": "Pass", "Next": "B" },
        "B": { "Type": "Choice", "Choices": [{ "Variable": "$.stop", "IsPresent": true, "Next": "C" }], "Default": "A" },
        "C": { "Type": "Succeed" }
    }});
    let machine = Machine::parse(&circle).unwrap();
    let (execution, _) = Execution::start(&machine, StartArgs { input: json!({}), ..StartArgs::default() });
    assert_eq!((execution.status(), execution.error()), (Status::Failed, Some("States.Runtime")));
    assert!(execution.cause().unwrap().contains("maximum number of history events"));
    assert!((25_000..25_010).contains(&execution.history().len()), "{}", execution.history().len());
}
