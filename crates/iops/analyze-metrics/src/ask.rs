//! Asking the model behind an endpoint, in the place of the built-in one.
//!
//! Whatever goes wrong, the built-in model answers, the insight says so, and the failure is counted. What hosts report of the
//! past is the built-in model's in any case: to ask about it would measure nothing of now.

use capstan_core::iops::answer::{risk_of, score};
use capstan_core::iops::{Assessment, Hostname, InsightType, Metric, ScoredBy, Seen};
use capstan_core::ports::{Inference, Store, Variant};
use capstan_core::time::{Millis, Timestamp};
use iops_records::{RecordError, Routing};
use watch::{MOST_KEPT, Window};

/// How long an answer is waited for.
const LIMIT: Millis = Millis(800);
/// What is older than this is not asked about.
const FRESH: Millis = Millis::minutes(5);
/// Of the samples of a host in one run, the last ones are asked about. One is the rule.
pub(crate) const MOST_ASKED: usize = 4;
/// What was stored of a host in its last hour before a second.
pub(crate) async fn window_before(
    store: &impl Store,
    host: &Hostname,
    at: u64,
) -> Result<Window, RecordError> {
    let (metrics, _) = iops_records::metrics_of(store, host.as_str(), Some(at), true, MOST_KEPT).await?;
    let mut window = Window::default();
    metrics.iter().rev().for_each(|metric| window.push(metric));
    Ok(window)
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
    (endpoint, variant): (&str, Variant),
    (window, last_alert): (&mut Window, Option<u64>),
    (built_in, seen): (Assessment, &[Seen]),
) -> Asked {
    let failed = |built_in, why: String, millis| Asked {
        found: built_in,
        by: ScoredBy::BuiltIn { failure: Some(why.chars().take(300).collect()) },
        millis,
        disagreed: None,
    };
    let Ok(features) = window.features(seen, last_alert) else {
        return failed(built_in, "there is no sample to ask about".to_owned(), 0.0);
    };
    let asked = ports.infer(endpoint, variant, &features.to_csv(), LIMIT).await;
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
        model: routing.model_of(variant).unwrap_or_default().to_owned(),
        version: routing.share.model_version.clone().unwrap_or_default(),
    };
    Asked { found: Assessment { score: risk, confidence, ..built_in }, by, millis: asked.millis, disagreed }
}
