//! Tables as resources.

use super::{Ports, named};
use crate::cloud::{Answer, Part, Refusal};
use crate::homes::table_of;
use crate::operation::Operation;
use crate::world::World;
use capstan_core::ports::{
    Backup, Capacity, CloudErrorKind, CloudResult, CountedRows, RestoreFrom, Table, TableBackups, TableRows,
    TableSetting, TableView, Tables,
};
use capstan_core::time::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// How many rows are looked at in one call: as many as are about a megabyte.
const PAGE: usize = 4_000;

impl World {
    /// The latest point that a table can be restored to.
    pub(crate) fn latest(&self) -> Timestamp {
        Timestamp::from_millis(self.wall().as_millis().saturating_sub(self.config.recovery_lag.0))
    }

    /// What a table is called where its rows are kept.
    fn home_of<'a>(&self, name: &'a str) -> Answer<(Option<&'a str>, Table)> {
        if let Some((table, _)) = self.deployment.tables.get(name) {
            return Ok((None, *table));
        }
        table_of(name).map(|table| (Some(name), table)).ok_or_else(|| Refusal::not_found(name))
    }

    fn restore(
        &mut self,
        doom: Option<crate::cloud::Doom>,
        source: &str,
        target: &str,
        from: &RestoreFrom,
    ) -> Answer<()> {
        let deployment = Arc::clone(&self.deployment);
        let latest = self.latest();
        let (at, then) = match from {
            RestoreFrom::PointInTime(at) => (Some(*at), *at),
            RestoreFrom::Backup(arn) => {
                let known = self.cloud.tables.backups.get(arn).filter(|backup| backup.table == source);
                (None, known.ok_or_else(|| Refusal::not_found(arn))?.made_at)
            }
        };
        self.cloud.tables.check_restore(&deployment, source, target, at, latest)?;
        let (home, table) = self.home_of(source)?;
        if !table.is_bulk() || table.variable().is_none() {
            return Err(Refusal::invalid(format!("what `{source}` was is not kept here")));
        }
        match &self.bulk {
            Some(bulk) => bulk
                .restore(home.unwrap_or(table.name()), target, then.as_millis())
                .map_err(|error| Refusal::new(CloudErrorKind::Unavailable, error))?,
            None => self.tables.restore(home, table, target, then.as_millis()),
        }
        let capacity = self
            .cloud
            .tables
            .view(&deployment, source, latest)
            .map_or(Capacity::OnDemand, |view| view.capacity);
        self.change(Operation::RestoreTable, doom, &[(Part::Table, target)], |cx, cloud| {
            cloud.tables.restored(cx, capacity, target);
            Ok(())
        })
    }

    /// Forgets the rows of a table that is gone.
    pub(crate) fn drop_rows(&mut self, name: &str) {
        match &self.bulk {
            // What can't be taken away does no harm: nobody has the table's name.
            Some(bulk) => drop(bulk.drop_home(name)),
            None => self.tables.drop_home(name),
        }
    }

    fn count(&self, name: &str, until: Timestamp, after: Option<&str>) -> Answer<CountedRows> {
        let (home, table) = self.home_of(name)?;
        if home.is_some_and(|home| !self.cloud.tables.serves(home)) {
            return Err(Refusal::not_found(name));
        }
        let until = until.as_millis() / 1_000;
        let fits = |timestamp: Option<u64>| timestamp.is_some_and(|at| at <= until);
        if let Some(bulk) = self.bulk.as_ref().filter(|_| table.is_bulk()) {
            let read = |json: &[u8]| {
                let item: Option<Value> = serde_json::from_slice(json).ok();
                fits(item.and_then(|item| item.get("timestamp")?.as_u64()))
            };
            let counted = bulk.count(home.unwrap_or(table.name()), after, PAGE, read);
            let (rows, next) =
                counted.map_err(|error| Refusal::new(CloudErrorKind::Unavailable, error.to_string()))?;
            return Ok(CountedRows { rows, next });
        }
        let place = |partition: &str, sort: &str| format!("{partition}\u{1f}{sort}");
        let mut rows = self
            .tables
            .at_home(home, table)
            .map(|(partition, sort, row)| (place(partition, sort), row))
            .skip_while(|(place, _)| after.is_some_and(|after| place.as_str() <= after));
        let (mut count, mut last) = (0, None);
        for (place, row) in rows.by_ref().take(PAGE) {
            count += u64::from(fits(row.item().get("timestamp").and_then(Value::as_u64)));
            last = Some(place);
        }
        Ok(CountedRows { rows: count, next: last.filter(|_| rows.next().is_some()) })
    }

    /// Makes a backup of a table, as somebody may by hand; its ARN.
    pub fn back_up(&mut self, table: &str, name: &str) -> String {
        let made_at = self.wall();
        let arn = format!(
            "arn:aws:dynamodb:us-east-1:000000000000:table/{table}/backup/{}-{name}",
            made_at.as_millis()
        );
        let backup =
            crate::cloud::dynamo::BackupState { name: name.to_owned(), table: table.to_owned(), made_at };
        self.cloud.tables.backups.insert(arn.clone(), backup);
        self.changes.demand(|| crate::changes::Entry::Cloud(Part::Backup, arn.clone()));
        arn
    }
}

impl Tables for Ports {
    async fn table(&self, name: &str) -> CloudResult<Option<TableView>> {
        self.look(Operation::DescribeTable, name, |world| {
            world.cloud.tables.view(&world.deployment, name, world.latest())
        })
        .await
    }

    async fn set_table(&self, name: &str, setting: &TableSetting) -> CloudResult<()> {
        let operation = Operation::UpdateTable;
        let answer = self
            .call(operation, name, |world, doom| {
                let (deployment, wall) = (world.deployment.clone(), world.wall());
                world.change(operation, doom, &[(Part::Table, name)], |cx, cloud| {
                    cloud.tables.set(cx, &deployment, wall, name, setting)
                })
            })
            .await;
        named(operation, name, answer)
    }

    async fn delete_table(&self, name: &str) -> CloudResult<()> {
        self.change(Operation::DeleteTable, name, &[(Part::Table, name)], |cx, cloud| {
            cloud.tables.delete(cx, name)
        })
        .await
    }
}

impl TableBackups for Ports {
    async fn backups(&self, table: &str) -> CloudResult<Vec<Backup>> {
        self.look(Operation::ListBackups, table, |world| {
            let mut backups: Vec<Backup> = world
                .cloud
                .tables
                .backups
                .iter()
                .filter(|(_, backup)| backup.table == table)
                .map(|(arn, backup)| Backup {
                    arn: arn.clone(),
                    name: backup.name.clone(),
                    table: backup.table.clone(),
                    made_at: backup.made_at,
                })
                .collect();
            backups.sort_by_key(|backup| std::cmp::Reverse(backup.made_at));
            backups
        })
        .await
    }

    async fn restore_table(&self, source: &str, target: &str, from: &RestoreFrom) -> CloudResult<()> {
        let operation = Operation::RestoreTable;
        let answer =
            self.call(operation, target, |world, doom| world.restore(doom, source, target, from)).await;
        named(operation, target, answer)
    }
}

impl TableRows for Ports {
    async fn count_rows(
        &self,
        table: &str,
        until: Timestamp,
        after: Option<&str>,
    ) -> CloudResult<CountedRows> {
        let operation = Operation::Scan;
        let answer: Answer<CountedRows> =
            self.call(operation, table, |world, _| world.count(table, until, after)).await;
        named(operation, table, answer)
    }
}
