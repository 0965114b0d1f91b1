//! What a definition may not be, with the place that is named.

use serde_json::{Value, json};
use states::Machine;

fn problems(definition: &Value) -> Vec<String> {
    match Machine::parse(definition) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

/// A machine with the one state `S`.
fn state(state: Value) -> Value {
    json!({"StartAt": "S", "States": {"S": state}})
}

fn task(more: Value) -> Value {
    let mut task = more;
    task["Type"] = json!("Task");
    task["Resource"] = json!("r");
    task["End"] = json!(true);
    state(task)
}

fn choice(rule: Value) -> Value {
    state(json!({"Type": "Choice", "Choices": [rule]}))
}

#[test]
fn machines() {
    let pass = json!({"Type": "Pass", "End": true});
    for (definition, place) in [
        (json!(1), "$: must be an object"),
        (json!({"States": {"S": pass}}), "$.StartAt: is missing"),
        (json!({"StartAt": "S"}), "$.States: is missing"),
        (json!({"StartAt": "S", "States": {}}), "$.States: must hold"),
        (json!({"StartAt": "T", "States": {"S": pass}}), "$.StartAt: 'T' is not a state here"),
        (json!({"StartAt": "S", "States": {"S": pass, "T": pass}}), "$.States.T: can't be reached"),
        (json!({"StartAt": "S", "States": {"S": pass}, "Version": "2.0"}), "$.Version"),
        (json!({"StartAt": "S", "States": {"S": pass}, "TimeoutSeconds": 0}), "$.TimeoutSeconds"),
        (json!({"StartAt": "S", "States": {"S": pass}, "QueryLanguage": "JSONata"}), "$.QueryLanguage"),
        (json!({"StartAt": "S", "States": {"S": pass}, "Timeout": 3}), "$.Timeout: is not a field"),
        (json!({"StartAt": "x".repeat(81), "States": {"x".repeat(81): pass}}), "1 to 80 characters"),
    ] {
        let found = problems(&definition);
        assert!(found.iter().any(|problem| problem.contains(place)), "{definition}: {found:?}");
    }
}

#[test]
fn states() {
    for (definition, place) in [
        (state(json!(7)), "$.States.S: must be an object"),
        (state(json!({"End": true})), "$.States.S.Type: is missing"),
        (state(json!({"Type": "Sleep"})), "$.States.S.Type: 'Sleep'"),
        (state(json!({"Type": "Pass"})), "$.States.S: must have Next"),
        (state(json!({"Type": "Pass", "End": false})), "$.States.S: must have Next"),
        (state(json!({"Type": "Pass", "End": true, "Next": "S"})), "$.States.S.End"),
        (state(json!({"Type": "Pass", "Next": "Foo"})), "$.States.S.Next: 'Foo' is not a state here"),
        (state(json!({"Type": "Succeed", "End": true})), "$.States.S.End: is not a field"),
        (state(json!({"Type": "Pass", "End": true, "Retry": []})), "$.States.S.Retry: is not a field"),
        (state(json!({"Type": "Pass", "End": true, "Output": 1})), "$.States.S.Output: belongs to JSONata"),
        (state(json!({"Type": "Pass", "End": true, "InputPath": "a"})), "$.States.S.InputPath"),
        (state(json!({"Type": "Pass", "End": true, "ResultPath": "$.a[*]"})), "$.States.S.ResultPath"),
        (state(json!({"Type": "Pass", "End": true, "ResultPath": "$$.a"})), "$.States.S.ResultPath"),
        (state(json!({"Type": "Pass", "End": true, "Parameters": 1})), "$.States.S.Parameters: must be"),
        (state(json!({"Type": "Pass", "End": true, "Comment": 1})), "$.States.S.Comment"),
        (state(json!({"Type": "Wait", "End": true})), "$.States.S: must have exactly one"),
        (state(json!({"Type": "Wait", "End": true, "Seconds": 1, "Timestamp": "x"})), "exactly one"),
        (state(json!({"Type": "Wait", "End": true, "Timestamp": "soon"})), "$.States.S.Timestamp"),
        (state(json!({"Type": "Wait", "End": true, "Seconds": -1})), "$.States.S.Seconds"),
        (state(json!({"Type": "Fail", "Error": "E", "ErrorPath": "$.e"})), "$.States.S.ErrorPath"),
        (state(json!({"Type": "Fail", "CausePath": "States.ArrayLength($)"})), "$.States.S.CausePath"),
        (state(json!({"Type": "Task", "End": true})), "$.States.S.Resource: is missing"),
        (task(json!({"TimeoutSeconds": 5, "HeartbeatSeconds": 5})), "$.States.S.HeartbeatSeconds"),
        (task(json!({"TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t"})), "$.States.S.TimeoutSecondsPath"),
        (task(json!({"Credentials": {}})), "$.States.S.Credentials"),
        (state(json!({"Type": "Parallel", "End": true, "Branches": []})), "$.States.S.Branches"),
        (state(json!({"Type": "Map", "End": true})), "$.States.S.ItemProcessor: is missing"),
    ] {
        let found = problems(&definition);
        assert!(found.iter().any(|problem| problem.contains(place)), "{definition}: {found:?}");
    }
}

#[test]
fn expressions() {
    for (expression, says) in [
        ("$.a[", "an index expected"),
        ("$x", "'$x' is assigned by no state"),
        ("States.Nope()", "'States.Nope' is not an intrinsic function"),
        ("States.UUID(1)", "does not take 1 arguments"),
        ("States.Format('a", "not closed"),
        ("States.Format('\\n')", "open escape"),
        ("plain text", "expected"),
        ("States.MathAdd(1 2)", "',' expected"),
    ] {
        let definition =
            state(json!({"Type": "Pass", "End": true, "Parameters": {"a": {"b.$": expression}}}));
        let found = problems(&definition);
        let named = found.iter().any(|p| p.starts_with("$.States.S.Parameters.a") && p.contains(says));
        assert!(named || found.iter().any(|p| p.contains("is not an intrinsic")), "{expression}: {found:?}");
    }
    let eleven = format!("{}1{}", "States.Array(".repeat(11), ")".repeat(11));
    let definition = state(json!({"Type": "Pass", "End": true, "Parameters": {"b.$": eleven}}));
    assert!(problems(&definition)[0].contains("more than 10"));
    let twice = state(json!({"Type": "Pass", "End": true, "Parameters": {"b.$": "$", "b": 1}}));
    assert!(problems(&twice)[0].contains("there twice"));
}

#[test]
fn retriers_and_catchers() {
    for (more, place) in [
        (json!({"Retry": {}}), "$.States.S.Retry: must be an array"),
        (json!({"Retry": [{}]}), "$.States.S.Retry[0].ErrorEquals: is missing"),
        (json!({"Retry": [{"ErrorEquals": []}]}), "$.States.S.Retry[0].ErrorEquals"),
        (json!({"Retry": [{"ErrorEquals": ["States.ALL", "E"]}]}), "must stand alone"),
        (
            json!({"Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]}),
            "in the last rule only",
        ),
        (json!({"Retry": [{"ErrorEquals": ["States.Nope"]}]}), "'States.Nope' is not a predefined error"),
        (json!({"Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 0}]}), "Retry[0].IntervalSeconds"),
        (json!({"Retry": [{"ErrorEquals": ["E"], "MaxAttempts": -1}]}), "Retry[0].MaxAttempts"),
        (json!({"Retry": [{"ErrorEquals": ["E"], "BackoffRate": 0.5}]}), "Retry[0].BackoffRate"),
        (json!({"Retry": [{"ErrorEquals": ["E"], "MaxDelaySeconds": 1}]}), "Retry[0].MaxDelaySeconds"),
        (json!({"Retry": [{"ErrorEquals": ["E"], "JitterStrategy": "HALF"}]}), "Retry[0].JitterStrategy"),
        (json!({"Catch": [{"ErrorEquals": ["E"]}]}), "$.States.S.Catch[0].Next: is missing"),
        (json!({"Catch": [{"ErrorEquals": ["E"], "Next": "T"}]}), "$.States.S.Catch[0].Next: 'T'"),
    ] {
        let found = problems(&task(more.clone()));
        assert!(found.iter().any(|problem| problem.contains(place)), "{more}: {found:?}");
    }
}

#[test]
fn choice_rules() {
    for (rule, place) in [
        (json!({"Variable": "$.a", "IsNull": true}), "Choices[0].Next: is missing"),
        (json!({"Variable": "$.a", "Next": "S"}), "Choices[0]: must have exactly one operator"),
        (json!({"Variable": "$.a", "IsNull": true, "IsString": true, "Next": "S"}), "exactly one operator"),
        (json!({"Variable": "$.a", "IsNull": "yes", "Next": "S"}), "Choices[0].IsNull"),
        (json!({"Variable": "$.a", "BooleanLessThan": true, "Next": "S"}), "Choices[0].BooleanLessThan"),
        (json!({"Variable": "$.a", "StringMatchesPath": "$.b", "Next": "S"}), "Choices[0].StringMatchesPath"),
        (json!({"Variable": "$.a", "StringMatches": "a\\b", "Next": "S"}), "Choices[0].StringMatches"),
        (json!({"Variable": "$.a", "NumericEquals": "1", "Next": "S"}), "Choices[0].NumericEquals"),
        (json!({"Variable": "$.a", "TimestampEquals": "now", "Next": "S"}), "Choices[0].TimestampEquals"),
        (json!({"IsNull": true, "Next": "S"}), "Choices[0].Variable: is missing"),
        (json!({"And": [], "Next": "S"}), "Choices[0].And"),
        (
            json!({"Not": {"Variable": "$.a", "IsNull": true, "Next": "S"}, "Next": "S"}),
            "Choices[0].Not.Next",
        ),
        (json!({"Condition": "{% true %}", "Next": "S"}), "Choices[0].Condition"),
    ] {
        let found = problems(&choice(rule.clone()));
        assert!(found.iter().any(|problem| problem.contains(place)), "{rule}: {found:?}");
    }
}

#[test]
fn branches_keep_to_themselves() {
    let inner = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "S"}}});
    let found = problems(&state(json!({"Type": "Parallel", "End": true, "Branches": [inner]})));
    assert!(found[0].starts_with("$.States.S.Branches[0].States.A.Next: 'S'"), "{found:?}");
    let inner = json!({"StartAt": "S", "States": {"S": {"Type": "Pass", "End": true}}});
    let found = problems(&state(json!({"Type": "Parallel", "End": true, "Branches": [inner]})));
    assert!(found[0].contains("the name is taken by $.States.S"), "{found:?}");
}

#[test]
fn the_distributed_map() {
    let processor = |config: Value| json!({"ProcessorConfig": config, "StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}});
    let map = |more: Value| {
        let mut map =
            json!({"Type": "Map", "End": true, "ItemProcessor": processor(json!({"Mode": "INLINE"}))});
        map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        problems(&state(map))
    };
    assert_eq!(map(json!({})), Vec::<String>::new());
    let distributed = processor(json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}));
    assert_eq!(
        map(json!({ "ItemProcessor": distributed })),
        ["$.States.S.ItemProcessor.ProcessorConfig.Mode: the distributed Map is not interpreted"]
    );
    for field in ["ItemReader", "ItemBatcher", "ResultWriter", "Label"] {
        assert!(map(json!({field: {}}))[0].contains("distributed Map"), "{field}");
    }
}

#[test]
fn every_problem_is_found_at_once() {
    let found = problems(&json!({
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Next": "Hello World", "Colour": "red"},
            "Hello World": {"Type": "Task", "Next": "Nowhere"}
        }
    }));
    assert_eq!(
        found,
        [
            "$.States.A.Colour: is not a field that may stand here",
            "$.States['Hello World'].Next: 'Nowhere' is not a state here",
            "$.States['Hello World'].Resource: is missing",
        ]
    );
}
