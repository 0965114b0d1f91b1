//! Insights: findings worth keeping, with their reasons and what to do about them.

use super::INSIGHTS_KEPT;
use super::finding::{Assessment, Finding};
use super::host::Hostname;
use super::metric::Series;
use super::place::InsightId;
use crate::ids::TenantId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A finding within so many seconds of the last one joins its insight.
pub const JOINED_WITHIN: u64 = 300;
/// The name of the model that is built in.
pub const MODEL: &str = "thresholds+detector";
/// Its version.
pub const MODEL_VERSION: &str = "1";

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$of])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: [Self; [$(Self::$variant),*].len()] = [$(Self::$variant),*];
            /// Its word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
            /// What has this word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.as_str() == word)
            }
        }
    };
}

words! {
    /// What an insight is about, by its score.
    InsightType {
        /// 40 and more.
        AnomalyDetected = "anomaly_detected",
        /// 60 and more.
        PerformanceDegradation = "performance_degradation",
        /// 80 and more.
        CriticalPerformanceIssue = "critical_performance_issue",
    }
}
words! {
    /// How urgent an insight is.
    Severity {
        /// Worth knowing.
        Info = "info",
        /// To be looked at.
        Warning = "warning",
        /// Somebody is woken up.
        Critical = "critical",
    }
}
words! {
    /// What people did about an insight.
    InsightStatus {
        /// Nothing yet.
        Open = "open",
        /// Somebody has seen to it.
        Acknowledged = "acknowledged",
        /// Somebody says that it is none.
        Dismissed = "dismissed",
    }
}
words! {
    /// Which model it comes from.
    Source {
        /// The one in here.
        BuiltIn = "builtin",
        /// An endpoint of `SageMaker`.
        SageMaker = "sagemaker",
    }
}

impl InsightType {
    /// The type of a score; below 40 all is as always, and nothing is kept.
    pub const fn of(score: u8) -> Option<Self> {
        match score {
            80.. => Some(Self::CriticalPerformanceIssue),
            60.. => Some(Self::PerformanceDegradation),
            40.. => Some(Self::AnomalyDetected),
            _ => None,
        }
    }
    /// How urgent that is.
    pub const fn severity(self) -> Severity {
        match self {
            Self::CriticalPerformanceIssue => Severity::Critical,
            Self::PerformanceDegradation => Severity::Warning,
            Self::AnomalyDetected => Severity::Info,
        }
    }
}

/// What a person did about an insight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Review {
    /// Who: the token's subject.
    pub by: String,
    /// Of which tenant: the token's.
    pub tenant: TenantId,
    /// When.
    pub at: Timestamp,
    /// In their own words.
    pub note: String,
}

/// An insight, as it is kept. `type`, `severity` and `message` are texts of their own, as the runbook's scan wants them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Insight {
    /// The partition: hour and shard.
    pub bucket: String,
    /// The place in there.
    pub entry: String,
    /// Its id.
    pub insight_id: InsightId,
    /// Which host.
    pub hostname: Hostname,
    /// When it was first seen, in seconds since 1970.
    pub timestamp: u64,
    /// When it was last seen.
    pub last_seen: u64,
    /// In how many samples.
    pub count: u64,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: InsightType,
    /// How urgent.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// The worst score, from 40 to 100.
    pub risk_score: u8,
    /// How sure it is, from 0 to 1.
    pub confidence: f64,
    /// What to do.
    pub recommendations: Vec<String>,
    /// The reasons, as they were in the worst sample.
    pub findings: Vec<Finding>,
    /// Which kind of model it comes from.
    pub source: Source,
    /// Which model.
    pub model: String,
    /// Of which version.
    pub model_version: String,
    /// Why the built-in model answered where another one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_failure: Option<String>,
    /// What people did about it.
    pub status: InsightStatus,
    /// Who did, when and why.
    pub review: Option<Review>,
    /// When it may go, in seconds since 1970.
    #[serde(rename = "expires_at")]
    pub expires_at: u64,
    /// Moves with every write.
    pub version: u64,
}

/// Which model a score comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScoredBy {
    /// The one in here.
    BuiltIn {
        /// Why, where another one was asked.
        failure: Option<String>,
    },
    /// One behind an endpoint.
    Model {
        /// Its name.
        model: String,
        /// Its version.
        version: String,
    },
}

impl Insight {
    /// The insight that a finding on a host begins; `None` where all is as always.
    pub fn begun(host: &Hostname, at: u64, found: &Assessment) -> Option<Self> {
        let kind = InsightType::of(found.score)?;
        let id = InsightId::of(host, at);
        let mut insight = Self {
            bucket: id.bucket(),
            entry: id.entry(),
            insight_id: id,
            hostname: host.clone(),
            timestamp: at,
            last_seen: at,
            count: 0,
            kind,
            severity: kind.severity(),
            message: String::new(),
            risk_score: 0,
            confidence: 0.0,
            recommendations: Vec::new(),
            findings: Vec::new(),
            source: Source::BuiltIn,
            model: MODEL.to_owned(),
            model_version: MODEL_VERSION.to_owned(),
            model_failure: None,
            status: InsightStatus::Open,
            review: None,
            expires_at: at + INSIGHTS_KEPT,
            version: 0,
        };
        insight.join(at, found);
        Some(insight)
    }

    /// Takes in one more finding: it counts, and what is worse than before becomes the insight's word.
    pub fn join(&mut self, at: u64, found: &Assessment) {
        self.count += 1;
        self.last_seen = self.last_seen.max(at);
        if found.score <= self.risk_score {
            return;
        }
        self.risk_score = found.score;
        self.confidence = found.confidence;
        self.kind = InsightType::of(found.score).unwrap_or(self.kind);
        self.severity = self.kind.severity();
        self.message = message(&self.hostname, found);
        self.recommendations = recommendations(&found.findings);
        self.findings.clone_from(&found.findings);
    }

    /// Says which model its score comes from.
    pub fn scored_by(&mut self, by: &ScoredBy) {
        (self.source, self.model_failure) = match by {
            ScoredBy::BuiltIn { failure } => (Source::BuiltIn, failure.clone()),
            ScoredBy::Model { .. } => (Source::SageMaker, None),
        };
        (self.model, self.model_version) = match by {
            ScoredBy::BuiltIn { .. } => (MODEL.to_owned(), MODEL_VERSION.to_owned()),
            ScoredBy::Model { model, version } => (model.clone(), version.clone()),
        };
    }

    /// As the API shows it.
    pub fn to_api(&self) -> Value {
        let time = |seconds: u64| Timestamp::from_millis(seconds * 1_000);
        let mut shown = json!(self);
        if let Value::Object(fields) = &mut shown {
            for hidden in ["bucket", "entry", "expires_at"] {
                fields.remove(hidden);
            }
            fields.insert("timestamp".to_owned(), json!(time(self.timestamp)));
            fields.insert("lastSeen".to_owned(), json!(time(self.last_seen)));
            for (finding, shown) in self
                .findings
                .iter()
                .zip(fields.get_mut("findings").and_then(Value::as_array_mut).into_iter().flatten())
            {
                shown["since"] = json!(time(finding.since));
            }
        }
        shown
    }
}

/// One sentence: which metric, its value, what was expected, since when, how rare.
fn message(host: &Hostname, found: &Assessment) -> String {
    let Some(first) = found.findings.first() else {
        return format!("{host}: score {}, by the last hour of its metrics", found.score);
    };
    let name = first.metric.name();
    let unit = if first.unit.is_empty() { String::new() } else { format!(" {}", first.unit) };
    let value = first.value;
    let since = Timestamp::from_millis(first.since * 1_000).to_string();
    let since = since.get(..19).unwrap_or_default();
    let expected = match (first.expected_low, first.expected_high) {
        (Some(low), Some(high)) => format!("expected {low} to {high}{unit}"),
        (None, Some(high)) => format!("the limit is {high}{unit}"),
        (Some(low), None) => format!("at least {low}{unit} is wanted"),
        (None, None) => "nothing like it is expected".to_owned(),
    };
    let rare = first.rarity.map(|samples| format!(", once in {samples} samples")).unwrap_or_default();
    let others = match found.findings.len() {
        0 | 1 => String::new(),
        count => {
            let names: Vec<&str> =
                found.findings[1..count].iter().map(|finding| finding.metric.name()).collect();
            format!("; also {}", names.join(", "))
        }
    };
    format!("{host}: {name} is {value}{unit}, {expected}, since {since}Z{rare}{others}")
}

fn recommendations(findings: &[Finding]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for finding in findings {
        let advice = advice(finding.metric).to_owned();
        if !all.contains(&advice) {
            all.push(advice);
        }
    }
    all
}

const fn advice(series: Series) -> &'static str {
    match series {
        Series::CpuUsage => {
            "Look at what uses the processor (top), and at what was deployed last; scale out if it is load."
        }
        Series::MemoryUsage => {
            "Look for a process that grows (ps by RSS); restart it before the kernel kills one."
        }
        Series::DiskIo => {
            "Look at who reads and writes (iostat, pidstat -d); see whether a disk is full or a backup runs."
        }
        Series::NetworkIo => {
            "Look at connections by peer; see whether traffic is shed, repeated or an attack."
        }
        Series::Iops => "Spread the load over more volumes, or raise their provisioned IOPS.",
        Series::Latency => {
            "See whether the volume is saturated: queue depth and throughput at the same time."
        }
        Series::ErrorRate => {
            "Read the device's and the application's errors of that time; take the host out of service if they go on."
        }
        Series::QueueDepth => "Requests pile up: fewer at once, or a faster volume.",
        Series::Throughput => {
            "Many operations and little data: see the size of requests, and whether they can be merged."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iops::{Metric, Seen, assess};

    fn host() -> Hostname {
        Hostname::parse("web-1").unwrap()
    }

    fn found(score: u8) -> Assessment {
        Assessment { score, confidence: 0.5, findings: Vec::new() }
    }

    #[test]
    fn type_and_severity_follow_from_the_score() {
        let of = |score: u8| InsightType::of(score).map(|kind| (kind.as_str(), kind.severity().as_str()));
        assert_eq!(of(39), None);
        for score in [40, 59] {
            assert_eq!(of(score), Some(("anomaly_detected", "info")));
        }
        for score in [60, 79] {
            assert_eq!(of(score), Some(("performance_degradation", "warning")));
        }
        for score in [80, 100] {
            assert_eq!(of(score), Some(("critical_performance_issue", "critical")));
        }
        assert!(Insight::begun(&host(), 5, &found(39)).is_none());
    }

    #[test]
    fn an_insight_says_which_metric_its_value_what_was_expected_since_when_and_how_rare() {
        let metric = Metric::new(host(), 1_800_000_060, [(Series::CpuUsage, 97.5), (Series::Latency, 40.0)]);
        let seen = Seen {
            series: Series::CpuUsage,
            value: 97.5,
            expected: (21.0, 38.5),
            since: 1_800_000_000,
            lasting: 5,
            rarity: 12_000.0,
        };
        let insight = Insight::begun(&host(), metric.at, &assess(&metric, &[seen])).unwrap();
        assert_eq!(
            insight.message,
            "web-1: cpuUsage is 97.5 %, expected 21 to 38.5 %, since 2027-01-15T08:00:00Z, once in 12000 samples; also latency"
        );
        assert_eq!(insight.recommendations.len(), 2);
        let shown = insight.to_api();
        assert_eq!(shown["type"], "performance_degradation");
        assert_eq!(shown["timestamp"], "2027-01-15T08:01:00.000Z");
        assert_eq!(shown["findings"][0]["since"], "2027-01-15T08:00:00.000Z");
        assert_eq!(shown["source"], "builtin");
        assert!(shown.get("bucket").is_none());
    }

    #[test]
    fn what_joins_counts_and_only_what_is_worse_changes_the_word() {
        let mut insight = Insight::begun(&host(), 100, &found(62)).unwrap();
        insight.join(160, &found(41));
        assert_eq!((insight.count, insight.last_seen, insight.risk_score), (2, 160, 62));
        assert_eq!(insight.kind, InsightType::PerformanceDegradation);
        insight.join(220, &found(85));
        assert_eq!((insight.count, insight.risk_score, insight.severity), (3, 85, Severity::Critical));
        assert_eq!(insight.timestamp, 100);
    }
}
