//! What [`Domains`] promises.

use crate::case::{Case, Checked, Failure, cases, equal, holds, refused, there};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, Domain, DomainSettings, Domains};

pub(super) fn cases<P: Domains>() -> Vec<Case<P>> {
    cases! { "Domains":
        is_made_changed_and_deleted [domain, create_domain, update_domain, delete_domain],
        a_name_is_taken_once [create_domain],
        nothing_can_be_done_to_what_is_absent [domain, update_domain, delete_domain],
        a_name_has_28_characters_at_most [create_domain],
        a_data_node_is_the_least [create_domain],
        takes_no_change_while_it_is_processed [domain, create_domain, update_domain],
    }
}

pub(super) fn small() -> DomainSettings {
    DomainSettings { instance_type: "t3.small.search".to_owned(), instance_count: 1, ebs_gb: 10 }
}

pub(super) const fn ready(domain: &Domain) -> bool {
    domain.created && !domain.processing && !domain.deleting
}

async fn make<P: Domains>(ports: &P, stage: &Stage<'_>) -> Result<String, Failure> {
    let name = stage.name("vector");
    ports.create_domain(&name, &small(), &stage.tags()?).await?;
    stage.until_there("it is made", async || ports.domain(&name).await, ready).await?;
    Ok(name)
}

async fn is_made_changed_and_deleted<P: Domains>(ports: &P, stage: &Stage<'_>) -> Checked {
    equal("before it is made", &ports.domain(&stage.name("vector")).await?, &None)?;
    let name = make(ports, stage).await?;
    let made =
        Domain { created: true, processing: false, deleting: false, settings: small(), tags: stage.tags()? };
    equal("once made", &ports.domain(&name).await?, &Some(made.clone()))?;
    let large =
        DomainSettings { instance_type: "r6g.large.search".to_owned(), instance_count: 3, ebs_gb: 100 };
    ports.update_domain(&name, &large).await?;
    let seen = there("it", ports.domain(&name).await?)?;
    equal("what is in force, or being brought into force", &seen.settings, &large)?;
    let changed = stage.until_there("it is changed", async || ports.domain(&name).await, ready).await?;
    equal("once changed", &changed, &Domain { settings: large, ..made })?;
    ports.delete_domain(&name).await?;
    stage.until_gone(async || ports.domain(&name).await).await
}

async fn a_name_is_taken_once<P: Domains>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = make(ports, stage).await?;
    let again = ports.create_domain(&name, &small(), &stage.tags()?).await;
    refused("made again", CloudErrorKind::AlreadyExists, again)
}

async fn nothing_can_be_done_to_what_is_absent<P: Domains>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("vector");
    equal("it", &ports.domain(&name).await?, &None)?;
    refused("change", CloudErrorKind::NotFound, ports.update_domain(&name, &small()).await)?;
    refused("deletion", CloudErrorKind::NotFound, ports.delete_domain(&name).await)
}

async fn a_name_has_28_characters_at_most<P: Domains>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = format!("{}-{}", stage.name("vector"), "x".repeat(20));
    refused("too long", CloudErrorKind::Invalid, ports.create_domain(&name, &small(), &stage.tags()?).await)
}

async fn a_data_node_is_the_least<P: Domains>(ports: &P, stage: &Stage<'_>) -> Checked {
    let none = DomainSettings { instance_count: 0, ..small() };
    let answer = ports.create_domain(&stage.name("vector"), &none, &stage.tags()?).await;
    refused("none", CloudErrorKind::Invalid, answer)
}

async fn takes_no_change_while_it_is_processed<P: Domains>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("vector");
    ports.create_domain(&name, &small(), &stage.tags()?).await?;
    let made = there("it", ports.domain(&name).await?)?;
    holds("it is not made at once", !made.created && made.processing)?;
    let next = DomainSettings { instance_count: 2, ..small() };
    refused("while made", CloudErrorKind::Busy, ports.update_domain(&name, &next).await)?;
    stage.until_there("it is made", async || ports.domain(&name).await, ready).await?;
    ports.update_domain(&name, &next).await?;
    let changed = there("it", ports.domain(&name).await?)?;
    holds("it serves while it is changed", changed.created && changed.processing)?;
    refused("while changed", CloudErrorKind::Busy, ports.update_domain(&name, &small()).await)
}
