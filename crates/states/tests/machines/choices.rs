//! Choice rules.

use serde_json::{Value, json};

use crate::driver::{Case, machine, one};

fn choice(name: &'static str, mut rule: Value, input: Value) -> Case {
    rule["Next"] = json!("Yes");
    machine(
        name,
        "S",
        json!({
            "S": {"Type": "Choice", "Choices": [rule], "Default": "No"},
            "Yes": {"Type": "Pass", "Result": "yes", "End": true},
            "No": {"Type": "Pass", "Result": "no", "End": true}
        }),
    )
    .input(input)
}

/// Each row: the operator, what it compares with, the data, whether it holds.
#[test]
fn every_comparison_with_a_literal() {
    let t0 = "2016-03-14T01:59:00Z";
    let t1 = "2016-03-14T02:00:00Z";
    let same = "2016-03-14T03:59:00+02:00";
    for (operator, with, data, holds) in [
        ("StringEquals", json!("a"), json!("a"), true),
        ("StringEquals", json!("a"), json!("A"), false),
        ("StringEquals", json!("1"), json!(1), false),
        ("StringLessThan", json!("b"), json!("a"), true),
        ("StringLessThan", json!("a"), json!("a"), false),
        ("StringGreaterThan", json!("a"), json!("b"), true),
        ("StringGreaterThan", json!("a"), json!("B"), false),
        ("StringLessThanEquals", json!("a"), json!("a"), true),
        ("StringLessThanEquals", json!("a"), json!("b"), false),
        ("StringGreaterThanEquals", json!("a"), json!("a"), true),
        ("StringGreaterThanEquals", json!("b"), json!("a"), false),
        ("StringMatches", json!("foo*.log"), json!("foo23.log"), true),
        ("StringMatches", json!("*.log"), json!("zebra.log"), true),
        ("StringMatches", json!("foo*.*"), json!("foobar.zebra"), true),
        ("StringMatches", json!("a\\*"), json!("ab"), false),
        ("StringMatches", json!("a\\*"), json!("a*"), true),
        ("StringMatches", json!("*"), json!(1), false),
        ("NumericEquals", json!(1), json!(1.0), true),
        ("NumericEquals", json!(1), json!("1"), false),
        ("NumericLessThan", json!(2), json!(1.5), true),
        ("NumericLessThan", json!(2), json!(2), false),
        ("NumericGreaterThan", json!(2), json!(2.5), true),
        ("NumericGreaterThan", json!(2), json!(2), false),
        ("NumericLessThanEquals", json!(2), json!(2), true),
        ("NumericLessThanEquals", json!(2), json!(3), false),
        ("NumericGreaterThanEquals", json!(2), json!(2), true),
        ("NumericGreaterThanEquals", json!(2), json!(1), false),
        ("BooleanEquals", json!(true), json!(true), true),
        ("BooleanEquals", json!(true), json!(false), false),
        ("BooleanEquals", json!(true), json!("true"), false),
        ("TimestampEquals", json!(t0), json!(same), true),
        ("TimestampEquals", json!(t0), json!(t1), false),
        ("TimestampEquals", json!(t0), json!("soon"), false),
        ("TimestampLessThan", json!(t1), json!(t0), true),
        ("TimestampLessThan", json!(t0), json!(same), false),
        ("TimestampGreaterThan", json!(t0), json!(t1), true),
        ("TimestampGreaterThan", json!(t0), json!(same), false),
        ("TimestampLessThanEquals", json!(t0), json!(same), true),
        ("TimestampLessThanEquals", json!(t0), json!(t1), false),
        ("TimestampGreaterThanEquals", json!(t0), json!(same), true),
        ("TimestampGreaterThanEquals", json!(t1), json!(t0), false),
    ] {
        let expected = if holds { "yes" } else { "no" };
        println!("{operator} {with} {data}");
        choice("literal", json!({"Variable": "$.v", operator: with}), json!({"v": data}))
            .succeeds(json!(expected));
        if operator != "StringMatches" {
            let by_path = format!("{operator}Path");
            choice("path", json!({"Variable": "$.v", by_path: "$.w"}), json!({"v": data, "w": with}))
                .succeeds(json!(expected));
        }
    }
}

/// Each row: the operator, the data, whether it is of that kind.
#[test]
fn every_test_of_a_kind() {
    for (operator, data, is) in [
        ("IsNull", json!(null), true),
        ("IsNull", json!(0), false),
        ("IsPresent", json!(null), true),
        ("IsString", json!("x"), true),
        ("IsString", json!(1), false),
        ("IsNumeric", json!(1.5), true),
        ("IsNumeric", json!("1"), false),
        ("IsBoolean", json!(false), true),
        ("IsBoolean", json!(null), false),
        ("IsTimestamp", json!("2016-03-14T01:59:00Z"), true),
        ("IsTimestamp", json!("2016-03-14"), false),
        ("IsTimestamp", json!(1), false),
    ] {
        for wanted in [true, false] {
            let expected = if is == wanted { "yes" } else { "no" };
            println!("{operator} {data} {wanted}");
            choice("kind", json!({"Variable": "$.v", operator: wanted}), json!({"v": data}))
                .succeeds(json!(expected));
        }
    }
}

#[test]
fn only_is_present_bears_a_path_that_misses() {
    choice("absent", json!({"Variable": "$.v", "IsPresent": true}), json!({})).succeeds(json!("no"));
    choice("not present", json!({"Variable": "$.v", "IsPresent": false}), json!({})).succeeds(json!("yes"));
    choice("equals", json!({"Variable": "$.v", "StringEquals": "a"}), json!({})).fails("States.Runtime");
    choice("null", json!({"Variable": "$.v", "IsNull": true}), json!({})).fails("States.Runtime");
    choice("right", json!({"Variable": "$.v", "StringEqualsPath": "$.w"}), json!({"v": "a"}))
        .fails("States.Runtime");
}

/// The specification's example.
#[test]
fn and_or_not() {
    let states = json!({
        "DispatchEvent": {"Type": "Choice", "Default": "RecordEvent", "Choices": [
            {"Not": {"Variable": "$.type", "StringEquals": "Private"}, "Next": "Public"},
            {"And": [
                {"Variable": "$.value", "IsPresent": true},
                {"Variable": "$.value", "IsNumeric": true},
                {"Variable": "$.value", "NumericGreaterThanEquals": 20},
                {"Variable": "$.value", "NumericLessThan": 30}
            ], "Next": "ValueInTwenties"},
            {"Or": [
                {"Variable": "$.rating", "NumericGreaterThanPath": "$.auditThreshold"},
                {"Variable": "$.never.reached", "IsNull": true}
            ], "Next": "StartAudit"}
        ]},
        "Public": {"Type": "Pass", "Result": "Public", "End": true},
        "ValueInTwenties": {"Type": "Pass", "Result": "ValueInTwenties", "End": true},
        "StartAudit": {"Type": "Pass", "Result": "StartAudit", "End": true},
        "RecordEvent": {"Type": "Pass", "Result": "RecordEvent", "End": true}
    });
    for (input, to) in [
        (json!({"type": "Public"}), "Public"),
        (json!({"type": "Private", "value": 22}), "ValueInTwenties"),
        (json!({"type": "Private", "value": 30, "rating": 5, "auditThreshold": 3}), "StartAudit"),
        (json!({"type": "Private", "rating": 5, "auditThreshold": 3}), "StartAudit"),
    ] {
        machine("dispatch", "DispatchEvent", states.clone()).input(input).succeeds(json!(to));
    }
}

#[test]
fn the_first_rule_that_holds_wins() {
    machine(
        "first",
        "S",
        json!({
            "S": {"Type": "Choice", "Choices": [
                {"Variable": "$.n", "NumericGreaterThan": 0, "Next": "A"},
                {"Variable": "$.n", "NumericGreaterThan": 1, "Next": "B"}
            ]},
            "A": {"Type": "Succeed"},
            "B": {"Type": "Fail", "Error": "Second"}
        }),
    )
    .input(json!({"n": 5}))
    .succeeds(json!({"n": 5}));
}

#[test]
fn no_rule_and_no_default() {
    machine(
        "none",
        "S",
        json!({
            "S": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 0, "Next": "A"}]},
            "A": {"Type": "Succeed"}
        }),
    )
    .input(json!({"n": 5}))
    .fails("States.NoChoiceMatched");
}

#[test]
fn choice_looks_at_its_effective_input_and_hands_it_on() {
    machine(
        "paths",
        "S",
        json!({
            "S": {"Type": "Choice", "InputPath": "$.in", "OutputPath": "$.out",
                "Choices": [{"Variable": "$.n", "NumericEquals": 5, "Next": "A"}]},
            "A": {"Type": "Succeed"}
        }),
    )
    .input(json!({"in": {"n": 5, "out": "o"}}))
    .succeeds(json!("o"));
}

#[test]
fn choice_reads_the_context() {
    choice("context", json!({"Variable": "$$.Execution.Name", "StringEquals": "run-1"}), json!({}))
        .succeeds(json!("yes"));
}

#[test]
fn a_loop_without_waits_ends_at_the_limit_of_history() {
    one("loop", json!({"Type": "Pass", "Next": "S"})).fails("States.Runtime").because("history events");
}
