//! `manage-subscriptions`: who gets the critical alerts.
//!
//! A subscription is none until whoever was subscribed has confirmed it, so those that wait are told apart. The last one that
//! is confirmed is not removed: nobody would hear of anything, and nobody of that.

mod address;

use address::Address;
use api::{Fields, Problem, Reply, Request};
use capstan_core::ports::{Clock, Entropy, Store, Subscription, Subscriptions};
use capstan_core::tier::reason_objection;
use iops_records::{ActKind, ActRow};
use serde_json::{Value, json};
use tier_steps::StepError;

/// In the place of an ARN, in the console and the command line of AWS.
const PENDING: &str = "PendingConfirmation";

/// Answers a request.
pub async fn handle(
    ports: &(impl Subscriptions + Store + Clock + Entropy),
    request: Request,
) -> Result<Reply, Problem> {
    match (request.method.as_str(), request.route.as_str()) {
        ("GET", "/subscriptions") => list(ports, &request).await,
        ("POST", "/subscriptions") => add(ports, &request).await,
        ("DELETE", "/subscriptions/{subscriptionId}") => remove(ports, &request).await,
        _ => Err(request.no_such_route()),
    }
}

async fn all(ports: &impl Subscriptions) -> Result<Vec<Subscription>, Problem> {
    let mut all = ports.subscriptions().await.map_err(StepError::of_cloud)?;
    all.sort_by(|one, other| one.endpoint.cmp(&other.endpoint));
    Ok(all)
}

/// The end of its ARN, which tells a subscription from others of the topic.
fn id(subscription: &Subscription) -> Option<&str> {
    subscription.arn.as_deref().and_then(|arn| arn.rsplit(':').next())
}

fn shown(subscription: &Subscription) -> Value {
    json!({
        "id": id(subscription),
        "protocol": subscription.protocol,
        "endpoint": subscription.endpoint,
        "confirmed": subscription.arn.is_some(),
    })
}

async fn list(ports: &impl Subscriptions, request: &Request) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let all = all(ports).await?;
    let confirmed = all.iter().filter(|one| one.arn.is_some()).count();
    let waiting = all.len() - confirmed;
    let message = match (confirmed, waiting) {
        (0, 0) => "Nobody is subscribed: nobody hears of critical alerts. POST /subscriptions adds somebody."
            .to_owned(),
        (0, _) => format!(
            "Nobody hears of critical alerts: {waiting} have not confirmed yet, by the link in their mail."
        ),
        (_, 0) => format!("{confirmed} hear of critical alerts."),
        _ => format!(
            "{confirmed} hear of critical alerts; {waiting} have not confirmed yet, by the link in their mail."
        ),
    };
    let shown: Vec<Value> = all.iter().map(shown).collect();
    Ok(Reply::ok(
        json!({"subscriptions": shown, "confirmed": confirmed, "unconfirmed": waiting, "message": message}),
    ))
}

async fn add(
    ports: &(impl Subscriptions + Store + Clock + Entropy),
    request: &Request,
) -> Result<Reply, Problem> {
    request.only_query(&[])?;
    let mut fields = Fields::read(request)?;
    let (protocol, endpoint, reason) =
        (fields.text("protocol"), fields.text("endpoint"), fields.text("reason"));
    fields.finish()?;
    let address = Address::read(&protocol.unwrap_or_default(), &endpoint.unwrap_or_default())?;
    let reason = checked(&reason.unwrap_or_default())?;
    let same = |one: &&Subscription| one.protocol == address.protocol && one.endpoint == address.endpoint;
    if let Some(known) = all(ports).await?.iter().find(same)
        && known.arn.is_some()
    {
        let message = "This address is subscribed and confirmed already; nothing was changed.";
        return Ok(Reply::ok(json!({"subscription": shown(known), "message": message})));
    }
    let caller = (request.caller.subject.as_str(), &request.caller.tenant);
    let act = ActRow::begin(ports, ActKind::Subscribed, &address.endpoint, caller, &reason).await?;
    ports.subscribe(address.protocol, &address.endpoint).await.map_err(StepError::of_cloud)?;
    act.end(ports, "asked to confirm").await?;
    let subscription = Subscription { arn: None, protocol: address.protocol, endpoint: address.endpoint };
    let message = "It is sent nothing until it is confirmed, by the link that has been sent to it; without that the service \
                   forgets it after 48 hours.";
    Ok(Reply::ok(json!({"subscription": shown(&subscription), "message": message})).with_status(202))
}

async fn remove(
    ports: &(impl Subscriptions + Store + Clock + Entropy),
    request: &Request,
) -> Result<Reply, Problem> {
    request.only_query(&["reason"])?;
    let reason = checked(request.query.get("reason").map(String::as_str).unwrap_or_default())?;
    let given = request.path.get("subscriptionId").map(String::as_str).unwrap_or_default();
    if given == PENDING {
        return Err(Problem::conflict(
            "NOT_CONFIRMED",
            "one that was not confirmed has no id and can't be removed: the service forgets it after 48 hours",
        ));
    }
    let all = all(ports).await?;
    let Some(found) = all.iter().find(|one| id(one) == Some(given)) else {
        return Err(Problem::not_found("no subscription has this id: ids come from GET /subscriptions"));
    };
    if all.iter().filter(|one| one.arn.is_some()).count() == 1 {
        return Err(Problem::conflict(
            "LAST_SUBSCRIPTION",
            "without it nobody would hear of critical alerts: subscribe somebody else first, and wait until that is confirmed",
        ));
    }
    let caller = (request.caller.subject.as_str(), &request.caller.tenant);
    let act = ActRow::begin(ports, ActKind::Unsubscribed, &found.endpoint, caller, &reason).await?;
    ports.unsubscribe(found.arn.as_deref().unwrap_or_default()).await.map_err(StepError::of_cloud)?;
    act.end(ports, "removed").await?;
    let message = "It hears of nothing any more.";
    Ok(Reply::ok(json!({"subscription": shown(found), "message": message})))
}

fn checked(reason: &str) -> Result<String, Problem> {
    match reason_objection(reason) {
        Some(objection) => Err(Problem::invalid_field("reason", objection.message)),
        None => Ok(reason.trim().to_owned()),
    }
}
