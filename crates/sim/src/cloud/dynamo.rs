//! Tables as resources. Those of the stack are here only once they were changed; their rows are elsewhere in any case.

use super::{Answer, Cx, Refusal, require};
use crate::life::{Resource, Shelf, Stage};
use crate::timing::Cycle;
use crate::watch::Deployment;
use capstan_core::ports::{
    Capacity, CloudErrorKind, TableScaling, TableSetting, TableStatus, TableView, Tags,
};
use capstan_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far back a table can be restored.
const WINDOW: Millis = Millis::days(35);
/// A table is switched to being paid by the request this often at most: "up to four times in a 24-hour rolling window" for
/// new accounts, once for those before; the stricter holds here.
const SWITCHED: Millis = Millis::hours(24);

/// What a table is set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TableState {
    pub(crate) expires_by: Option<String>,
    pub(crate) stream: bool,
    pub(crate) protected: bool,
    /// From when on it can be restored.
    pub(crate) recoverable_since: Option<Timestamp>,
    pub(crate) capacity: Capacity,
    pub(crate) on_demand_since: Option<Timestamp>,
    pub(crate) tags: BTreeMap<String, String>,
    /// Whether a restore made it.
    pub(crate) restored: bool,
}

/// A backup made on demand: the table as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackupState {
    pub(crate) name: String,
    pub(crate) table: String,
    pub(crate) made_at: Timestamp,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TableService {
    pub(crate) tables: Shelf<TableState>,
    pub(crate) backups: BTreeMap<String, BackupState>,
    pub(crate) scaling: BTreeMap<String, TableScaling>,
}

/// The ARN of a table's stream.
pub(crate) fn stream_arn(table: &str) -> String {
    format!("arn:aws:dynamodb:us-east-1:000000000000:table/{table}/stream/2026-01-01T00:00:00.000")
}

impl TableService {
    /// Whether a table that a restore made can be read and written.
    pub(crate) fn serves(&self, name: &str) -> bool {
        self.tables.get(name).is_some_and(|found| matches!(found.life.stage, Stage::Ready | Stage::Changing))
    }

    /// The tables whose rows do not expire, of those that a restore made.
    pub(crate) fn lasting(&self) -> Vec<String> {
        let lasting = self.tables.0.iter().filter(|(_, found)| found.current.expires_by.is_none());
        lasting.map(|(name, _)| name.clone()).collect()
    }

    fn own(deployment: &Deployment, name: &str) -> Option<TableState> {
        let (table, expires_by) = deployment.tables.get(name)?;
        Some(TableState {
            expires_by: expires_by.clone(),
            stream: table.has_stream(),
            protected: false,
            recoverable_since: Some(Timestamp::from_millis(0)),
            capacity: Capacity::OnDemand,
            on_demand_since: None,
            tags: BTreeMap::new(),
            restored: false,
        })
    }

    pub(crate) fn view(&self, deployment: &Deployment, name: &str, latest: Timestamp) -> Option<TableView> {
        let found = self.tables.get(name);
        let own = Self::own(deployment, name);
        let state = found.map(|found| &found.current).or(own.as_ref())?;
        let status = match found.map_or(Stage::Ready, |found| found.life.stage) {
            Stage::Creating => TableStatus::Creating,
            Stage::Ready => TableStatus::Active,
            Stage::Changing => TableStatus::Updating,
            Stage::Deleting => TableStatus::Deleting,
            Stage::Failed => TableStatus::Failed,
        };
        let earliest = Timestamp::from_millis(latest.as_millis().saturating_sub(WINDOW.0));
        let recoverable = state.recoverable_since.map(|since| (since.max(earliest), latest.max(since)));
        Some(TableView {
            status,
            capacity: state.capacity,
            on_demand_since: state.on_demand_since,
            protected: state.protected,
            stream_arn: state.stream.then(|| stream_arn(name)),
            expires_by: state.expires_by.clone(),
            recoverable,
            tags: state.tags.clone(),
        })
    }

    /// The table, brought onto the shelf if it is the stack's and was not changed yet.
    fn ready(
        &mut self,
        cx: &Cx<'_>,
        deployment: &Deployment,
        name: &str,
    ) -> Answer<&mut Resource<TableState>> {
        if self.tables.get(name).is_none() {
            let own = Self::own(deployment, name).ok_or_else(|| Refusal::not_found(name))?;
            self.tables.put(name, Resource::at_rest_since(cx, own));
        }
        self.tables.ready(name)
    }

    pub(crate) fn set(
        &mut self,
        cx: &Cx<'_>,
        deployment: &Deployment,
        wall: Timestamp,
        name: &str,
        setting: &TableSetting,
    ) -> Answer<()> {
        let table = self.ready(cx, deployment, name)?;
        let mut next = table.current.clone();
        let mut cycle = None;
        match setting {
            TableSetting::ExpiresBy(attribute) => next.expires_by = Some(attribute.clone()),
            TableSetting::Recoverable => {
                next.recoverable_since = next.recoverable_since.or(Some(wall));
            }
            TableSetting::Stream => {
                require(!next.stream, || format!("`{name}` has a stream already"))?;
                next.stream = true;
                cycle = Some(Cycle::TableSetting);
            }
            TableSetting::Protected(protected) => next.protected = *protected,
            TableSetting::Tags(tags) => next.tags.extend(tags.clone()),
            TableSetting::Capacity(capacity) => {
                require(next.capacity != *capacity, || format!("`{name}` has that capacity already"))?;
                if let Capacity::Provisioned { read, write } = capacity {
                    require(*read >= 1 && *write >= 1, || "a capacity is at least 1".to_owned())?;
                } else {
                    let since = next.on_demand_since;
                    if since.is_some_and(|since| cx.now.since(since) < SWITCHED) {
                        let message = "a table can be switched to on-demand once in 24 hours";
                        return Err(Refusal::new(CloudErrorKind::Quota, message));
                    }
                    next.on_demand_since = Some(cx.now);
                }
                next.capacity = *capacity;
                cycle = Some(Cycle::TableCapacity);
            }
        }
        match cycle {
            Some(cycle) => table.change(cx, cycle, name, next),
            None => table.current = next,
        }
        Ok(())
    }

    pub(crate) fn delete(&mut self, cx: &Cx<'_>, name: &str) -> Answer<()> {
        let table = self.tables.ready(name)?;
        require(!table.current.protected, || format!("`{name}` is protected from deletion"))?;
        table.delete(cx, Cycle::TableDelete, name, Millis(0));
        Ok(())
    }

    /// Checks what can be checked before any row is copied.
    pub(crate) fn check_restore(
        &self,
        deployment: &Deployment,
        source: &str,
        target: &str,
        at: Option<Timestamp>,
        latest: Timestamp,
    ) -> Answer<()> {
        let well_formed = (3..=255).contains(&target.len())
            && target.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        require(well_formed, || format!("`{target}` does not match [a-zA-Z0-9_.-]{{3,255}}"))?;
        if deployment.tables.contains_key(target) {
            return Err(Refusal::exists(target));
        }
        self.tables.free(target)?;
        let view = self.view(deployment, source, latest).ok_or_else(|| Refusal::not_found(source))?;
        let Some(at) = at else { return Ok(()) };
        let (from, to) = view
            .recoverable
            .ok_or_else(|| Refusal::invalid(format!("point-in-time recovery is off for `{source}`")))?;
        require((from..=to).contains(&at), || {
            format!("`{source}` can be restored to a time from {from} to {to}, not {at}")
        })
    }

    pub(crate) fn restored(&mut self, cx: &Cx<'_>, capacity: Capacity, target: &str) {
        let state = TableState {
            expires_by: None,
            stream: false,
            protected: false,
            recoverable_since: None,
            capacity,
            on_demand_since: None,
            tags: BTreeMap::new(),
            restored: true,
        };
        self.tables.put(target, Resource::new(cx, Cycle::TableRestore, target, state, &Tags::new()));
    }
}
