//! How much a resource is used, by `CloudWatch`.
//!
//! Where a metric bears dimensions that the name does not give (the account, the node, the collection's id), it is
//! searched for; the results are then held against the name, since a search finds parts of names as well.

use crate::Aws;
use crate::refusal::{Call, Said, Service};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, StatusCode,
};
use capstan_core::ports::{Clock, CloudErrorKind, CloudResult, Traffic};
use capstan_core::tier::{ResourceKind, ResourceRef};
use capstan_core::time::Timestamp;

/// Seconds of one point.
const PERIOD: i32 = 60;
/// How far back is looked: metrics come a minute or two late.
const WINDOW_MS: u64 = 3 * 60 * 1_000;

const SERVICE: Service = Service { name: "cloudwatch", table };

/// What this service's refusals mean.
fn table(said: Said<'_>) -> Option<CloudErrorKind> {
    (said.code == "InternalServiceError").then_some(CloudErrorKind::Unavailable)
}

pub(crate) fn stat(
    name: &str,
    namespace: &str,
    metric: &str,
    dimensions: &[(&str, &str)],
    statistic: &str,
) -> MetricDataQuery {
    let dimensions =
        dimensions.iter().map(|(name, value)| Dimension::builder().name(*name).value(*value).build());
    let metric = Metric::builder().namespace(namespace).metric_name(metric);
    let metric = metric.set_dimensions(Some(dimensions.collect())).build();
    let stat = MetricStat::builder().metric(metric).period(PERIOD).stat(statistic).build();
    MetricDataQuery::builder().id("m").label(name).metric_stat(stat).build()
}

fn search(schema: &str, terms: &str, label: &str, statistic: &str) -> MetricDataQuery {
    let expression = format!("SEARCH('{{{schema}}} {terms}', '{statistic}', {PERIOD})");
    let label = format!("${{PROP('Dim.{label}')}}");
    MetricDataQuery::builder().id("m").label(label).expression(expression).build()
}

fn query(resource: &ResourceRef) -> MetricDataQuery {
    let name = resource.name.as_str();
    match resource.kind {
        ResourceKind::Endpoint => {
            let dimensions = [("EndpointName", name), ("VariantName", "AllTraffic")];
            stat(name, "AWS/SageMaker", "Invocations", &dimensions, "Sum")
        }
        ResourceKind::Domain => {
            let terms = format!("MetricName=\"OpenSearchRequests\" DomainName=\"{name}\"");
            search("AWS/ES,ClientId,DomainName", &terms, "DomainName", "Sum")
        }
        ResourceKind::Collection => {
            let terms = format!("MetricName=\"SearchRequestRate\" CollectionName=\"{name}\"");
            search("AWS/AOSS,ClientId,CollectionId,CollectionName", &terms, "CollectionName", "Sum")
        }
        ResourceKind::CacheGroup => {
            let terms = format!("MetricName=\"CurrConnections\" CacheClusterId={name}");
            search("AWS/ElastiCache,CacheClusterId", &terms, "CacheClusterId", "Maximum")
        }
        ResourceKind::ServerlessCache => {
            stat(name, "AWS/ElastiCache", "CurrConnections", &[("clusterId", name)], "Maximum")
        }
        ResourceKind::GraphCluster => {
            stat(name, "AWS/Neptune", "TotalRequestsPerSec", &[("DBClusterIdentifier", name)], "Maximum")
        }
        ResourceKind::Stream => stat(name, "AWS/Kinesis", "IncomingRecords", &[("StreamName", name)], "Sum"),
    }
}

/// Whether a series is about this resource. A group's nodes are `<group>-001` or, with shards, `<group>-0001-001`.
fn concerns(resource: &ResourceRef, label: &str) -> bool {
    if resource.kind != ResourceKind::CacheGroup {
        return label == resource.name;
    }
    let node = label.strip_prefix(&resource.name).and_then(|rest| rest.strip_prefix('-'));
    node.is_some_and(|node| {
        node.split('-').all(|part| part.len() >= 3 && part.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// The highest point of each series, summed up.
fn highest(resource: &ResourceRef, results: &[MetricDataResult]) -> u64 {
    let series = results.iter().filter(|series| concerns(resource, series.label().unwrap_or_default()));
    let sum: f64 = series.map(|series| series.values().iter().copied().fold(0.0, f64::max)).sum();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
    let whole = sum.clamp(0.0, 1e15).ceil() as u64;
    whole
}

/// A series that could not be read has no points, and must not pass for one at rest: the answer is good all the same.
fn read(call: Call<'_>, results: &[MetricDataResult]) -> CloudResult<()> {
    for series in results {
        let kind = match series.status_code() {
            // Pages before the last are partial.
            None | Some(StatusCode::Complete | StatusCode::PartialData) => continue,
            Some(StatusCode::Forbidden) => CloudErrorKind::Denied,
            Some(_) => CloudErrorKind::Unavailable,
        };
        return Err(call.refuse(kind, "a metric could not be read"));
    }
    Ok(())
}

fn instant(at: Timestamp) -> DateTime {
    DateTime::from_millis(i64::try_from(at.as_millis()).unwrap_or(i64::MAX))
}

impl Aws {
    /// What a query finds in a span of time, all of it or none.
    pub(crate) async fn metric_data(
        &self,
        resource: &str,
        query: MetricDataQuery,
        from: Timestamp,
        until: Timestamp,
    ) -> CloudResult<Vec<MetricDataResult>> {
        let request = self.cloudwatch().get_metric_data().metric_data_queries(query);
        let request = request.start_time(instant(from)).end_time(instant(until));
        let call = Call { service: SERVICE, operation: "GetMetricData", resource };
        let mut pages = request.into_paginator().send();
        let mut results = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call.unseen(&error))?;
            results.extend(page.metric_data_results.unwrap_or_default());
        }
        read(call, &results)?;
        Ok(results)
    }
}

impl Traffic for Aws {
    async fn connections(&self, resource: &ResourceRef) -> CloudResult<u64> {
        let now = self.now();
        let from = Timestamp::from_millis(now.as_millis().saturating_sub(WINDOW_MS));
        let results = self.metric_data(&resource.name, query(resource), from, now).await?;
        Ok(highest(resource, &results))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::tests::told;
    use capstan_core::ports::CloudErrorKind::{Denied, Invalid, Throttled, Unavailable};

    fn resource(kind: ResourceKind, name: &str) -> ResourceRef {
        ResourceRef { kind, name: name.to_owned() }
    }

    #[test]
    fn refusals_mean_what_they_say() {
        for (status, code, kind) in [
            (500, "InternalServiceError", Unavailable),
            (400, "Throttling", Throttled),
            (403, "AccessDenied", Denied),
            (400, "InvalidParameterCombination", Invalid),
        ] {
            assert_eq!(told(SERVICE, "GetMetricData", status, code, ""), kind, "{code}");
        }
    }

    #[test]
    fn only_the_nodes_of_this_very_group_count() {
        let group = resource(ResourceKind::CacheGroup, "cato-cache-ab");
        for (label, counts) in [
            ("cato-cache-ab-001", true),
            ("cato-cache-ab-0002-001", true),
            ("cato-cache-ab-2-001", false),
            ("cato-cache-abc-001", false),
            ("cato-cache-ab", false),
        ] {
            assert_eq!(concerns(&group, label), counts, "{label}");
        }
    }

    #[test]
    fn the_highest_points_are_summed_and_nothing_is_zero() {
        let group = resource(ResourceKind::CacheGroup, "g");
        let series = |label: &str, values: &[f64]| {
            MetricDataResult::builder().label(label).set_values(Some(values.to_vec())).build()
        };
        assert_eq!(highest(&group, &[]), 0);
        assert_eq!(
            highest(&group, &[series("g-001", &[3.0, 7.0]), series("g-002", &[]), series("h-001", &[9.0])]),
            7
        );
        let graph = resource(ResourceKind::GraphCluster, "g");
        assert_eq!(highest(&graph, &[series("g", &[0.2])]), 1);
    }

    #[test]
    fn what_could_not_be_read_is_not_zero() {
        let call = Call { service: SERVICE, operation: "GetMetricData", resource: "g" };
        let series = |code| MetricDataResult::builder().label("g").status_code(code).build();
        for (code, kind) in [(StatusCode::Forbidden, Denied), (StatusCode::InternalError, Unavailable)] {
            let results = [series(StatusCode::Complete), series(code)];
            assert_eq!(read(call, &results).unwrap_err().kind, kind);
        }
        assert!(read(call, &[series(StatusCode::PartialData), series(StatusCode::Complete)]).is_ok());
    }

    #[test]
    fn every_kind_is_measured() {
        for kind in ResourceKind::ALL {
            let query = query(&resource(kind, "n"));
            assert!(
                query.metric_stat().is_some() || query.expression().is_some_and(|it| it.contains('n')),
                "{kind}"
            );
        }
    }
}
