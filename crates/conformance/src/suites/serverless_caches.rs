//! What [`ServerlessCaches`] promises.

use crate::case::{Case, Checked, Failure, cases, equal, refused};
use crate::stage::Stage;
use capstan_core::ports::{CacheStatus, CloudErrorKind, ServerlessCache, ServerlessCaches};

pub(super) fn cases<P: ServerlessCaches>() -> Vec<Case<P>> {
    cases! { "ServerlessCaches":
        is_made_changed_and_deleted [serverless_cache, create_serverless_cache, set_ecpu, delete_serverless_cache],
        a_name_is_taken_once [create_serverless_cache],
        nothing_can_be_done_to_what_is_absent [serverless_cache, set_ecpu, delete_serverless_cache],
        limits_are_a_range_from_1000_up [create_serverless_cache],
        a_final_snapshots_name_is_taken_once [delete_serverless_cache],
        takes_no_change_unless_available [create_serverless_cache, set_ecpu, delete_serverless_cache],
    }
}

pub(super) fn available(cache: &ServerlessCache) -> bool {
    cache.status == CacheStatus::Available
}

async fn make<P: ServerlessCaches>(ports: &P, stage: &Stage<'_>, stem: &str) -> Result<String, Failure> {
    let name = stage.name(stem);
    ports.create_serverless_cache(&name, 1_000, 5_000, &stage.tags()?).await?;
    stage.until_there("it is available", async || ports.serverless_cache(&name).await, available).await?;
    Ok(name)
}

async fn is_made_changed_and_deleted<P: ServerlessCaches>(ports: &P, stage: &Stage<'_>) -> Checked {
    equal("before it is made", &ports.serverless_cache(&stage.name("cache")).await?, &None)?;
    let name = make(ports, stage, "cache").await?;
    let made = ServerlessCache {
        status: CacheStatus::Available,
        min_ecpu: 1_000,
        max_ecpu: 5_000,
        tags: stage.tags()?,
    };
    equal("once made", &ports.serverless_cache(&name).await?, &Some(made.clone()))?;
    ports.set_ecpu(&name, 2_000, 8_000).await?;
    let changed = stage
        .until_there(
            "it has the limits",
            async || ports.serverless_cache(&name).await,
            |seen| available(seen) && seen.min_ecpu == 2_000,
        )
        .await?;
    equal("once changed", &changed, &ServerlessCache { min_ecpu: 2_000, max_ecpu: 8_000, ..made })?;
    ports.delete_serverless_cache(&name, None).await?;
    stage.until_gone(async || ports.serverless_cache(&name).await).await
}

async fn a_name_is_taken_once<P: ServerlessCaches>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = make(ports, stage, "cache").await?;
    let again = ports.create_serverless_cache(&name, 1_000, 5_000, &stage.tags()?).await;
    refused("made again", CloudErrorKind::AlreadyExists, again)
}

async fn nothing_can_be_done_to_what_is_absent<P: ServerlessCaches>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("cache");
    equal("it", &ports.serverless_cache(&name).await?, &None)?;
    refused("limits", CloudErrorKind::NotFound, ports.set_ecpu(&name, 1_000, 2_000).await)?;
    refused("deletion", CloudErrorKind::NotFound, ports.delete_serverless_cache(&name, None).await)
}

async fn limits_are_a_range_from_1000_up<P: ServerlessCaches>(ports: &P, stage: &Stage<'_>) -> Checked {
    for (min, max) in [(999, 5_000), (5_000, 1_000)] {
        let answer = ports.create_serverless_cache(&stage.name("cache"), min, max, &stage.tags()?).await;
        refused(&format!("{min} to {max}"), CloudErrorKind::Invalid, answer)?;
    }
    Ok(())
}

async fn a_final_snapshots_name_is_taken_once<P: ServerlessCaches>(ports: &P, stage: &Stage<'_>) -> Checked {
    let snapshot = stage.name("final");
    let first = make(ports, stage, "first").await?;
    ports.delete_serverless_cache(&first, Some(&snapshot)).await?;
    stage.until_gone(async || ports.serverless_cache(&first).await).await?;
    let second = make(ports, stage, "second").await?;
    let answer = ports.delete_serverless_cache(&second, Some(&snapshot)).await;
    refused("the same name again", CloudErrorKind::AlreadyExists, answer)
}

async fn takes_no_change_unless_available<P: ServerlessCaches>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("cache");
    ports.create_serverless_cache(&name, 1_000, 5_000, &stage.tags()?).await?;
    refused("limits while made", CloudErrorKind::Busy, ports.set_ecpu(&name, 2_000, 5_000).await)?;
    let answer = ports.delete_serverless_cache(&name, None).await;
    refused("deletion while made", CloudErrorKind::Busy, answer)?;
    stage.until_there("it is available", async || ports.serverless_cache(&name).await, available).await?;
    ports.set_ecpu(&name, 2_000, 5_000).await?;
    refused("limits while changed", CloudErrorKind::Busy, ports.set_ecpu(&name, 3_000, 5_000).await)
}
