//! What [`Tables`], [`TableBackups`], [`TableRows`] and [`TableAutoScaling`] promise of a table that is there.

use crate::case::{Case, Checked, Failure, cases, equal, holds, refused, there};
use crate::stage::Stage;
use capstan_core::ports::{
    Capacity, CloudErrorKind, RestoreFrom, Table, TableAutoScaling, TableBackups, TableRows, TableScaling,
    TableSetting, TableStatus, TableView, Tables, UnitRange,
};
use capstan_core::time::Timestamp;
use std::collections::BTreeMap;

pub(super) fn tables<P: Tables + TableBackups>() -> Vec<Case<P>> {
    cases! { "Tables":
        a_table_is_as_it_is_set [table, set_table],
        what_is_protected_is_not_deleted [table, set_table, delete_table],
        a_table_is_paid_for_as_it_is_set [table, set_table],
    }
}
pub(super) fn backups<P: Tables + TableBackups + TableRows>() -> Vec<Case<P>> {
    cases! { "TableBackups":
        a_table_comes_back_from_a_moment_without_what_was_switched_on [restore_table],
        a_table_comes_back_from_its_backup [backups, restore_table],
    }
}
pub(super) fn scaling<P: Tables + TableAutoScaling>() -> Vec<Case<P>> {
    cases! { "TableAutoScaling":
        a_table_is_scaled_as_it_is_set [table_scaling, set_table_scaling, remove_table_scaling],
    }
}

/// Looks until a table takes a change.
pub(super) async fn active<P: Tables>(
    ports: &P,
    stage: &Stage<'_>,
    name: &str,
) -> Result<TableView, Failure> {
    let look = async || ports.table(name).await;
    stage.until_there("it is active", look, |table| table.status == TableStatus::Active).await
}

async fn set<P: Tables>(
    ports: &P,
    stage: &Stage<'_>,
    name: &str,
    setting: TableSetting,
) -> Result<TableView, Failure> {
    ports.set_table(name, &setting).await?;
    active(ports, stage, name).await
}

/// Switches a table's stream on, unless it was made with one.
pub(super) async fn stream<P: Tables>(ports: &P, stage: &Stage<'_>, name: &str) -> Result<String, Failure> {
    let mut seen = active(ports, stage, name).await?;
    if seen.stream_arn.is_none() {
        seen = set(ports, stage, name, TableSetting::Stream).await?;
    }
    there("its stream", seen.stream_arn)
}

/// A table that a restore made: the stack's own are there for as long as the stack is.
async fn restored<P: Tables + TableBackups>(
    ports: &P,
    stage: &Stage<'_>,
    source: &str,
) -> Result<(String, RestoreFrom), Failure> {
    stage.backstage().make_table(source).await?;
    active(ports, stage, source).await?;
    set(ports, stage, source, TableSetting::ExpiresBy("expiresAt".to_owned())).await?;
    set(ports, stage, source, TableSetting::Recoverable).await?;
    let look = async || ports.table(source).await;
    let able = stage.until_there("it can be brought back", look, |table| table.recoverable.is_some()).await?;
    let (_, latest) = there("the times it can be brought back from", able.recoverable)?;
    let (target, from) =
        (format!("{}-{}", Table::IopsMetrics.name(), stage.name("copy")), RestoreFrom::PointInTime(latest));
    ports.restore_table(source, &target, &from).await?;
    Ok((target, from))
}

async fn a_table_is_as_it_is_set<P: Tables>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("table");
    stage.backstage().make_table(&name).await?;
    let made = active(ports, stage, &name).await?;
    equal("nothing is switched on", &(made.protected, made.expires_by), &(false, None))?;
    let tags = BTreeMap::from([("Owner".to_owned(), "ada".to_owned())]);
    for setting in
        [TableSetting::ExpiresBy("expiresAt".to_owned()), TableSetting::Recoverable, TableSetting::Tags(tags)]
    {
        set(ports, stage, &name, setting).await?;
    }
    stream(ports, stage, &name).await?;
    let seen = active(ports, stage, &name).await?;
    equal("rows expire by", &seen.expires_by.as_deref(), &Some("expiresAt"))?;
    equal("its tag", &seen.tags.get("Owner").map(String::as_str), &Some("ada"))?;
    holds("it can be brought back", seen.recoverable.is_some_and(|(from, to)| from <= to))?;
    holds("its stream is of it", seen.stream_arn.is_some_and(|arn| arn.contains(&name)))
}

async fn what_is_protected_is_not_deleted<P: Tables + TableBackups>(ports: &P, stage: &Stage<'_>) -> Checked {
    let (name, _) = restored(ports, stage, &stage.name("table")).await?;
    active(ports, stage, &name).await?;
    let seen = set(ports, stage, &name, TableSetting::Protected(true)).await?;
    holds("it is protected", seen.protected)?;
    refused("deleting it", CloudErrorKind::Invalid, ports.delete_table(&name).await)?;
    let seen = set(ports, stage, &name, TableSetting::Protected(false)).await?;
    holds("it is protected no more", !seen.protected)?;
    ports.delete_table(&name).await?;
    stage.until_gone(async || ports.table(&name).await).await
}

async fn a_table_is_paid_for_as_it_is_set<P: Tables>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("table");
    stage.backstage().make_table(&name).await?;
    let made = active(ports, stage, &name).await?;
    equal("made", &made.capacity, &Capacity::OnDemand)?;
    let kept = Capacity::Provisioned { read: 7, write: 5 };
    let seen = set(ports, stage, &name, TableSetting::Capacity(kept)).await?;
    equal("units that are kept ready", &seen.capacity, &kept)
}

async fn a_table_comes_back_from_a_moment_without_what_was_switched_on<
    P: Tables + TableBackups + TableRows,
>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let source = stage.name("table");
    let (target, from) = restored(ports, stage, &source).await?;
    let copy = active(ports, stage, &target).await?;
    equal("what a copy has", &(copy.expires_by, copy.recoverable, copy.stream_arn), &(None, None, None))?;
    let until = Timestamp::from_millis(4_000_000_000_000);
    let (there, counted) =
        (ports.count_rows(&source, until, None).await?, ports.count_rows(&target, until, None).await?);
    equal("its rows", &counted, &there)?;
    let again = ports.restore_table(&source, &target, &from).await;
    refused("the same name again", CloudErrorKind::AlreadyExists, again)
}

async fn a_table_comes_back_from_its_backup<P: Tables + TableBackups>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let source = stage.name("table");
    stage.backstage().make_table(&source).await?;
    active(ports, stage, &source).await?;
    stage.backstage().make_backup(&source).await?;
    let look = async || ports.backups(&source).await;
    let seen = stage.until("it has a backup", look, |seen| !seen.is_empty()).await?;
    let backup = there("the backup", seen.into_iter().next())?;
    equal("what it is of", &(backup.name.as_str(), backup.table.as_str()), &("by-hand", source.as_str()))?;
    let target = format!("{}-{}", Table::IopsMetrics.name(), stage.name("copy"));
    ports.restore_table(&source, &target, &RestoreFrom::Backup(backup.arn)).await?;
    active(ports, stage, &target).await.map(drop)
}

async fn a_table_is_scaled_as_it_is_set<P: Tables + TableAutoScaling>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let name = stage.name("table");
    stage.backstage().make_table(&name).await?;
    active(ports, stage, &name).await?;
    let kept = Capacity::Provisioned { read: 5, write: 5 };
    set(ports, stage, &name, TableSetting::Capacity(kept)).await?;
    equal("before", &ports.table_scaling(&name).await?, &None)?;
    let scaling = TableScaling {
        read: UnitRange { min: 5, max: 500 },
        write: UnitRange { min: 5, max: 250 },
        target: 70,
    };
    ports.set_table_scaling(&name, scaling).await?;
    equal("set", &ports.table_scaling(&name).await?, &Some(scaling))?;
    let more = TableScaling { target: 60, ..scaling };
    ports.set_table_scaling(&name, more).await?;
    equal("set again", &ports.table_scaling(&name).await?, &Some(more))?;
    ports.remove_table_scaling(&name).await?;
    equal("taken off", &ports.table_scaling(&name).await?, &None)
}
