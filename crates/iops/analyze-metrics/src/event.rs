//! The event of a `DynamoDB` stream, by hosts.

use capstan_core::iops::{Hostname, Metric};
use capstan_core::ports::Item;
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// A sequence number: in the order of numbers, and in the spelling in which it came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sequence(u128, String);

impl Sequence {
    fn parse(text: &str) -> Option<Self> {
        Some(Self(text.parse().ok()?, text.to_owned()))
    }
    /// As it came.
    pub fn as_str(&self) -> &str {
        &self.1
    }
}

/// The samples of one host, in the order in which they were stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// The sequence number of the first record, as it came and as a number.
    pub first: Sequence,
    /// The samples.
    pub metrics: Vec<Metric>,
}

/// What came in is no batch of a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is no event of a DynamoDB stream: {0}")]
pub struct BadInput(String);

impl BadInput {
    /// Its closed name.
    pub const fn name(&self) -> &'static str {
        "BadInput"
    }
}

/// Reads the event. Deletions (by the table's TTL) are nothing to look at; what is in the table and is no metric is left out, with a
/// word in the log, since no repetition would make it one.
pub fn batch(event: &Value) -> Result<Vec<(Hostname, Samples)>, BadInput> {
    let records = event.get("Records").and_then(Value::as_array);
    let records = records.ok_or_else(|| BadInput("it has no Records".to_owned()))?;
    let mut hosts: BTreeMap<Hostname, Samples> = BTreeMap::new();
    for record in records {
        let change =
            record.get("dynamodb").ok_or_else(|| BadInput("a record has no `dynamodb`".to_owned()))?;
        let sequence = change.get("SequenceNumber").and_then(Value::as_str);
        let sequence = sequence
            .and_then(Sequence::parse)
            .ok_or_else(|| BadInput("a record has no SequenceNumber".to_owned()))?;
        if record.get("eventName").and_then(Value::as_str) == Some("REMOVE") {
            continue;
        }
        match change
            .get("NewImage")
            .and_then(Value::as_object)
            .and_then(item)
            .map(|item| Metric::of_item(&item))
        {
            Some(Ok(metric)) => {
                let new = || Samples { first: sequence.clone(), metrics: Vec::new() };
                hosts.entry(metric.hostname.clone()).or_insert_with(new).metrics.push(metric);
            }
            Some(Err(why)) => {
                tracing::error!("A row of the metrics table is no metric and is left out: {why}.");
            }
            None => tracing::error!("A record without a readable NewImage is left out."),
        }
    }
    Ok(hosts.into_iter().collect())
}

/// An image's attributes as an item: the types that metrics have, others are left out.
fn item(image: &Map<String, Value>) -> Option<Item> {
    let mut item = Item::new();
    for (name, typed) in image {
        let (kind, value) = typed.as_object()?.iter().next()?;
        let value = match (kind.as_str(), value) {
            ("S", Value::String(text)) => Value::from(text.as_str()),
            ("N", Value::String(number)) => Value::Number(number.parse::<Number>().ok()?),
            _ => continue,
        };
        item.insert(name.clone(), value);
    }
    Some(item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(name: &str, sequence: &str, image: impl Into<Value>) -> Value {
        let image: Value = image.into();
        json!({"eventName": name, "dynamodb": {"SequenceNumber": sequence, "NewImage": image}})
    }

    fn image(host: &str, at: u64) -> Value {
        json!({"hostname": {"S": host}, "timestamp": {"N": at.to_string()}, "cpuUsage": {"N": "7.55E+1"}, "x": {"BOOL": true}})
    }

    #[test]
    fn records_are_sorted_by_host_and_keep_their_order() {
        let long = "4421584500000000017450439092";
        let event = json!({"Records": [
            record("INSERT", long, image("web-1", 20)),
            record("INSERT", "4421584500000000017450439093", image("db-1", 5)),
            record("MODIFY", "4421584500000000017450439094", image("web-1", 10)),
            record("REMOVE", "4421584500000000017450439095", Value::Null),
            record("INSERT", "4421584500000000017450439096", json!({"hostname": {"S": "no metric"}})),
        ]});
        let hosts = batch(&event).unwrap();
        assert_eq!(hosts.len(), 2);
        let (host, samples) = &hosts[1];
        assert_eq!((host.as_str(), samples.first.as_str()), ("web-1", long));
        assert_eq!(samples.metrics.iter().map(|metric| metric.at).collect::<Vec<_>>(), [20, 10]);
        assert_eq!(samples.metrics[0].get(capstan_core::iops::Series::CpuUsage), Some(75.5));
    }

    #[test]
    fn what_is_no_event_of_a_stream_is_refused() {
        for wrong in [
            json!({}),
            json!({"Records": {}}),
            json!({"Records": [{}]}),
            json!({"Records": [{"dynamodb": {}}]}),
        ] {
            assert!(batch(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(batch(&json!({"Records": []})), Ok(Vec::new()));
    }
}
