//! What a tenant really cost, by Cost Explorer. Its bill is some hours late, and every question costs a cent.

use crate::Aws;
use crate::refusal::{Call, Said, Service};
use aws_sdk_costexplorer::types::{DateInterval, Expression, Granularity, ResultByTime, TagValues};
use capstan_core::ids::TenantId;
use capstan_core::money::Usd;
use capstan_core::ports::{CloudErrorKind, CloudResult, Costs, TagKey};
use capstan_core::time::{Millis, Timestamp};

pub(crate) const METRIC: &str = "UnblendedCost";

pub(crate) const SERVICE: Service = Service { name: "ce", table };

/// What this service's refusals mean. `LimitExceeded` is about calls a second here.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    Some(match said.code {
        "LimitExceeded" => CloudErrorKind::Throttled,
        "DataUnavailable" => CloudErrorKind::NotFound,
        "RequestChanged" | "InvalidNextToken" | "BillExpiration" => CloudErrorKind::Invalid,
        _ => return None,
    })
}

/// A date as the service has it.
pub(crate) fn date(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// From the first of the month until the day after, which is not counted any more.
fn period(now: Timestamp) -> (String, String) {
    (date(now.start_of_month()), date(now + Millis::days(1)))
}

/// The sum, if every period says its amount.
fn total(results: &[ResultByTime]) -> Option<Usd> {
    let amount = |result: &ResultByTime| {
        let amount = result.total().and_then(|total| total.get(METRIC)).and_then(|metric| metric.amount());
        amount.and_then(|text| text.parse().ok()).and_then(Usd::from_f64)
    };
    results.iter().map(amount).sum()
}

impl Costs for Aws {
    async fn month_to_date(&self, tenant: &TenantId, now: Timestamp) -> CloudResult<Usd> {
        let call = Call { service: SERVICE, operation: "GetCostAndUsage", resource: tenant.as_str() };
        let (start, end) = period(now);
        let interval = DateInterval::builder().start(start).end(end).build();
        let interval = interval.map_err(|error| call.refuse(CloudErrorKind::Invalid, error.to_string()))?;
        let tag = TagValues::builder().key(TagKey::TenantId.as_str()).values(tenant.as_str()).build();
        let filter = Expression::builder().tags(tag).build();
        let (mut sum, mut token) = (Usd::ZERO, None);
        loop {
            let request = self
                .costexplorer()
                .get_cost_and_usage()
                .time_period(interval.clone())
                .granularity(Granularity::Monthly)
                .metrics(METRIC)
                .filter(filter.clone())
                .set_next_page_token(token);
            let page = match look!(call, request) {
                // Nothing is billed yet.
                Err(error) if error.kind == CloudErrorKind::NotFound => return Ok(Usd::ZERO),
                answer => answer?,
            };
            sum = sum + call.need(total(page.results_by_time()), "amount that can be read")?;
            token = page.next_page_token;
            if token.is_none() {
                return Ok(sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;
    use aws_sdk_costexplorer::types::MetricValue;
    use capstan_core::ports::CloudErrorKind::{Denied, Invalid, NotFound, Throttled};

    #[test]
    fn refusals_mean_what_they_say() {
        for (code, kind) in [
            ("LimitExceededException", Throttled),
            ("DataUnavailableException", NotFound),
            ("AccessDeniedException", Denied),
            ("ValidationException", Invalid),
        ] {
            assert_eq!(told(SERVICE, "GetCostAndUsage", 400, code, ""), kind, "{code}");
        }
    }

    #[test]
    fn the_period_is_never_empty() {
        for (now, start, end) in [
            ("2026-11-01T00:00:00Z", "2026-11-01", "2026-11-02"),
            ("2026-11-30T23:59:59Z", "2026-11-01", "2026-12-01"),
            ("2026-12-31T12:00:00Z", "2026-12-01", "2027-01-01"),
        ] {
            assert_eq!(period(Timestamp::parse(now).unwrap()), (start.to_owned(), end.to_owned()));
        }
    }

    #[test]
    fn amounts_are_summed_exactly() {
        let result = |amount: &str| {
            let metric = MetricValue::builder().amount(amount).unit("USD").build();
            ResultByTime::builder().total(METRIC, metric).build()
        };
        assert_eq!(
            total(&[result("350.105"), result("0.0000005"), result("1.1")]),
            Some(Usd::micros(351_205_001))
        );
        assert_eq!(total(&[]), Some(Usd::ZERO));
        assert_eq!(
            total(&[result("1.0"), ResultByTime::builder().build()]),
            None,
            "no amount is not nothing"
        );
        assert_eq!(total(&[result("a lot")]), None);
    }
}
