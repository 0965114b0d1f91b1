//! `SageMaker` endpoints that answer: asked once, within a time of the caller's own.

use crate::Aws;
use crate::refusal::{Call, Said, Service};
use aws_sdk_sagemakerruntime::config::Builder;
use aws_sdk_sagemakerruntime::primitives::Blob;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use capstan_core::ports::{CloudErrorKind, CloudResult, Inference, Inferred, Variant};
use capstan_core::time::Millis;
use std::time::{Duration, Instant};

const SERVICE: Service = Service { name: "sagemaker-runtime", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        "Validation" | "ValidationError" if said.mentions(&["not found", "could not find"]) => {
            CloudErrorKind::NotFound
        }
        // The container's own answer was a failure, or the container is not ready.
        "ModelError" | "ModelNotReady" | "InternalFailure" | "InternalDependency" => {
            CloudErrorKind::Unavailable
        }
        _ => return None,
    })
}

impl Inference for Aws {
    async fn infer(&self, endpoint: &str, variant: Variant, row: &str, limit: Millis) -> Inferred {
        #[expect(
            clippy::disallowed_methods,
            reason = "how long an answer takes is measured here, where it is asked for"
        )]
        let start = Instant::now();
        let answer = self.ask(endpoint, variant, row, limit).await;
        Inferred { answer, millis: start.elapsed().as_secs_f64() * 1e3 }
    }
}

impl Aws {
    async fn ask(&self, endpoint: &str, variant: Variant, row: &str, limit: Millis) -> CloudResult<String> {
        let call = Call { service: SERVICE, operation: "InvokeEndpoint", resource: endpoint };
        let limit = Duration::from_millis(limit.0);
        let timeouts =
            TimeoutConfig::builder().operation_timeout(limit).operation_attempt_timeout(limit).build();
        // One try: a second one would be another question, and its time would not be the model's.
        let once = Builder::new().timeout_config(timeouts).retry_config(RetryConfig::disabled());
        let request = self
            .inference()
            .invoke_endpoint()
            .endpoint_name(endpoint)
            // The first one answers who names none; an endpoint need not call it so.
            .set_target_variant((variant == Variant::Second).then(|| variant.name().to_owned()))
            .content_type("text/csv")
            .accept("application/json")
            .body(Blob::new(row.as_bytes()))
            .customize()
            .config_override(once);
        let answer = request.send().await.map_err(|error| match error {
            SdkError::TimeoutError(_) => {
                call.refuse(CloudErrorKind::Unknown, format!("no answer within {} ms", limit.as_millis()))
            }
            error => call.unseen(&error),
        })?;
        let body = call.need(answer.body, "body")?.into_inner();
        String::from_utf8(body).map_err(|_| call.refuse(CloudErrorKind::Invalid, "the answer is not UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{Denied, Invalid, NotFound, Throttled, Unavailable, Unknown};

    #[test]
    fn refusals_mean_what_they_say() {
        for (status, code, message, kind) in [
            (400, "ValidationError", "Endpoint iops-model of account 1 not found.", NotFound),
            (400, "ValidationError", "1 validation error detected", Invalid),
            (424, "ModelError", "Received server error (500) from primary", Unavailable),
            (429, "ModelNotReadyException", "", Unavailable),
            (400, "ThrottlingException", "", Throttled),
            (403, "AccessDeniedException", "", Denied),
            (500, "InternalFailure", "", Unknown),
        ] {
            assert_eq!(told(SERVICE, "InvokeEndpoint", status, code, message), kind, "{code}");
        }
    }
}
