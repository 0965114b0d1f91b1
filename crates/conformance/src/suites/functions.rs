//! What [`Functions`], [`Concurrency`], [`Feeds`] and [`UsagePlans`] promise of what is there.

use super::tables::stream;
use crate::case::{Case, Checked, Failure, cases, equal, refused, there};
use crate::stage::Stage;
use capstan_core::ports::{
    CloudErrorKind, Concurrency, Feed, Feeds, FunctionView, Functions, Tables, Throttle, UsagePlans,
};
use std::collections::BTreeMap;

pub(super) fn functions<P: Functions>() -> Vec<Case<P>> {
    cases! { "Functions":
        an_environment_is_put_in_the_place_of_the_one_there_is [function, set_environment],
        a_revision_is_good_for_one_change [function, set_environment],
    }
}
pub(super) fn concurrency<P: Functions + Concurrency>() -> Vec<Case<P>> {
    cases! { "Concurrency":
        what_is_kept_for_a_function_is_told [reserved, set_reserved],
    }
}
pub(super) fn feeds<P: Functions + Feeds + Tables>() -> Vec<Case<P>> {
    cases! { "Feeds":
        a_function_is_fed_from_another_stream_too_until_it_is_not [feeds, create_feed, delete_feed],
        a_stream_feeds_a_function_once [create_feed],
    }
}
pub(super) fn usage_plans<P: UsagePlans>() -> Vec<Case<P>> {
    cases! { "UsagePlans":
        the_limits_of_a_plan_are_as_they_are_set [throttle, set_throttle],
    }
}

async fn settled<P: Functions>(ports: &P, stage: &Stage<'_>, name: &str) -> Result<FunctionView, Failure> {
    let look = async || ports.function(name).await;
    stage.until_there("its last change is in force", look, |function| function.settled).await
}

async fn an_environment_is_put_in_the_place_of_the_one_there_is<P: Functions>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let name = stage.name("function");
    stage.backstage().make_function(&name).await?;
    let of = |table: &str| BTreeMap::from([("METRICS_TABLE".to_owned(), table.to_owned())]);
    for table in ["one", "other"] {
        let revision = settled(ports, stage, &name).await?.revision;
        ports.set_environment(&name, &of(table), &revision).await?;
        equal("its environment", &settled(ports, stage, &name).await?.environment, &of(table))?;
    }
    Ok(())
}

async fn a_revision_is_good_for_one_change<P: Functions>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("function");
    stage.backstage().make_function(&name).await?;
    let revision = settled(ports, stage, &name).await?.revision;
    let of = |table: &str| BTreeMap::from([("METRICS_TABLE".to_owned(), table.to_owned())]);
    ports.set_environment(&name, &of("one"), &revision).await?;
    settled(ports, stage, &name).await?;
    let again = ports.set_environment(&name, &of("other"), &revision).await;
    refused("the revision before", CloudErrorKind::Busy, again)?;
    equal("the environment", &settled(ports, stage, &name).await?.environment, &of("one"))
}

async fn what_is_kept_for_a_function_is_told<P: Functions + Concurrency>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let name = stage.name("function");
    stage.backstage().make_function(&name).await?;
    settled(ports, stage, &name).await?;
    equal("before", &ports.reserved(&name).await?, &None)?;
    for kept in [Some(5), Some(0), None] {
        ports.set_reserved(&name, kept).await?;
        equal("kept", &ports.reserved(&name).await?, &kept)?;
    }
    Ok(())
}

async fn a_function_is_fed_from_another_stream_too_until_it_is_not<P>(ports: &P, stage: &Stage<'_>) -> Checked
where
    P: Functions + Feeds + Tables,
{
    let (name, table) = (stage.name("function"), stage.name("table"));
    stage.backstage().make_function(&name).await?;
    settled(ports, stage, &name).await?;
    stage.backstage().make_table(&table).await?;
    let from = stream(ports, stage, &table).await?;
    stage.backstage().make_feed(&name, &table, &from).await?;
    let fed = |stream: String| {
        move |feeds: &Vec<Feed>| feeds.iter().any(|feed| feed.enabled && feed.stream_arn == stream)
    };
    let look = async || ports.feeds(&name).await;
    let feeds = stage.until("it is fed", look, fed(from.clone())).await?;
    let first = there("what feeds it", feeds.into_iter().next())?;
    let other = stage.name("other");
    stage.backstage().make_table(&other).await?;
    let other = stream(ports, stage, &other).await?;
    ports.create_feed(&name, &other, &first.id).await?;
    stage.until("it is fed from both", look, fed(other.clone())).await?;
    equal("what feeds it", &ports.feeds(&name).await?.len(), &2)?;
    let added = ports.feeds(&name).await?.into_iter().find(|feed| feed.stream_arn == other);
    ports.delete_feed(&there("the feed that was added", added)?.id).await?;
    let one = |feeds: &Vec<Feed>| feeds.len() == 1 && feeds.iter().all(|feed| feed.id == first.id);
    stage.until("the added one is gone", look, one).await.map(drop)
}

async fn a_stream_feeds_a_function_once<P: Functions + Feeds + Tables>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let (name, table) = (stage.name("function"), stage.name("table"));
    stage.backstage().make_function(&name).await?;
    settled(ports, stage, &name).await?;
    stage.backstage().make_table(&table).await?;
    let from = stream(ports, stage, &table).await?;
    stage.backstage().make_feed(&name, &table, &from).await?;
    let look = async || ports.feeds(&name).await;
    let feeds = stage.until("it is fed", look, |feeds| !feeds.is_empty()).await?;
    let first = there("what feeds it", feeds.into_iter().next())?;
    let again = ports.create_feed(&name, &from, &first.id).await;
    refused("the same again", CloudErrorKind::AlreadyExists, again)
}

async fn the_limits_of_a_plan_are_as_they_are_set<P: UsagePlans>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("plan");
    stage.backstage().make_usage_plan(&name).await?;
    equal("made", &ports.throttle(&name).await?, &Some(Throttle { rate: 10, burst: 20 }))?;
    let more = Throttle { rate: 50, burst: 100 };
    ports.set_throttle(&name, more).await?;
    equal("set", &ports.throttle(&name).await?, &Some(more))
}
