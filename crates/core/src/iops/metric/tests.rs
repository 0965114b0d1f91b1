use super::*;
use proptest::prelude::*;

const NOW: u64 = 1_800_000_000_000;

fn now() -> Timestamp {
    Timestamp::from_millis(NOW)
}

fn read(value: &Value) -> Result<Metric, MetricError> {
    Metric::read(&serde_json::from_value(value.clone()).unwrap(), now())
}

fn good() -> Value {
    json!({
        "timestamp": now(), "hostname": "ops-test-1", "cpuUsage": 75.5, "memoryUsage": 82.3, "diskIO": 200.5,
        "networkIO": 150.2,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut metric = good();
    metric[name] = value;
    metric
}

/// The one field that is wrong, and what is said of it.
fn objection(value: &Value) -> (String, String) {
    let MetricError(errors) = read(value).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    (errors[0].field.clone(), errors[0].message.clone())
}

#[test]
fn the_runbook_s_metric_is_taken_and_keeps_its_fields() {
    let metric = read(&good()).unwrap();
    assert_eq!(metric.id(), "ops-test-1:1800000000");
    let item = metric.item();
    assert_eq!(item["hostname"], "ops-test-1");
    assert_eq!(item["timestamp"], 1_800_000_000_u64);
    assert_eq!(item["cpuUsage"], 75.5);
    assert_eq!(item["expires_at"], 1_800_000_000_u64 + METRICS_KEPT);
    assert_eq!(Metric::of_item(&item), Ok(metric.clone()));
    assert_eq!(metric.key().sort, "1800000000");
}

#[test]
fn percentages_end_at_100_and_nothing_is_negative() {
    for series in Series::ALL {
        assert!(read(&with(series.name(), json!(0))).is_ok(), "{series:?}");
        assert_eq!(objection(&with(series.name(), json!(-0.001))).0, series.name());
        assert_eq!(read(&with(series.name(), json!(100.001))).is_err(), series.is_percentage(), "{series:?}");
        assert!(read(&with(series.name(), json!(100))).is_ok(), "{series:?}");
        for wrong in [json!("75"), json!(null), json!([1]), json!({}), json!(true), json!(1e101)] {
            assert_eq!(objection(&with(series.name(), wrong)).0, series.name());
        }
    }
    assert_eq!(read(&with("diskIO", json!(-0.0))).unwrap().get(Series::DiskIo).map(f64::to_bits), Some(0));
    assert_eq!(read(&with("diskIO", json!(1e-300))).unwrap().get(Series::DiskIo), Some(0.0));
}

/// JSON has no NaN and no infinity: what is written like them is no JSON, and no metric.
#[test]
fn what_is_no_finite_number_can_not_be_sent() {
    for text in ["NaN", "Infinity", "-Infinity", "1e999", "nan"] {
        assert!(serde_json::from_str::<Raw>(&format!(r#"{{"cpuUsage": {text}}}"#)).is_err(), "{text}");
    }
}

#[test]
fn times_are_taken_up_to_5_minutes_ahead_and_14_days_behind() {
    let at = |millis: u64| with("timestamp", json!(Timestamp::from_millis(millis)));
    assert!(read(&at(NOW + AHEAD.0)).is_ok() && read(&at(NOW - BEHIND.0)).is_ok());
    for beyond in [NOW + AHEAD.0 + 1, NOW - BEHIND.0 - 1, 0] {
        assert_eq!(objection(&at(beyond)).0, "timestamp");
    }
    assert_eq!(
        read(&with("timestamp", json!("2027-01-15T09:00:00.999+01:00"))).map(|metric| metric.at),
        Ok(1_800_000_000)
    );
    for no_time in
        [json!(1_800_000_000), json!(""), json!("yesterday"), json!("2027-01-15"), json!("9".repeat(99))]
    {
        assert_eq!(objection(&with("timestamp", no_time)).0, "timestamp");
    }
}

#[test]
fn everything_wrong_is_said_at_once_and_unknown_fields_are_refused() {
    let MetricError(errors) =
        read(&json!({"hostname": "a b", "cpuUsage": 101, "colour": "red"})).unwrap_err();
    let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["colour", "cpuUsage", "hostname", "timestamp", "memoryUsage", "diskIO", "networkIO"]);
    for other in [json!([]), json!(1), json!("x"), json!(null), json!(true), json!(1.5), json!(-1)] {
        assert_eq!(objection(&other).0, "");
    }
}

#[test]
fn a_field_given_twice_is_believed_neither_time() {
    let text = good().to_string();
    let twice = text.replacen('{', r#"{"cpuUsage":1,"#, 1);
    let raw: Raw = serde_json::from_str(&twice).unwrap();
    let MetricError(errors) = Metric::read(&raw, now()).unwrap_err();
    assert_eq!((errors.len(), errors[0].field.as_str()), (1, "cpuUsage"));
}

#[test]
fn a_flood_of_fields_is_not_kept() {
    let many: serde_json::Map<String, Value> = (0..10_000).map(|n| (format!("f{n}"), json!(n))).collect();
    let MetricError(errors) = read(&Value::Object(many)).unwrap_err();
    assert!(errors.len() <= MOST_FIELDS + 6);
}

fn json_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<f64>().prop_map(|number| json!(number)),
        any::<i64>().prop_map(|number| json!(number)),
        ".{0,40}".prop_map(Value::from),
        Just(Value::Null),
        Just(json!([1])),
    ]
}

proptest! {
    /// Whatever is sent, what is taken stands being kept: it comes back from its item as it was.
    #[test]
    fn what_is_taken_comes_back_from_the_store_as_it_was(
        host in "[a-zA-Z0-9-]{1,20}(\\.[a-z0-9]{1,9}){0,3}",
        values in proptest::collection::vec(json_value(), Series::ALL.len()),
        at in NOW - BEHIND.0 * 2..NOW + AHEAD.0 * 2,
    ) {
        let mut sent = json!({"hostname": host, "timestamp": Timestamp::from_millis(at)});
        for (series, value) in Series::ALL.into_iter().zip(values) {
            sent[series.name()] = value;
        }
        if let Ok(metric) = read(&sent) {
            let item: Item = serde_json::from_str(&Value::Object(metric.item()).to_string()).unwrap();
            prop_assert_eq!(Metric::of_item(&item), Ok(metric.clone()));
            for (series, value) in metric.readings() {
                prop_assert!(value >= 0.0 && (!series.is_percentage() || value <= 100.0));
            }
            prop_assert!(metric.at * 1_000 <= (now() + AHEAD).as_millis());
        }
    }
}
