//! What [`Collections`] promises.

use crate::case::{Case, Checked, Failure, cases, equal, refused};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, Collection, CollectionLimits, CollectionStatus, Collections};

pub(super) fn cases<P: Collections>() -> Vec<Case<P>> {
    cases! { "Collections":
        is_made_and_deleted [collection, create_collection, delete_collection],
        is_made_anew_after_its_deletion [create_collection, delete_collection],
        a_name_is_taken_once [create_collection],
        what_is_absent_is_not_found [collection, delete_collection],
        is_not_deleted_while_it_is_made [create_collection, delete_collection],
        the_accounts_limits_are_set_and_seen [collection_limits, set_collection_limits],
        limits_too_small_are_refused [collection_limits, set_collection_limits],
    }
}

pub(super) fn active(collection: &Collection) -> bool {
    collection.status == CollectionStatus::Active
}

async fn make<P: Collections>(ports: &P, stage: &Stage<'_>) -> Result<String, Failure> {
    let name = stage.name("vector");
    ports.create_collection(&name, &stage.tags()?).await?;
    stage.until_there("it is active", async || ports.collection(&name).await, active).await?;
    Ok(name)
}

async fn is_made_and_deleted<P: Collections>(ports: &P, stage: &Stage<'_>) -> Checked {
    equal("before it is made", &ports.collection(&stage.name("vector")).await?, &None)?;
    let name = make(ports, stage).await?;
    let made = Collection { status: CollectionStatus::Active, tags: stage.tags()? };
    equal("once made", &ports.collection(&name).await?, &Some(made))?;
    ports.delete_collection(&name).await?;
    stage.until_gone(async || ports.collection(&name).await).await
}

/// Whether its policies are still there from before or went with it: there already is fine.
async fn is_made_anew_after_its_deletion<P: Collections>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = make(ports, stage).await?;
    ports.delete_collection(&name).await?;
    stage.until_gone(async || ports.collection(&name).await).await?;
    make(ports, stage).await.map(drop)
}

async fn a_name_is_taken_once<P: Collections>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = make(ports, stage).await?;
    refused("made again", CloudErrorKind::AlreadyExists, ports.create_collection(&name, &stage.tags()?).await)
}

async fn what_is_absent_is_not_found<P: Collections>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("vector");
    equal("it", &ports.collection(&name).await?, &None)?;
    refused("deletion", CloudErrorKind::NotFound, ports.delete_collection(&name).await)
}

async fn is_not_deleted_while_it_is_made<P: Collections>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("vector");
    ports.create_collection(&name, &stage.tags()?).await?;
    equal(
        "it is not made at once",
        &ports.collection(&name).await?.map(|it| it.status),
        &Some(CollectionStatus::Creating),
    )?;
    refused("while made", CloudErrorKind::Busy, ports.delete_collection(&name).await)
}

async fn the_accounts_limits_are_set_and_seen<P: Collections>(ports: &P, _: &Stage<'_>) -> Checked {
    for ocus in [20, 500] {
        let limits = CollectionLimits { max_indexing_ocus: ocus, max_search_ocus: ocus + 2 };
        ports.set_collection_limits(limits).await?;
        equal("once set", &ports.collection_limits().await?, &limits)?;
    }
    Ok(())
}

async fn limits_too_small_are_refused<P: Collections>(ports: &P, _: &Stage<'_>) -> Checked {
    let before = ports.collection_limits().await?;
    let none = CollectionLimits { max_indexing_ocus: 0, max_search_ocus: 0 };
    refused("none", CloudErrorKind::Invalid, ports.set_collection_limits(none).await)?;
    equal("a refusal changes nothing", &ports.collection_limits().await?, &before)
}
