//! `capstan canary` and `capstan drill canary`: the judge of canary rollouts, on what was measured and on rehearsals.

pub(super) mod drill;
pub(super) mod replay;
pub(super) mod stages;
pub(super) mod talk;
