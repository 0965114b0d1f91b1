//! What [`Tables`], [`TableBackups`], [`TableRows`], [`TableAutoScaling`], [`Functions`], [`Concurrency`], [`Feeds`] and
//! [`UsagePlans`] promise of what is not there.
//!
//! No port makes any of these: what is there is made behind the scene (`tables`, `functions`).

use crate::case::{Case, Checked, cases, equal, holds, refused};
use crate::stage::Stage;
use capstan_core::ports::{
    CloudErrorKind, Concurrency, Feeds, Functions, RestoreFrom, TableAutoScaling, TableBackups, TableRows,
    TableScaling, TableSetting, Tables, Throttle, UnitRange, UsagePlans,
};
use capstan_core::time::Timestamp;
use std::collections::BTreeMap;

const STREAM: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/absent/stream/2026-01-01T00:00:00.000";
const FEED: &str = "0b9f4f0e-6d0c-4b8e-9d3c-2f6f1a7f5e11";

pub(super) fn tables<P: Tables>() -> Vec<Case<P>> {
    cases! { "Tables":
        an_absent_table_takes_nothing [table, set_table, delete_table],
    }
}
pub(super) fn backups<P: TableBackups>() -> Vec<Case<P>> {
    cases! { "TableBackups":
        nothing_is_restored_of_an_absent_table [backups, restore_table],
    }
}
pub(super) fn rows<P: TableRows>() -> Vec<Case<P>> {
    cases! { "TableRows":
        an_absent_table_has_no_rows_to_count [count_rows],
    }
}
pub(super) fn functions<P: Functions>() -> Vec<Case<P>> {
    cases! { "Functions":
        an_absent_function_is_told_nothing [function, set_environment],
    }
}
pub(super) fn concurrency<P: Concurrency>() -> Vec<Case<P>> {
    cases! { "Concurrency":
        nothing_is_kept_for_an_absent_function [reserved, unreserved, set_reserved],
    }
}
pub(super) fn feeds<P: Feeds>() -> Vec<Case<P>> {
    cases! { "Feeds":
        an_absent_function_is_not_fed [feeds, create_feed, delete_feed],
    }
}

pub(super) fn table_scaling<P: TableAutoScaling>() -> Vec<Case<P>> {
    cases! { "TableAutoScaling":
        an_absent_table_is_not_scaled [table_scaling, set_table_scaling, remove_table_scaling],
    }
}
pub(super) fn usage_plans<P: UsagePlans>() -> Vec<Case<P>> {
    cases! { "UsagePlans":
        an_absent_plan_has_no_limits [throttle, set_throttle],
    }
}

async fn an_absent_table_is_not_scaled<P: TableAutoScaling>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("table");
    equal("its scaling", &ports.table_scaling(&name).await?, &None)?;
    let range = UnitRange { min: 5, max: 50 };
    let scaling = TableScaling { read: range, write: range, target: 70 };
    let set = ports.set_table_scaling(&name, scaling).await;
    holds("scaling it is refused", set.is_err())?;
    ports.remove_table_scaling(&name).await?;
    Ok(())
}

async fn an_absent_plan_has_no_limits<P: UsagePlans>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("plan");
    equal("its limits", &ports.throttle(&name).await?, &None)?;
    let set = ports.set_throttle(&name, Throttle { rate: 1, burst: 1 }).await;
    refused("setting them", CloudErrorKind::NotFound, set)
}

async fn an_absent_table_takes_nothing<P: Tables>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("table");
    equal("the table", &ports.table(&name).await?, &None)?;
    let set = ports.set_table(&name, &TableSetting::Protected(true)).await;
    refused("protecting it", CloudErrorKind::NotFound, set)?;
    refused("deleting it", CloudErrorKind::NotFound, ports.delete_table(&name).await)
}

async fn nothing_is_restored_of_an_absent_table<P: TableBackups>(ports: &P, stage: &Stage<'_>) -> Checked {
    let (source, target) = (stage.name("table"), stage.name("copy"));
    equal("its backups", &ports.backups(&source).await?, &Vec::new())?;
    let from = RestoreFrom::PointInTime(Timestamp::from_millis(1_767_225_600_000));
    refused("restoring it", CloudErrorKind::NotFound, ports.restore_table(&source, &target, &from).await)
}

async fn an_absent_table_has_no_rows_to_count<P: TableRows>(ports: &P, stage: &Stage<'_>) -> Checked {
    let until = Timestamp::from_millis(1_767_225_600_000);
    let counted = ports.count_rows(&stage.name("table"), until, None).await;
    refused("counting", CloudErrorKind::NotFound, counted)
}

async fn an_absent_function_is_told_nothing<P: Functions>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("function");
    equal("the function", &ports.function(&name).await?, &None)?;
    let told = ports.set_environment(&name, &BTreeMap::new(), FEED).await;
    refused("telling it", CloudErrorKind::NotFound, told)
}

async fn nothing_is_kept_for_an_absent_function<P: Concurrency>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("function");
    holds("the account has something for all", ports.unreserved().await? >= 100)?;
    refused("what is kept", CloudErrorKind::NotFound, ports.reserved(&name).await)?;
    refused("keeping something", CloudErrorKind::NotFound, ports.set_reserved(&name, Some(1)).await)
}

async fn an_absent_function_is_not_fed<P: Feeds>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("function");
    let feeds = ports.feeds(&name).await;
    let none = feeds.as_ref().map_or_else(|error| error.kind == CloudErrorKind::NotFound, Vec::is_empty);
    holds("nothing feeds it", none)?;
    refused("feeding it", CloudErrorKind::NotFound, ports.create_feed(&name, STREAM, FEED).await)?;
    refused("feeding it no more", CloudErrorKind::NotFound, ports.delete_feed(FEED).await)
}
