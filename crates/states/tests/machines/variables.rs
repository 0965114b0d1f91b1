//! Variables: where they may be read and set, what they hold when, and what is left of them in a stored execution.

use serde_json::{Value, json};
use states::{Command, Event, Execution, HistoryKind, Limits, Machine, Problem, StartArgs, Status};

use crate::driver::{Answer, machine, task};

/// The problems of a machine of these states, of which `A` is the first.
fn problems(states: Value) -> Vec<String> {
    let parsed = Machine::parse(&json!({ "StartAt": "A", "States": states }));
    parsed.err().unwrap_or_default().iter().map(Problem::to_string).collect()
}

/// `A` assigns `x` and is followed by this state `B`.
fn after(state: Value) -> Vec<String> {
    problems(json!({"A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"}, "B": state}))
}

fn flow(name: &str, state: Value) -> Value {
    json!({"StartAt": name, "States": {name: state}})
}

#[test]
fn names_that_are_none() {
    for (name, says) in [
        ("x.y", "'x.y' is not a variable's name"),
        ("x[2]", "not a variable's name"),
        ("_x", "not a variable's name"),
        ("2x", "not a variable's name"),
        ("", "not a variable's name"),
        ("states", "'states' is reserved"),
        ("states.$", "'states' is reserved"),
    ] {
        let found = problems(json!({"A": {"Type": "Pass", "Assign": {name: "$"}, "End": true}}));
        let place = format!("$.States.A.Assign.{name}: ");
        assert!(found.len() == 1 && found[0].starts_with(&place) && found[0].contains(says), "{found:?}");
    }
    let long = "x".repeat(81);
    assert!(
        problems(json!({"A": {"Type": "Wait", "Seconds": 1, "Assign": {long: 1}, "End": true}}))[0]
            .contains("80")
    );
    for assign in [json!(7), json!([]), json!(null), json!("x")] {
        let found = problems(json!({"A": {"Type": "Pass", "Assign": assign, "End": true}}));
        assert_eq!(found, ["$.States.A.Assign: must be an object"]);
    }
    let twice = problems(json!({"A": {"Type": "Pass", "Assign": {"x": 1, "x.$": "$"}, "End": true}}));
    assert!(twice[0].starts_with("$.States.A.Assign.x.$: 'x' is there twice"), "{twice:?}");
}

#[test]
fn where_assign_may_not_stand() {
    for (state, place) in [
        (json!({"Type": "Succeed", "Assign": {"y": 1}}), "$.States.B.Assign: is not a field"),
        (json!({"Type": "Fail", "Assign": {"y": 1}}), "$.States.B.Assign: is not a field"),
        (
            json!({"Type": "Task", "Resource": "r", "End": true, "Retry": [{"ErrorEquals": ["E"], "Assign": {"y": 1}}]}),
            "$.States.B.Retry[0].Assign: is not a field",
        ),
        (
            json!({"Type": "Choice", "Choices": [{"Next": "A", "Not": {"Variable": "$x", "IsNull": true, "Assign": {"y": 1}}}]}),
            "$.States.B.Choices[0].Not.Assign: may stand in a top-level rule only",
        ),
    ] {
        let found = after(state.clone());
        assert!(found.len() == 1 && found[0].starts_with(place), "{state}: {found:?}");
    }
}

/// Every field that takes a path takes `$x`, and names `$z`, which nothing assigns, with its place.
#[test]
fn references_everywhere() {
    let task = |more: Value| task("r", more);
    let map = |mut more: Value| {
        more["Type"] = json!("Map");
        more["End"] = json!(true);
        more["ItemProcessor"] = flow("I", json!({"Type": "Pass", "End": true}));
        more
    };
    let choice = |rule: Value| json!({"Type": "Choice", "Choices": [rule]});
    for (state, place) in [
        (task(json!({"InputPath": "$z"})), "InputPath"),
        (task(json!({"OutputPath": "$z.a"})), "OutputPath"),
        (task(json!({"Parameters": {"a": [{"b.$": "$z"}]}})), "Parameters.a[0].b.$"),
        (task(json!({"Parameters": {"a.$": "States.Array(1, States.Array($z[0]))"}})), "Parameters.a.$"),
        (task(json!({"ResultSelector": {"a.$": "$z..b"}})), "ResultSelector.a.$"),
        (task(json!({"TimeoutSecondsPath": "$z"})), "TimeoutSecondsPath"),
        (task(json!({"HeartbeatSecondsPath": "$z"})), "HeartbeatSecondsPath"),
        (task(json!({"Assign": {"y": {"a.$": "$z"}}})), "Assign.y.a.$"),
        (
            task(json!({"Catch": [{"ErrorEquals": ["E"], "Next": "A", "Assign": {"y.$": "$z"}}]})),
            "Catch[0].Assign.y.$",
        ),
        (json!({"Type": "Wait", "SecondsPath": "$z", "End": true}), "SecondsPath"),
        (json!({"Type": "Wait", "TimestampPath": "$z", "End": true}), "TimestampPath"),
        (json!({"Type": "Fail", "ErrorPath": "$z"}), "ErrorPath"),
        (json!({"Type": "Fail", "CausePath": "States.Format('{}', $z)"}), "CausePath"),
        (json!({"Type": "Succeed", "InputPath": "$z"}), "InputPath"),
        (map(json!({"ItemsPath": "$z"})), "ItemsPath"),
        (map(json!({"ItemSelector": {"a.$": "$z"}})), "ItemSelector.a.$"),
        (map(json!({"MaxConcurrencyPath": "$z"})), "MaxConcurrencyPath"),
        (map(json!({"ToleratedFailureCountPath": "$z"})), "ToleratedFailureCountPath"),
        (map(json!({"ToleratedFailurePercentagePath": "$z"})), "ToleratedFailurePercentagePath"),
        (choice(json!({"Variable": "$z", "IsPresent": true, "Next": "A"})), "Choices[0].Variable"),
        (
            choice(json!({"Variable": "$x", "NumericEqualsPath": "$z", "Next": "A"})),
            "Choices[0].NumericEqualsPath",
        ),
        (
            choice(json!({"Variable": "$x", "IsNull": true, "Next": "A", "Assign": {"y.$": "$z"}})),
            "Choices[0].Assign.y.$",
        ),
    ] {
        let expected = format!("$.States.B.{place}: '$z' is assigned by no state here or further out");
        assert_eq!(after(state.clone()), [expected], "{state}");
        let known = state.to_string().replace("$z", "$x");
        assert_eq!(after(serde_json::from_str(&known).unwrap()), Vec::<String>::new(), "{known}");
    }
    let reserved = after(json!({"Type": "Pass", "InputPath": "$states.input", "End": true}));
    assert_eq!(reserved, ["$.States.B.InputPath: '$states' is reserved, and belongs to JSONata"]);
    let into = after(json!({"Type": "Pass", "ResultPath": "$x", "End": true}));
    assert_eq!(into, ["$.States.B.ResultPath: can't write into a variable: only Assign can"]);
}

#[test]
fn scopes() {
    let branches = |one: Value, other: Value| {
        after(json!({"Type": "Parallel", "End": true, "Branches": [flow("I", one), flow("J", other)]}))
    };
    let sets = json!({"Type": "Pass", "Assign": {"y.$": "$x"}, "End": true});
    let reads = json!({"Type": "Pass", "InputPath": "$y", "End": true});
    // The same name in two branches is two variables.
    assert_eq!(branches(sets.clone(), sets.clone()), Vec::<String>::new());
    assert_eq!(
        branches(sets.clone(), reads.clone()),
        ["$.States.B.Branches[1].States.J.InputPath: '$y' is assigned by no state here or further out"]
    );
    let shadows = json!({"Type": "Wait", "Seconds": 1, "Assign": {"x.$": "$"}, "End": true});
    assert_eq!(
        branches(sets.clone(), shadows),
        [
            "$.States.B.Branches[1].States.J.Assign.x.$: 'x' is a variable of an outer scope, assigned in $.States.A.Assign.x"
        ]
    );
    // Outer scopes don't see inner variables, also when the branches are over.
    let out = after(json!({"Type": "Map", "InputPath": "$y", "End": true, "ItemProcessor": flow("I", sets)}));
    assert_eq!(out, ["$.States.B.InputPath: '$y' is assigned by no state here or further out"]);
    // A catcher's Assign is in the scope of its state, a choice rule's too.
    let caught = json!({"Type": "Parallel", "End": true, "Branches": [flow("I", json!({"Type": "Fail"}))],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {"y": 1}, "Next": "C"}]});
    assert_eq!(
        problems(json!({"A": caught, "C": {"Type": "Pass", "InputPath": "$y", "End": true}})),
        Vec::<String>::new()
    );
}

/// The error of a reference without a value depends on where it stands, as that of any path does.
#[test]
fn variables_without_a_value() {
    let late = json!({"Type": "Pass", "Assign": {"late": 1}, "End": true});
    let run = |name, state: Value| {
        machine(
            name,
            "A",
            json!({"A": state, "Z": late, "C": {"Type": "Pass", "Result": "caught", "Next": "Z"}}),
        )
    };
    let catch = json!([{"ErrorEquals": ["States.ParameterPathFailure"], "Next": "C"}]);
    let template =
        json!({"Type": "Task", "Resource": "r", "Parameters": {"a.$": "$late"}, "Next": "Z", "Catch": catch});
    run("in a template", template).succeeds(json!("caught"));
    let assign =
        json!({"Type": "Task", "Resource": "r", "Assign": {"own.$": "$late"}, "Next": "Z", "Catch": catch});
    run("in Assign", assign).succeeds(json!("caught")).calling(&["A"]);
    let path = json!({"Type": "Task", "Resource": "r", "InputPath": "$late", "Next": "Z",
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}]});
    run("in a path", path).fails("States.Runtime").because("$late");
    let function = json!({"Type": "Task", "Resource": "r", "Parameters": {"a.$": "States.Array($late)"}, "Next": "Z",
        "Catch": [{"ErrorEquals": ["States.IntrinsicFailure"], "Next": "C"}]});
    run("in a function", function).succeeds(json!("caught"));
}

/// A state that fails assigns nothing, whether `Assign` fails or what comes after it, and a retry begins with the
/// values that were there.
#[test]
fn failures_assign_nothing() {
    let states = |more: Value| {
        let mut work = json!({"Type": "Task", "Resource": "r", "Next": "Out",
            "Assign": {"n.$": "States.MathAdd($n, 1)", "was.$": "$"}});
        work.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({
            "A": {"Type": "Pass", "Assign": {"n": 0, "was": "nothing"}, "Next": "Work"},
            "Work": work,
            "Out": {"Type": "Pass", "Parameters": {"n.$": "$n", "was.$": "$was"}, "End": true}
        })
    };
    // The first answer can't be placed, the second can.
    let retry = json!({"ResultSelector": {"v.$": "$.v"}, "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]});
    let answers = [Answer::Ok(json!({"w": 1})), Answer::Ok(json!({"v": 2}))];
    machine("retried", "A", states(retry))
        .answers("r", &answers)
        .succeeds(json!({"n": 1, "was": {"v": 2}}))
        .calling(&["Work", "Work"]);
    let caught =
        json!({"ResultSelector": {"v.$": "$.v"}, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Out"}]});
    machine("caught", "A", states(caught)).answers("r", &answers).succeeds(json!({"n": 0, "was": "nothing"}));
    let instead = json!({"Catch": [{"ErrorEquals": ["E"], "Assign": {"was.$": "$.Error"}, "Next": "Out"}]});
    machine("assigned by the catcher instead", "A", states(instead))
        .answers("r", &[Answer::Fail("E")])
        .succeeds(json!({"n": 0, "was": "E"}));
    // What a failed attempt had come to is not set by whoever leaves its state next.
    let branches = json!({
        "A": {"Type": "Pass", "Assign": {"n": 0}, "Next": "P"},
        "P": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "W", "States": {"W": {"Type": "Task", "Resource": "r", "Assign": {"y": 1}, "End": true,
                "ResultSelector": {"v.$": "$.v"}, "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]}}},
            {"StartAt": "I", "States": {"I": {"Type": "Task", "Resource": "s", "Next": "J"},
                "J": {"Type": "Choice", "Default": "K", "Choices": [{"Variable": "$y", "IsPresent": true, "Next": "L"}]},
                "K": {"Type": "Pass", "Result": "absent", "End": true},
                "L": {"Type": "Pass", "Assign": {"y": 0}, "End": true}}}
        ]}
    });
    machine("beside", "A", branches).answers("r", &answers).succeeds(json!([{"v": 2}, "absent"]));
}

fn start(definition: Value, limits: Limits, record_data: bool) -> (Machine, Execution, Vec<Command>) {
    let machine = Machine::parse(&definition).unwrap();
    let args = StartArgs { limits, record_data, ..StartArgs::default() };
    let (execution, commands) = Execution::start(&machine, args);
    (machine, execution, commands)
}

#[test]
fn limits() {
    let text = |length: usize| json!("x".repeat(length - 2));
    let run = |assigns: &[Value], caught: &str| {
        let mut states = json!({"Z": {"Type": "Succeed"}});
        for (at, assign) in assigns.iter().enumerate() {
            let next = if at + 1 == assigns.len() { "Z".to_owned() } else { format!("S{}", at + 1) };
            states[format!("S{at}")] = json!({"Type": "Parallel", "ResultPath": null, "Assign": assign, "Next": next,
                "Branches": [flow(&format!("I{at}"), json!({"Type": "Succeed"}))],
                "Catch": [{"ErrorEquals": [caught], "Assign": {"small": 1}, "Next": "Z"}]});
        }
        let (_, execution, _) = start(json!({"StartAt": "S0", "States": states}), Limits::default(), false);
        (execution.status(), execution.error().map(str::to_owned))
    };
    let kib = 1024;
    let exceeded = (Status::Failed, Some("States.DataLimitExceeded".to_owned()));
    let good = (Status::Succeeded, None);
    // One variable, and one Assign.
    assert_eq!(run(&[json!({"x": text(256 * kib)})], "E"), good);
    assert_eq!(run(&[json!({"x": text(256 * kib + 1)})], "E"), exceeded);
    assert_eq!(run(&[json!({"x": text(128 * kib), "y": text(128 * kib)})], "E"), good);
    assert_eq!(run(&[json!({"x": text(128 * kib), "y": text(128 * kib + 1)})], "E"), exceeded);
    // Caught by its name only.
    assert_eq!(run(&[json!({"x": text(256 * kib + 1)})], "States.ALL"), exceeded);
    assert_eq!(run(&[json!({"x": text(256 * kib + 1)})], "States.DataLimitExceeded"), good);
    // All together: 40 of 256 KiB fit; the same ones again replace them.
    let mut many: Vec<Value> = (0..40).map(|n| json!({format!("x{n}"): text(256 * kib)})).collect();
    many.extend(many.clone());
    assert_eq!(run(&many, "E"), good);
    many.push(json!({"more": 1}));
    assert_eq!(run(&many, "E"), exceeded);
}

/// What branches hold counts while they run, and no longer.
#[test]
fn variables_of_branches_make_room_again() {
    let inner = json!({"StartAt": "I", "States": {
        "I": {"Type": "Pass", "Assign": {"y.$": "$"}, "Next": "J"},
        "J": {"Type": "Task", "Resource": "r", "End": true}
    }});
    let map = |concurrency: i32| {
        json!({"StartAt": "M", "States": {"M": {"Type": "Map", "MaxConcurrency": concurrency, "ItemProcessor": inner, "Next": "After"},
            "After": {"Type": "Pass", "Assign": {"y2": "12345678901234567890123456"}, "End": true}}})
    };
    let run = |concurrency: i32| {
        let machine = Machine::parse(&map(concurrency)).unwrap();
        let limits = Limits { variables_bytes: 30, ..Limits::default() };
        let args = StartArgs { input: json!(["123456789012", "b", "cc"]), limits, ..StartArgs::default() };
        let (mut execution, _) = Execution::start(&machine, args);
        while let Some(Command::InvokeTask { task, .. }) = execution.pending().first() {
            let event = Event::TaskSucceeded { task: *task, output: json!(1) };
            execution.apply(&machine, event, 0).unwrap();
        }
        let stored = json!(execution);
        (execution.status(), execution.error().map(str::to_owned), stored.get("variables").cloned())
    };
    let whole = json!(["123456789012", "b", "cc"]).to_string().len();
    assert!(whole <= 30);
    for concurrency in [0, 1, 2] {
        assert_eq!(run(concurrency), (Status::Succeeded, None, None), "{concurrency}");
    }
}

/// A crash between any two events loses no variable: the execution is read back from what was stored, and an
/// execution stored before there were variables is read as ever.
#[test]
fn stored_executions() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"x": {"a": [1, 2.5, null]}}, "Next": "M"},
        "M": {"Type": "Map", "ItemsPath": "$x.a", "Next": "Out", "ItemProcessor": {"StartAt": "I", "States": {
            "I": {"Type": "Task", "Resource": "r", "Assign": {"y.$": "$"}, "Next": "J"},
            "J": {"Type": "Wait", "Seconds": 1, "Next": "K"},
            "K": {"Type": "Pass", "Parameters": {"x.$": "$x.a[0]", "y.$": "$y"}, "End": true}
        }}},
        "Out": {"Type": "Pass", "Parameters": {"all.$": "$", "x.$": "$x"}, "End": true}
    }});
    let (machine, mut execution, _) = start(definition.clone(), Limits::default(), false);
    let mut held = vec![];
    for at in 0.. {
        let stored = serde_json::to_string(&execution).unwrap();
        held.push(json!(execution)["variables"]["scopes"].as_object().map_or(0, serde_json::Map::len));
        let machine = Machine::parse(&definition).unwrap();
        execution = serde_json::from_str(&stored).unwrap();
        let event = match execution.pending().remove(0) {
            Command::InvokeTask { task, input, .. } => Event::TaskSucceeded { task, output: json!([input]) },
            Command::SetTimer { timer, .. } => Event::TimerFired { timer },
            _ => break,
        };
        execution.apply(&machine, event, at).unwrap();
    }
    assert_eq!(
        execution.output(),
        Some(&json!({"x": {"a": [1, 2.5, null]}, "all": [
            {"x": 1, "y": [1]}, {"x": 1, "y": [2.5]}, {"x": 1, "y": [null]}
        ]}))
    );
    // The machine's scope, and one more for each iteration that has assigned and is not over.
    assert_eq!(held, [1, 2, 3, 4, 3, 2, 0]);
    drop(machine);

    let plain = json!({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "r", "End": true}}});
    let (machine, execution, _) = start(plain, Limits::default(), false);
    let stored = json!(execution);
    assert!(stored.get("variables").is_none() && stored["branches"]["0"].get("outer").is_none());
    assert!(stored["limits"].get("variables_bytes").is_none());
    let mut old: Execution = serde_json::from_value(stored).unwrap();
    let Some(Command::InvokeTask { task, .. }) = old.pending().pop() else { panic!("a task") };
    old.apply(&machine, Event::TaskSucceeded { task, output: json!(1) }, 0).unwrap();
    assert_eq!(old.output(), Some(&json!(1)));
}

#[test]
fn the_history_tells_what_was_assigned() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"x": 1, "of.$": "$$.State.Name"}, "Next": "B"},
        "B": {"Type": "Pass", "End": true}
    }});
    let exits = |record_data: bool| -> Vec<Value> {
        let (_, execution, _) = start(definition.clone(), Limits::default(), record_data);
        let exited = execution.history().iter().filter(|event| event.kind == HistoryKind::StateExited);
        exited.map(|event| event.detail.clone()).collect()
    };
    assert_eq!(
        exits(true),
        [json!({"output": {}, "assignedVariables": {"x": 1, "of": "A"}}), json!({"output": {}})]
    );
    assert_eq!(exits(false), [Value::Null, Value::Null]);
}
