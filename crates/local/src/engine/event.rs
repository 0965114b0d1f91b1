//! The event of a stream, as Lambda hands it over.

use capstan_core::ports::{Item, Key, SortKind};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use sim::StreamRecord;

/// What a function is handed, as Lambda does it (developer guide, "Using AWS Lambda with Amazon DynamoDB").
#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "Records")]
    records: Vec<Record<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(rename = "eventID")]
    event_id: String,
    event_name: &'static str,
    event_version: &'static str,
    event_source: &'static str,
    aws_region: &'static str,
    dynamodb: Change<'a>,
    #[serde(rename = "eventSourceARN")]
    arn: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Change<'a> {
    approximate_creation_date_time: u64,
    keys: Keys<'a>,
    new_image: Image<'a>,
    sequence_number: String,
    size_bytes: u64,
    stream_view_type: &'static str,
}

impl<'a> Event<'a> {
    fn of(records: &'a [StreamRecord], arn: &'a str) -> Self {
        let shown = |record: &'a StreamRecord| Record {
            event_id: format!("{:032x}", record.sequence),
            event_name: if record.modified { "MODIFY" } else { "INSERT" },
            event_version: "1.1",
            event_source: "aws:dynamodb",
            aws_region: "us-east-1",
            dynamodb: Change {
                approximate_creation_date_time: record.at.as_millis() / 1_000,
                keys: Keys(&record.key),
                new_image: Image(record.item()),
                sequence_number: record.sequence.to_string(),
                size_bytes: 0,
                stream_view_type: "NEW_IMAGE",
            },
            arn,
        };
        Self { records: records.iter().map(shown).collect() }
    }
}

/// The event of these records.
pub(super) fn event_of(records: &[StreamRecord], arn: &str) -> Value {
    // Plain data with string keys: it always has a JSON form.
    serde_json::to_value(Event::of(records, arn)).unwrap_or_default()
}

/// The same as text, in a value: a hundred small maps a record would cost more than what is done with them.
pub(super) fn text_of(records: &[StreamRecord], arn: &str) -> Value {
    Value::String(serde_json::to_string(&Event::of(records, arn)).unwrap_or_default())
}

struct Keys<'a>(&'a Key);

impl Serialize for Keys<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Key { table, partition, sort } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(table.partition_key(), &Typed::Text(partition))?;
        if let Some(name) = table.sort_key() {
            let typed = match table.sort_kind() {
                SortKind::Text => Typed::Text(sort),
                SortKind::Number => Typed::Number(sort.trim_start_matches('0')),
            };
            map.serialize_entry(name, &typed)?;
        }
        map.end()
    }
}

struct Image<'a>(&'a Item);

impl Serialize for Image<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, Attribute(value))))
    }
}

/// A value with its type, where that is text in any case.
#[derive(Serialize)]
enum Typed<'a> {
    #[serde(rename = "S")]
    Text(&'a str),
    #[serde(rename = "N")]
    Number(&'a str),
}

struct Attribute<'a>(&'a Value);

impl Serialize for Attribute<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.collect_map([("NULL", true)]),
            Value::Bool(yes) => serializer.collect_map([("BOOL", yes)]),
            Value::Number(number) => Typed::Number(&number.to_string()).serialize(serializer),
            Value::String(text) => Typed::Text(text).serialize(serializer),
            Value::Array(items) => {
                serializer.collect_map([("L", items.iter().map(Attribute).collect::<Vec<_>>())])
            }
            Value::Object(members) => serializer.collect_map([("M", Image(members))]),
        }
    }
}
