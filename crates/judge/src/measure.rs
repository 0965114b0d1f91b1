//! What is measured and stored: counts of an interval, per arm and per group of hosts.
//!
//! Counts and nothing else, so that several writers can add up what each of them saw, in any order.

use crate::histogram::{BUCKETS, Histogram};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many groups hosts are hashed into. A group should be about one host: the judge can leave a few of them out.
pub const GROUPS: u16 = 1000;

/// What was counted for one group of hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Counts {
    /// Requests answered or failed. A batch of metrics that a host sends at once is one request.
    pub requests: u32,
    /// Of these, those that failed: error, timeout, malformed answer.
    pub errors: u32,
    /// Of these, those scored by the models of both arms.
    #[serde(skip_serializing_if = "nothing")]
    pub scored: u32,
    /// Of those scored by both, the ones whose scores are not of the same severity.
    #[serde(skip_serializing_if = "nothing")]
    pub disagreed: u32,
    /// Latencies of requests, failed ones too. One that was not measured is missing here, nothing more.
    pub latency: Histogram,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn nothing(count: &u32) -> bool {
    *count == 0
}

impl Counts {
    /// Counts one request: whether it failed, how long it took (milliseconds; what is no latency is left out), and
    /// whether the other arm's model, if it was asked, came to another severity.
    pub fn record(&mut self, failed: bool, millis: f64, disagreed: Option<bool>) {
        self.requests = self.requests.saturating_add(1);
        self.errors = self.errors.saturating_add(u32::from(failed));
        self.latency.record(millis);
        if let Some(disagreed) = disagreed {
            self.scored = self.scored.saturating_add(1);
            self.disagreed = self.disagreed.saturating_add(u32::from(disagreed));
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.scored = self.scored.saturating_add(other.scored);
        self.disagreed = self.disagreed.saturating_add(other.disagreed);
        self.latency.merge(&other.latency);
    }
}

/// One side of the comparison: counts by group of hosts. In JSON an object from the group's number to its counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<u16, Counts>", into = "BTreeMap<u16, Counts>")]
pub struct Arm(Vec<(u16, Counts)>);

impl From<BTreeMap<u16, Counts>> for Arm {
    fn from(map: BTreeMap<u16, Counts>) -> Self {
        Self(map.into_iter().collect())
    }
}

impl From<Arm> for BTreeMap<u16, Counts> {
    fn from(arm: Arm) -> Self {
        arm.0.into_iter().collect()
    }
}

impl Arm {
    /// The counts of a group, from nothing if there are none yet.
    pub fn group(&mut self, group: u16) -> &mut Counts {
        let at = match self.0.binary_search_by_key(&group, |(at, _)| *at) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (group, Counts::default()));
                at
            }
        };
        &mut self.0[at].1
    }

    /// Groups with their counts, in the order of their numbers.
    pub fn groups(&self) -> impl Iterator<Item = (u16, &Counts)> {
        self.0.iter().map(|(group, counts)| (*group, counts))
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        for (group, counts) in other.groups() {
            self.group(group).merge(counts);
        }
    }

    /// The sum of something over the groups.
    pub fn sum(&self, what: impl Fn(&Counts) -> u64) -> u64 {
        self.0.iter().map(|(_, counts)| what(counts)).sum()
    }

    /// Requests of all groups.
    pub fn requests(&self) -> u64 {
        self.sum(|counts| u64::from(counts.requests))
    }
}

/// What was measured in an interval, on both arms at the same time. Several records of one interval add up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Interval {
    /// When it began, in seconds since the epoch.
    pub start: u64,
    /// How long it is, in seconds.
    pub seconds: u32,
    /// The percentage of hosts that was meant for the canary; 0 before the rollout.
    pub percent: u8,
    /// What the new model answered.
    #[serde(default)]
    pub canary: Arm,
    /// What the model in use answered.
    #[serde(default)]
    pub baseline: Arm,
}

/// Why measurements can't be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadInterval {
    /// An interval must have a length.
    #[error("`seconds` is 0; an interval has a length")]
    NoLength,
    /// Only stages of the rollout can be measured.
    #[error("`percent` is {0}, which is no stage of this rollout (0 is before it)")]
    NoSuchStage(u8),
    /// A part is larger than its whole.
    #[error("{arm}, group {group}: {part} is more than {whole}")]
    MoreThanAll {
        /// Which arm.
        arm: &'static str,
        /// Which group.
        group: u16,
        /// What is too large.
        part: String,
        /// What it is a part of.
        whole: String,
    },
    /// There are so many groups.
    #[error("{arm}: group {group} is not below {GROUPS}")]
    NoSuchGroup {
        /// Which arm.
        arm: &'static str,
        /// Which group.
        group: u16,
    },
    /// There are so many buckets.
    #[error("{arm}, group {group}: latency bucket {bucket} is not below {BUCKETS}")]
    NoSuchBucket {
        /// Which arm.
        arm: &'static str,
        /// Which group.
        group: u16,
        /// Which bucket.
        bucket: u8,
    },
}

impl Interval {
    /// When it ended, in seconds since the epoch.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(u64::from(self.seconds))
    }

    /// Whether it can be counted at all.
    pub fn check(&self) -> Result<(), BadInterval> {
        if self.seconds == 0 {
            return Err(BadInterval::NoLength);
        }
        for (arm, counts) in [("canary", &self.canary), ("baseline", &self.baseline)] {
            for (group, counts) in counts.groups() {
                check(arm, group, counts)?;
            }
        }
        Ok(())
    }
}

fn check(arm: &'static str, group: u16, counts: &Counts) -> Result<(), BadInterval> {
    if group >= GROUPS {
        return Err(BadInterval::NoSuchGroup { arm, group });
    }
    if let Some((bucket, _)) = counts.latency.buckets().find(|(bucket, _)| *bucket >= BUCKETS) {
        return Err(BadInterval::NoSuchBucket { arm, group, bucket });
    }
    let requests = u64::from(counts.requests);
    for (part, name, whole, of) in [
        (u64::from(counts.errors), "errors", requests, "requests"),
        (u64::from(counts.scored), "scored", requests, "requests"),
        (u64::from(counts.disagreed), "disagreed", u64::from(counts.scored), "scored"),
        (counts.latency.total(), "latencies", requests, "requests"),
    ] {
        if part > whole {
            let (part, whole) = (format!("{name} {part}"), format!("{of} {whole}"));
            return Err(BadInterval::MoreThanAll { arm, group, part, whole });
        }
    }
    Ok(())
}

/// Adds up records of the same interval and puts them in order of time.
pub fn merged(records: impl IntoIterator<Item = Interval>) -> Vec<Interval> {
    let mut by_start: BTreeMap<(u64, u8, u32), Interval> = BTreeMap::new();
    for record in records {
        let key = (record.start, record.percent, record.seconds);
        match by_start.get_mut(&key) {
            Some(sum) => {
                sum.canary.merge(&record.canary);
                sum.baseline.merge(&record.baseline);
            }
            None => {
                by_start.insert(key, record);
            }
        }
    }
    by_start.into_values().collect()
}
