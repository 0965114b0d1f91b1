//! Retry, Catch, Fail and the predefined errors.

use serde_json::{Value, json};

use crate::driver::{Answer, Case, machine, ok, one, task};

const FAIL: fn(&'static str) -> Answer = Answer::Fail;

/// `S` calls `r`; whatever it catches goes to `Z`, which passes it on.
fn caught(name: &'static str, catch: Value, more: Value) -> Case {
    let mut state = more;
    state["Catch"] = json!([catch]);
    machine(name, "S", json!({ "S": task("r", state), "Z": {"Type": "Succeed"} }))
}

#[test]
fn fail_ends_the_machine() {
    one("fail", json!({"Type": "Fail", "Error": "ErrorA", "Cause": "Kaiju attack"}))
        .fails("ErrorA")
        .because("Kaiju attack");
    one("by path", json!({"Type": "Fail", "ErrorPath": "$.e", "CausePath": "$.c"}))
        .input(json!({"e": "E", "c": "C"}))
        .fails("E")
        .because("C");
    one(
        "by function",
        json!({"Type": "Fail", "ErrorPath": "States.Format('E{}', $.n)", "CausePath": "States.JsonToString($.d)"}),
    )
    .input(json!({"n": 7, "d": [1]}))
    .fails("E7")
    .because("[1]");
    one("no text", json!({"Type": "Fail", "ErrorPath": "$.e"}))
        .input(json!({"e": 1}))
        .fails("States.Runtime");
}

#[test]
fn an_error_nobody_catches_ends_the_machine() {
    one("plain", task("r", json!({}))).answers("r", &[FAIL("Custom")]).fails("Custom").because("scripted");
}

#[test]
fn retries_at_growing_intervals() {
    one(
        "the specification's 3 and 4.5 seconds",
        task(
            "r",
            json!({"Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 3, "MaxAttempts": 2, "BackoffRate": 1.5}]}),
        ),
    )
    .answers("r", &[FAIL("E"), FAIL("E"), ok(json!(1))])
    .succeeds(json!(1))
    .at(&[0, 3, 7]);
}

#[test]
fn retry_defaults() {
    one("1, 2 and 4 seconds", task("r", json!({"Retry": [{"ErrorEquals": ["States.ALL"]}]})))
        .answers("r", &[FAIL("E"), FAIL("E"), FAIL("E"), FAIL("E")])
        .fails("E")
        .at(&[0, 1, 3, 7]);
}

#[test]
fn the_longest_delay() {
    one(
        "capped",
        task(
            "r",
            json!({"Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 3, "MaxAttempts": 4, "MaxDelaySeconds": 7}]}),
        ),
    )
    .answers("r", &[FAIL("E"), FAIL("E"), FAIL("E"), ok(json!(1))])
    .succeeds(json!(1))
    .at(&[0, 3, 9, 16]);
}

#[test]
fn full_jitter_stays_within_the_delay() {
    let retry = json!([{"ErrorEquals": ["E"], "IntervalSeconds": 100, "BackoffRate": 1.0, "MaxAttempts": 20,
        "JitterStrategy": "FULL"}]);
    let fails = vec![FAIL("E"); 20];
    let ended = one("jitter", task("r", json!({ "Retry": retry }))).answers("r", &fails).succeeds(json!({}));
    let at = ended.times();
    let pauses: Vec<_> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.iter().all(|pause| (0..=100).contains(pause)), "{pauses:?}");
    assert!(pauses.iter().any(|pause| *pause < 50) && pauses.iter().any(|pause| *pause > 50), "{pauses:?}");
}

/// The specification's complex scenario: A, B, C, and then B finds its retrier used up.
#[test]
fn each_retrier_counts_for_itself() {
    machine(
        "complex",
        "X",
        json!({
            "X": task("r", json!({
                "Next": "Y",
                "Retry": [
                    {"ErrorEquals": ["ErrorA", "ErrorB"], "IntervalSeconds": 1, "BackoffRate": 2, "MaxAttempts": 2},
                    {"ErrorEquals": ["ErrorC"], "IntervalSeconds": 5}
                ],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]
            })),
            "Y": {"Type": "Fail", "Error": "Unexpected"},
            "Z": {"Type": "Succeed"}
        }),
    )
    .answers("r", &[FAIL("ErrorA"), FAIL("ErrorB"), FAIL("ErrorC"), FAIL("ErrorB")])
    .succeeds(json!({"Error": "ErrorB", "Cause": "scripted"}))
    .at(&[0, 1, 3, 8]);
}

#[test]
fn retries_are_counted_anew_on_the_next_visit() {
    machine(
        "loop",
        "S",
        json!({
            "S": task("r", json!({
                "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}],
                "Catch": [{"ErrorEquals": ["E"], "Next": "S"}]
            }))
        }),
    )
    .answers("r", &[FAIL("E"), FAIL("E"), FAIL("E"), ok(json!("done"))])
    .succeeds(json!("done"))
    .at(&[0, 1, 1, 2]);
}

#[test]
fn zero_attempts_means_never() {
    one(
        "all but timeouts",
        task(
            "r",
            json!({"TimeoutSeconds": 2, "Retry": [
                {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 0},
                {"ErrorEquals": ["States.ALL"]}
            ]}),
        ),
    )
    .answers("r", &[FAIL("E"), Answer::Never])
    .fails("States.Timeout")
    .at(&[0, 1])
    .after(3);
}

#[test]
fn a_retry_evaluates_its_parameters_again() {
    one(
        "retry count",
        task(
            "r",
            json!({"Parameters": {"n.$": "$$.State.RetryCount"}, "Retry": [{"ErrorEquals": ["States.TaskFailed"]}]}),
        ),
    )
    .answers("r", &[FAIL("E"), FAIL("E")])
    .succeeds(json!({"n": 2}))
    .with(&[json!({"n": 0}), json!({"n": 1}), json!({"n": 2})]);
}

#[test]
fn the_retry_count_belongs_to_one_visit() {
    machine(
        "count",
        "S",
        json!({
            "S": task("r", json!({"Retry": [{"ErrorEquals": ["E"]}], "Next": "T"})),
            "T": task("t", json!({"Parameters": {"n.$": "$$.State.RetryCount"}}))
        }),
    )
    .answers("r", &[FAIL("E")])
    .succeeds(json!({"n": 0}));
}

#[test]
fn catch_puts_the_error_where_it_is_told() {
    let error = json!({"Error": "E", "Cause": "scripted"});
    for (name, catch, output) in [
        ("whole", json!({"ErrorEquals": ["E"], "Next": "Z"}), error.clone()),
        (
            "path",
            json!({"ErrorEquals": ["E"], "ResultPath": "$.error-info", "Next": "Z"}),
            json!({"a": 1, "error-info": error}),
        ),
        ("null", json!({"ErrorEquals": ["E"], "ResultPath": null, "Next": "Z"}), json!({"a": 1})),
    ] {
        caught(name, catch, json!({"InputPath": "$.a", "ResultPath": "$.r"}))
            .input(json!({"a": 1}))
            .answers("r", &[FAIL("E")])
            .succeeds(output);
    }
}

#[test]
fn the_first_catcher_that_matches() {
    machine(
        "first",
        "S",
        json!({
            "S": task("r", json!({"Catch": [
                {"ErrorEquals": ["A"], "Next": "CA"},
                {"ErrorEquals": ["B", "C"], "Next": "CB"},
                {"ErrorEquals": ["States.ALL"], "Next": "CAll"}
            ]})),
            "CA": {"Type": "Pass", "Result": "A", "End": true},
            "CB": {"Type": "Pass", "Result": "B", "End": true},
            "CAll": {"Type": "Pass", "Result": "all", "End": true}
        }),
    )
    .answers("r", &[FAIL("C")])
    .succeeds(json!("B"));
}

#[test]
fn catchers_that_do_not_match() {
    caught("other name", json!({"ErrorEquals": ["F"], "Next": "Z"}), json!({}))
        .answers("r", &[FAIL("E")])
        .fails("E");
    caught(
        "task failed is no timeout",
        json!({"ErrorEquals": ["States.TaskFailed"], "Next": "Z"}),
        json!({"TimeoutSeconds": 1}),
    )
    .answers("r", &[Answer::Never])
    .fails("States.Timeout");
}

#[test]
fn what_states_all_and_its_kin_match() {
    for (name, error, caught_as) in [
        ("any", "Custom", "States.ALL"),
        ("task failed", "Custom", "States.TaskFailed"),
        ("permissions", "States.Permissions", "States.ALL"),
        ("data limit by name", "States.DataLimitExceeded", "States.DataLimitExceeded"),
        ("heartbeat by name", "States.HeartbeatTimeout", "States.HeartbeatTimeout"),
    ] {
        caught(name, json!({"ErrorEquals": [caught_as], "Next": "Z"}), json!({}))
            .answers("r", &[FAIL(error)])
            .succeeds(json!({"Error": error, "Cause": "scripted"}));
    }
    for error in ["States.Runtime", "States.DataLimitExceeded"] {
        caught("terminal", json!({"ErrorEquals": ["States.ALL"], "Next": "Z"}), json!({}))
            .answers("r", &[FAIL(error)])
            .fails(error);
    }
}

#[test]
fn errors_of_the_state_itself_can_be_caught() {
    let all = json!({"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "Z"});
    for (name, more, error) in [
        ("parameters", json!({"Parameters": {"x.$": "$.nothing"}}), "States.ParameterPathFailure"),
        ("selector", json!({"ResultSelector": {"x.$": "$.nothing"}}), "States.ParameterPathFailure"),
        ("intrinsic", json!({"Parameters": {"x.$": "States.StringToJson('{')"}}), "States.IntrinsicFailure"),
        ("result path", json!({"ResultPath": "$.a.b"}), "States.ResultPathMatchFailure"),
    ] {
        let ended = caught(name, all.clone(), more).input(json!({"a": 1})).run();
        assert_eq!(ended.at_pointer("/e/Error"), error, "{name}");
        assert_eq!(ended.at_pointer("/a"), &json!(1), "{name}");
    }
    caught("input path", all, json!({"InputPath": "$.nothing"})).fails("States.Runtime");
}

#[test]
fn a_result_too_large_leaves_the_input_for_the_catcher() {
    let catch = json!({"ErrorEquals": ["States.DataLimitExceeded"], "ResultPath": null, "Next": "Z"});
    caught("large", catch, json!({"ResultPath": "$.r"}))
        .input(json!({"a": "x".repeat(200_000)}))
        .answers("r", &[ok(json!("y".repeat(200_000)))])
        .succeeds(json!({"a": "x".repeat(200_000)}));
}

#[test]
fn a_late_answer_changes_nothing() {
    machine(
        "late",
        "S",
        json!({
            "S": task("r", json!({"TimeoutSeconds": 5, "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "W"}]})),
            "W": {"Type": "Wait", "Seconds": 10, "End": true}
        }),
    )
    .answers("r", &[Answer::LateFail(8, "Late")])
    .run()
    .after(15);
}
