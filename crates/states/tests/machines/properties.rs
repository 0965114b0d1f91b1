//! What holds for any definition and any events: nothing panics, everything ends, the same seed gives the same run, and
//! an execution that was stored goes on like one that was not.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use serde_json::{Map, Value, json};
use states::{Command, Event, Execution, Limits, Machine, StartArgs, Status, TaskId, TimerId};

use crate::driver::START;

/// Any JSON, with the language's own words among the strings.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        words().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((words(), inner), 0..6)
                .prop_map(|fields| fields.into_iter().map(|(name, v)| (name.to_owned(), v)).collect()),
        ]
    })
}

fn words() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "StartAt",
            "States",
            "Type",
            "Pass",
            "Task",
            "Map",
            "Parallel",
            "Choice",
            "Wait",
            "Next",
            "End",
            "A",
            "B",
            "Branches",
            "ItemProcessor",
            "Choices",
            "Variable",
            "$",
            "$.a",
            "$.a[0]",
            "$$.Map",
            "And",
            "Not",
            "IsNull",
            "Retry",
            "Catch",
            "ErrorEquals",
            "States.ALL",
            "Parameters",
            "a.$",
            "States.Format('{}', $.a)",
            "ResultPath",
            "Seconds",
            "Timestamp",
            "2016-03-14T01:59:00Z",
            "Resource",
            "$.a[?(@.b == 'c')]",
            "$..*",
            "TimeoutSeconds",
            "Assign",
            "$x",
            "$x.a[0]",
            "States.Array($x, $y)",
        ][..],
    )
}

/// Paths and functions as people write them, and worse.
fn expression() -> impl Strategy<Value = Value> {
    select(
        &[
            "$",
            "$.a",
            "$.b.c",
            "$.a[0]",
            "$.a[-1]",
            "$.a[1:]",
            "$.a[*]",
            "$..c",
            "$.a[?(@.c > 1)]",
            "$$",
            "$$.State.Name",
            "$$.Execution.Input.a",
            "$$.Map.Item.Value",
            "$$.Map.Item.Index",
            "States.UUID()",
            "States.MathAdd($.n, 1)",
            "States.Array($, $.a)",
            "States.ArrayLength($.a)",
            "States.JsonToString($)",
            "States.Format('{}', $.n)",
            "States.ArrayRange(0, $.n, 1)",
            "States.MathRandom(0, $.n)",
            "States.ArrayGetItem($.a, 0)",
            "$x",
            "$x.a[0]",
            "$y[*]",
            "States.Array($x, $y)",
        ][..],
    )
    .prop_map(Value::from)
}

fn reference() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => select(&["$", "$.a", "$.b", "$.b.c", "$.n", "$.a[0]", "$.x.y.z"][..]).prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn path() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(json!("$")),
        2 => select(&["$.a", "$.b", "$.a[*]", "$..c", "$.n", "$$.Execution.Input", "$$", "$x", "$y.a"][..]).prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

const NAMES: [&str; 4] = ["A", "B", "C", "D"];

/// Fields that any state with a result may have, each there or not.
fn data_fields() -> impl Strategy<Value = Map<String, Value>> {
    let template = vec((select(&["a.$", "b.$", "n.$"][..]), expression()), 0..3)
        .prop_map(|fields| fields.into_iter().map(|(name, v)| (name.to_owned(), v)).collect::<Value>());
    let fields = (
        proptest::option::weighted(0.2, path()),
        proptest::option::weighted(0.2, path()),
        proptest::option::weighted(0.4, reference()),
        proptest::option::weighted(0.4, template),
    );
    fields.prop_map(|(input, output, result, template)| {
        [("InputPath", input), ("OutputPath", output), ("ResultPath", result), ("Parameters", template)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    })
}

fn errors() -> impl Strategy<Value = Value> {
    select(vec![json!(["E"]), json!(["States.ALL"]), json!(["States.TaskFailed"]), json!(["States.Timeout"])])
}

/// What a state of the outer flow may assign; `$x` and `$y` are there in every machine.
fn assign() -> impl Strategy<Value = Value> {
    vec((select(&["x.$", "y.$", "x", "y"][..]), expression()), 0..3)
        .prop_map(|fields| fields.into_iter().map(|(name, v)| (name.to_owned(), v)).collect())
}

/// Retry and Catch.
fn recovery() -> BoxedStrategy<Map<String, Value>> {
    let retry = (errors(), 0..4)
        .prop_map(|(e, n)| json!([{"ErrorEquals": e, "MaxAttempts": n, "JitterStrategy": "FULL"}]));
    let catch =
        (errors(), select(&NAMES[..]), reference(), assign()).prop_map(|(e, next, result, assign)| {
            json!([{"ErrorEquals": e, "Next": next, "ResultPath": result, "Assign": assign}])
        });
    let both = (proptest::option::of(retry), proptest::option::of(catch)).prop_map(|(retry, catch)| {
        [("Retry", retry), ("Catch", catch)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    });
    both.boxed()
}

/// One state; `inside` is a flow for its branches, with names of its own. Boxed, since four of them are a large value.
fn state(inside: Value) -> BoxedStrategy<Value> {
    let kinds = [
        json!({"Type": "Pass"}),
        json!({"Type": "Pass", "Result": {"a": [1, {"c": 2}], "n": 3}}),
        json!({"Type": "Task", "Resource": "r"}),
        json!({"Type": "Task", "Resource": "r", "TimeoutSeconds": 9, "HeartbeatSeconds": 2}),
        json!({"Type": "Task", "Resource": "x.waitForTaskToken"}),
        json!({"Type": "Wait", "Seconds": 3}),
        json!({"Type": "Wait", "SecondsPath": "$.n"}),
        json!({"Type": "Parallel", "Branches": [inside.clone()]}),
        json!({"Type": "Map", "ItemsPath": "$.a", "MaxConcurrency": 2, "ItemProcessor": inside.clone()}),
        json!({"Type": "Map", "ToleratedFailureCount": 1, "ItemProcessor": inside}),
        json!({"Type": "Succeed"}),
        json!({"Type": "Fail", "Error": "E"}),
        json!({"Type": "Choice"}),
    ];
    let flow = (select(&NAMES[..]), select(&NAMES[..]), any::<bool>());
    (select(kinds.to_vec()), data_fields(), recovery(), flow, proptest::option::weighted(0.4, assign()))
        .prop_map(|(mut state, data, recovery, (next, other, end), assign)| {
            let kind = state["Type"].as_str().unwrap().to_owned();
            let Value::Object(fields) = &mut state else { unreachable!() };
            if !["Succeed", "Fail"].contains(&kind.as_str()) {
                fields.extend(assign.clone().map(|assign| ("Assign".to_owned(), assign)));
            }
            match kind.as_str() {
                "Choice" => {
                    fields.insert(
                        "Choices".into(),
                        json!([{"Variable": "$.n", "NumericLessThan": 3, "Next": next, "Assign": {"y": 1}}]),
                    );
                    fields.insert("Default".into(), json!(other));
                }
                "Succeed" | "Fail" => {}
                _ => {
                    fields.insert(
                        if end { "End" } else { "Next" }.into(),
                        if end { json!(true) } else { json!(next) },
                    );
                    let works = ["Task", "Parallel", "Map"].contains(&kind.as_str());
                    let data =
                        data.into_iter().filter(|(name, _)| kind != "Wait" || name.ends_with("putPath"));
                    fields.extend(data);
                    fields.extend(recovery.into_iter().filter(|_| works));
                }
            }
            state
        })
        .boxed()
}

/// Keeps what `StartAt` reaches, so that most definitions are good.
fn prune(states: Map<String, Value>) -> Value {
    let mut kept = Map::new();
    let mut open = vec!["A".to_owned()];
    while let Some(name) = open.pop() {
        if kept.contains_key(&name) {
            continue;
        }
        let state = states[&name].clone();
        for field in ["/Next", "/Default", "/Choices/0/Next", "/Catch/0/Next"] {
            open.extend(state.pointer(field).and_then(Value::as_str).map(str::to_owned));
        }
        kept.insert(name, state);
    }
    json!({ "StartAt": "A", "States": kept })
}

fn definition() -> impl Strategy<Value = Value> {
    let inner = select(vec![
        json!({"StartAt": "I", "States": {"I": {"Type": "Task", "Resource": "i", "End": true}}}),
        json!({"StartAt": "I", "States": {"I": {"Type": "Task", "Resource": "i", "Assign": {"w.$": "$x"}, "Next": "J"},
                "J": {"Type": "Task", "Resource": "j", "Parameters": {"w.$": "$w"}, "End": true}}}),
        json!({"StartAt": "I", "States": {"I": {"Type": "Wait", "Seconds": 1, "Next": "J"},
                "J": {"Type": "Fail", "Error": "E"}}}),
        json!({"StartAt": "I", "States": {"I": {"Type": "Pass", "Parameters": {"v.$": "$$.Map.Item.Value"}, "End": true}}}),
        json!({"StartAt": "I", "States": {"I": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "K", "States": {"K": {"Type": "Task", "Resource": "k", "End": true}}},
            {"StartAt": "L", "States": {"L": {"Type": "Wait", "Seconds": 2, "End": true}}}
        ]}}}),
    ]);
    let states = inner.prop_flat_map(|inner| {
        // The inner names may stand in one state only: the others get a flow that is refused, or none is drawn.
        let plain = json!({"StartAt": "Z", "States": {"Z": {"Type": "Succeed"}}});
        let pass = json!({"StartAt": "Y", "States": {"Y": {"Type": "Pass", "End": true}}});
        let task = json!({"StartAt": "X", "States": {"X": {"Type": "Task", "Resource": "x", "End": true}}});
        (state(inner), state(plain), state(pass), state(task))
    });
    states.prop_map(|(a, b, c, d)| {
        let mut machine = prune(NAMES.iter().map(|name| (*name).to_owned()).zip([a, b, c, d]).collect());
        // One state that assigns both, so that every reference is to something.
        machine["States"]["First"] =
            json!({"Type": "Pass", "Assign": {"x": {"a": [1]}, "y.$": "$.a"}, "Next": "A"});
        machine["StartAt"] = json!("First");
        machine
    })
}

/// What happens next, as numbers from which an event is made once it is known what is alive.
fn moves() -> impl Strategy<Value = Vec<(u8, u8, Value)>> {
    let answers = select(vec![
        json!({}),
        json!({"a": [1, {"c": 5}], "n": 2}),
        json!([1, 2, 3]),
        json!(null),
        json!("x"),
    ]);
    vec((any::<u8>(), any::<u8>(), answers), 0..40)
}

fn event(exec: &Execution, kind: u8, which: u8, output: &Value) -> Event {
    let pending = exec.pending();
    let wild = u64::from(which);
    let chosen = pending.get(usize::from(which) % pending.len().max(1));
    let (task, timer) = match chosen {
        Some(Command::InvokeTask { task, .. }) => (*task, TimerId(wild)),
        Some(Command::SetTimer { timer, .. }) => (TaskId(wild), *timer),
        _ => (TaskId(wild), TimerId(wild)),
    };
    let is_timer = matches!(chosen, Some(Command::SetTimer { .. }));
    match kind {
        0..=2 => Event::Abort { error: "A".into(), cause: String::new() },
        3..=9 => Event::TaskSucceeded { task: TaskId(wild), output: output.clone() },
        10..=16 => Event::TimerFired { timer: TimerId(wild) },
        17..=30 => Event::Heartbeat { task },
        31..=90 if !is_timer => Event::TaskFailed { task, error: "E".into(), cause: "c".into() },
        _ if is_timer => Event::TimerFired { timer },
        _ => Event::TaskSucceeded { task, output: output.clone() },
    }
}

/// Runs `moves`; `stored` says whether the execution goes through JSON at every step.
fn run(machine: &Machine, moves: &[(u8, u8, Value)], stored: bool) -> (Execution, Vec<Command>) {
    let args = StartArgs {
        input: json!({"a": [1, {"c": 2}], "b": {"c": 3}, "n": 2}),
        at: START,
        seed: 9,
        limits: Limits { history_events: 500, payload_bytes: 4096, variables_bytes: 9000 },
        ..StartArgs::default()
    };
    let (mut exec, mut all) = Execution::start(machine, args);
    for (at, (kind, which, output)) in (START..).zip(moves) {
        let event = event(&exec, *kind, *which, output);
        let before = exec.clone();
        match exec.apply(machine, event, at * 2) {
            Ok(commands) => all.extend(commands),
            Err(_) => assert_eq!(json!(before), json!(exec), "an ignored event changed something"),
        }
        if stored {
            exec = serde_json::from_str(&serde_json::to_string(&exec).unwrap()).unwrap();
        }
    }
    (exec, all)
}

/// Commands balance: what was asked for and neither answered nor withdrawn is what is pending.
fn check(exec: &Execution, commands: &[Command]) {
    let ends = commands.iter().filter(|c| matches!(c, Command::Finished { .. })).count();
    assert_eq!(ends, usize::from(exec.status() != Status::Running));
    if ends == 1 {
        assert!(matches!(commands.last(), Some(Command::Finished { .. })));
        assert_eq!(exec.pending(), [commands.last().unwrap().clone()]);
        assert!(exec.active_states().is_empty());
    } else {
        assert!(!exec.pending().is_empty(), "it runs, and nothing can happen");
        assert!(exec.pending().iter().all(|command| commands.contains(command)));
    }
    let ids: Vec<u64> = exec.history().iter().map(|event| event.id).collect();
    assert!(ids.iter().copied().eq(1..=ids.len() as u64));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_definition_makes_the_parser_panic(definition in any_json()) {
        let _ = Machine::parse(&definition);
        let _ = Machine::parse(&json!({"StartAt": "A", "States": {"A": definition}}));
    }

    #[test]
    fn no_expression_makes_the_parser_panic(text in "[$@.\\[\\]()'{}\\\\a0-9?*=<&|!,: -]{0,40}", input in any_json()) {
        let state = json!({"Type": "Pass", "End": true, "InputPath": text, "Parameters": {"x.$": text}});
        if let Ok(machine) = Machine::parse(&json!({"StartAt": "A", "States": {"A": state}})) {
            let args = StartArgs { input, ..StartArgs::default() };
            let (exec, _) = Execution::start(&machine, args);
            prop_assert_ne!(exec.status(), Status::Running);
        }
    }

    #[test]
    fn any_machine_under_any_events(definition in definition(), moves in moves()) {
        let Ok(machine) = Machine::parse(&definition) else { return Ok(()) };
        let (exec, commands) = run(&machine, &moves, false);
        check(&exec, &commands);
        let (again, same) = run(&machine, &moves, true);
        prop_assert_eq!(commands, same);
        prop_assert_eq!(json!(exec), json!(again));
    }
}

#[test]
fn most_generated_definitions_are_good() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let good = (0..200)
        .filter(|_| Machine::parse(&definition().new_tree(&mut runner).unwrap().current()).is_ok())
        .count();
    assert!(good > 120, "{good} of 200");
}
