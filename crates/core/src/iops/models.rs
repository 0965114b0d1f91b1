//! Releases of models: names, the course of a release, the labels of training rows, and what a new model is held to.

use super::insight::{Insight, InsightStatus};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A score of a model, 0 to 3, times this is a risk of 0 to 100.
pub const RISK_OF_SCORE: f64 = 33.33;

/// A version of the model: when its release was asked for, as `20261121-213000-123`. Versions sort by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelVersion(String);

impl ModelVersion {
    /// The version that is asked for at this instant.
    pub fn at(instant: Timestamp) -> Self {
        let text = instant.to_string();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        Self(format!("{}-{}-{}", part(0, 8), part(8, 14), part(14, 17)))
    }

    /// Reads a version; the error says what one is.
    pub fn parse(text: &str) -> Result<Self, String> {
        let well_formed = text.len() == 19
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 15 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if well_formed {
            return Ok(Self(text.to_owned()));
        }
        let shown: String = text.chars().take(64).flat_map(char::escape_debug).collect();
        Err(format!("`{shown}` is no version of a model: they are as 20261121-213000-123, see GET /models"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The model's name in `SageMaker`.
    pub fn model_name(&self) -> String {
        format!("iops-model-{}", self.0)
    }
    /// The name of the endpoint configuration that a release of it at some instant makes.
    pub fn config_name(released: Timestamp) -> String {
        format!("iops-config-{}", Self::at(released).0)
    }
    /// The name of the job that trains it.
    pub fn job_name(&self) -> String {
        format!("iops-train-{}", self.0)
    }
}

impl TryFrom<String> for ModelVersion {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}
impl From<ModelVersion> for String {
    fn from(version: ModelVersion) -> Self {
        version.0
    }
}
impl fmt::Display for ModelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a release stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReleaseStatus {
    /// Rows are being gathered.
    Exporting,
    /// A job trains on them.
    Training,
    /// What came of it is held against the model that serves.
    Registering,
    /// The endpoint is being brought to it.
    Deploying,
    /// Hosts are being moved to it, stage by stage.
    Canary,
    /// Two versions answer, each for its hosts, until somebody ends it.
    Comparing,
    /// It serves. An end.
    Completed,
    /// What was done is being undone.
    RollingBack,
    /// All is as it was. An end.
    RolledBack,
    /// It could not be undone: a person is needed.
    Stuck,
}

impl ReleaseStatus {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Exporting,
        Self::Training,
        Self::Registering,
        Self::Deploying,
        Self::Canary,
        Self::Comparing,
        Self::Completed,
        Self::RollingBack,
        Self::RolledBack,
        Self::Stuck,
    ];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exporting => "EXPORTING",
            Self::Training => "TRAINING",
            Self::Registering => "REGISTERING",
            Self::Deploying => "DEPLOYING",
            Self::Canary => "CANARY",
            Self::Comparing => "COMPARING",
            Self::Completed => "COMPLETED",
            Self::RollingBack => "ROLLING_BACK",
            Self::RolledBack => "ROLLED_BACK",
            Self::Stuck => "STUCK",
        }
    }

    /// Whether it goes forward.
    pub const fn goes_forward(self) -> bool {
        matches!(self, Self::Exporting | Self::Training | Self::Registering | Self::Deploying | Self::Canary)
    }

    /// Whether nothing more comes.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::RolledBack)
    }

    /// Whether a release may go from here to there. To stay is no move.
    pub const fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Exporting, Self::Training | Self::Deploying)
            | (Self::Training, Self::Registering)
            | (Self::Registering, Self::Deploying)
            | (Self::Deploying, Self::Canary | Self::Comparing)
            | (Self::Canary, Self::Completed)
            | (Self::RollingBack, Self::RolledBack | Self::Stuck)
            | (Self::Comparing | Self::Stuck, Self::RollingBack) => true,
            (from, Self::RollingBack) => from.goes_forward(),
            _ => false,
        }
    }
}

/// The score that a training row has, 0 to 3, by the insights of its host: the worst of those that were under way at that
/// second. One that people have dismissed was none, so it counts as 0, as does a second without an insight.
pub fn label<'a>(at: u64, insights: impl IntoIterator<Item = &'a Insight>) -> f64 {
    let under_way =
        insights.into_iter().filter(|insight| (insight.timestamp..=insight.last_seen).contains(&at));
    let score = |insight: &Insight| match insight.status {
        InsightStatus::Dismissed => 0.0,
        InsightStatus::Open | InsightStatus::Acknowledged => f64::from(insight.risk_score) / RISK_OF_SCORE,
    };
    under_way.map(score).fold(0.0, f64::max).min(3.0)
}

/// What was measured of a model on rows that it has not seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// The share of rows whose class it says, 0 to 1.
    pub accuracy: f64,
    /// The accuracy of whoever says the most frequent class always.
    pub majority: f64,
    /// How far it is off on average, 0 to 3.
    pub mean_error: f64,
    /// The share of what is high or critical that it finds, 0 to 1; `None`: there was none.
    pub caught: Option<f64>,
}

/// Why a new model may not take the serving one's place; `None`: it may. The same rules as those of the crate `model`.
pub fn refusal(new: &Measured, serving: Option<&Measured>) -> Option<String> {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    if new.accuracy <= new.majority && new.accuracy < 1.0 {
        return Some(format!(
            "it has learnt nothing: it says the right class for {} of the rows held out, and whoever says the most \
             frequent one always has {}",
            percent(new.accuracy),
            percent(new.majority)
        ));
    }
    let serving = serving?;
    // The service gives figures back in 32 bits.
    if new.mean_error > serving.mean_error + 1e-6 {
        return Some(format!(
            "it is off by {:.3} on average on the rows held out, the model that serves by {:.3}",
            new.mean_error, serving.mean_error
        ));
    }
    let (found, before) = (new.caught.unwrap_or(0.0), serving.caught.unwrap_or(0.0));
    (found < before).then(|| {
        format!(
            "of the rows held out that are high or critical it finds {}, the model that serves {}",
            percent(found),
            percent(before)
        )
    })
}

/// A number by which hosts are put in an order that has nothing to do with their names, the same everywhere and for ever:
/// the first so many of it are an even sample.
pub fn spread(host: &str) -> u64 {
    let mut mixed = host.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    for _ in 0..2 {
        mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iops::{Assessment, Hostname};

    #[test]
    fn a_version_names_everything_that_belongs_to_it() {
        let at = Timestamp::parse("2026-11-21T21:30:00.123Z").unwrap();
        let version = ModelVersion::at(at);
        assert_eq!(version.as_str(), "20261121-213000-123");
        assert_eq!(version.model_name(), "iops-model-20261121-213000-123");
        assert_eq!(version.job_name(), "iops-train-20261121-213000-123");
        assert_eq!(ModelVersion::config_name(at), "iops-config-20261121-213000-123");
        assert_eq!(ModelVersion::parse(version.as_str()), Ok(version));
        for bad in ["", "20261121", "20261121-213000-12x", "20261121_213000_123", &"9".repeat(10_000)] {
            let error = ModelVersion::parse(bad).unwrap_err();
            assert!(error.len() < 300 && error.contains("GET /models"), "{error}");
        }
    }

    #[test]
    fn a_release_goes_forward_or_back_and_never_out_of_an_end() {
        use ReleaseStatus::{
            Canary, Comparing, Completed, Exporting, RolledBack, RollingBack, Stuck, Training,
        };
        for from in ReleaseStatus::ALL {
            assert!(!from.may_become(from), "{from:?}");
            for to in ReleaseStatus::ALL {
                assert!(!(from.is_end() && from.may_become(to)), "{from:?} → {to:?}");
            }
            let undone = from.goes_forward() || matches!(from, Stuck | Comparing);
            assert_eq!(from.may_become(RollingBack), undone, "{from:?}");
            // Nothing serves that has not come through its canary.
            assert_eq!(from.may_become(Completed), from == Canary, "{from:?}");
            assert_eq!(from.may_become(RolledBack), from == RollingBack, "{from:?}");
        }
        assert!(Exporting.may_become(Training) && !Training.may_become(Exporting));
    }

    fn insight(at: u64, score: u8) -> Insight {
        let found = Assessment { score, confidence: 1.0, findings: Vec::new() };
        Insight::begun(&Hostname::parse("db-1").unwrap(), at, &found).unwrap()
    }

    #[test]
    fn a_row_is_as_bad_as_the_worst_insight_of_its_time_and_what_was_dismissed_was_none() {
        let (mut first, second) = (insight(100, 60), insight(150, 90));
        first.last_seen = 200;
        let both = [first.clone(), second];
        assert_eq!(label(99, &both).to_bits(), 0.0_f64.to_bits());
        assert!((label(100, &both) - 1.8).abs() < 0.01, "{}", label(100, &both));
        assert!((label(150, &both) - 2.7).abs() < 0.01);
        assert!(label(150, &[insight(150, 100)]) <= 3.0);
        first.status = InsightStatus::Dismissed;
        assert_eq!(label(120, &[first]).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn a_worse_model_is_refused_with_both_figures() {
        let good = Measured { accuracy: 0.95, majority: 0.8, mean_error: 0.1, caught: Some(0.9) };
        assert_eq!(refusal(&good, None), None);
        assert_eq!(refusal(&good, Some(&good)), None);
        let dull = Measured { accuracy: 0.8, ..good };
        assert!(refusal(&dull, None).unwrap().contains("80.0 %"));
        let off = Measured { mean_error: 0.2, ..good };
        let said = refusal(&off, Some(&good)).unwrap();
        assert!(said.contains("0.200") && said.contains("0.100"), "{said}");
        let blind = Measured { caught: Some(0.5), ..good };
        assert!(refusal(&blind, Some(&good)).unwrap().contains("finds 50.0 %"));
        assert_eq!(refusal(&good, Some(&off)), None);
    }

    #[test]
    fn hosts_spread_evenly() {
        let low = (0..10_000).filter(|n| spread(&format!("host-{n}")) < u64::MAX / 10).count();
        assert!((850..1_150).contains(&low), "{low}");
    }
}
