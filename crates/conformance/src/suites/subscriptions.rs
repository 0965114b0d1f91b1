//! What [`Subscriptions`] promises. All cases share one topic, so each looks for its own addresses.

use crate::case::{Case, Checked, Failure, cases, equal, holds, refused, there};
use crate::stage::Stage;
use capstan_core::ports::{CloudErrorKind, Protocol, Subscription, Subscriptions};

pub(super) fn cases<P: Subscriptions>() -> Vec<Case<P>> {
    cases! { "Subscriptions":
        who_is_subscribed_is_listed_once [subscriptions, subscribe],
        who_has_not_confirmed_has_no_arn [subscriptions, subscribe],
        who_is_removed_is_gone_and_may_be_removed_again [subscriptions, subscribe, unsubscribe],
        an_address_is_one_of_its_protocol [subscribe],
    }
}

async fn of<P: Subscriptions>(ports: &P, endpoint: &str) -> Result<Vec<Subscription>, Failure> {
    let all = ports.subscriptions().await?;
    Ok(all.into_iter().filter(|one| one.endpoint == endpoint).collect())
}

fn mail(stage: &Stage<'_>) -> String {
    format!("{}@example.com", stage.name("mail"))
}

/// Addresses of mail alone: a URL would be called by whoever carries the port out.
async fn who_is_subscribed_is_listed_once<P: Subscriptions>(ports: &P, stage: &Stage<'_>) -> Checked {
    let mail = mail(stage);
    for _ in 0..2 {
        ports.subscribe(Protocol::Email, &mail).await?;
        let found = of(ports, &mail).await?;
        equal("how", &found.iter().map(|one| one.protocol).collect::<Vec<_>>(), &vec![Protocol::Email])?;
    }
    Ok(())
}

async fn who_has_not_confirmed_has_no_arn<P: Subscriptions>(ports: &P, stage: &Stage<'_>) -> Checked {
    let mail = mail(stage);
    ports.subscribe(Protocol::Email, &mail).await?;
    let found = of(ports, &mail).await?;
    equal("the ARN", &there("the subscription", found.first())?.arn, &None)
}

async fn who_is_removed_is_gone_and_may_be_removed_again<P: Subscriptions>(
    ports: &P,
    stage: &Stage<'_>,
) -> Checked {
    let mail = mail(stage);
    ports.subscribe(Protocol::Email, &mail).await?;
    let confirmed = |found: &Vec<Subscription>| found.iter().any(|one| one.arn.is_some());
    let look = async || {
        let all = ports.subscriptions().await?;
        Ok(all.into_iter().filter(|one| one.endpoint == mail).collect::<Vec<_>>())
    };
    let found = stage.until("it is confirmed", look, confirmed).await?;
    let arn = there("the ARN", found.first().and_then(|one| one.arn.clone()))?;
    ports.unsubscribe(&arn).await?;
    holds("it is gone", of(ports, &mail).await?.is_empty())?;
    ports.unsubscribe(&arn).await?;
    Ok(())
}

async fn an_address_is_one_of_its_protocol<P: Subscriptions>(ports: &P, stage: &Stage<'_>) -> Checked {
    let name = stage.name("nowhere");
    let answer = ports.subscribe(Protocol::Email, &name).await;
    refused("mail to no address", CloudErrorKind::Invalid, answer)?;
    let answer = ports.subscribe(Protocol::Other, &mail(stage)).await;
    refused("by no protocol", CloudErrorKind::Invalid, answer)
}
