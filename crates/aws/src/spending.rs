//! What the account was billed day by day, by Cost Explorer.

use crate::Aws;
use crate::costexplorer::{METRIC, SERVICE, date};
use crate::refusal::Call;
use aws_sdk_costexplorer::types::{
    DateInterval, Expression, Granularity, Group, GroupDefinition, GroupDefinitionType, ResultByTime,
    TagValues,
};
use capstan_core::money::Usd;
use capstan_core::ports::{CloudErrorKind, CloudResult, DayBill, Spending};
use capstan_core::time::{Millis, Timestamp};

/// A group of a day: a service and what it cost.
fn service(group: &Group) -> Option<(String, Usd)> {
    let name = group.keys().first()?;
    let amount = group.metrics()?.get(METRIC)?.amount()?;
    Some((name.clone(), Usd::from_f64(amount.parse().ok()?)?))
}

/// A day, if everything of it can be read.
fn day(result: &ResultByTime) -> Option<DayBill> {
    let start = result.time_period()?.start();
    Some(DayBill {
        day: Timestamp::parse(&format!("{start}T00:00:00Z"))?,
        by_service: result.groups().iter().map(service).collect::<Option<_>>()?,
        estimated: result.estimated(),
    })
}

impl Spending for Aws {
    async fn days_billed(&self, from: Timestamp, until: Timestamp) -> CloudResult<Vec<DayBill>> {
        let call = Call { service: SERVICE, operation: "GetCostAndUsage", resource: "" };
        // The end is not counted any more.
        let interval = DateInterval::builder().start(date(from)).end(date(until + Millis::days(1))).build();
        let interval = interval.map_err(|error| call.refuse(CloudErrorKind::Invalid, error.to_string()))?;
        let by_service =
            GroupDefinition::builder().r#type(GroupDefinitionType::Dimension).key("SERVICE").build();
        let tagged = self.config.cost_tag.as_ref().map(|(key, value)| {
            Expression::builder().tags(TagValues::builder().key(key).values(value).build()).build()
        });
        let mut days: Vec<DayBill> = Vec::new();
        let mut token = None;
        loop {
            let request = self
                .costexplorer()
                .get_cost_and_usage()
                .time_period(interval.clone())
                .granularity(Granularity::Daily)
                .metrics(METRIC)
                .group_by(by_service.clone())
                .set_filter(tagged.clone())
                .set_next_page_token(token);
            let page = match look!(call, request) {
                // Nothing is billed yet.
                Err(error) if error.kind == CloudErrorKind::NotFound => return Ok(days),
                answer => answer?,
            };
            for result in page.results_by_time() {
                let next = call.need(day(result), "day that can be read")?;
                // A day's services may be on two pages.
                match days.last_mut().filter(|last| last.day == next.day) {
                    Some(last) => last.by_service.extend(next.by_service),
                    None => days.push(next),
                }
            }
            token = page.next_page_token;
            if token.is_none() {
                return Ok(days);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_costexplorer::types::MetricValue;

    fn result(start: &str, services: &[(&str, &str)]) -> ResultByTime {
        let period = DateInterval::builder().start(start).end("2026-11-22").build().unwrap();
        let groups = services.iter().map(|(name, amount)| {
            let metric = MetricValue::builder().amount(*amount).unit("USD").build();
            Group::builder().keys(*name).metrics(METRIC, metric).build()
        });
        ResultByTime::builder().time_period(period).set_groups(Some(groups.collect())).estimated(true).build()
    }

    #[test]
    fn a_day_is_read_whole_or_not_at_all() {
        let seen =
            day(&result("2026-11-21", &[("AWS Lambda", "0.1234567"), ("Amazon DynamoDB", "2")])).unwrap();
        assert_eq!(seen.day, Timestamp::parse("2026-11-21T00:00:00Z").unwrap());
        assert_eq!(seen.by_service["AWS Lambda"], Usd::micros(123_457));
        assert!(seen.estimated);
        assert_eq!(day(&result("2026-11-21", &[("AWS Lambda", "a lot")])), None, "no amount is not nothing");
        assert_eq!(day(&result("today", &[])), None);
    }
}
