//! Usage plans of API Gateway.

use crate::Aws;
use crate::refusal::{Call, Said, Service, counted};
use aws_sdk_apigateway::types::{Op, PatchOperation, ThrottleSettings, UsagePlan};
use capstan_core::ports::{CloudErrorKind, CloudResult, Throttle, UsagePlans};

const SERVICE: Service = Service { name: "apigateway", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        "NotFound" => CloudErrorKind::NotFound,
        "TooManyRequests" => CloudErrorKind::Throttled,
        // Somebody else changes it at the same time.
        "Conflict" => CloudErrorKind::Busy,
        "LimitExceeded" => CloudErrorKind::Quota,
        "BadRequest" => CloudErrorKind::Invalid,
        "Unauthorized" => CloudErrorKind::Denied,
        _ => return None,
    })
}

const fn call<'a>(operation: &'static str, resource: &'a str) -> Call<'a> {
    Call { service: SERVICE, operation, resource }
}

/// A rate that is no whole number is rounded up: what comes back is at least what there was.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn throttle(seen: &ThrottleSettings) -> Throttle {
    let rate = seen.rate_limit().ceil().clamp(0.0, f64::from(u32::MAX)) as u32;
    Throttle { rate, burst: counted(Some(seen.burst_limit())) }
}

impl Aws {
    /// The plan of this name. Its id is made up when it is deployed, and can't be told to what the API calls: the plan comes after
    /// the API.
    async fn usage_plan(&self, name: &str) -> CloudResult<Option<UsagePlan>> {
        let pages = self.apigateway().get_usage_plans().into_paginator().items().send();
        let plans = pages.collect::<Result<Vec<_>, _>>().await;
        let plans = plans.map_err(|error| call("GetUsagePlans", name).unseen(&error))?;
        Ok(plans.into_iter().find(|plan| plan.name() == Some(name)))
    }
}

impl UsagePlans for Aws {
    async fn throttle(&self, plan: &str) -> CloudResult<Option<Throttle>> {
        let seen = self.usage_plan(plan).await?;
        Ok(seen.and_then(|seen| seen.throttle).as_ref().map(throttle))
    }

    async fn set_throttle(&self, plan: &str, wanted: Throttle) -> CloudResult<()> {
        let told = call("UpdateUsagePlan", plan);
        let seen = self.usage_plan(plan).await?;
        let absent = || told.refuse(CloudErrorKind::NotFound, format!("there is no usage plan {plan}"));
        let id = told.need(seen.ok_or_else(absent)?.id, "Id")?;
        let patch = |path: &str, value: u32| {
            PatchOperation::builder().op(Op::Replace).path(path).value(value.to_string()).build()
        };
        let request = self.apigateway().update_usage_plan().usage_plan_id(id);
        let request = request.patch_operations(patch("/throttle/rateLimit", wanted.rate));
        let request = request.patch_operations(patch("/throttle/burstLimit", wanted.burst));
        change!(told, request).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{Busy, Invalid, NotFound, Quota, Throttled};

    #[test]
    fn refusals_mean_what_they_say() {
        for (operation, status, code, kind) in [
            ("GetUsagePlans", 404, "NotFoundException", NotFound),
            ("GetUsagePlans", 429, "TooManyRequestsException", Throttled),
            ("UpdateUsagePlan", 409, "ConflictException", Busy),
            ("UpdateUsagePlan", 400, "BadRequestException", Invalid),
            ("UpdateUsagePlan", 429, "LimitExceededException", Quota),
        ] {
            assert_eq!(told(SERVICE, operation, status, code, ""), kind, "{operation}: {code}");
        }
    }

    #[test]
    fn a_rate_is_rounded_up() {
        let seen = ThrottleSettings::builder().rate_limit(0.5).burst_limit(7).build();
        assert_eq!(throttle(&seen), Throttle { rate: 1, burst: 7 });
    }
}
