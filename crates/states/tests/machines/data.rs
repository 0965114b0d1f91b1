//! Paths, parameters, results: how data flows through states.

use serde_json::json;

use crate::driver::{machine, ok, one, task};

#[test]
fn pass_hands_its_input_on() {
    one("pass", json!({"Type": "Pass"})).input(json!({"a": 1})).succeeds(json!({"a": 1}));
}

#[test]
fn pass_result_replaces_the_input() {
    one("result", json!({"Type": "Pass", "Result": [1, null]}))
        .input(json!({"a": 1}))
        .succeeds(json!([1, null]));
}

/// The specification's example of the Pass state.
#[test]
fn pass_result_goes_where_result_path_says() {
    one(
        "coords",
        json!({"Type": "Pass", "Result": {"x-datum": 0.381018, "y-datum": 622.2269926397355}, "ResultPath": "$.coords"}),
    )
    .input(json!({"georefOf": "Home"}))
    .succeeds(json!({"georefOf": "Home", "coords": {"x-datum": 0.381018, "y-datum": 622.2269926397355}}));
}

#[test]
fn pass_without_result_copies_its_input_to_result_path() {
    one("copy", json!({"Type": "Pass", "InputPath": "$.a", "ResultPath": "$.b.c"}))
        .input(json!({"a": {"x": 1}}))
        .succeeds(json!({"a": {"x": 1}, "b": {"c": {"x": 1}}}));
}

#[test]
fn null_paths() {
    one("input null", json!({"Type": "Pass", "InputPath": null})).input(json!({"a": 1})).succeeds(json!({}));
    one("output null", json!({"Type": "Pass", "OutputPath": null}))
        .input(json!({"a": 1}))
        .succeeds(json!({}));
    one("result null", json!({"Type": "Pass", "Result": 5, "ResultPath": null}))
        .input(json!({"a": 1}))
        .succeeds(json!({"a": 1}));
}

/// The specification's example of a sum put beside its numbers.
#[test]
fn input_path_and_result_path_of_a_task() {
    one("sum", task("add", json!({"InputPath": "$.numbers", "ResultPath": "$.sum"})))
        .input(json!({"title": "Numbers to add", "numbers": {"val1": 3, "val2": 4}}))
        .answers("add", &[ok(json!(7))])
        .succeeds(json!({"title": "Numbers to add", "numbers": {"val1": 3, "val2": 4}, "sum": 7}))
        .with(&[json!({"val1": 3, "val2": 4})]);
}

#[test]
fn result_path_makes_intervening_objects() {
    one("greet", task("hi", json!({"ResultPath": "$.b.greeting"})))
        .input(json!({"a": 1}))
        .answers("hi", &[ok(json!("Hi!"))])
        .succeeds(json!({"a": 1, "b": {"greeting": "Hi!"}}));
}

#[test]
fn result_path_overwrites() {
    one("overwrite", task("sum", json!({"ResultPath": "$.master.detail"})))
        .input(json!({"master": {"detail": [1, 2, 3]}}))
        .answers("sum", &[ok(json!(6))])
        .succeeds(json!({"master": {"detail": 6}}));
}

#[test]
fn result_path_that_cannot_apply() {
    one("mismatch", json!({"Type": "Pass", "Result": 1, "ResultPath": "$.x"}))
        .input(json!("foo"))
        .fails("States.ResultPathMatchFailure");
}

/// The specification's example of a payload template.
#[test]
fn parameters_select_and_rename() {
    one(
        "parameters",
        task(
            "x",
            json!({"Parameters": {
                "flagged": true,
                "parts": {"first.$": "$.vals[0]", "last3.$": "$.vals[3:]"},
                "name.$": "$$.Execution.Name",
                "formatted.$": "States.Format('Run {}', $$.Execution.Name)"
            }}),
        ),
    )
    .input(json!({"flagged": 7, "vals": [0, 10, 20, 30, 40, 50]}))
    .answers("x", &[ok(json!(null))])
    .succeeds(json!(null))
    .with(&[json!({
        "flagged": true,
        "parts": {"first": 0, "last3": [30, 40, 50]},
        "name": "run-1",
        "formatted": "Run run-1"
    })]);
}

#[test]
fn templates_reach_into_arrays() {
    one("arrays", json!({"Type": "Pass", "Parameters": {"list": [{"x.$": "$.a"}, 2, [{"y.$": "$.a"}]]}}))
        .input(json!({"a": 1}))
        .succeeds(json!({"list": [{"x": 1}, 2, [{"y": 1}]]}));
}

#[test]
fn parameters_that_miss() {
    one("miss", json!({"Type": "Pass", "Parameters": {"x.$": "$.nothing"}}))
        .fails("States.ParameterPathFailure")
        .because("$.nothing");
    one("list", json!({"Type": "Pass", "Parameters": {"x.$": "$.a[?(@.b == 1)]"}}))
        .input(json!({"a": [{"b": 2}]}))
        .succeeds(json!({"x": []}));
}

#[test]
fn result_selector_reshapes_the_result_only() {
    one(
        "selector",
        task("r", json!({"ResultSelector": {"n.$": "$.Payload.n", "s": 1}, "ResultPath": "$.out"})),
    )
    .input(json!({"keep": true}))
    .answers("r", &[ok(json!({"Payload": {"n": 5}, "StatusCode": 200}))])
    .succeeds(json!({"keep": true, "out": {"n": 5, "s": 1}}));
}

#[test]
fn output_path_comes_last() {
    one("order", task("r", json!({"ResultPath": "$.r", "OutputPath": "$.r.x"})))
        .answers("r", &[ok(json!({"x": 9}))])
        .succeeds(json!(9));
}

#[test]
fn paths_of_many_values_make_arrays() {
    one("union", json!({"Type": "Pass", "InputPath": "$.a[0,1]"}))
        .input(json!({"a": [1, 2, 3, 4]}))
        .succeeds(json!([1, 2]));
    one("wildcard", json!({"Type": "Succeed", "OutputPath": "$.a[*].b"}))
        .input(json!({"a": [{"b": 1}, {"b": 2}]}))
        .succeeds(json!([1, 2]));
}

#[test]
fn input_and_output_paths_that_miss_are_runtime_errors() {
    one("input", json!({"Type": "Pass", "InputPath": "$.nothing"})).fails("States.Runtime");
    one("output", json!({"Type": "Succeed", "OutputPath": "$.nothing"})).fails("States.Runtime");
}

#[test]
fn the_context_object() {
    one(
        "context",
        json!({"Type": "Pass", "Parameters": {
            "id.$": "$$.Execution.Id",
            "input.$": "$$.Execution.Input.a",
            "start.$": "$$.Execution.StartTime",
            "role.$": "$$.Execution.RoleArn",
            "state.$": "$$.State.Name",
            "entered.$": "$$.State.EnteredTime",
            "retries.$": "$$.State.RetryCount",
            "machine.$": "$$.StateMachine.Id",
            "named.$": "$$.StateMachine.Name"
        }}),
    )
    .input(json!({"a": [1]}))
    .succeeds(json!({
        "id": "arn:run-1", "input": [1], "start": "2016-03-14T01:59:00.000Z", "role": "arn:role",
        "state": "S", "entered": "2016-03-14T01:59:00.000Z", "retries": 0,
        "machine": "arn:machine", "named": "machine"
    }));
}

#[test]
fn the_context_object_as_input_path() {
    one("whole", json!({"Type": "Pass", "InputPath": "$$.Execution.Input"}))
        .input(json!([1]))
        .succeeds(json!([1]));
}

#[test]
fn the_token_is_for_tasks_that_wait_for_it() {
    let parameters = json!({"Parameters": {"token.$": "$$.Task.Token"}});
    one("no token", task("plain", parameters.clone())).fails("States.ParameterPathFailure");
    let ended = one("token", task("arn:aws:states:::sqs:sendMessage.waitForTaskToken", parameters)).run();
    let token = ended.output_field("token");
    assert_eq!(token.len(), 32);
}

#[test]
fn data_passes_from_state_to_state() {
    machine(
        "chain",
        "A",
        json!({
            "A": task("a", json!({"ResultPath": "$.a", "Next": "B"})),
            "B": {"Type": "Pass", "Parameters": {"sum.$": "States.MathAdd($.a, 1)"}, "ResultPath": "$.b", "Next": "C"},
            "C": task("c", json!({"InputPath": "$.b", "ResultPath": null, "Next": "D"})),
            "D": {"Type": "Succeed", "OutputPath": "$.b"}
        }),
    )
    .answers("a", &[ok(json!(1))])
    .succeeds(json!({"sum": 2}))
    .calling(&["A", "C"])
    .with(&[json!({}), json!({"sum": 2})]);
}

#[test]
fn a_payload_over_the_limit() {
    let large = "x".repeat(256 * 1024);
    one("output", task("r", json!({}))).answers("r", &[ok(json!(large))]).fails("States.DataLimitExceeded");
    one("just below", task("r", json!({})))
        .answers("r", &[ok(json!(large[..large.len() - 2]))])
        .succeeds(json!(large[..large.len() - 2]));
    one("input", json!({"Type": "Pass"})).input(json!(large)).fails("States.DataLimitExceeded");
    let half = "y".repeat(150 * 1024);
    one("combined", json!({"Type": "Pass", "ResultPath": "$.again"}))
        .input(json!({"a": half}))
        .fails("States.DataLimitExceeded");
}

#[test]
fn without_input_there_is_an_empty_object() {
    let machine = json!({ "StartAt": "A", "States": { "A": { "Type": "Succeed" } } });
    let machine = states::Machine::parse(&machine).unwrap();
    let (execution, _) = states::Execution::start(&machine, states::StartArgs::default());
    assert_eq!(execution.output(), Some(&json!({})));
}
