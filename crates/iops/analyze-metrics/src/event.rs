//! The event of a `DynamoDB` stream, by hosts.

use capstan_core::iops::{Hostname, Metric, Series};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

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

/// What is read of an event.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<Record<'a>>,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(rename = "eventName", default, borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    dynamodb: Change<'a>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(rename = "SequenceNumber", borrow)]
    sequence: Cow<'a, str>,
    #[serde(rename = "NewImage", default)]
    image: Option<Image>,
}

/// The metric of an image, or why it is none. Attributes that no metric has are left out.
struct Image(Result<Metric, String>);

/// An attribute's value, of the types that metrics have.
#[derive(Default, Deserialize)]
struct Typed<'a> {
    #[serde(rename = "S", default, borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(rename = "N", default, borrow)]
    number: Option<Cow<'a, str>>,
}

impl<'de> Deserialize<'de> for Image {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ImageVisitor)
    }
}

struct ImageVisitor;

impl<'de> Visitor<'de> for ImageVisitor {
    type Value = Image;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item's attributes")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Image, A::Error> {
        let (mut host, mut at) = (None, None);
        let mut readings: Vec<(Series, f64)> = Vec::with_capacity(Series::ALL.len());
        while let Some(Name(name)) = access.next_key()? {
            match (&*name, Series::of(&name)) {
                ("hostname", _) => host = access.next_value::<Typed<'_>>()?.text.map(Cow::into_owned),
                ("timestamp", _) => {
                    let number = access.next_value::<Typed<'_>>()?.number;
                    at = number.and_then(|number| number.parse::<u64>().ok());
                }
                (_, Some(series)) => {
                    let number = access.next_value::<Typed<'_>>()?.number;
                    let number = number.and_then(|number| number.parse::<f64>().ok());
                    readings
                        .extend(number.filter(|number| number.is_finite()).map(|number| (series, number)));
                }
                _ => drop(access.next_value::<IgnoredAny>()?),
            }
        }
        let read = || {
            let host = Hostname::parse(&host.ok_or("it has no hostname")?)?;
            Ok(Metric::new(host, at.ok_or("it has no timestamp")?, readings))
        };
        Ok(Image(read()))
    }
}

/// An attribute's name, which is not copied where that is not needed.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads the event. Deletions (by the table's TTL) are nothing to look at; what is in the table and is no metric is left out, with a
/// word in the log, since no repetition would make it one.
pub fn batch(event: &Value) -> Result<Vec<(Hostname, Samples)>, BadInput> {
    Event::deserialize(event).map_err(|error| BadInput(error.to_string())).and_then(by_hosts)
}

/// The same of an event as the text that Lambda hands over.
pub fn batch_of_text(event: &str) -> Result<Vec<(Hostname, Samples)>, BadInput> {
    serde_json::from_str(event).map_err(|error| BadInput(error.to_string())).and_then(by_hosts)
}

fn by_hosts(event: Event<'_>) -> Result<Vec<(Hostname, Samples)>, BadInput> {
    let mut hosts: BTreeMap<Hostname, Samples> = BTreeMap::new();
    for Record { name, dynamodb: Change { sequence, image } } in event.records {
        let sequence = Sequence::parse(&sequence)
            .ok_or_else(|| BadInput(format!("`{sequence}` is no SequenceNumber")))?;
        if name == "REMOVE" {
            continue;
        }
        match image {
            Some(Image(Ok(metric))) => {
                if let Some(samples) = hosts.get_mut(&metric.hostname) {
                    samples.metrics.push(metric);
                } else {
                    let host = metric.hostname.clone();
                    hosts.insert(host, Samples { first: sequence, metrics: vec![metric] });
                }
            }
            Some(Image(Err(why))) => {
                tracing::error!("A row of the metrics table is no metric and is left out: {why}.");
            }
            None => tracing::error!("A record without a readable NewImage is left out."),
        }
    }
    Ok(hosts.into_iter().collect())
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
        assert_eq!(batch_of_text(&event.to_string()).unwrap(), hosts);
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
            json!({"Records": [{"dynamodb": {"SequenceNumber": "x"}}]}),
        ] {
            assert!(batch(&wrong).is_err(), "{wrong}");
            assert!(batch_of_text(&wrong.to_string()).is_err(), "{wrong}");
        }
        assert_eq!(batch(&json!({"Records": []})), Ok(Vec::new()));
    }
}
