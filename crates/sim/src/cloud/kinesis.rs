//! Kinesis data streams.

use super::{Answer, Cx, Refusal, require};
use crate::life::{Ended, Resource, Shelf, Stage};
use crate::timing::Cycle;
use capstan_core::ports::{CloudErrorKind, Stream, StreamMode, StreamStatus, Tags};
use capstan_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// A day, the window of the service's two rolling limits.
const WINDOW: Millis = Millis::hours(24);
/// `UpdateStreamMode` in the window.
const MOST_SWITCHES: usize = 2;
/// `UpdateShardCount` in the window.
const MOST_RESHARDS: usize = 10;
/// What a stream on demand starts with.
const ON_DEMAND_SHARDS: u32 = 4;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shards {
    pub(crate) mode: StreamMode,
    pub(crate) open: u32,
    /// When the mode was switched and the shards were counted anew, as far as the window reaches.
    switches: Vec<Timestamp>,
    reshards: Vec<Timestamp>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct StreamService {
    pub(crate) streams: Shelf<Shards>,
}

impl StreamService {
    pub(crate) fn stream(&self, name: &str) -> Option<Stream> {
        let found = self.streams.get(name)?;
        let status = match found.life.stage {
            Stage::Creating => StreamStatus::Creating,
            Stage::Ready => StreamStatus::Active,
            Stage::Changing => StreamStatus::Updating,
            Stage::Deleting | Stage::Failed => StreamStatus::Deleting,
        };
        let open_shards = if status == StreamStatus::Creating { 0 } else { found.current.open };
        Some(Stream { status, mode: found.current.mode, open_shards, tags: found.tags.clone() })
    }

    pub(crate) fn create(&mut self, cx: &Cx<'_>, name: &str, shards: Option<u32>, tags: &Tags) -> Answer<()> {
        let well_formed = (1..=128).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        require(well_formed, || format!("`{name}` does not match [a-zA-Z0-9_.-]{{1,128}}"))?;
        require(shards != Some(0), || "a stream needs at least 1 shard".to_owned())?;
        self.streams.free(name)?;
        let mode = if shards.is_some() { StreamMode::Provisioned } else { StreamMode::OnDemand };
        let open = shards.unwrap_or(ON_DEMAND_SHARDS);
        match mode {
            StreamMode::OnDemand => self.check_on_demand_quota(cx)?,
            StreamMode::Provisioned => self.check_shard_quota(cx, open)?,
        }
        let settings = Shards { mode, open, switches: Vec::new(), reshards: Vec::new() };
        self.streams.put(name, Resource::new(cx, Cycle::StreamCreate, name, settings, tags));
        Ok(())
    }

    pub(crate) fn set_shards(&mut self, cx: &Cx<'_>, name: &str, shards: u32) -> Answer<()> {
        let mut next = self.streams.ready(name)?.current.clone();
        require(next.mode == StreamMode::Provisioned, || {
            format!("`{name}` is in ON_DEMAND mode: its shards can't be set")
        })?;
        require(shards >= next.open.div_ceil(2) && shards >= 1 && shards <= next.open * 2, || {
            format!("{shards} shards: a call goes at most to double and at least to half of {}", next.open)
        })?;
        roll(&mut next.reshards, cx.now, MOST_RESHARDS, "reshards")?;
        self.check_shard_quota(cx, shards.saturating_sub(next.open))?;
        next.open = shards;
        self.streams.found(name)?.change(cx, Cycle::StreamReshard, name, next);
        Ok(())
    }

    /// Switches the mode. The shards stay as they are; on demand, the service grows them from there.
    pub(crate) fn set_mode(&mut self, cx: &Cx<'_>, name: &str, mode: StreamMode) -> Answer<()> {
        let mut next = self.streams.ready(name)?.current.clone();
        require(next.mode != mode, || format!("`{name}` is in that mode already"))?;
        roll(&mut next.switches, cx.now, MOST_SWITCHES, "switches of the mode")?;
        match mode {
            StreamMode::OnDemand => self.check_on_demand_quota(cx)?,
            StreamMode::Provisioned => self.check_shard_quota(cx, next.open)?,
        }
        next.mode = mode;
        self.streams.found(name)?.change(cx, Cycle::StreamMode, name, next);
        Ok(())
    }

    pub(crate) fn delete(&mut self, cx: &Cx<'_>, name: &str) -> Answer<()> {
        self.streams.ready(name)?.delete(cx, Cycle::StreamDelete, name, Millis(0));
        Ok(())
    }

    /// A stream has no failed state: one that can't be made is gone.
    pub(crate) fn settle(&mut self, at: Timestamp, mut tell: impl FnMut(&str)) {
        let mut failed = Vec::new();
        self.streams.settle(at, |name, _, ended| {
            if ended == Ended::MakingFailed {
                failed.push(name.to_owned());
            }
            tell(name);
        });
        for name in failed {
            self.streams.0.remove(&name);
        }
    }

    fn check_shard_quota(&self, cx: &Cx<'_>, more: u32) -> Answer<()> {
        let provisioned = self.streams.0.values().map(Resource::target);
        let used: usize = provisioned
            .filter(|shards| shards.mode == StreamMode::Provisioned)
            .map(|shards| shards.open as usize)
            .sum();
        Refusal::above("shards", used + more as usize, cx.quotas.shards)
    }

    fn check_on_demand_quota(&self, cx: &Cx<'_>) -> Answer<()> {
        let all = self.streams.0.values().map(Resource::target);
        let used = all.filter(|shards| shards.mode == StreamMode::OnDemand).count();
        Refusal::above("streams on demand", used + 1, cx.quotas.on_demand_streams)
    }
}

/// Adds `now` to a rolling window that may hold `most`.
fn roll(window: &mut Vec<Timestamp>, now: Timestamp, most: usize, what: &str) -> Answer<()> {
    window.retain(|at| now.since(*at) < WINDOW);
    if window.len() >= most {
        let message = format!("at most {most} {what} of a stream in 24 hours");
        return Err(Refusal::new(CloudErrorKind::Quota, message));
    }
    window.push(now);
    Ok(())
}
