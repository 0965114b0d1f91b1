//! The three criteria: what is bet on, and when.

use crate::histogram::{Histogram, Latencies};
use crate::measure::{Arm, Counts};
use crate::number::number;
use crate::settings::Settings;
use crate::wager::{Of, Proof, Stake, Wager};
use serde::{Deserialize, Serialize};

/// So many times as many hits as on the baseline: the alternatives for errors. Between 1 and about 1.6 no alternative
/// wins, so hosts of which some fail a little more than others are no evidence.
const ERROR_RATIOS: [f64; 2] = [2.5, 6.0];
/// So many times what is tolerated, for errors and for disagreement.
const SHARE_RATIOS: [f64; 3] = [2.0, 8.0, 32.0];
/// Alternatives for answers slower than the baseline's 95th percentile: at most 20 times as many can be.
const SLOW_RATIOS: [f64; 2] = [2.0, 4.0];
/// Alternatives for answers slower than the baseline's 99th percentile.
const SLOWEST_RATIOS: [f64; 2] = [3.0, 15.0];
/// Which part of the money for latency is on the 95th percentile; the rest is on the 99th.
const ON_SLOW: f64 = 0.75;
/// How many latencies of the baseline there must be before its 95th and its 99th percentile mean something.
const ENOUGH_FOR: [(f64, u64); 2] = [(0.95, 50), (0.99, 500)];

/// What the 95th percentile leaves above it.
const BEYOND_SLOW: f64 = 0.05;

/// What is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Criterion {
    /// The share of requests that fail, against the baseline's.
    Errors,
    /// The tail of the latencies, against the baseline's.
    Latency,
    /// The share of requests on which the two models come to different severities.
    Disagreement,
}

/// The canary is `better` times as bad as the baseline, against at least `margin` times as bad.
pub(crate) fn within(margin: f64, better: f64, canary: u64, baseline: u64, hits: u64) -> Stake {
    let (canary, baseline) = (number(canary), number(baseline));
    let each = ((margin * canary + baseline) / (better * canary + baseline)).ln();
    Stake { base: number(hits) * each, gain: each + (better / margin).ln(), back: 0.0 }
}

/// Of so many requests so many were hits.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) hits: u64,
    pub(crate) samples: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, hits: u64, samples: u64) {
        self.hits += hits;
        self.samples += samples;
    }
}

/// Hits of the canary by group, and what was counted in all.
struct Round {
    groups: Vec<Of>,
    all: Tally,
    /// Without the groups that were the noisiest before.
    quiet: Tally,
}

fn round(arm: &Arm, noisy: &[u16], hits: impl Fn(&Counts) -> u64, samples: impl Fn(&Counts) -> u64) -> Round {
    let mut round = Round { groups: Vec::new(), all: Tally::default(), quiet: Tally::default() };
    for (group, counts) in arm.groups() {
        let (hit, sample) = (hits(counts), samples(counts));
        round.all.add(hit, sample);
        if !noisy.contains(&group) {
            round.quiet.add(hit, sample);
        }
        round.groups.push(Of { group, hits: hit, samples: sample });
    }
    round
}

/// Alternatives for a share: multiples of a tolerated one.
fn one_arm(tolerated: f64, samples: u64) -> [Stake; 3] {
    SHARE_RATIOS.map(|ratio| {
        Stake::one_arm((ratio * tolerated).min(f64::midpoint(1.0, tolerated)), tolerated, samples)
    })
}

/// Alternatives for a share below a margin.
fn below(margin: f64, samples: u64) -> [Stake; 2] {
    [2.0, 20.0].map(|part| Stake::one_arm(margin / part, margin, samples))
}

/// A criterion's evidence, and what it rests on.
#[derive(Debug, Clone)]
pub(crate) struct Errors {
    relative: Wager,
    absolute: Wager,
    proof_relative: Proof,
    proof_absolute: Proof,
    pub(crate) canary: Tally,
    pub(crate) baseline: Tally,
}

impl Errors {
    pub(crate) fn new(settings: &Settings) -> Self {
        let (noisy, together) = (settings.noisy_groups, settings.failing_together);
        Self {
            relative: Wager::new(ERROR_RATIOS.len(), noisy, together),
            absolute: Wager::new(SHARE_RATIOS.len(), noisy, together),
            proof_relative: Proof::new(2, together),
            proof_absolute: Proof::new(2, together),
            canary: Tally::default(),
            baseline: Tally::default(),
        }
    }

    pub(crate) fn begin(&mut self) {
        self.relative.begin();
        self.absolute.begin();
    }

    /// The canary by itself: whether more fails than is tolerated.
    pub(crate) fn alone(&mut self, canary: &Arm, settings: &Settings) {
        let noisy = self.absolute.noisiest();
        let round = round(canary, noisy, |counts| counts.errors.into(), |counts| counts.requests.into());
        self.canary.add(round.all.hits, round.all.samples);
        self.proof_absolute.play(&below(settings.errors.margin, round.quiet.samples), round.quiet.hits);
        self.absolute.play(&one_arm(settings.errors.tolerated, round.all.samples), &round.groups);
    }

    /// Both arms at the same time.
    pub(crate) fn both(&mut self, canary: &Arm, baseline: &Arm, settings: &Settings) {
        let noisy = self.relative.noisiest();
        let round = round(canary, noisy, |counts| counts.errors.into(), |counts| counts.requests.into());
        let (requests, errors) = (baseline.requests(), baseline.sum(|counts| counts.errors.into()));
        let margin = settings.errors.margin_ratio;
        let proof = [0.5, 1.0].map(|better| within(margin, better, round.quiet.samples, requests, errors));
        self.proof_relative.play(&proof, round.quiet.hits);
        let stakes = ERROR_RATIOS.map(|ratio| Stake::two_arms(ratio, round.all.samples, requests, errors));
        self.relative.play(&stakes, &round.groups);
    }

    /// Worse than the baseline and worse than what is tolerated: the lesser of two games is one against either.
    pub(crate) fn against(&self) -> f64 {
        self.relative.value().min(self.absolute.value())
    }

    pub(crate) fn against_near(&self, enough: f64) -> f64 {
        let relative = self.relative.value_near(enough);
        if relative < enough { relative } else { relative.min(self.absolute.value_near(enough)) }
    }

    /// Below a multiple of the baseline, or below a share: the mean of two games is one against both.
    pub(crate) fn good(&self) -> f64 {
        f64::midpoint(self.proof_relative.value(), self.proof_absolute.value())
    }

    pub(crate) fn noisiest(&self) -> &[u16] {
        self.relative.noisiest()
    }
}

/// Latency: how many answers are slower than the baseline's 95th and 99th percentiles of before.
#[derive(Debug, Clone)]
pub(crate) struct Slow {
    tail: Wager,
    far_tail: Wager,
    proof_relative: Proof,
    proof_absolute: Proof,
    pub(crate) past: Latencies,
    pub(crate) of_canary: Latencies,
    pub(crate) canary: Tally,
    pub(crate) baseline: Tally,
}

impl Slow {
    pub(crate) fn new(settings: &Settings) -> Self {
        let (noisy, together) = (settings.noisy_groups, settings.failing_together);
        Self {
            tail: Wager::new(SLOW_RATIOS.len(), noisy, together),
            far_tail: Wager::new(SLOWEST_RATIOS.len(), noisy, together),
            proof_relative: Proof::new(2, together),
            proof_absolute: Proof::new(2, together),
            past: Latencies::default(),
            of_canary: Latencies::default(),
            canary: Tally::default(),
            baseline: Tally::default(),
        }
    }

    pub(crate) fn begin(&mut self) {
        self.tail.begin();
        self.far_tail.begin();
    }

    /// Above which buckets an answer is slow, on the baseline and on the canary; by what was seen before, so that the
    /// choice can't follow what is judged by it.
    pub(crate) fn limits(&self, which: usize, settings: &Settings) -> Option<(u8, u8)> {
        let (part, enough) = ENOUGH_FOR[which];
        if self.past.total() < enough {
            return None;
        }
        let own = self.past.quantile(part)?;
        let floor = Histogram::bucket_of(settings.latency.floor_millis).unwrap_or(0);
        let slower = own.saturating_add(settings.latency.tolerated_buckets);
        Some((own.max(floor), slower.max(floor)))
    }

    /// Both arms at the same time.
    pub(crate) fn both(&mut self, canary: &Arm, baseline: &Arm, settings: &Settings) {
        let samples = baseline.sum(|counts| counts.latency.total());
        if let Some((of_baseline, of_canary)) = self.limits(0, settings) {
            let noisy = self.tail.noisiest();
            let round = round(canary, noisy, |c| c.latency.above(of_canary), |c| c.latency.total());
            let hits = baseline.sum(|counts| counts.latency.above(of_baseline));
            if round.all.samples > 0 && samples > 0 {
                let margin = settings.latency.margin_ratio;
                let proof =
                    [0.5, 1.0].map(|better| within(margin, better, round.quiet.samples, samples, hits));
                self.proof_relative.play(&proof, round.quiet.hits);
                self.proof_absolute.play(&below(BEYOND_SLOW, round.quiet.samples), round.quiet.hits);
                let stakes =
                    SLOW_RATIOS.map(|ratio| Stake::two_arms(ratio, round.all.samples, samples, hits));
                self.tail.play(&stakes, &round.groups);
                self.canary.add(round.all.hits, round.all.samples);
                self.baseline.add(hits, samples);
            }
        }
        if let Some((of_baseline, of_canary)) = self.limits(1, settings) {
            let round = round(canary, &[], |c| c.latency.above(of_canary), |c| c.latency.total());
            let hits = baseline.sum(|counts| counts.latency.above(of_baseline));
            if round.all.samples > 0 && samples > 0 {
                let stakes =
                    SLOWEST_RATIOS.map(|ratio| Stake::two_arms(ratio, round.all.samples, samples, hits));
                self.far_tail.play(&stakes, &round.groups);
            }
        }
        self.seen(baseline);
        canary.groups().for_each(|(_, counts)| self.of_canary.add(&counts.latency));
    }

    /// The baseline's latencies become those of before.
    pub(crate) fn seen(&mut self, baseline: &Arm) {
        baseline.groups().for_each(|(_, counts)| self.past.add(&counts.latency));
    }

    pub(crate) fn against(&self) -> f64 {
        ON_SLOW * self.tail.value() + (1.0 - ON_SLOW) * self.far_tail.value()
    }

    pub(crate) fn against_near(&self, enough: f64) -> f64 {
        // Either part may be the one that reaches it.
        let (slow, slowest) = (self.tail.value_near(enough), self.far_tail.value_near(enough));
        ON_SLOW * slow + (1.0 - ON_SLOW) * slowest
    }

    /// Slow less often than a multiple of the baseline, or less often than the baseline's own percentile leaves: where
    /// nothing at all is slow (all latencies alike, or below the floor), no comparison of hits could show anything.
    pub(crate) fn good(&self) -> f64 {
        f64::midpoint(self.proof_relative.value(), self.proof_absolute.value())
    }

    pub(crate) fn noisiest(&self) -> &[u16] {
        self.tail.noisiest()
    }
}

/// Disagreement, on requests that both models scored.
#[derive(Debug, Clone)]
pub(crate) struct Disagreements {
    wager: Wager,
    proof: Proof,
    pub(crate) canary: Tally,
}

impl Disagreements {
    pub(crate) fn new(settings: &Settings) -> Self {
        let (noisy, together) = (settings.noisy_groups, settings.failing_together);
        let wager = Wager::new(SHARE_RATIOS.len(), noisy, together);
        Self { wager, proof: Proof::new(2, together), canary: Tally::default() }
    }

    pub(crate) fn begin(&mut self) {
        self.wager.begin();
    }

    pub(crate) fn alone(&mut self, canary: &Arm, settings: &Settings) {
        let noisy = self.wager.noisiest();
        let round = round(canary, noisy, |counts| counts.disagreed.into(), |counts| counts.scored.into());
        self.canary.add(round.all.hits, round.all.samples);
        self.proof.play(&below(settings.disagreement.margin, round.quiet.samples), round.quiet.hits);
        self.wager.play(&one_arm(settings.disagreement.tolerated, round.all.samples), &round.groups);
    }

    pub(crate) fn against(&self) -> f64 {
        self.wager.value()
    }

    pub(crate) fn against_near(&self, enough: f64) -> f64 {
        self.wager.value_near(enough)
    }

    pub(crate) fn good(&self) -> f64 {
        self.proof.value()
    }

    pub(crate) fn noisiest(&self) -> &[u16] {
        self.wager.noisiest()
    }
}
