//! Word to people, by SNS.

use crate::Aws;
use crate::refusal::{Call, Said, Service};
use aws_sdk_sns::types::MessageAttributeValue;
use capstan_core::ports::{CloudErrorKind, CloudResult, Notice, Notifier};

pub(crate) const SERVICE: Service = Service { name: "sns", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        "NotFound" => CloudErrorKind::NotFound,
        "KMSNotFound" | "KMSDisabled" | "KMSInvalidState" | "KMSOptInRequired" => CloudErrorKind::Denied,
        _ => return None,
    })
}

/// The service takes printable ASCII only, and at most 100 characters.
fn subject(text: &str) -> String {
    let plain = |letter: char| if letter == ' ' || letter.is_ascii_graphic() { letter } else { '?' };
    text.chars().map(plain).take(100).collect()
}

fn attribute(value: &str) -> Option<MessageAttributeValue> {
    MessageAttributeValue::builder().data_type("String").string_value(value).build().ok()
}

impl Notifier for Aws {
    async fn notify(&self, notice: &Notice) -> CloudResult<()> {
        let call = Call { service: SERVICE, operation: "Publish", resource: notice.tenant() };
        let Some(topic) = &self.config.alert_topic_arn else {
            return Err(
                call.refuse(CloudErrorKind::Invalid, "environment variable ALERT_TOPIC_ARN is missing")
            );
        };
        let kind = serde_json::to_value(notice.kind).unwrap_or_default();
        let mut request =
            self.sns().publish().topic_arn(topic).subject(subject(&notice.subject)).message(&notice.body);
        // Subscribers filter by these.
        for (name, value) in [("kind", kind.as_str().unwrap_or_default()), ("tenantId", notice.tenant())] {
            // The service takes no empty ones.
            if let Some(value) = attribute(value).filter(|_| !value.is_empty()) {
                request = request.message_attributes(name, value);
            }
        }
        change!(call, request).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{Denied, Invalid, NotFound, Throttled, Unknown};

    #[test]
    fn refusals_mean_what_they_say() {
        for (status, code, kind) in [
            (404, "NotFound", NotFound),
            (404, "NotFoundException", NotFound),
            (403, "AuthorizationError", Denied),
            (400, "KMSAccessDenied", Denied),
            (400, "KMSThrottling", Throttled),
            (429, "Throttled", Throttled),
            (400, "InvalidParameter", Invalid),
            (500, "InternalError", Unknown),
        ] {
            assert_eq!(told(SERVICE, "Publish", status, code, ""), kind, "{code}");
        }
    }

    #[test]
    fn a_subject_is_one_line_of_ascii() {
        assert_eq!(subject("Größe\nDEV → STAGING"), "Gr??e?DEV ? STAGING");
        assert_eq!(subject(&"x".repeat(120)).len(), 100);
    }
}
