//! What [`Streams`] promises.

use crate::case::{Case, Checked, cases, equal, holds, refused};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, Stream, StreamMode, StreamStatus, Streams};

pub(super) fn cases<P: Streams>() -> Vec<Case<P>> {
    cases! { "Streams":
        is_made_changed_and_deleted [stream, create_stream, set_shards, delete_stream],
        bears_the_tags_it_was_made_with [stream, create_stream],
        on_demand_has_no_shards_to_set [stream, create_stream, set_shards, set_mode],
        a_name_is_taken_once [create_stream],
        nothing_can_be_done_to_what_is_absent [stream, set_shards, set_mode, delete_stream],
        shards_go_to_double_or_half_at_most [create_stream, set_shards],
        takes_no_change_while_it_is_made_or_changed [create_stream, set_shards, set_mode],
        the_mode_is_switched_twice_a_day [create_stream, set_mode],
    }
}

const fn active(stream: &Stream) -> bool {
    matches!(stream.status, StreamStatus::Active)
}

async fn make<P: Streams>(
    ports: &P,
    stage: &Stage<'_>,
    shards: Option<u32>,
) -> Result<String, crate::Failure> {
    let name = stage.name("events");
    ports.create_stream(&name, shards, &stage.tags()?).await?;
    stage.until_there("it is active", async || ports.stream(&name).await, active).await?;
    Ok(name)
}

async fn is_made_changed_and_deleted<P: Streams>(ports: &P, stage: &Stage<'_>) -> Checked {
    equal("before it is made", &ports.stream(&stage.name("events")).await?, &None)?;
    let name = make(ports, stage, Some(2)).await?;
    let settings = |seen: &Stream| (seen.status, seen.mode, seen.open_shards);
    let expected = |shards| (StreamStatus::Active, StreamMode::Provisioned, shards);
    equal("once made", &ports.stream(&name).await?.as_ref().map(settings), &Some(expected(2)))?;
    for shards in [4, 2] {
        ports.set_shards(&name, shards).await?;
        let changed = stage
            .until_there(
                "it has the shards",
                async || ports.stream(&name).await,
                |seen| active(seen) && seen.open_shards == shards,
            )
            .await?;
        equal("once changed", &settings(&changed), &expected(shards))?;
    }
    ports.delete_stream(&name).await?;
    stage.until_gone(async || ports.stream(&name).await).await
}

async fn bears_the_tags_it_was_made_with<P: Streams>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = make(ports, stage, Some(1)).await?;
    equal("its tags", &ports.stream(&name).await?.map(|it| it.tags), &Some(stage.tags()?))
}

async fn on_demand_has_no_shards_to_set<P: Streams>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = make(ports, stage, None).await?;
    let seen = crate::case::there("the stream", ports.stream(&name).await?)?;
    equal("its mode", &seen.mode, &StreamMode::OnDemand)?;
    holds("on demand it has open shards all the same", seen.open_shards > 0)?;
    let answer = ports.set_shards(&name, seen.open_shards * 2).await;
    refused("setting shards on demand", CloudErrorKind::Invalid, answer)?;
    ports.set_mode(&name, StreamMode::Provisioned).await?;
    let switched = stage
        .until_there(
            "it is provisioned",
            async || ports.stream(&name).await,
            |seen| active(seen) && seen.mode == StreamMode::Provisioned,
        )
        .await?;
    equal("a switch keeps the shards", &switched.open_shards, &seen.open_shards)?;
    ports.set_shards(&name, seen.open_shards * 2).await?;
    Ok(())
}

async fn a_name_is_taken_once<P: Streams>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = make(ports, stage, Some(1)).await?;
    let again = ports.create_stream(&name, Some(1), &stage.tags()?).await;
    refused("made again", CloudErrorKind::AlreadyExists, again)
}

async fn nothing_can_be_done_to_what_is_absent<P: Streams>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("events");
    equal("it", &ports.stream(&name).await?, &None)?;
    refused("shards", CloudErrorKind::NotFound, ports.set_shards(&name, 2).await)?;
    refused("mode", CloudErrorKind::NotFound, ports.set_mode(&name, StreamMode::OnDemand).await)?;
    refused("deletion", CloudErrorKind::NotFound, ports.delete_stream(&name).await)
}

async fn shards_go_to_double_or_half_at_most<P: Streams>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = make(ports, stage, Some(4)).await?;
    refused("more than double", CloudErrorKind::Invalid, ports.set_shards(&name, 9).await)?;
    refused("less than half", CloudErrorKind::Invalid, ports.set_shards(&name, 1).await)?;
    equal("a refusal changes nothing", &ports.stream(&name).await?.map(|it| it.open_shards), &Some(4))?;
    ports.set_shards(&name, 8).await?;
    Ok(())
}

async fn takes_no_change_while_it_is_made_or_changed<P: Streams>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("events");
    ports.create_stream(&name, Some(2), &stage.tags()?).await?;
    refused("while made", CloudErrorKind::Busy, ports.set_shards(&name, 4).await)?;
    stage.until_there("it is active", async || ports.stream(&name).await, active).await?;
    ports.set_shards(&name, 4).await?;
    refused("while changed", CloudErrorKind::Busy, ports.set_mode(&name, StreamMode::OnDemand).await)?;
    let seen = crate::case::there("it serves meanwhile", ports.stream(&name).await?)?;
    equal("with the former shards", &(seen.status, seen.open_shards), &(StreamStatus::Updating, 2))
}

async fn the_mode_is_switched_twice_a_day<P: Streams>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = make(ports, stage, Some(1)).await?;
    for mode in [StreamMode::OnDemand, StreamMode::Provisioned] {
        ports.set_mode(&name, mode).await?;
        stage
            .until_there(
                "it is switched",
                async || ports.stream(&name).await,
                |seen| active(seen) && seen.mode == mode,
            )
            .await?;
    }
    refused("a third time", CloudErrorKind::Quota, ports.set_mode(&name, StreamMode::OnDemand).await)
}
