//! What no emulated cloud answers of functions, alarms, training and models.

use crate::script::{Script, json};
use capstan_core::ports::{Alarms, Inference, TrainingJobs, Variant, Vitals};
use capstan_core::time::{Millis, Timestamp};
use serde_json::json;

#[tokio::test]
async fn a_function_says_how_it_is() {
    let answer = json!({
        "FunctionName": "iops-canary-prod", "State": "Active", "LastUpdateStatus": "Failed",
        "LastUpdateStatusReason": "The image was not found.",
    });
    let script = Script::new(vec![json("GetFunctionConfiguration", &answer)]).await;
    let seen = script.ports().function_vitals("iops-canary-prod").await.unwrap().unwrap();
    assert_eq!((seen.state.as_str(), seen.last_update.as_str()), ("Active", "Failed"));
    assert_eq!(seen.reason.as_deref(), Some("The image was not found."));
}

#[tokio::test]
async fn what_an_alarm_did_is_told_with_what_came_of_it() {
    let data =
        |state: &str, trigger: &str| json!({"actionState": state, "stateUpdateTrigger": trigger}).to_string();
    let item = |at: f64, state: &str, trigger: &str| {
        json!({
            "AlarmName": "IOps-Lambda-HighErrorRate", "AlarmType": "MetricAlarm", "Timestamp": {"@instant": at},
            "HistoryItemType": "Action", "HistorySummary": "an action", "HistoryData": data(state, trigger),
        })
    };
    let items = json!([
        item(1_795_286_400.0, "Succeeded", "ALARM"),
        item(1_795_286_401.0, "Failed", "ALARM"),
        item(1_795_286_402.0, "Succeeded", "OK"),
    ]);
    let script =
        Script::new(vec![json("DescribeAlarmHistory", &json!({ "AlarmHistoryItems": items }))]).await;
    let since = Timestamp::from_millis(1_795_286_400_000);
    let told = script.ports().alarm_actions("IOps-Lambda-HighErrorRate", since).await.unwrap();
    let told: Vec<_> = told.into_iter().map(|action| (action.at.as_millis(), action.succeeded)).collect();
    assert_eq!(told, [(1_795_286_400_000, true), (1_795_286_401_000, false)]);
}

#[tokio::test]
async fn a_job_is_stopped_by_its_name() {
    let script = Script::new(vec![json("StopTrainingJob", &json!({}))]).await;
    assert_eq!(script.ports().stop_training_job("iops-train-1").await, Ok(()));
    assert_eq!(script.sent_json("StopTrainingJob"), json!({ "TrainingJobName": "iops-train-1" }));
}

#[tokio::test]
async fn a_model_is_asked_once_with_a_row_and_answers_with_what_it_says() {
    let script =
        Script::new(vec![("InvokeEndpoint", 200, r#"{"predictions":[{"score":2.4}]}"#.to_owned())]).await;
    let asked = script.ports().infer("iops-model", Variant::First, "1,2,3", Millis(800)).await;
    assert_eq!(asked.answer.as_deref(), Ok(r#"{"predictions":[{"score":2.4}]}"#));
    assert!(asked.millis > 0.0);
    assert_eq!(script.sent("InvokeEndpoint"), ["1,2,3"]);
}
