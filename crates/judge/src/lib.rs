#![doc = include_str!("../README.md")]
mod confidence;
mod criteria;
mod histogram;
mod judge;
mod measure;
mod number;
mod rates;
mod report;
mod settings;
mod wager;

pub use crate::judge::{BadRollout, Decision, Judge, Reason, Rollout, Verdict};
pub use criteria::Criterion;
pub use histogram::{BUCKETS, FIRST_MILLIS, Histogram};
pub use measure::{Arm, BadInterval, Counts, GROUPS, Interval, merged};
pub use rates::{ArmRates, Quantile, Rates};
pub use report::{Finding, Percentiles, Report, Share};
pub use settings::{BadSettings, Disagreement, Errors, Latency, Settings, Stage};
