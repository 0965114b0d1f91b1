//! What a verdict rests on, for programs and for the person on call.

use crate::confidence;
use crate::criteria::{Criterion, Tally};
use crate::histogram::{Histogram, Latencies};
use crate::judge::{Decision, Judge, Reason, Verdict};
use crate::number::number;
use serde::Serialize;

/// The bounds of shares hold at all times together with this much less than certainty.
pub(crate) const BOUNDS: f64 = 0.05;

/// A verdict with the numbers behind it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The verdict and its reason.
    #[serde(flatten)]
    pub decision: Decision,
    /// The same in words.
    pub text: String,
    /// Percentage of hosts on the canary.
    pub percent: u8,
    /// Whether it is the last stage.
    pub last_stage: bool,
    /// How long it has lasted, in seconds.
    pub stage_seconds: u64,
    /// Requests of the canary and of the baseline in this stage.
    pub stage_requests: [u64; 2],
    /// The criteria that show the canary to be worse, with the time of it, in seconds since the epoch.
    pub worse: Vec<(Criterion, u64)>,
    /// Each criterion.
    pub criteria: Vec<Finding>,
}

/// What is known in one criterion.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Which.
    pub criterion: Criterion,
    /// Of the canary: errors, answers slower than the baseline's 95th percentile, or disagreements.
    pub canary: Share,
    /// Of the baseline, where there is such a thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Share>,
    /// Evidence that the canary is worse: an e-value, 1 is none.
    pub against: f64,
    /// How much is needed to roll back; none if this criterion can't.
    pub needed_against: Option<f64>,
    /// Evidence that it is within its margin: an e-value.
    pub good: f64,
    /// How much is needed to promote.
    pub needed_good: f64,
    /// Groups of hosts with the most hits: no evidence is taken from them.
    pub left_out: Vec<u16>,
    /// Percentiles, for latency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Percentiles>,
}

/// How many of how many.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// So many …
    pub hits: u64,
    /// … of so many.
    pub samples: u64,
    /// The share; none without samples.
    pub share: Option<f64>,
    /// The true share is above this …
    pub low: f64,
    /// … and below this, at all times together, with 95 % certainty.
    pub high: f64,
}

/// Percentiles of both arms over the whole rollout, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Percentiles {
    /// 50th, 95th, 99th of the canary.
    pub canary: [Option<f64>; 3],
    /// 50th, 95th, 99th of the baseline.
    pub baseline: [Option<f64>; 3],
    /// An answer of the canary is slow above this.
    pub slow_above: Option<f64>,
}

impl From<Tally> for Share {
    fn from(tally: Tally) -> Self {
        let (low, high) = confidence::share(tally.hits, tally.samples, BOUNDS);
        let share = (tally.samples > 0).then(|| number(tally.hits) / number(tally.samples));
        Self { hits: tally.hits, samples: tally.samples, share, low, high }
    }
}

impl Report {
    pub(crate) fn of(judge: &Judge, now: u64) -> Self {
        let decision = judge.decide(now);
        let stage = judge.stage;
        let mut report = Self {
            decision,
            text: String::new(),
            percent: judge.settings.stages[stage.index].percent,
            last_stage: stage.index + 1 == judge.settings.stages.len(),
            stage_seconds: now.saturating_sub(stage.since),
            stage_requests: [stage.canary, stage.baseline],
            worse: judge.worse.clone(),
            criteria: judge.against().map(|(criterion, against)| finding(judge, criterion, against)).into(),
        };
        report.text = report.words(judge);
        report
    }

    fn words(&self, judge: &Judge) -> String {
        let seconds = judge.settings.stages[judge.stage.index].seconds;
        let place = format!("{} %, {} s of {seconds} s", self.percent, self.stage_seconds);
        let [canary, baseline] = self.stage_requests;
        match (self.decision.verdict, self.decision.reason) {
            (Verdict::Promote, _) if self.last_stage => {
                format!("Promote ({place}): the canary is within its margins; it becomes the model in use.")
            }
            (Verdict::Promote, _) => {
                format!("Promote ({place}): the canary is within its margins; on to the next stage.")
            }
            (Verdict::RollBack, Reason::NoVerdictPossible) => {
                let why = self.decision.held_for.map_or("", |reason| self.held(reason));
                format!(
                    "Roll back ({place}): held to its limit, no verdict was possible: {why}. This says nothing about \
                     the canary."
                )
            }
            (Verdict::RollBack, _) => {
                let worse = self
                    .criteria
                    .iter()
                    .filter(|f| self.worse.iter().any(|(known, _)| *known == f.criterion));
                let worse: Vec<String> = worse.map(Finding::words).collect();
                format!("Roll back ({place}): {}.", worse.join("; "))
            }
            (Verdict::Hold, reason) => format!(
                "Hold ({place}): {}. Requests in this stage: canary {canary}, baseline {baseline}.",
                self.held(reason)
            ),
        }
    }

    fn held(&self, reason: Reason) -> &'static str {
        let [canary, baseline] = self.stage_requests;
        match reason {
            Reason::TooEarly => "the stage's time isn't over",
            Reason::NoData if canary == 0 && baseline == 0 => "neither arm had a request",
            Reason::NoData if canary == 0 => "the canary had no request",
            Reason::NoData => "the baseline had no request, so there is nothing to compare with",
            Reason::TooFewRequests => "too few requests",
            Reason::BaselineSick => "the baseline itself fails too often to compare anything with it",
            Reason::Suspicious => "there is some evidence against the canary, not enough to roll back",
            Reason::NotShownYet => "it isn't shown yet that the canary is within its margins",
            Reason::CanaryWorse | Reason::NoVerdictPossible | Reason::ShownGood => "nothing",
        }
    }
}

fn finding(judge: &Judge, criterion: Criterion, against: f64) -> Finding {
    let (canary, baseline, left_out) = match criterion {
        Criterion::Errors => (judge.errors.canary, Some(judge.errors.baseline), judge.errors.noisiest()),
        Criterion::Latency => (judge.slow.canary, Some(judge.slow.baseline), judge.slow.noisiest()),
        Criterion::Disagreement => (judge.disagreements.canary, None, judge.disagreements.noisiest()),
    };
    let needed = judge.needed(criterion);
    let percentiles = |of: &Latencies| [0.5, 0.95, 0.99].map(|part| of.millis(part));
    Finding {
        criterion,
        canary: canary.into(),
        baseline: baseline.map(Share::from),
        against,
        needed_against: needed.is_finite().then_some(needed),
        good: judge.good(criterion),
        needed_good: judge.needed_for(),
        left_out: left_out.to_vec(),
        latency: (criterion == Criterion::Latency).then(|| Percentiles {
            canary: percentiles(&judge.slow.of_canary),
            baseline: percentiles(&judge.slow.past),
            slow_above: judge
                .slow
                .limits(0, &judge.settings)
                .map(|(_, above)| Histogram::upper_millis(above)),
        }),
    }
}

impl Finding {
    /// In words: what was found, and how sure it is.
    pub fn words(&self) -> String {
        let what = match self.criterion {
            Criterion::Errors => "errors".to_owned(),
            Criterion::Latency => {
                let above = self.latency.and_then(|latency| latency.slow_above);
                above.map_or("slow answers".to_owned(), |above| format!("answers slower than {above:.0} ms"))
            }
            Criterion::Disagreement => "scores of another severity".to_owned(),
        };
        let baseline = self.baseline.map_or(String::new(), |share| format!(", baseline {}", share.words()));
        let against = odds(self.against);
        let needed = self
            .needed_against
            .map_or("cannot decide".to_owned(), |needed| format!("{} decide", odds(needed)));
        format!(
            "{what}: canary {}{baseline}; evidence {against} to 1 that it is worse, {needed}",
            self.canary.words()
        )
    }
}

impl Share {
    /// In words.
    pub fn words(&self) -> String {
        match self.share {
            None => "none measured".to_owned(),
            Some(share) => format!(
                "{} of {} ({:.2} %, surely {:.2} to {:.2} %)",
                self.hits,
                self.samples,
                share * 100.0,
                self.low * 100.0,
                self.high * 100.0
            ),
        }
    }
}

/// An e-value for people.
fn odds(value: f64) -> String {
    if value >= 1e6 {
        "over a million".to_owned()
    } else if value >= 10.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}
