//! Definitions of state machines: read, and where they are sound, run.

use capstan_fuzz::Edits;
use capstan_tests::workspace;
use serde_json::{Value, json};
use states::{Command, Event, Execution, Limits, Machine, StartArgs};
use std::collections::BTreeMap;

thread_local! {
    static WHOLE: Vec<Value> = vec![
        workspace::json("statemachine/tier-transition.asl.json"),
        many_kinds(),
    ];
}

/// Every kind of state, every way of changing data.
fn many_kinds() -> Value {
    json!({
        "StartAt": "Make", "TimeoutSeconds": 600,
        "States": {
            "Make": {
                "Type": "Pass", "Parameters": {
                    "id.$": "States.UUID()", "list.$": "States.ArrayRange(1, 9, 2)", "text.$": "States.Format('{} is {}', $.a, $$.Execution.Name)",
                    "hash.$": "States.Hash($.a, 'SHA-256')", "part.$": "States.ArrayPartition($.list, 2)", "sum.$": "States.MathAdd(1, 2)"
                }, "ResultPath": "$.made", "Assign": {"sum.$": "$.sum", "name": "n", "all": [{"list.$": "$.list"}]}, "Next": "Choose"
            },
            "Choose": {
                "Type": "Choice", "Default": "Wait", "Choices": [
                    {"And": [{"Variable": "$.made.sum", "NumericGreaterThan": 3}, {"Not": {"Variable": "$.a", "IsNull": true}}], "Next": "Stop"},
                    {"Variable": "$.a", "StringMatches": "t*t", "Assign": {"name.$": "States.Format('{}{}', $name, $.a)"}, "Next": "Many"},
                    {"Variable": "$.at", "TimestampLessThan": "2026-01-01T00:00:00Z", "Next": "Wait"},
                    {"Variable": "$waited", "IsPresent": true, "Next": "Many"}
                ]
            },
            "Wait": {"Type": "Wait", "SecondsPath": "$.seconds", "Assign": {"waited.$": "$.seconds"}, "Next": "Many"},
            "Many": {
                "Type": "Map", "ItemsPath": "$.list", "MaxConcurrency": 2, "ItemSelector": {"item.$": "$$.Map.Item.Value", "name.$": "$name"},
                "ItemProcessor": {"StartAt": "Each", "States": {"Each": {
                    "Type": "Task", "Resource": "work", "TimeoutSeconds": 5, "HeartbeatSeconds": 2,
                    "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "BackoffRate": 2.0, "MaxAttempts": 2, "MaxDelaySeconds": 3}],
                    "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Assign": {"own.$": "$.Error"}, "Next": "Lost"}], "Assign": {"own.$": "$"}, "End": true
                }, "Lost": {"Type": "Succeed", "InputPath": "$own", "OutputPath": "$sum"}}},
                "ResultPath": "$.done", "Next": "Both"
            },
            "Both": {
                "Type": "Parallel", "ResultSelector": {"first.$": "$[0]", "lists.$": "$all[*].list[0]"}, "Assign": {"sum.$": "$[0][1].x"}, "End": true,
                "Branches": [
                    {"StartAt": "One", "States": {"One": {"Type": "Pass", "Result": [1, {"x": 2}], "End": true}}},
                    {"StartAt": "Two", "States": {"Two": {"Type": "Task", "Resource": "work", "InputPath": "$.list[1:2]", "End": true}}}
                ]
            },
            "Stop": {"Type": "Fail", "Error": "Stopped", "CausePath": "$name"}
        }
    })
}

pub(crate) fn spoiled(mut edits: Edits<'_>) {
    WHOLE.with(|whole| {
        let mut definition = whole[edits.below(whole.len())].clone();
        let mut input = json!({"a": "text", "list": [1, 2, 3], "seconds": 3, "at": "2025-01-01T00:00:00Z", "tenantId": "t", "transitionId": "x"});
        let times = edits.byte() % 4;
        for _ in 0..times {
            edits.document(&mut definition);
        }
        if edits.byte().is_multiple_of(2) {
            edits.document(&mut input);
        }
        super::in_time("a state machine", || match Machine::parse(&definition) {
            Ok(machine) => run(&machine, input, &mut edits),
            Err(problems) => {
                assert!(!problems.is_empty(), "what is refused is said to be: {definition}");
                assert!(problems.iter().all(|problem| !problem.to_string().is_empty()));
            }
        });
    });
}

/// Runs it for some steps, each task answered as the edits say; the execution is written and read on the way.
fn run(machine: &Machine, input: Value, edits: &mut Edits<'_>) {
    let limits = Limits { ..Limits::default() };
    let args = StartArgs { input, name: "one".to_owned(), seed: 5, limits, ..StartArgs::default() };
    let (mut execution, mut commands) = Execution::start(machine, args);
    let mut agenda: BTreeMap<(i64, usize), Event> = BTreeMap::new();
    let mut planned = 0;
    for step in 0..200_u32 {
        for command in commands {
            planned += 1;
            match command {
                Command::InvokeTask { task, input, .. } => {
                    let event = match edits.byte() % 5 {
                        0 => Event::TaskFailed { task, error: "Busy".to_owned(), cause: String::new() },
                        1 => Event::TaskFailed {
                            task,
                            error: edits.text("States.Timeout"),
                            cause: edits.text("{}"),
                        },
                        2 => Event::Heartbeat { task },
                        _ => {
                            let mut output = input;
                            if edits.more() {
                                edits.document(&mut output);
                            }
                            Event::TaskSucceeded { task, output }
                        }
                    };
                    agenda.insert((execution.now() + i64::from(edits.byte()) * 20, planned), event);
                }
                Command::SetTimer { timer, at } => {
                    drop(agenda.insert((at, planned), Event::TimerFired { timer }));
                }
                Command::CancelTask { .. } | Command::CancelTimer { .. } => {}
                Command::Finished { .. } => return,
            }
        }
        if step.is_multiple_of(8) {
            let written = serde_json::to_value(&execution).expect("it can be written");
            let read: Execution = serde_json::from_value(written.clone()).expect("it can be read");
            assert_eq!(serde_json::to_value(&read).expect("again"), written);
            execution = read;
        }
        let Some(((at, _), event)) = agenda.pop_first() else { return };
        commands = execution.apply(machine, event, at).unwrap_or_default();
    }
}
