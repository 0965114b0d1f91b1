//! Parallel and Map.

use serde_json::{Value, json};

use crate::driver::{Answer, Case, machine, ok, one, task};

fn branch(name: &str, state: Value) -> Value {
    json!({ "StartAt": name, "States": { name: state } })
}

fn parallel(name: &'static str, branches: &[Value], more: Value) -> Case {
    let mut state = more;
    state["Type"] = json!("Parallel");
    state["Branches"] = json!(branches);
    state["End"] = json!(true);
    machine(name, "S", json!({ "S": state }))
}

/// Two branches, `A` and `B`, calling `a` and `b`.
fn pair(name: &'static str, more: Value) -> Case {
    parallel(name, &[branch("A", task("a", json!({}))), branch("B", task("b", json!({})))], more)
}

fn map(name: &'static str, more: Value) -> Case {
    let mut state = more;
    state["Type"] = json!("Map");
    if state.get("ItemProcessor").is_none() && state.get("Iterator").is_none() {
        state["ItemProcessor"] = branch("I", task("i", json!({})));
    }
    one(name, state)
}

/// The specification's example.
#[test]
fn parallel_gathers_outputs_in_the_order_of_branches() {
    pair("math", json!({}))
        .input(json!([3, 2]))
        .answers("a", &[Answer::Late(5, json!(5))])
        .answers("b", &[ok(json!(1))])
        .succeeds(json!([5, 1]))
        .calling(&["A", "B"])
        .with(&[json!([3, 2]), json!([3, 2])])
        .at(&[0, 0])
        .after(5);
}

#[test]
fn parallel_processes_its_data() {
    pair(
        "data",
        json!({"InputPath": "$.in", "Parameters": {"p.$": "$.x"}, "ResultSelector": {"first.$": "$[0]"},
            "ResultPath": "$.out"}),
    )
    .input(json!({"in": {"x": 1}}))
    .answers("a", &[ok(json!("A"))])
    .succeeds(json!({"in": {"x": 1}, "out": {"first": "A"}}))
    .with(&[json!({"p": 1}), json!({"p": 1})]);
}

#[test]
fn a_failing_branch_cancels_its_siblings() {
    pair("siblings", json!({}))
        .answers("a", &[Answer::Late(9, json!(1))])
        .answers("b", &[Answer::LateFail(3, "Broken")])
        .fails("Broken")
        .after(3)
        .cancelling(&["A"]);
}

#[test]
fn a_fail_state_in_a_branch() {
    let fail = branch("F", json!({"Type": "Fail", "Error": "Stop", "Cause": "now"}));
    parallel("fail", &[branch("A", task("a", json!({}))), fail], json!({}))
        .answers("a", &[Answer::Never])
        .fails("Stop")
        .because("now")
        .cancelling(&["A"]);
}

#[test]
fn succeed_ends_its_branch_only() {
    parallel(
        "succeed",
        &[branch("A", json!({"Type": "Succeed"})), branch("B", task("b", json!({})))],
        json!({}),
    )
    .input(json!(1))
    .answers("b", &[Answer::Late(2, json!(2))])
    .succeeds(json!([1, 2]));
}

#[test]
fn parallel_retries_as_a_whole() {
    pair("retry", json!({"Retry": [{"ErrorEquals": ["States.BranchFailed"], "MaxAttempts": 1}]}))
        .answers("a", &[ok(json!("a1")), ok(json!("a2"))])
        .answers("b", &[Answer::Fail("E"), ok(json!("b2"))])
        .succeeds(json!(["a2", "b2"]))
        .calling(&["A", "B", "A", "B"])
        .at(&[0, 0, 1, 1]);
}

#[test]
fn parallel_catches_for_its_branches() {
    for name in ["E", "States.ALL", "States.TaskFailed", "States.BranchFailed"] {
        machine(
            "catch",
            "S",
            json!({
                "S": {"Type": "Parallel", "End": true,
                    "Branches": [branch("A", task("a", json!({}))), branch("B", task("b", json!({})))],
                    "Catch": [{"ErrorEquals": [name], "ResultPath": "$.e", "Next": "Z"}]},
                "Z": {"Type": "Succeed"}
            }),
        )
        .input(json!({"in": 1}))
        .answers("a", &[Answer::Never])
        .answers("b", &[Answer::Fail("E")])
        .succeeds(json!({"in": 1, "e": {"Error": "E", "Cause": "scripted"}}))
        .cancelling(&["A"]);
    }
}

#[test]
fn a_runtime_error_in_a_branch_is_not_caught() {
    let wrong = branch("A", json!({"Type": "Pass", "InputPath": "$.nothing", "End": true}));
    machine(
        "runtime",
        "S",
        json!({
            "S": {"Type": "Parallel", "End": true, "Branches": [wrong],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]},
            "Z": {"Type": "Succeed"}
        }),
    )
    .fails("States.Runtime");
}

#[test]
fn branches_go_their_own_ways() {
    let long = json!({"StartAt": "A1", "States": {
        "A1": task("a", json!({"Next": "A2"})),
        "A2": {"Type": "Wait", "Seconds": 5, "Next": "A3"},
        "A3": task("a", json!({}))
    }});
    parallel("long", &[long, branch("B", task("b", json!({})))], json!({}))
        .answers("b", &[Answer::Late(2, json!("b"))])
        .succeeds(json!([{}, "b"]))
        .calling(&["A1", "B", "A3"])
        .at(&[0, 0, 5]);
}

#[test]
fn nested_forks_are_cancelled_to_the_ground() {
    let inner = json!({"Type": "Parallel", "End": true, "Branches": [
        branch("D1", task("d", json!({}))),
        branch("D2", json!({"Type": "Wait", "Seconds": 99, "End": true}))
    ]});
    parallel("nested", &[branch("N", inner), branch("B", task("b", json!({})))], json!({}))
        .answers("d", &[Answer::Never])
        .answers("b", &[Answer::LateFail(1, "E")])
        .fails("E")
        .cancelling(&["D1"])
        .after(1);
}

/// The specification's example, with `Iterator` and `Parameters`.
#[test]
fn map_over_shipped_parcels() {
    map(
        "parcels",
        json!({
            "InputPath": "$.detail", "ItemsPath": "$.shipped", "MaxConcurrency": 0, "ResultPath": "$.detail.shipped",
            "Parameters": {"parcel.$": "$$.Map.Item.Value", "courier.$": "$.partner", "n.$": "$$.Map.Item.Index"},
            "Iterator": branch("V", task("i", json!({})))
        }),
    )
    .input(json!({"detail": {"partner": "UQS", "shipped": [{"prod": "R31"}, {"prod": "S39"}]}}))
    .answers("i", &[Answer::Late(2, json!("one")), ok(json!("two"))])
    .succeeds(json!({"detail": {"partner": "UQS", "shipped": ["one", "two"]}}))
    .with(&[
        json!({"parcel": {"prod": "R31"}, "courier": "UQS", "n": 0}),
        json!({"parcel": {"prod": "S39"}, "courier": "UQS", "n": 1}),
    ]);
}

#[test]
fn map_defaults_to_the_whole_input() {
    map("whole", json!({})).input(json!([1, null, "x"])).succeeds(json!([1, null, "x"])).with(&[
        json!(1),
        json!(null),
        json!("x"),
    ]);
    map("empty", json!({})).input(json!([])).succeeds(json!([])).calling(&[]);
    map("no array", json!({})).input(json!({})).fails("States.Runtime");
    map("missing", json!({"ItemsPath": "$.x"})).fails("States.Runtime");
}

#[test]
fn map_with_item_selector() {
    map(
        "selector",
        json!({"ItemsPath": "$.list", "ItemSelector": {"v.$": "$$.Map.Item.Value", "all.$": "$.tag"},
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "I",
                "States": {"I": {"Type": "Pass", "End": true}}}}),
    )
    .input(json!({"list": [1, 2], "tag": "t"}))
    .succeeds(json!([{"v": 1, "all": "t"}, {"v": 2, "all": "t"}]));
}

#[test]
fn map_runs_no_more_than_it_may() {
    let late = |n: i64| Answer::Late(n, json!(n));
    map("one by one", json!({"MaxConcurrency": 1}))
        .input(json!([0, 0, 0]))
        .answers("i", &[late(5), late(3), late(1)])
        .succeeds(json!([5, 3, 1]))
        .at(&[0, 5, 8])
        .after(9);
    map("two at once", json!({"MaxConcurrencyPath": "$.n", "ItemsPath": "$.l"}))
        .input(json!({"n": 2, "l": [0, 0, 0, 0]}))
        .answers("i", &[late(5), late(3), late(4), late(1)])
        .succeeds(json!([5, 3, 4, 1]))
        .at(&[0, 0, 3, 5])
        .after(7);
}

#[test]
fn a_failing_iteration_ends_the_map() {
    map("fails", json!({"MaxConcurrency": 2}))
        .input(json!([1, 2, 3]))
        .answers("i", &[Answer::Never, Answer::LateFail(2, "E")])
        .fails("E")
        .calling(&["I", "I"])
        .cancelling(&["I"]);
}

#[test]
fn map_retries_and_catches() {
    map("retry", json!({"Retry": [{"ErrorEquals": ["E"]}]}))
        .input(json!([1]))
        .answers("i", &[Answer::Fail("E"), ok(json!("ok"))])
        .succeeds(json!(["ok"]))
        .at(&[0, 1]);
}

#[test]
fn map_tolerates_failures() {
    let error = json!({"Error": "E", "Cause": "scripted"});
    let answers = [Answer::Fail("E"), ok(json!("ok")), ok(json!("ok"))];
    map("count", json!({"ToleratedFailureCount": 1}))
        .input(json!([1, 2, 3]))
        .answers("i", &answers)
        .succeeds(json!([error, "ok", "ok"]));
    map("percentage", json!({"ToleratedFailurePercentage": 33.4}))
        .input(json!([1, 2, 3]))
        .answers("i", &answers)
        .succeeds(json!([error, "ok", "ok"]));
    map("exceeded", json!({"ToleratedFailureCountPath": "$.n", "ItemsPath": "$.l"}))
        .input(json!({"n": 0, "l": [1, 2, 3]}))
        .answers("i", &answers)
        .fails("States.ExceedToleratedFailureThreshold");
    map("lower of both", json!({"ToleratedFailureCount": 2, "ToleratedFailurePercentagePath": "$[0]"}))
        .input(json!([30, 2, 3]))
        .answers("i", &answers)
        .fails("States.ExceedToleratedFailureThreshold");
}

#[test]
fn as_many_may_fail_as_the_percentage_says_to_the_item() {
    // 69 of 375 are 18.4 %, though 18.4 % of 375 are a hair less than 69 when they are multiplied.
    let items = json!((0..375).collect::<Vec<_>>());
    let answers = |failing: usize| -> Vec<Answer> {
        (0..375).map(|n| if n < failing { Answer::Fail("E") } else { ok(json!("ok")) }).collect()
    };
    let percentage = || map("percentage", json!({"ToleratedFailurePercentage": 18.4})).input(items.clone());
    let output: Vec<Value> = (0..375)
        .map(|n| if n < 69 { json!({"Error": "E", "Cause": "scripted"}) } else { json!("ok") })
        .collect();
    percentage().answers("i", &answers(69)).succeeds(json!(output));
    percentage().answers("i", &answers(70)).fails("States.ExceedToleratedFailureThreshold");
}

#[test]
fn an_item_selector_that_misses() {
    map("selector", json!({"ItemSelector": {"x.$": "$$.Map.Item.Value.x"}, "MaxConcurrency": 1}))
        .input(json!([{"x": 1}, {}]))
        .fails("States.ParameterPathFailure")
        .calling(&["I"]);
}

#[test]
fn a_map_in_a_map() {
    let inner = json!({"Type": "Map", "End": true, "ItemProcessor": branch("I", task("i", json!({})))});
    map("nested", json!({"ItemProcessor": branch("M", inner)}))
        .input(json!([[1, 2], [3], []]))
        .succeeds(json!([[1, 2], [3], []]))
        .with(&[json!(1), json!(2), json!(3)]);
}
