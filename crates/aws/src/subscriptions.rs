//! The subscriptions of the topic of alerts, by SNS.

use crate::Aws;
use crate::refusal::{Call, absent};
use crate::sns::SERVICE;
use aws_sdk_sns::types::Subscription as Theirs;
use capstan_core::ports::{CloudErrorKind, CloudResult, Protocol, Subscription, Subscriptions};

const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

/// What stands in the place of an ARN is `PendingConfirmation`, or, for one that is on its way out, `Deleted`.
fn subscription(theirs: &Theirs) -> Option<Subscription> {
    let arn = theirs.subscription_arn().unwrap_or_default();
    if arn == "Deleted" {
        return None;
    }
    let protocol = match theirs.protocol().unwrap_or_default() {
        "email" => Protocol::Email,
        "https" => Protocol::Https,
        _ => Protocol::Other,
    };
    let endpoint = theirs.endpoint().unwrap_or_default().to_owned();
    Some(Subscription { arn: arn.starts_with("arn:").then(|| arn.to_owned()), protocol, endpoint })
}

impl Aws {
    fn topic(&self, call: Call<'_>) -> CloudResult<&str> {
        let missing =
            || call.refuse(CloudErrorKind::Invalid, "environment variable ALERT_TOPIC_ARN is missing");
        self.config.alert_topic_arn.as_deref().ok_or_else(missing)
    }
}

impl Subscriptions for Aws {
    async fn subscriptions(&self) -> CloudResult<Vec<Subscription>> {
        let call = call("ListSubscriptionsByTopic", "");
        let request = self.sns().list_subscriptions_by_topic().topic_arn(self.topic(call)?);
        let seen = request.into_paginator().items().send().collect::<Result<Vec<Theirs>, _>>().await;
        let seen = seen.map_err(|error| call.unseen(&error))?;
        Ok(seen.iter().filter_map(subscription).collect())
    }

    async fn subscribe(&self, protocol: Protocol, endpoint: &str) -> CloudResult<()> {
        let call = call("Subscribe", endpoint);
        let name = match protocol {
            Protocol::Email => "email",
            Protocol::Https => "https",
            Protocol::Other => {
                return Err(call.refuse(CloudErrorKind::Invalid, "this protocol is not known here"));
            }
        };
        let request = self.sns().subscribe().topic_arn(self.topic(call)?).protocol(name).endpoint(endpoint);
        change!(call, request).map(drop)
    }

    async fn unsubscribe(&self, arn: &str) -> CloudResult<()> {
        let request = self.sns().unsubscribe().subscription_arn(arn);
        absent(change!(call("Unsubscribe", arn), request)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_waits_has_no_arn_and_one_that_is_gone_is_none() {
        let seen = |arn: &str, protocol: &str| {
            subscription(&Theirs::builder().subscription_arn(arn).protocol(protocol).endpoint("e").build())
        };
        let real = "arn:aws:sns:us-east-1:000000000000:iops-alerts-dev:8d3c7a52";
        assert_eq!(seen(real, "email").unwrap().arn.as_deref(), Some(real));
        assert_eq!(seen("PendingConfirmation", "email").unwrap().arn, None);
        assert_eq!(seen("Deleted", "email"), None);
        assert_eq!(seen(real, "sms").unwrap().protocol, Protocol::Other);
    }
}
