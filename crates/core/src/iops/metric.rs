//! What a host reports of one second, and every reason for which it is not taken.

use super::METRICS_KEPT;
use super::host::Hostname;
use crate::ports::{Item, Key, Table, whole};
use crate::tier::edit::FieldError;
use crate::time::{Millis, Timestamp};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value, json};
use std::fmt;

/// How far ahead of now a metric may be.
pub const AHEAD: Millis = Millis::minutes(5);
/// How far behind.
pub const BEHIND: Millis = Millis::days(14);
/// The largest reading that is taken: far beyond any device, and within what the store can keep.
pub const LARGEST: f64 = 1e100;
/// What is nearer to zero than this is zero: the store can't tell it apart.
const SMALLEST: f64 = 1e-100;
/// The most fields of a metric that are looked at.
const MOST_FIELDS: usize = 64;

macro_rules! series {
    ($($variant:ident = $name:literal $unit:literal $percent:literal $required:literal,)*) => {
        /// What is measured.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Series { $(#[doc = concat!("`", $name, "`, in ", $unit)] $variant,)* }

        impl Series {
            /// Every series, in the order of a metric's readings.
            pub const ALL: [Self; [$(Self::$variant),*].len()] = [$(Self::$variant),*];
            /// The field's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
            /// The unit.
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)* }
            }
            /// Whether it is a share of 100.
            pub const fn is_percentage(self) -> bool {
                match self { $(Self::$variant => $percent,)* }
            }
            /// Whether every metric must have it.
            pub const fn is_required(self) -> bool {
                match self { $(Self::$variant => $required,)* }
            }
            /// The series of this field.
            pub fn of(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

series! {
    CpuUsage = "cpuUsage" "%" true true,
    MemoryUsage = "memoryUsage" "%" true true,
    DiskIo = "diskIO" "MB/s" false true,
    NetworkIo = "networkIO" "MB/s" false true,
    Iops = "iops" "1/s" false false,
    Latency = "latency" "ms" false false,
    ErrorRate = "errorRate" "%" true false,
    Throughput = "throughput" "MB/s" false false,
    QueueDepth = "queueDepth" "" false false,
}

impl Serialize for Series {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
impl<'de> Deserialize<'de> for Series {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::of(&name).ok_or_else(|| serde::de::Error::custom(format!("`{name}` is no series")))
    }
}

/// A metric: what one host measured at one second.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Which host.
    pub hostname: Hostname,
    /// When, in seconds since 1970.
    pub at: u64,
    /// What was measured, in the order of [`Series::ALL`].
    readings: [Option<f64>; Series::ALL.len()],
}

/// Why a metric is not taken: every reason at once.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricError(pub Vec<FieldError>);

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, FieldError { field, message }) in self.0.iter().enumerate() {
            let between = if index == 0 { "" } else { "; " };
            let gap = if field.is_empty() { "" } else { ": " };
            write!(f, "{between}{field}{gap}{message}")?;
        }
        Ok(())
    }
}

/// What was sent in the place of a metric, not looked at yet. Of a field that is given twice both are kept, so that neither
/// is believed.
#[derive(Debug, Clone, PartialEq)]
pub enum Raw {
    /// An object's fields in their order.
    Fields(Vec<(String, Value)>),
    /// Anything else.
    Other,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a metric")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut fields = Vec::with_capacity(8);
        while let Some(name) = access.next_key::<String>()? {
            if fields.len() < MOST_FIELDS {
                fields.push((name, access.next_value()?));
            } else {
                access.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Raw::Fields(fields))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        while access.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Raw::Other)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
    fn visit_str<E>(self, _: &str) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Other)
    }
}

impl Metric {
    /// A metric made of readings, for those who make them up.
    pub fn new(hostname: Hostname, at: u64, readings: impl IntoIterator<Item = (Series, f64)>) -> Self {
        let mut metric = Self { hostname, at, readings: [None; Series::ALL.len()] };
        for (series, value) in readings {
            metric.readings[series as usize] = Some(value);
        }
        metric
    }

    /// Reads what was sent at `now`, or says everything that is wrong with it.
    pub fn read(raw: &Raw, now: Timestamp) -> Result<Self, MetricError> {
        let mut reading = Reading::default();
        match raw {
            Raw::Other => reading.wrong("", "a metric is a JSON object"),
            Raw::Fields(fields) => fields.iter().for_each(|(name, value)| reading.field(name, value, now)),
        }
        if matches!(raw, Raw::Fields(_)) {
            reading.missing();
        }
        match (reading.hostname, reading.at) {
            (Some(hostname), Some(at)) if reading.errors.is_empty() => {
                Ok(Self { hostname, at, readings: reading.readings })
            }
            _ => Err(MetricError(reading.errors)),
        }
    }

    /// One reading.
    pub const fn get(&self, series: Series) -> Option<f64> {
        self.readings[series as usize]
    }

    /// What was measured.
    pub fn readings(&self) -> impl Iterator<Item = (Series, f64)> {
        Series::ALL.into_iter().filter_map(|series| Some((series, self.get(series)?)))
    }

    /// What the metric is called: the same for the same host and second, so that it says where the metric is.
    pub fn id(&self) -> String {
        format!("{}:{}", self.hostname, self.at)
    }

    /// Where a host's metric of a second is kept.
    pub fn key_of(hostname: &str, at: u64) -> Key {
        Key { table: Table::IopsMetrics, partition: hostname.to_owned(), sort: Self::sort(at) }
    }

    /// A second as the sort key of the port: ten digits.
    pub fn sort(at: u64) -> String {
        format!("{at:010}")
    }

    /// Where it is kept.
    pub fn key(&self) -> Key {
        Self::key_of(self.hostname.as_str(), self.at)
    }

    /// As an item of the store: fields as they were sent, `timestamp` in seconds, and when it may go.
    pub fn item(&self) -> Item {
        let mut item = Item::new();
        item.insert("hostname".to_owned(), json!(self.hostname));
        item.insert("timestamp".to_owned(), json!(self.at));
        item.insert("expires_at".to_owned(), json!(self.at + METRICS_KEPT));
        for (series, value) in self.readings() {
            item.insert(series.name().to_owned(), Value::Number(number(value)));
        }
        item
    }

    /// From an item of the store; what it does not know it leaves alone, since a later version may have put it there.
    pub fn of_item(item: &Item) -> Result<Self, String> {
        let text = item.get("hostname").and_then(Value::as_str).ok_or("it has no hostname")?;
        let at = item.get("timestamp").and_then(Value::as_u64).ok_or("it has no timestamp")?;
        let readings = Series::ALL.into_iter();
        let readings = readings.filter_map(|series| Some((series, item.get(series.name())?.as_f64()?)));
        Ok(Self::new(Hostname::parse(text)?, at, readings))
    }

    /// As the API shows it.
    pub fn to_api(&self) -> Value {
        let at = Timestamp::from_millis(self.at * 1_000);
        let mut shown = json!({ "metricId": self.id(), "hostname": self.hostname, "timestamp": at });
        for (series, value) in self.readings() {
            shown[series.name()] = Value::Number(number(value));
        }
        shown
    }
}

/// As the store gives it back: whole numbers without a fraction.
fn number(value: f64) -> Number {
    whole(value).or_else(|| Number::from_f64(value)).unwrap_or_else(|| Number::from(0))
}

/// A metric being read.
#[derive(Default)]
struct Reading {
    hostname: Option<Hostname>,
    at: Option<u64>,
    readings: [Option<f64>; Series::ALL.len()],
    /// Which fields were given, good or not, as bits: those of the series, then these two.
    given: u32,
    errors: Vec<FieldError>,
}

const HOSTNAME: usize = Series::ALL.len();
const TIMESTAMP: usize = HOSTNAME + 1;

impl Reading {
    fn wrong(&mut self, field: &str, message: impl Into<String>) {
        let field = field.chars().take(64).collect();
        self.errors.push(FieldError { field, message: message.into() });
    }

    const fn is_given(&self, field: usize) -> bool {
        self.given & (1 << field) != 0
    }

    fn field(&mut self, name: &str, value: &Value, now: Timestamp) {
        let field = match (name, Series::of(name)) {
            ("hostname", _) => HOSTNAME,
            ("timestamp", _) => TIMESTAMP,
            (_, Some(series)) => series as usize,
            _ => return self.wrong(name, "is not a field of a metric"),
        };
        if self.is_given(field) {
            return self.wrong(name, "is given twice");
        }
        self.given |= 1 << field;
        let read = match field {
            HOSTNAME => hostname(value).map(|host| self.hostname = Some(host)),
            TIMESTAMP => timestamp(value, now).map(|at| self.at = Some(at)),
            field => reading(Series::ALL[field], value).map(|value| self.readings[field] = Some(value)),
        };
        if let Err(message) = read {
            self.wrong(name, message);
        }
    }

    fn missing(&mut self) {
        if !self.is_given(HOSTNAME) {
            self.wrong("hostname", "is missing: give the host's name");
        }
        if !self.is_given(TIMESTAMP) {
            self.wrong("timestamp", "is missing: give a time such as 2026-11-21T18:00:00Z");
        }
        for series in Series::ALL.into_iter().filter(|series| series.is_required()) {
            if !self.is_given(series as usize) {
                self.wrong(series.name(), format!("is missing: give a number ({})", series.unit()));
            }
        }
    }
}

fn shown(value: &Value) -> String {
    value.to_string().chars().take(64).flat_map(char::escape_debug).collect()
}

fn hostname(value: &Value) -> Result<Hostname, String> {
    match value {
        Value::String(text) => Hostname::parse(text),
        other => Err(format!("{} is not a host's name", shown(other))),
    }
}

fn timestamp(value: &Value, now: Timestamp) -> Result<u64, String> {
    let at = value.as_str().filter(|text| text.len() <= 64).and_then(Timestamp::parse);
    let at = at
        .ok_or_else(|| format!("{} is not a time by RFC 3339, such as 2026-11-21T18:00:00Z", shown(value)))?;
    let minutes = |length: Millis| length.as_seconds_ceil() / 60;
    if at > now + AHEAD {
        return Err(format!("{at} is more than {} minutes ahead of now, {now}", minutes(AHEAD)));
    }
    if at + BEHIND < now {
        return Err(format!("{at} is more than {} days behind now, {now}", minutes(BEHIND) / 1_440));
    }
    Ok(at.as_millis() / 1_000)
}

fn reading(series: Series, value: &Value) -> Result<f64, String> {
    let number = value.as_f64().filter(|number| number.is_finite());
    let Some(number) = number else { return Err(format!("{} is not a number", shown(value))) };
    let most = if series.is_percentage() { 100.0 } else { LARGEST };
    if !(0.0..=most).contains(&number) {
        let largest = if series.is_percentage() { "100".to_owned() } else { format!("{LARGEST:e}") };
        return Err(format!("{} is not between 0 and {largest}", shown(value)));
    }
    // Not `-0`, either.
    Ok(if number < SMALLEST { 0.0 } else { number })
}

#[cfg(test)]
mod tests;
