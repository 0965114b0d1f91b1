//! Waits, timeouts, heartbeats.

use serde_json::json;

use crate::driver::{Answer, machine, ok, one, task};

#[test]
fn waits() {
    for (name, wait, input, seconds) in [
        ("seconds", json!({"Seconds": 10}), json!({}), 10),
        ("zero", json!({"Seconds": 0}), json!({}), 0),
        ("seconds path", json!({"SecondsPath": "$.s"}), json!({"s": 7}), 7),
        ("timestamp", json!({"Timestamp": "2016-03-14T02:00:00Z"}), json!({}), 60),
        ("past", json!({"Timestamp": "2016-03-13T02:00:00Z"}), json!({}), 0),
        ("timestamp path", json!({"TimestampPath": "$.t"}), json!({"t": "2016-03-14T03:59:30+02:00"}), 30),
        ("context", json!({"TimestampPath": "$$.Execution.StartTime"}), json!({}), 0),
    ] {
        let mut state = wait;
        state["Type"] = json!("Wait");
        one(name, state).input(input.clone()).succeeds(input).after(seconds);
    }
}

#[test]
fn waits_for_what_is_no_time() {
    for (name, wait, input) in [
        ("missing", json!({"Type": "Wait", "SecondsPath": "$.s"}), json!({})),
        ("text", json!({"Type": "Wait", "SecondsPath": "$.s"}), json!({"s": "7"})),
        ("negative", json!({"Type": "Wait", "SecondsPath": "$.s"}), json!({"s": -1})),
        ("no timestamp", json!({"Type": "Wait", "TimestampPath": "$.t"}), json!({"t": "soon"})),
    ] {
        one(name, wait).input(input).fails("States.Runtime");
    }
}

#[test]
fn wait_applies_its_paths() {
    one("paths", json!({"Type": "Wait", "InputPath": "$.a", "SecondsPath": "$.s", "OutputPath": "$.o"}))
        .input(json!({"a": {"s": 3, "o": "out"}}))
        .succeeds(json!("out"))
        .after(3);
}

#[test]
fn a_task_that_outlasts_its_timeout() {
    one("timeout", task("r", json!({"TimeoutSeconds": 5})))
        .answers("r", &[Answer::Late(6, json!(1))])
        .fails("States.Timeout")
        .after(5)
        .cancelling(&["S"]);
    one("in time", task("r", json!({"TimeoutSeconds": 5})))
        .answers("r", &[Answer::Late(4, json!(1))])
        .succeeds(json!(1));
    one("path", task("r", json!({"TimeoutSecondsPath": "$.limit"})))
        .input(json!({"limit": 2}))
        .answers("r", &[Answer::Never])
        .fails("States.Timeout")
        .after(2);
    one("bad path", task("r", json!({"TimeoutSecondsPath": "$.limit"})))
        .input(json!({"limit": 0}))
        .fails("States.Runtime");
}

#[test]
fn a_task_without_a_heartbeat() {
    let state = task("r", json!({"HeartbeatSeconds": 3, "TimeoutSeconds": 60}));
    one("silent", state.clone())
        .answers("r", &[Answer::Never])
        .fails("States.HeartbeatTimeout")
        .after(3)
        .cancelling(&["S"]);
    one("falls silent", state.clone())
        .answers("r", &[Answer::Beats(2, 4)])
        .fails("States.HeartbeatTimeout")
        .after(11);
    one("beats but never ends", state)
        .answers("r", &[Answer::Beats(2, 100)])
        .fails("States.Timeout")
        .after(60);
    one("path", task("r", json!({"HeartbeatSecondsPath": "$.h"})))
        .input(json!({"h": 4}))
        .answers("r", &[Answer::Never])
        .fails("States.HeartbeatTimeout")
        .after(4);
}

#[test]
fn a_heartbeat_timeout_is_a_timeout_to_retriers() {
    one(
        "retried",
        task(
            "r",
            json!({"HeartbeatSeconds": 3, "Retry": [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}]}),
        ),
    )
    .answers("r", &[Answer::Never, ok(json!("second"))])
    .succeeds(json!("second"))
    .at(&[0, 4]);
}

#[test]
fn the_machine_runs_out_of_time() {
    one("task", task("r", json!({})))
        .timeout(30)
        .answers("r", &[Answer::Never])
        .times_out()
        .after(30)
        .cancelling(&["S"]);
    machine(
        "catch does not help",
        "S",
        json!({
            "S": task("r", json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T"}]})),
            "T": {"Type": "Succeed"}
        }),
    )
    .timeout(30)
    .answers("r", &[Answer::Never])
    .times_out();
    one("wait", json!({"Type": "Wait", "Seconds": 40})).timeout(30).times_out().after(30);
    one("in time", json!({"Type": "Wait", "Seconds": 20})).timeout(30).succeeds(json!({})).after(20);
}
