//! What watches IOps, under faults: an alarm that is tested is reset whatever fails between, a health check says what it could not
//! see, a bill is asked for once in a while, and nobody is left without the alerts.
#![expect(clippy::unwrap_used, reason = "a test")]

use capstan_core::iops::watch::{FUNCTIONS, TEST_MARK};
use capstan_core::ports::{AlarmState, Alarms, Table};
use capstan_core::time::Millis;
use capstan_tests::lab::Lab;
use serde_json::{Value, json};
use sim::{Invocation, Operation, Outcome, Ports};

const ALARM: &str = "IOps-Lambda-HighErrorRate-local";

fn test(lab: &mut Lab) -> (u64, Value) {
    lab.call("POST", &format!("/alarms/{ALARM}/test"), &json!({"reason": "to see whether the pager rings"}))
}

fn state(lab: &Lab) -> AlarmState {
    let invocation = Invocation::unlimited();
    let ports = Ports::for_invocation(lab.world(), invocation.clone());
    let found = match sim::run(async { ports.alarm(ALARM).await }, &invocation) {
        Outcome::Done(found, _) => found.unwrap(),
        _ => None,
    };
    found.unwrap().state
}

fn acts(lab: &Lab) -> Vec<Value> {
    let rows = lab.world().rows_of(Table::IopsControl).unwrap();
    rows.into_iter().map(|(_, row)| Value::Object(row)).filter(|row| row["subject"] == "acts").collect()
}

fn count(lab: &Lab, operation: Operation) -> usize {
    lab.world().with(|world| world.calls().iter().filter(|call| call.operation == operation).count())
}

/// Every call of a test fails in every way, one by one. The alarm never stays ringing where the test could still speak, and
/// where it could not, the answer says so or the next test takes over.
#[test]
fn an_alarm_that_is_tested_is_reset_whatever_fails_between() {
    let mut calm = Lab::new(3);
    let (status, answer) = test(&mut calm);
    assert_eq!((status, &answer["notified"]), (200, &json!(true)), "{answer}");
    let calls = calm.world().with(|world| world.call_count());
    let (mut failed, mut well) = (0, 0);
    for kind in ["throttled", "error", "denied", "timeout", "timeout-after", "stale"] {
        for nth in 1..=calls {
            let mut lab = Lab::new(3);
            lab.fault(&format!("*:*:@{nth}:{kind}"));
            let (status, answer) = test(&mut lab);
            assert_eq!(state(&lab), AlarmState::Ok, "{kind} at call {nth}: {status} {answer}");
            if status == 200 {
                well += 1;
            } else {
                failed += 1;
                assert!(answer["detail"].is_string(), "{kind} at call {nth}: {answer}");
            }
        }
    }
    assert!(failed > 0 && well > 0, "{failed} failed, {well} went well");
}

#[test]
fn a_test_whose_process_dies_is_taken_over_by_the_next() {
    let mut left = 0;
    for nth in 1..=12 {
        for kind in ["crash", "crash-after"] {
            let mut lab = Lab::new(3);
            lab.fault(&format!("*:*:@{nth}:{kind}"));
            test(&mut lab);
            lab.heal();
            if state(&lab) == AlarmState::Alarm {
                left += 1;
                assert_eq!(test(&mut lab).1["code"], "TEST_UNDER_WAY");
            }
            lab.engine().skip(Millis::minutes(2));
            let (status, answer) = test(&mut lab);
            assert_eq!((status, &answer["notified"]), (200, &json!(true)), "{kind} at call {nth}: {answer}");
            assert_eq!(state(&lab), AlarmState::Ok);
        }
    }
    assert!(left >= 2, "only {left} tests died while it rang");
}

#[test]
fn where_an_alarm_can_t_be_reset_the_answer_says_what_to_do() {
    let mut lab = Lab::new(3);
    for nth in 2..=8 {
        lab.fault(&format!("cloudwatch:SetAlarmState:{nth}:denied"));
    }
    let (status, answer) = test(&mut lab);
    assert_eq!((status, &answer["code"]), (503, &json!("ALARM_LEFT")));
    let detail = answer["detail"].as_str().unwrap();
    let line = format!("aws cloudwatch set-alarm-state --alarm-name \"{ALARM}\" --state-value OK");
    assert!(detail.contains(&line), "{detail}");
    assert_eq!(acts(&lab)[0]["outcome"], "ALARM_LEFT");
}

/// Between the look and the reset the service itself may reckon the alarm anew: what it says then is left as it is.
#[test]
fn an_alarm_that_really_rings_is_never_reset() {
    let mut lab = Lab::new(3);
    let real = "Threshold Crossed: 2 datapoints were greater than 5";
    lab.world().with(|world| assert!(world.set_alarm(ALARM, AlarmState::Alarm, real)));
    let (status, answer) = test(&mut lab);
    assert_eq!((status, &answer["code"]), (409, &json!("ALARM_RINGS")));
    assert_eq!((state(&lab), acts(&lab).len()), (AlarmState::Alarm, 0));
    assert_eq!(count(&lab, Operation::SetAlarmState), 0);
    // A reason that only mentions the words is not a test's.
    lab.world().with(|world| assert!(world.set_alarm(ALARM, AlarmState::Alarm, &format!("not {TEST_MARK}"))));
    assert_eq!(test(&mut lab).1["code"], "ALARM_RINGS");
}

#[test]
fn every_act_is_recorded_with_who_and_why() {
    let mut lab = Lab::new(3);
    test(&mut lab);
    let wish = json!({"protocol": "email", "endpoint": "oncall@example.com", "reason": "she is on call from now on"});
    assert_eq!(lab.call("POST", "/subscriptions", &wish).0, 202);
    let rows = acts(&lab);
    let told: Vec<_> =
        rows.iter().map(|row| (row["kind"].as_str().unwrap(), row["reason"].as_str().unwrap())).collect();
    assert_eq!(
        told,
        [("ALARM_TESTED", "to see whether the pager rings"), ("SUBSCRIBED", "she is on call from now on")]
    );
    for row in &rows {
        assert_eq!((&row["by"], row["outcome"].is_string()), (&json!("grace"), true), "{row}");
        let days =
            (row["expires_at"].as_u64().unwrap() - lab.world().now().as_millis() / 1_000).div_ceil(86_400);
        assert_eq!(days, 400, "{row}");
    }
}

#[test]
fn what_a_health_check_could_not_see_is_said_and_spoils_nothing_else() {
    let mut lab = Lab::new(3);
    for call in ["lambda:*", "dynamodb:DescribeTable", "cloudwatch:*", "sns:*", "sagemaker:*"] {
        let mut lab = Lab::new(3);
        lab.fault(&format!("{call}:*:error"));
        let health = lab.get("/health");
        let unknown = health["counts"]["UNKNOWN"].as_u64().unwrap();
        assert!(unknown >= 1, "{call}: {health}");
        for check in health["checks"].as_array().unwrap() {
            assert_eq!(check["remedy"].is_string(), check["verdict"] != "OK", "{call}: {check}");
        }
    }
    let health = lab.get("/health");
    assert_eq!(health["verdict"], "FAILED", "nobody is subscribed: {health}");
    let functions = health["checks"].as_array().unwrap().iter().filter(|check| check["kind"] == "function");
    assert_eq!(functions.count(), FUNCTIONS.len());
}

#[test]
fn a_stream_that_is_behind_is_seen() {
    let mut lab = Lab::new(3);
    lab.fault("dynamodb:PutItem:*:error");
    let metric = json!({"timestamp": lab.world().now(), "hostname": "db-1", "cpuUsage": 1, "memoryUsage": 1, "diskIO": 1,
        "networkIO": 1});
    assert_eq!(lab.call("POST", "/metrics", &metric).0, 200);
    lab.engine().skip(Millis::minutes(3));
    let health = lab.get("/health");
    let stream = health["checks"].as_array().unwrap().iter().find(|check| check["kind"] == "stream").unwrap();
    assert_eq!(stream["verdict"], "FAILED", "{stream}");
    assert!(stream["remedy"].as_str().unwrap().contains("iops-analyze-metrics-local"), "{stream}");
}

/// Each question to Cost Explorer costs a cent.
#[test]
fn a_bill_is_asked_for_once_in_a_quarter_of_an_hour_and_not_kept_across_midnight() {
    let mut lab = Lab::new(3);
    for _ in 0..50 {
        assert_eq!(lab.get("/cost")["verdict"], "OK");
    }
    assert_eq!(count(&lab, Operation::GetCostAndUsage), 1);
    lab.engine().skip(Millis::minutes(16));
    lab.get("/cost");
    assert_eq!(count(&lab, Operation::GetCostAndUsage), 2);
    // The labs begin at three in the morning.
    lab.engine().skip(Millis::minutes(20 * 60 + 40));
    lab.get("/cost");
    lab.engine().skip(Millis::minutes(6));
    let next = lab.get("/cost");
    assert_eq!(
        (count(&lab, Operation::GetCostAndUsage), &next["projectedFromDays"]),
        (4, &json!(21)),
        "{next}"
    );
    // An answer that could not be had is none, and the next one is asked for.
    lab.engine().skip(Millis::minutes(20));
    lab.fault("ce:GetCostAndUsage:1:error");
    assert_eq!(lab.call("GET", "/cost", &Value::Null).0, 503);
    assert_eq!(lab.call("GET", "/cost", &Value::Null).0, 200);
}

#[test]
fn two_who_subscribe_the_same_address_make_one_subscription_and_the_last_one_stays() {
    let mut lab = Lab::new(3);
    let wish = json!({"protocol": "email", "endpoint": "oncall@example.com", "reason": "she is on call from now on"});
    for _ in 0..3 {
        assert_eq!(lab.call("POST", "/subscriptions", &wish).0, 202);
    }
    lab.engine().skip(Millis::minutes(5));
    let all = lab.get("/subscriptions");
    assert_eq!((&all["confirmed"], all["subscriptions"].as_array().unwrap().len()), (&json!(1), 1), "{all}");
    assert_eq!(lab.call("POST", "/subscriptions", &wish).0, 200);
    let id = all["subscriptions"][0]["id"].as_str().unwrap();
    let (status, answer) =
        lab.call("DELETE", &format!("/subscriptions/{id}?reason=she has left us"), &Value::Null);
    assert_eq!((status, &answer["code"]), (409, &json!("LAST_SUBSCRIPTION")));
}
