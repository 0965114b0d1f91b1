//! Asking the model behind an endpoint, in the place of the built-in one.
//!
//! Whatever goes wrong, the built-in model answers, the insight says so, and the failure is counted. What hosts report of the
//! past is the built-in model's in any case: to ask about it would measure nothing of now.

use capstan_core::iops::answer::{risk_of, score};
use capstan_core::iops::{Assessment, Hostname, InsightType, Metric, ScoredBy, Seen, Series};
use capstan_core::ports::{Inference, Store};
use capstan_core::time::{Millis, Timestamp};
use iops_records::{RecordError, Routing};
use model::{Features, Sample, Setting};
use std::collections::VecDeque;

/// How long an answer is waited for.
const LIMIT: Millis = Millis(800);
/// What is older than this is not asked about.
const FRESH: Millis = Millis::minutes(5);
/// Of the samples of a host in one run, the last ones are asked about. One is the rule.
pub(crate) const MOST_ASKED: usize = 4;
/// How far back the window of a model goes, in seconds.
const WINDOW: u64 = 3_600;
/// The most samples of it: those of hosts that report every quarter of a minute.
const MOST_KEPT: usize = 240;

/// The last hour of a host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window(VecDeque<Sample>);

impl Window {
    /// What was stored of a host before a second.
    pub(crate) async fn before(store: &impl Store, host: &Hostname, at: u64) -> Result<Self, RecordError> {
        let (metrics, _) = iops_records::metrics_of(store, host.as_str(), Some(at), true, MOST_KEPT).await?;
        let mut window = Self::default();
        metrics.iter().rev().for_each(|metric| window.push(metric));
        Ok(window)
    }

    /// Takes in a sample, later than those before it.
    pub(crate) fn push(&mut self, metric: &Metric) {
        self.0.push_back(sample(metric));
        let begins = metric.at.saturating_sub(WINDOW);
        while self.0.len() > MOST_KEPT || self.0.front().is_some_and(|first| first.at < begins) {
            self.0.pop_front();
        }
    }

    fn features(&mut self, seen: &[Seen], last_alert: Option<u64>) -> Option<Features> {
        let anomaly = seen.iter().map(Seen::oddness).fold(0.0, f64::max);
        Features::of(self.0.make_contiguous(), &Setting { anomaly, last_alert }).ok()
    }
}

fn sample(metric: &Metric) -> Sample {
    let required = |series| metric.get(series).unwrap_or_default();
    Sample {
        at: metric.at,
        cpu: required(Series::CpuUsage),
        memory: required(Series::MemoryUsage),
        disk: required(Series::DiskIo),
        network: required(Series::NetworkIo),
        iops: metric.get(Series::Iops),
        latency: metric.get(Series::Latency),
        error_rate: metric.get(Series::ErrorRate),
        throughput: metric.get(Series::Throughput),
        queue_depth: metric.get(Series::QueueDepth),
    }
}

/// Whether a sample is of now.
pub(crate) fn is_fresh(metric: &Metric, now: Timestamp) -> bool {
    now.since(Timestamp::from_millis(metric.at.saturating_mul(1_000))) <= FRESH
}

/// What came of asking.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The score that counts, and its reasons.
    pub(crate) found: Assessment,
    /// Whose it is.
    pub(crate) by: ScoredBy,
    /// How long it took, in milliseconds.
    pub(crate) millis: f64,
    /// Whether both models come to the same severity; nothing, where one failed.
    pub(crate) disagreed: Option<bool>,
}

/// Asks the endpoint about the last sample of the window.
pub(crate) async fn ask(
    ports: &impl Inference,
    routing: &Routing,
    endpoint: &str,
    (window, last_alert): (&mut Window, Option<u64>),
    (built_in, seen): (Assessment, &[Seen]),
) -> Asked {
    let failed = |built_in, why: String, millis| Asked {
        found: built_in,
        by: ScoredBy::BuiltIn { failure: Some(why.chars().take(300).collect()) },
        millis,
        disagreed: None,
    };
    let Some(features) = window.features(seen, last_alert) else {
        return failed(built_in, "there is no sample to ask about".to_owned(), 0.0);
    };
    let asked = ports.infer(endpoint, &features.to_csv(), LIMIT).await;
    let answer = match asked.answer {
        Ok(answer) => answer,
        Err(error) => return failed(built_in, error.to_string(), asked.millis),
    };
    let score = match score(&answer) {
        Ok(score) => score,
        Err(error) => return failed(built_in, error.to_string(), asked.millis),
    };
    let risk = risk_of(score);
    let severity = |score| InsightType::of(score).map(InsightType::severity);
    let disagreed = Some(severity(risk) != severity(built_in.score));
    // A model says no more than a number: the surer, the nearer it is to one of its classes.
    let confidence = ((1.0 - 2.0 * (score - score.round()).abs()) * 1e3).round() / 1e3;
    let by = ScoredBy::Model {
        model: routing.share.model.clone().unwrap_or_default(),
        version: routing.share.model_version.clone().unwrap_or_default(),
    };
    Asked { found: Assessment { score: risk, confidence, ..built_in }, by, millis: asked.millis, disagreed }
}
