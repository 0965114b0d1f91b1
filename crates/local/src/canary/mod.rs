//! Rehearsals of canary rollouts: the judge that rolls models out, on a drawn workload and virtual time.

mod chance;
mod workload;

use chance::Chance;
use judge::{BadSettings, Judge, Reason, Settings, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;
use std::thread;
use workload::World;
pub use workload::{Behaviour, Latencies, Workload};

/// What a rollout is rehearsed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// The canary is as good as the baseline
    Healthy,
    /// It fails on 5 % of its requests, the baseline on 1 %
    Errors,
    /// Its 95th percentile is half as much again
    Slow,
    /// It comes to another severity on 25 % of its requests
    Wrong,
    /// It gets no requests
    Silent,
    /// The baseline fails on 40 % of its requests
    BaselineSick,
}

impl Scenario {
    /// All there are.
    pub const ALL: [Self; 6] =
        [Self::Healthy, Self::Errors, Self::Slow, Self::Wrong, Self::Silent, Self::BaselineSick];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Errors => "errors",
            Self::Slow => "slow",
            Self::Wrong => "wrong",
            Self::Silent => "silent",
            Self::BaselineSick => "baseline-sick",
        }
    }

    /// The workload of it.
    pub fn workload(self) -> Workload {
        let mut workload = Workload::default();
        match self {
            Self::Healthy => {}
            Self::Errors => workload.canary.errors = 0.05,
            Self::Slow => workload.canary.slower = 1.5,
            Self::Wrong => workload.canary.disagrees = 0.25,
            Self::Silent => workload.canary.silent = true,
            Self::BaselineSick => workload.baseline.errors = 0.4,
        }
        workload
    }
}

/// How a rollout ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Promoted, rolled back, or still held when the rehearsal was cut off.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// The stage it ended in.
    pub percent: u8,
    /// How long it took, in seconds.
    pub seconds: u64,
    /// Requests of both arms until then.
    pub requests: u64,
    /// Those of the canary.
    pub canary_requests: u64,
}

/// Where virtual time begins: some time after the epoch.
const START: u64 = 1_700_000_000;

/// Plays one rollout from its first stage to its end. The judge looks after every interval.
pub fn play(
    workload: &Workload,
    latencies: &Latencies,
    settings: &Settings,
    seed: u64,
    run: u64,
) -> Result<Outcome, BadSettings> {
    let mut world = World::new(workload, latencies, Chance::new(seed, run));
    let mut judge = Judge::new(settings.clone(), START)?;
    let (mut stage, mut now) = (0, START);
    let (mut requests, mut canary_requests) = (0, 0);
    loop {
        let percent = settings.stages[stage].percent;
        let interval = world.interval(now, now - START, percent);
        now = interval.end();
        requests += interval.canary.requests() + interval.baseline.requests();
        canary_requests += interval.canary.requests();
        // What the world measures can be counted.
        let observed = judge.observe(&interval);
        debug_assert_eq!(observed, Ok(()));
        let decision = judge.decide(now);
        match decision.verdict {
            Verdict::Hold => {}
            Verdict::Promote if stage + 1 < settings.stages.len() => {
                stage += 1;
                judge.enter(stage, now);
            }
            verdict => {
                let reason = decision.reason;
                return Ok(Outcome {
                    verdict,
                    reason,
                    percent,
                    seconds: now - START,
                    requests,
                    canary_requests,
                });
            }
        }
    }
}

/// Plays many rollouts, on as many threads as there are processors; in the order of their numbers.
pub fn play_all(
    workload: &Workload,
    settings: &Settings,
    seed: u64,
    runs: u64,
) -> Result<Vec<Outcome>, BadSettings> {
    let latencies = Latencies::new();
    let jobs = thread::available_parallelism().map_or(1, usize::from) as u64;
    let part = runs.div_ceil(jobs).max(1);
    let played = thread::scope(|scope| {
        let parts: Vec<_> = (0..jobs)
            .map(|job| {
                let numbers = (job * part).min(runs)..((job + 1) * part).min(runs);
                let latencies = &latencies;
                scope.spawn(move || {
                    numbers.map(|run| play(workload, latencies, settings, seed, run)).collect()
                })
            })
            .collect();
        let join = |part: thread::ScopedJoinHandle<'_, Result<Vec<Outcome>, BadSettings>>| {
            part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        parts.into_iter().map(join).collect::<Result<Vec<_>, _>>()
    })?;
    Ok(played.into_iter().flatten().collect())
}

/// What came of many rollouts.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// How many there were.
    pub runs: u64,
    /// Promoted in the end.
    pub promoted: u64,
    /// Rolled back by the data.
    pub rolled_back: u64,
    /// Held in a stage to the limit, and then rolled back without a verdict.
    pub held: u64,
    /// The same by the stage they ended in.
    pub by_stage: BTreeMap<u8, Ends>,
    /// Requests of both arms until the end.
    pub requests: Spread,
    /// Requests of the canary until the end.
    pub canary_requests: Spread,
    /// Seconds until the end.
    pub seconds: Spread,
}

/// How rollouts ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ends {
    /// Promoted in the end.
    pub promoted: u64,
    /// Rolled back by the data.
    pub rolled_back: u64,
    /// Held to the limit.
    pub held: u64,
}

/// The middle and the end of many numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// Half of them are at most this.
    pub median: u64,
    /// 95 of a hundred are at most this.
    pub p95: u64,
}

impl Spread {
    fn of(values: impl Iterator<Item = u64>) -> Self {
        let mut values: Vec<u64> = values.collect();
        values.sort_unstable();
        let at =
            |percent: usize| values.get((values.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Self { median: at(50).unwrap_or(0), p95: at(95).unwrap_or(0) }
    }
}

impl Summary {
    /// Of these.
    pub fn of(outcomes: &[Outcome]) -> Self {
        let mut by_stage: BTreeMap<u8, Ends> = BTreeMap::new();
        let mut all = Ends::default();
        for outcome in outcomes {
            for ends in [&mut all, by_stage.entry(outcome.percent).or_default()] {
                match (outcome.verdict, outcome.reason) {
                    (Verdict::Promote, _) => ends.promoted += 1,
                    (Verdict::RollBack, Reason::CanaryWorse) => ends.rolled_back += 1,
                    _ => ends.held += 1,
                }
            }
        }
        Self {
            runs: outcomes.len() as u64,
            promoted: all.promoted,
            rolled_back: all.rolled_back,
            held: all.held,
            by_stage,
            requests: Spread::of(outcomes.iter().map(|outcome| outcome.requests)),
            canary_requests: Spread::of(outcomes.iter().map(|outcome| outcome.canary_requests)),
            seconds: Spread::of(outcomes.iter().map(|outcome| outcome.seconds)),
        }
    }
}
