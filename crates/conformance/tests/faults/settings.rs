//! Settings that are wrong, and clouds that are not as the settings say: each is named.

use crate::changes::{key, make_table, notice};
use crate::claims::refusal;
use crate::world::{ACCOUNT, aws, aws_with, environment, peer};
use aws::{AwsConfig, Patience, sdk_config, sdk_config_with};
use capstan_core::ports::{CloudErrorKind, Notifier, Store, StoreError, Streams, Workflows};
use conformance::proxy::{Fault, Proxy};
use std::time::Duration;
use tier_steps::StepError;

#[test]
fn a_variable_that_is_missing_or_makes_no_sense_is_named() {
    let good = environment("http://127.0.0.1:1", &[]);
    let said = |name: &str, value: Option<&str>| {
        let mut environment = good.clone();
        environment.remove(name);
        if let Some(value) = value {
            environment.insert(name.to_owned(), value.to_owned());
        }
        let config = AwsConfig::read(&environment).err().or_else(|| sdk_config(&environment).err());
        config.unwrap_or_else(|| panic!("{name}={value:?} starts")).to_string()
    };
    for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "TABLE_SUFFIX"] {
        assert!(said(name, None).contains(name));
    }
    for (name, value) in [
        ("AWS_REGION", "US East"),
        ("AWS_REGION", "us-east-1a/.."),
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_ENDPOINT_URL", "127.0.0.1:4566"),
        ("TABLE_SUFFIX", "-dev table"),
        ("STATE_MACHINE_ARN", "capstan-faults"),
        ("ALERT_TOPIC_ARN", "arn:aws:sns:us-east-1:alerts"),
        ("COLLECTION_PRINCIPALS", "app"),
    ] {
        let words = said(name, Some(value));
        assert!(words.contains(name) && words.contains(value), "{words}");
    }
}

#[tokio::test]
async fn a_table_that_is_absent_is_named() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let elsewhere = aws_with(&peer, &[("TABLE_SUFFIX", "-elsewhere")]);
    for error in [
        elsewhere.get(&key("t")).await.unwrap_err(),
        elsewhere.transact(vec![delete("t")]).await.unwrap_err(),
    ] {
        assert!(
            matches!(&error, StoreError::Invalid(words) if words.contains("cato_infrastructure_tier-elsewhere")),
            "{error}"
        );
    }
}

fn delete(name: &str) -> capstan_core::ports::Write {
    use capstan_core::ports::{Effect, Write};
    Write { key: key(name), effect: Effect::Delete, condition: None }
}

/// A region that exists and is not ours is another cloud: nothing of ours is in it.
#[tokio::test]
async fn in_a_wrong_region_the_table_is_absent_and_the_region_is_named() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    make_table(&peer).await;
    let far = aws_with(&peer, &[("AWS_REGION", "eu-central-1")]);
    let error = far.get(&key("t")).await.unwrap_err();
    let words = error.to_string();
    assert!(matches!(error, StoreError::Invalid(_)), "{words}");
    assert!(words.contains("cato_infrastructure_tier-faults") && words.contains("eu-central-1"), "{words}");
}

#[tokio::test]
async fn a_topic_or_a_state_machine_that_is_absent_is_named() {
    let Some(peer) = peer("MINISTACK_URL") else { return };
    let topic = format!("arn:aws:sns:us-east-1:{ACCOUNT}:nobody");
    let error = refusal(aws_with(&peer, &[("ALERT_TOPIC_ARN", &topic)]).notify(&notice("word")).await);
    assert_eq!(error.kind, CloudErrorKind::NotFound, "{error}");
    assert!(error.to_string().contains(&topic), "{error}");
    assert_eq!(StepError::of_cloud(error).name(), "RequestRefused");
    let error = refusal(aws(&peer).notify(&notice("word")).await);
    assert!(error.to_string().contains("ALERT_TOPIC_ARN"), "{error}");

    let machine = format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:nobody");
    let elsewhere = aws_with(&peer, &[("STATE_MACHINE_ARN", &machine)]);
    let error = refusal(elsewhere.start("e", &serde_json::json!({})).await);
    assert_eq!(error.kind, CloudErrorKind::Invalid, "{error}");
    assert!(error.to_string().contains(&machine), "{error}");
}

/// What the cloud says to keys that are wrong, expired, of another region, or not allowed to do this.
#[tokio::test]
async fn without_good_credentials_it_is_denied() {
    for code in ["UnrecognizedClient", "ExpiredToken", "InvalidSignature", "AccessDenied"] {
        let proxy = Proxy::start("127.0.0.1:1");
        proxy.always(Fault::Refuse(400, code));
        let error = refusal(aws(proxy.url()).delete_stream("s").await);
        assert_eq!(error.kind, CloudErrorKind::Denied, "{error}");
        assert_eq!(StepError::of_cloud(error).name(), "AccessDenied");
        assert_eq!(proxy.asked(), 1, "{code} is not tried again");
        let error = aws(proxy.url()).transact(vec![delete("t")]).await.unwrap_err();
        assert!(matches!(&error, StoreError::Invalid(words) if words.contains(code)), "{error}");
    }
}

/// A call gives up within seconds and says why; the state machine's retries outlast the minute.
#[tokio::test]
async fn throttled_for_a_minute() {
    let proxy = Proxy::start("127.0.0.1:1");
    proxy.throttle_for(Duration::from_mins(1));
    let environment = environment(proxy.url(), &[]);
    let config = AwsConfig::read(&environment).unwrap();
    let patient = aws::Aws::new(config, sdk_config_with(&environment, Patience::default()).unwrap());
    let error = tokio::time::timeout(Duration::from_secs(10), patient.delete_stream("s"));
    let error = refusal(error.await.expect("it gives up long before the function's time is over"));
    assert_eq!(error.kind, CloudErrorKind::Throttled, "{error}");
    assert_eq!(proxy.asked(), 3);

    let error = StepError::of_cloud(error);
    assert!(error.retryable());
    let machine = include_str!("../../../../statemachine/tier-transition.asl.json");
    let machine: serde_json::Value = serde_json::from_str(machine).unwrap();
    let waits = waits(&machine, error.name());
    assert!(!waits.is_empty());
    for wait in waits {
        assert!(wait >= 60.0, "the state machine gives up after {wait} s");
    }
}

/// The seconds that each state waits in all, over its tries, for an error of this name.
fn waits(machine: &serde_json::Value, name: &str) -> Vec<f64> {
    let mut all: Vec<f64> = match machine {
        serde_json::Value::Object(fields) => fields.values().flat_map(|inner| waits(inner, name)).collect(),
        serde_json::Value::Array(parts) => parts.iter().flat_map(|inner| waits(inner, name)).collect(),
        _ => Vec::new(),
    };
    for retry in machine["Retry"].as_array().into_iter().flatten() {
        if retry["ErrorEquals"].as_array().is_some_and(|names| names.iter().any(|it| it == name)) {
            let number = |field: &str| retry[field].as_f64().unwrap();
            let (mut wait, mut sum, mut tries) = (number("IntervalSeconds"), 0.0, number("MaxAttempts"));
            while tries >= 1.0 {
                (sum, wait, tries) = (sum + wait, wait * number("BackoffRate"), tries - 1.0);
            }
            all.push(sum);
        }
    }
    all
}
