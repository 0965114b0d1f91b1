//! The judge: measurements in, a verdict at any time.

use crate::confidence;
use crate::criteria::{Criterion, Disagreements, Errors, Slow, Tally};
use crate::measure::{Arm, BadInterval, Interval, merged};
use crate::number::number;
use crate::report::Report;
use crate::settings::{BadSettings, Settings};
use serde::{Deserialize, Serialize};

/// A section of the rollout, in seconds: with each a game begins anew, beside those that go on.
const SECTION_SECONDS: u64 = 60;
/// No more sections than this; the games that go on then see what comes.
const MOST_SECTIONS: usize = 64;
/// Arms are compared when each has had so many requests since the last comparison.
const TO_COMPARE: u64 = 5;
/// Evidence against the canary above which it isn't promoted, though it is not rolled back either.
const SUSPICIOUS: f64 = 10.0;
/// How sure it must be that the baseline is sick.
const SURE_OF_SICK: f64 = 0.001;

const CRITERIA: [Criterion; 3] = [Criterion::Errors, Criterion::Latency, Criterion::Disagreement];

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Go to the next stage; after the last one, the canary has become the model in use.
    Promote,
    /// Leave everything as it is, and look again.
    Hold,
    /// Send everything to the baseline.
    RollBack,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// Roll back: the data show that the canary is worse.
    CanaryWorse,
    /// Roll back: a stage was held to its limit and no verdict was possible. Says nothing about the canary.
    NoVerdictPossible,
    /// Promote: shown to be within its margins in every criterion, and its time is over.
    ShownGood,
    /// Hold: the stage's time isn't over.
    TooEarly,
    /// Hold: the canary, or the baseline, has had no request in this stage.
    NoData,
    /// Hold: too few requests in this stage.
    TooFewRequests,
    /// Hold: the baseline itself fails so often that nothing can be compared with it.
    BaselineSick,
    /// Hold: there is evidence against the canary, but not enough.
    Suspicious,
    /// Hold: it is not shown yet that the canary is within its margins.
    NotShownYet,
}

/// A verdict with its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// What to do.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// Why it was held, where it was held to its limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_for: Option<Reason>,
}

/// The stage a rollout is in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// Which stage, from 0.
    pub(crate) index: usize,
    /// Since when, in seconds since the epoch.
    pub(crate) since: u64,
    pub(crate) canary: u64,
    pub(crate) baseline: u64,
}

/// What has been seen of a rollout so far. Everything in it comes from the measurements, in order; after a crash it is
/// made again from them.
#[derive(Debug, Clone)]
pub struct Judge {
    pub(crate) settings: Settings,
    pub(crate) errors: Errors,
    pub(crate) slow: Slow,
    pub(crate) disagreements: Disagreements,
    pub(crate) stage: Now,
    sections: usize,
    section_since: u64,
    /// Not compared yet.
    pending: Option<(Arm, Arm)>,
    /// Errors of the baseline in this section and in the one before.
    pub(crate) recent: [Tally; 2],
    /// Which criteria have shown the canary to be worse, and when. Never taken back.
    pub(crate) worse: Vec<(Criterion, u64)>,
}

impl Judge {
    /// A judge of a rollout whose first stage began at `start`, in seconds since the epoch.
    pub fn new(settings: Settings, start: u64) -> Result<Self, BadSettings> {
        settings.check()?;
        let mut judge = Self {
            errors: Errors::new(&settings),
            slow: Slow::new(&settings),
            disagreements: Disagreements::new(&settings),
            settings,
            stage: Now { index: 0, since: start, canary: 0, baseline: 0 },
            sections: 0,
            section_since: start,
            pending: None,
            recent: [Tally::default(); 2],
            worse: Vec::new(),
        };
        judge.begin_section(start);
        Ok(judge)
    }

    /// Stage number `index`, from 0, was entered at this time. A stage that lies behind is not entered again.
    pub fn enter(&mut self, index: usize, at: u64) {
        if index > self.stage.index && index < self.settings.stages.len() {
            self.stage = Now { index, since: at, canary: 0, baseline: 0 };
            self.compare_pending();
            self.begin_section(at);
        }
    }

    /// Takes in what was measured. Intervals come in the order of time, each once ([`merged`]).
    pub fn observe(&mut self, interval: &Interval) -> Result<(), BadInterval> {
        interval.check()?;
        if interval.percent == 0 {
            // Before the rollout: how the baseline is.
            self.recent[0].add(interval.baseline.sum(|c| c.errors.into()), interval.baseline.requests());
            self.slow.seen(&interval.baseline);
            return Ok(());
        }
        let stage = self.settings.stages.iter().position(|stage| stage.percent == interval.percent);
        let Some(stage) = stage else { return Err(BadInterval::NoSuchStage(interval.percent)) };
        self.enter(stage, interval.start);
        if interval.start >= self.section_since.saturating_add(SECTION_SECONDS) {
            self.begin_section(interval.start);
        }
        self.count(interval, stage);
        self.errors.alone(&interval.canary, &self.settings);
        self.disagreements.alone(&interval.canary, &self.settings);
        self.compare(interval);
        for (criterion, value) in self.against_near() {
            if value >= self.needed(criterion) && !self.worse.iter().any(|(known, _)| *known == criterion) {
                self.worse.push((criterion, interval.end()));
            }
        }
        Ok(())
    }

    fn count(&mut self, interval: &Interval, stage: usize) {
        let (requests, errors) = (interval.baseline.requests(), interval.baseline.sum(|c| c.errors.into()));
        self.errors.baseline.add(errors, requests);
        self.recent[0].add(errors, requests);
        // A writer that hasn't heard of this stage yet still measures the one before.
        if stage == self.stage.index {
            self.stage.canary += interval.canary.requests();
            self.stage.baseline += requests;
        }
    }

    fn begin_section(&mut self, at: u64) {
        self.section_since = at;
        self.recent = [Tally::default(), self.recent[0]];
        if self.sections < MOST_SECTIONS {
            self.sections += 1;
            self.errors.begin();
            self.slow.begin();
            self.disagreements.begin();
        }
    }

    /// Compares the arms as soon as both have had enough requests: what a comparison is made of depends on how many
    /// requests there were, and never on how they went.
    fn compare(&mut self, interval: &Interval) {
        let enough = |canary: &Arm, baseline: &Arm| canary.requests().min(baseline.requests()) >= TO_COMPARE;
        if self.pending.is_none() && enough(&interval.canary, &interval.baseline) {
            self.errors.both(&interval.canary, &interval.baseline, &self.settings);
            self.slow.both(&interval.canary, &interval.baseline, &self.settings);
            return;
        }
        let (canary, baseline) = self.pending.get_or_insert_default();
        canary.merge(&interval.canary);
        baseline.merge(&interval.baseline);
        if enough(canary, baseline) {
            self.compare_pending();
        }
    }

    fn compare_pending(&mut self) {
        if let Some((canary, baseline)) = self.pending.take()
            && canary.requests() > 0
            && baseline.requests() > 0
        {
            self.errors.both(&canary, &baseline, &self.settings);
            self.slow.both(&canary, &baseline, &self.settings);
        }
    }

    /// Evidence against the canary in each criterion; below [`SUSPICIOUS`] it need not be exact.
    fn against_near(&self) -> [(Criterion, f64); 3] {
        [
            (Criterion::Errors, self.errors.against_near(SUSPICIOUS)),
            (Criterion::Latency, self.slow.against_near(SUSPICIOUS)),
            (Criterion::Disagreement, self.disagreements.against_near(SUSPICIOUS)),
        ]
    }

    /// Evidence against the canary in each criterion.
    pub(crate) fn against(&self) -> [(Criterion, f64); 3] {
        [
            (Criterion::Errors, self.errors.against()),
            (Criterion::Latency, self.slow.against()),
            (Criterion::Disagreement, self.disagreements.against()),
        ]
    }

    /// How much evidence against the canary is needed: its part of the budget, inverted. Infinite if it has none.
    pub(crate) fn needed(&self, criterion: Criterion) -> f64 {
        let share = match criterion {
            Criterion::Errors => self.settings.errors.share,
            Criterion::Latency => self.settings.latency.share,
            Criterion::Disagreement => self.settings.disagreement.share,
        };
        1.0 / (self.settings.false_rollback * share)
    }

    /// Evidence that the canary is within its margin, in each criterion; 1 is none.
    pub(crate) fn good(&self, criterion: Criterion) -> f64 {
        match criterion {
            Criterion::Errors => self.errors.good(),
            Criterion::Latency => self.slow.good(),
            Criterion::Disagreement => self.disagreements.good(),
        }
    }

    /// How much evidence for the canary is needed in each criterion. Since all must be shown, nothing is split.
    pub(crate) fn needed_for(&self) -> f64 {
        1.0 / self.settings.false_promotion
    }

    /// Whether the baseline fails too often by itself, in the last one to two minutes.
    pub(crate) fn baseline_sick(&self) -> bool {
        let (hits, samples) =
            (self.recent[0].hits + self.recent[1].hits, self.recent[0].samples + self.recent[1].samples);
        number(hits) > self.settings.sick_baseline * number(samples)
            && confidence::share(hits, samples, SURE_OF_SICK).0 > self.settings.sick_baseline
    }

    /// The verdict at this time, in seconds since the epoch.
    pub fn decide(&self, now: u64) -> Decision {
        let decision = |verdict, reason| Decision { verdict, reason, held_for: None };
        if !self.worse.is_empty() {
            return decision(Verdict::RollBack, Reason::CanaryWorse);
        }
        let since = now.saturating_sub(self.stage.since);
        let stage = u64::from(self.settings.stages[self.stage.index].seconds);
        match self.why_hold(since >= stage) {
            None => decision(Verdict::Promote, Reason::ShownGood),
            Some(reason) if since >= stage + u64::from(self.settings.hold_limit_seconds) => {
                Decision { held_for: Some(reason), ..decision(Verdict::RollBack, Reason::NoVerdictPossible) }
            }
            Some(reason) => decision(Verdict::Hold, reason),
        }
    }

    fn why_hold(&self, in_time: bool) -> Option<Reason> {
        let (canary, baseline) = (self.stage.canary, self.stage.baseline);
        let unshown = |criterion: &Criterion| {
            self.needed(*criterion).is_finite() && self.good(*criterion) < self.needed_for()
        };
        if self.baseline_sick() {
            Some(Reason::BaselineSick)
        } else if !in_time {
            Some(Reason::TooEarly)
        } else if canary == 0 || baseline == 0 {
            Some(Reason::NoData)
        } else if canary.min(baseline) < self.settings.minimum_requests {
            Some(Reason::TooFewRequests)
        } else if self.against_near().iter().any(|(_, value)| *value >= SUSPICIOUS) {
            Some(Reason::Suspicious)
        } else if CRITERIA.iter().any(unshown) {
            Some(Reason::NotShownYet)
        } else {
            None
        }
    }

    /// The verdict at this time with the numbers behind it.
    pub fn report(&self, now: u64) -> Report {
        Report::of(self, now)
    }
}

/// All that is stored of a rollout: from it alone comes every verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rollout {
    /// Settings it was started with.
    #[serde(default)]
    pub settings: Settings,
    /// When each stage so far was entered, in seconds since the epoch; the first is the start.
    pub entered: Vec<u64>,
    /// What was measured: several records of one interval add up, in any order.
    pub intervals: Vec<Interval>,
}

/// Why a rollout can't be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRollout {
    /// Settings.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// It has not begun, or has more stages than there are.
    #[error("`entered` has {entered} times; there are {stages} stages, and the first must have begun")]
    Entered {
        /// How many times there are.
        entered: usize,
        /// How many stages there are.
        stages: usize,
    },
    /// A measurement.
    #[error("the interval that starts at {start}: {reason}")]
    Interval {
        /// Which one.
        start: u64,
        /// What is wrong with it.
        reason: BadInterval,
    },
}

impl Rollout {
    /// Judges what was stored, at this time (seconds since the epoch). Intervals that have not ended are left out; to
    /// look a few seconds late gives all writers time to write.
    pub fn judge(&self, now: u64) -> Result<Judge, BadRollout> {
        let (entered, stages) = (self.entered.len(), self.settings.stages.len());
        let start = match self.entered.first() {
            Some(start) if entered <= stages => *start,
            _ => return Err(BadRollout::Entered { entered, stages }),
        };
        let mut judge = Judge::new(self.settings.clone(), start)?;
        let mut next = 1;
        for interval in merged(self.intervals.iter().filter(|interval| interval.end() <= now).cloned()) {
            while next < entered && self.entered[next] <= interval.start {
                judge.enter(next, self.entered[next]);
                next += 1;
            }
            let bad = |reason| BadRollout::Interval { start: interval.start, reason };
            judge.observe(&interval).map_err(bad)?;
        }
        for (index, at) in self.entered.iter().enumerate().skip(next) {
            judge.enter(index, *at);
        }
        Ok(judge)
    }
}
