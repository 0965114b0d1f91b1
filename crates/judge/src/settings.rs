//! What can be set, with defaults that are the runbook's ("Canary Deployment Process") where it says anything.

use serde::{Deserialize, Serialize};

/// One stage of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stage {
    /// Percentage of hosts on the canary.
    pub percent: u8,
    /// How long it lasts at least, in seconds.
    pub seconds: u32,
}

/// Settings of the judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// The stages, in order. 10 % for 2 min, 50 % for 3 min, 100 % for 5 min.
    pub stages: Vec<Stage>,
    /// How likely a canary that is not worse may be rolled back by its data, in a whole rollout, at all looks together.
    pub false_rollback: f64,
    /// How likely a canary that is worse by more than a margin may be promoted by its data.
    pub false_promotion: f64,
    /// How long a stage may be held after its time, in seconds; then the rollout ends without a verdict, rolled back.
    pub hold_limit_seconds: u32,
    /// So many requests of the canary, and so many of the baseline, are wanted in each stage.
    pub minimum_requests: u64,
    /// So many groups of hosts on the canary may misbehave by themselves, in any way, without being evidence.
    pub noisy_groups: usize,
    /// So many requests of one host may fail together for one cause; evidence is divided by it.
    pub failing_together: u32,
    /// A share of errors above which the baseline itself is sick and nothing can be compared with it.
    pub sick_baseline: f64,
    /// Share of errors.
    pub errors: Errors,
    /// Latency.
    pub latency: Latency,
    /// Disagreement of the two models.
    pub disagreement: Disagreement,
}

/// How errors are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Errors {
    /// Part of the budget for false rollbacks.
    pub share: f64,
    /// A share of errors that is no harm, however small the baseline's is.
    pub tolerated: f64,
    /// Shown to be good: below so many times the baseline's share …
    pub margin_ratio: f64,
    /// … or below this share.
    pub margin: f64,
}

/// How latency is judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Latency {
    /// Part of the budget for false rollbacks.
    pub share: f64,
    /// Slower by so many buckets of the histogram, of 9 % each, is no harm.
    pub tolerated_buckets: u8,
    /// What is faster than this is no harm, in milliseconds, however fast the baseline is.
    pub floor_millis: f64,
    /// Shown to be good: slow answers are fewer than so many times the baseline's.
    pub margin_ratio: f64,
}

/// How disagreement is judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Disagreement {
    /// Part of the budget for false rollbacks; 0 leaves disagreement out.
    pub share: f64,
    /// A share of disagreements that is expected of a good model.
    pub tolerated: f64,
    /// Shown to be good: below this share.
    pub margin: f64,
}

impl Default for Settings {
    fn default() -> Self {
        let stage = |percent, seconds| Stage { percent, seconds };
        Self {
            stages: vec![stage(10, 120), stage(50, 180), stage(100, 300)],
            false_rollback: 0.01,
            false_promotion: 0.05,
            hold_limit_seconds: 600,
            minimum_requests: 100,
            noisy_groups: 2,
            failing_together: 1,
            sick_baseline: 0.1,
            errors: Errors::default(),
            latency: Latency::default(),
            disagreement: Disagreement::default(),
        }
    }
}

impl Default for Errors {
    fn default() -> Self {
        Self { share: 0.45, tolerated: 0.002, margin_ratio: 3.0, margin: 0.01 }
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self { share: 0.45, tolerated_buckets: 0, floor_millis: 0.0, margin_ratio: 2.0 }
    }
}

impl Default for Disagreement {
    fn default() -> Self {
        Self { share: 0.1, tolerated: 0.05, margin: 0.1 }
    }
}

/// Settings that make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("settings: {0}")]
pub struct BadSettings(pub(crate) String);

impl Settings {
    /// Whether they make sense.
    pub fn check(&self) -> Result<(), BadSettings> {
        let bad = |text: &str| Err(BadSettings(text.to_owned()));
        let rising = self.stages.windows(2).all(|pair| pair[0].percent < pair[1].percent);
        if self.stages.is_empty() || !rising || self.stages.iter().any(|s| s.percent == 0 || s.percent > 100)
        {
            return bad("`stages` must rise, from above 0 to at most 100 percent");
        }
        let shares = [self.errors.share, self.latency.share, self.disagreement.share];
        let sum: f64 = shares.iter().sum();
        if shares.iter().any(|share| !(0.0..=1.0).contains(share)) || !(0.999..=1.001).contains(&sum) {
            return bad("the `share`s of the criteria must add up to 1");
        }
        for (name, value) in [
            ("falseRollback", self.false_rollback),
            ("falsePromotion", self.false_promotion),
            ("sickBaseline", self.sick_baseline),
            ("errors.tolerated", self.errors.tolerated),
            ("errors.margin", self.errors.margin),
            ("disagreement.tolerated", self.disagreement.tolerated),
            ("disagreement.margin", self.disagreement.margin),
        ] {
            if !(value > 0.0 && value < 1.0) {
                return bad(&format!("`{name}` must lie between 0 and 1"));
            }
        }
        for (name, value) in [("errors", self.errors.margin_ratio), ("latency", self.latency.margin_ratio)] {
            if !(value > 1.0 && value <= 100.0) {
                return bad(&format!("`{name}.marginRatio` must be above 1"));
            }
        }
        if self.errors.margin <= self.errors.tolerated
            || self.disagreement.margin <= self.disagreement.tolerated
        {
            return bad("a `margin` must be above what is `tolerated`");
        }
        if !(self.latency.floor_millis >= 0.0 && self.latency.floor_millis.is_finite()) {
            return bad("`latency.floorMillis` must be 0 or more");
        }
        if self.failing_together == 0 || self.minimum_requests == 0 {
            return bad("`failingTogether` and `minimumRequests` must be at least 1");
        }
        Ok(())
    }
}
