//! What is refused, and in which words.

use crate::field::{ENDPOINT, Field};
use capstan_tests::scenario::TENANT;
use serde_json::{Value, json};

fn code(answer: &(u64, Value)) -> (u64, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

#[test]
fn bad_wishes_are_refused_with_all_that_is_wrong() {
    let mut field = Field::new(5, 1);
    let why = "a reason that is long enough";
    for (wish, field_name, words) in [
        (json!({}), "reason", "is missing"),
        (json!({"reason": "short"}), "reason", "at least 10"),
        (json!({"reason": "with a \u{7} in it, that is"}), "reason", "control"),
        (json!({"reason": why, "endpoint": 7}), "endpoint", "not the name"),
        (json!({"reason": why, "endpoint": "a_b"}), "endpoint", "not the name"),
        (json!({"reason": why, "settings": []}), "settings", "not an object"),
        (json!({"reason": why, "settings": {"stages": []}}), "settings", "stages"),
        (
            json!({"reason": why, "settings": {"stages": [{"percent": 50, "seconds": 60}, {"percent": 10, "seconds": 60}]}}),
            "settings",
            "rise",
        ),
        (
            json!({"reason": why, "settings": {"stages": [{"percent": 100, "seconds": 86_400}]}}),
            "settings",
            "14400",
        ),
        (json!({"reason": why, "settings": {"falseRolback": 0.1}}), "settings", "unknown field"),
        (json!({"reason": why, "settings": {"latency": {"share": 3}}}), "settings", "share"),
        (json!({"reason": why, "percent": 5}), "percent", "not a field"),
    ] {
        let answer = field.call("POST", "/canary", &wish);
        assert_eq!(code(&answer), (422, "INVALID_FIELDS"), "{wish}: {}", answer.1);
        let errors = answer.1["errors"].as_array().unwrap();
        let told = errors
            .iter()
            .any(|error| error["field"] == field_name && error["message"].as_str().unwrap().contains(words));
        assert!(told, "{wish}: {}", answer.1);
    }
    assert_eq!(field.call("POST", "/canary", &json!([])).0, 400);
    assert_eq!(field.get("/canary"), json!({"running": null, "canaries": []}));
    assert_eq!(field.get("/traffic")["version"], 0);
}

#[test]
fn what_does_not_fit_what_is_is_a_conflict() {
    let mut field = Field::new(5, 2);
    let why = json!({"reason": "a new model is to be tried"});
    let absent = json!({"reason": "a new model is to be tried", "endpoint": "absent"});
    assert_eq!(code(&field.call("POST", "/canary", &absent)), (409, "ENDPOINT_NOT_READY"));
    let hand = json!({"percent": 10, "reason": "set by hand for a test", "endpoint": "absent"});
    assert_eq!(code(&field.call("PUT", "/traffic", &hand)), (409, "ENDPOINT_NOT_READY"));
    let id = field.start(&json!({}));
    let second = field.call("POST", "/canary", &why);
    assert_eq!(code(&second), (409, "CANARY_UNDER_WAY"));
    assert_eq!(second.1["canaryId"], json!(id));
    let hand = json!({"percent": 10, "reason": "set by hand for a test"});
    assert_eq!(code(&field.call("PUT", "/traffic", &hand)), (409, "CANARY_UNDER_WAY"));
    assert_eq!(field.call("POST", &format!("/canary/{id}/rollback"), &why).0, 200);
    // It serves all hosts by now, so that there is nothing to roll out.
    field.set_traffic(100);
    assert_eq!(code(&field.call("POST", "/canary", &why)), (409, "ALREADY_SERVES"));
    for path in ["/canary/none", "/canary/none/measurements", "/canary/a%20b"] {
        assert_eq!(code(&field.call("GET", path, &Value::Null)), (404, "NOT_FOUND"));
    }
    assert_eq!(code(&field.call("POST", "/canary/none/rollback", &why)), (404, "NOT_FOUND"));
    assert_eq!(field.call("GET", "/canary?limit=51", &Value::Null).0, 422);
    assert_eq!(
        field.call("PUT", "/traffic", &json!({"percent": 101, "reason": "far too many of them"})).0,
        422
    );
    assert_eq!(
        field.call("PUT", "/traffic", &json!({"percent": 10.5, "reason": "half of a host or so"})).0,
        422
    );
}

#[test]
fn a_role_may_what_the_table_says() {
    let mut field = Field::new(5, 3);
    let id = field.start(&json!({}));
    let because = json!({"reason": "somebody does not like it"}).to_string();
    let hand = json!({"percent": 10, "reason": "set by hand for a test"}).to_string();
    let rollback = format!("/canary/{id}/rollback");
    let mut send = |role: &str, method: &str, path: &str, body: &str| {
        let caller = json!({"sub": "olga", "role": role, "tenant": TENANT});
        field.lab.send(method, path, body, &caller, &Value::Null).unwrap().status
    };
    for path in ["/canary", "/traffic", &format!("/canary/{id}"), &format!("/canary/{id}/measurements")] {
        assert_eq!(send("viewer", "GET", path, ""), 200, "{path}");
    }
    assert_eq!(send("viewer", "POST", &rollback, &because), 403);
    assert_eq!(send("operator", "POST", "/canary", &because), 403);
    assert_eq!(send("operator", "PUT", "/traffic", &hand), 403);
    assert_eq!(send("operator", "POST", &rollback, &because), 200);
    assert_eq!(send("admin", "PUT", "/traffic", &hand), 200);
    assert_eq!(send("admin", "POST", "/canary", &because), 202);
    let canary = field.get("/canary")["running"].clone();
    assert_eq!(
        (&canary["by"], &canary["tenant"], &canary["endpoint"]),
        (&json!("olga"), &json!(TENANT), &json!(ENDPOINT))
    );
}

#[test]
fn steps_out_of_turn_do_nothing() {
    let mut field = Field::new(5, 4);
    for step in ["start-canary", "set-traffic", "judge-canary", "end-canary"] {
        for (input, error) in [
            (json!({}), "BadInput"),
            (json!({"canaryId": ""}), "BadInput"),
            (json!({"canaryId": "../x"}), "BadInput"),
            (json!({"canaryId": "none"}), "NoSuchCanary"),
        ] {
            assert_eq!(field.lab.out_of_order(step, input.clone()).as_deref(), Some(error), "{step} {input}");
        }
    }
    let id = field.start(&json!({}));
    let input = json!({"canaryId": id});
    // Not begun: there is nothing to enter, and nothing to judge by.
    assert_eq!(field.lab.out_of_order("set-traffic", input.clone()), None);
    assert_eq!(field.get("/traffic")["percent"], 0);
    assert!(field.lab.out_of_order("judge-canary", input).is_some());
    assert_eq!(field.get(&format!("/canary/{id}"))["status"], "WAITING");
}
