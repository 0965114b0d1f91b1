//! What [`CacheGroups`] promises.

use crate::case::{Case, Checked, Failure, cases, equal, refused};
use crate::stage::Stage;
use capstan_core::ports::{CacheGroup, CacheGroupSettings, CacheGroups, CacheStatus, CloudErrorKind};

pub(super) fn cases<P: CacheGroups>() -> Vec<Case<P>> {
    cases! { "CacheGroups":
        is_made_seen_and_deleted [cache_group, create_cache_group, delete_cache_group],
        the_node_type_changes [cache_group, set_node_type],
        replicas_come [cache_group, set_nodes],
        replicas_go [cache_group, set_nodes],
        shards_come [cache_group, create_cache_group, set_nodes],
        shards_go [cache_group, create_cache_group, set_nodes],
        a_name_is_taken_once [create_cache_group],
        nothing_can_be_done_to_what_is_absent [cache_group, set_node_type, set_nodes, delete_cache_group],
        a_name_has_40_characters_at_most [create_cache_group],
        a_final_snapshots_name_is_taken_once [delete_cache_group],
        takes_no_change_unless_available [cache_group, set_node_type, set_nodes, delete_cache_group],
    }
}

pub(super) fn two_nodes() -> CacheGroupSettings {
    CacheGroupSettings { node_type: "cache.r7g.large".to_owned(), nodes: 2, cluster_mode: false }
}

pub(super) fn available(group: &CacheGroup) -> bool {
    group.status == CacheStatus::Available
}

async fn make<P: CacheGroups>(
    ports: &P,
    stage: &Stage<'_>,
    stem: &str,
    settings: &CacheGroupSettings,
) -> Result<String, Failure> {
    let name = stage.name(stem);
    ports.create_cache_group(&name, settings, &stage.tags()?).await?;
    stage.until_there("it is available", async || ports.cache_group(&name).await, available).await?;
    Ok(name)
}

/// Waits until it is available with these settings.
async fn settled<P: CacheGroups>(
    ports: &P,
    stage: &Stage<'_>,
    name: &str,
    expected: &CacheGroupSettings,
) -> Checked {
    let good = |seen: &CacheGroup| available(seen) && seen.settings == *expected;
    let what = format!("it is available with {expected:?}");
    stage.until_there(&what, async || ports.cache_group(name).await, good).await.map(drop)
}

async fn is_made_seen_and_deleted<P: CacheGroups>(ports: &P, stage: &Stage<'_>) -> Checked {
    equal("before it is made", &ports.cache_group(&stage.name("cache")).await?, &None)?;
    let name = make(ports, stage, "cache", &two_nodes()).await?;
    let made = CacheGroup { status: CacheStatus::Available, settings: two_nodes(), tags: stage.tags()? };
    equal("once made", &ports.cache_group(&name).await?, &Some(made))?;
    ports.delete_cache_group(&name, None).await?;
    stage.until_gone(async || ports.cache_group(&name).await).await
}

async fn the_node_type_changes<P: CacheGroups>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = make(ports, stage, "cache", &two_nodes()).await?;
    let node_type = "cache.r7g.xlarge".to_owned();
    ports.set_node_type(&name, &node_type).await?;
    settled(ports, stage, &name, &CacheGroupSettings { node_type, ..two_nodes() }).await
}

/// Makes a group of so many nodes and brings it to so many.
async fn resized<P: CacheGroups>(
    ports: &P,
    stage: &Stage<'_>,
    from: u32,
    to: u32,
    cluster_mode: bool,
) -> Checked {
    let made = CacheGroupSettings { nodes: from, cluster_mode, ..two_nodes() };
    let name = make(ports, stage, "cache", &made).await?;
    settled(ports, stage, &name, &made).await?;
    ports.set_nodes(&name, to, cluster_mode).await?;
    settled(ports, stage, &name, &CacheGroupSettings { nodes: to, ..made }).await
}

async fn replicas_come<P: CacheGroups>(ports: &P, stage: &Stage<'_>) -> Checked {
    resized(ports, stage, 2, 4, false).await
}

async fn replicas_go<P: CacheGroups>(ports: &P, stage: &Stage<'_>) -> Checked {
    resized(ports, stage, 4, 2, false).await
}

async fn shards_come<P: CacheGroups>(ports: &P, stage: &Stage<'_>) -> Checked {
    resized(ports, stage, 6, 8, true).await
}

async fn shards_go<P: CacheGroups>(ports: &P, stage: &Stage<'_>) -> Checked {
    resized(ports, stage, 8, 6, true).await
}

async fn a_name_is_taken_once<P: CacheGroups>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = make(ports, stage, "cache", &two_nodes()).await?;
    let again = ports.create_cache_group(&name, &two_nodes(), &stage.tags()?).await;
    refused("made again", CloudErrorKind::AlreadyExists, again)
}

async fn nothing_can_be_done_to_what_is_absent<P: CacheGroups>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("cache");
    equal("it", &ports.cache_group(&name).await?, &None)?;
    refused("type", CloudErrorKind::NotFound, ports.set_node_type(&name, "cache.r7g.xlarge").await)?;
    refused("replicas", CloudErrorKind::NotFound, ports.set_nodes(&name, 3, false).await)?;
    refused("deletion", CloudErrorKind::NotFound, ports.delete_cache_group(&name, None).await)
}

async fn a_name_has_40_characters_at_most<P: CacheGroups>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = format!("{}-{}", stage.name("cache"), "x".repeat(20));
    let answer = ports.create_cache_group(&name, &two_nodes(), &stage.tags()?).await;
    refused("too long", CloudErrorKind::Invalid, answer)
}

async fn a_final_snapshots_name_is_taken_once<P: CacheGroups>(ports: &P, stage: &Stage<'_>) -> Checked {
    let snapshot = stage.name("final");
    let first = make(ports, stage, "first", &two_nodes()).await?;
    ports.delete_cache_group(&first, Some(&snapshot)).await?;
    stage.until_gone(async || ports.cache_group(&first).await).await?;
    let second = make(ports, stage, "second", &two_nodes()).await?;
    let answer = ports.delete_cache_group(&second, Some(&snapshot)).await;
    refused("the same name again", CloudErrorKind::AlreadyExists, answer)?;
    let seen = ports.cache_group(&second).await?.map(|it| it.status);
    equal("a refusal deletes nothing", &seen, &Some(CacheStatus::Available))
}

async fn takes_no_change_unless_available<P: CacheGroups>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("cache");
    ports.create_cache_group(&name, &two_nodes(), &stage.tags()?).await?;
    refused("deletion while made", CloudErrorKind::Busy, ports.delete_cache_group(&name, None).await)?;
    stage.until_there("it is available", async || ports.cache_group(&name).await, available).await?;
    ports.set_nodes(&name, 3, false).await?;
    let seen = ports.cache_group(&name).await?.map(|it| (it.status, it.settings.nodes));
    equal("the nodes that exist", &seen, &Some((CacheStatus::Modifying, 2)))?;
    refused("type", CloudErrorKind::Busy, ports.set_node_type(&name, "cache.r7g.xlarge").await)?;
    refused("replicas", CloudErrorKind::Busy, ports.set_nodes(&name, 4, false).await)?;
    refused("deletion", CloudErrorKind::Busy, ports.delete_cache_group(&name, None).await)
}
