//! How much was found, by type and severity, without reading it.

use crate::range::Range;
use api::{Problem, Reply, Request};
use capstan_core::iops::{InsightType, Severity, hour_of};
use capstan_core::ports::{Clock, Store};
use iops_records::busy_hours;
use serde_json::json;
use std::collections::BTreeMap;

/// Counts are kept by the hour, so the range asked for is taken to whole hours, and the answer says which.
pub(crate) async fn summary(ports: &(impl Store + Clock), request: &Request) -> Result<Reply, Problem> {
    request.only_query(&["since", "until"])?;
    let range = Range::read(ports, request)?;
    let (first, last) = (hour_of(range.since), hour_of(range.until));
    let mut by_type: BTreeMap<&str, u64> = InsightType::ALL.iter().map(|kind| (kind.as_str(), 0)).collect();
    let mut by_severity: BTreeMap<&str, u64> =
        Severity::ALL.iter().map(|severity| (severity.as_str(), 0)).collect();
    for day in range.days() {
        for hour in busy_hours(ports, &day, None).await? {
            if hour.hour < first || hour.hour > last {
                continue;
            }
            for (kind, count) in hour.shards.iter().flat_map(|counts| &counts.by_type) {
                *by_type.entry(kind.as_str()).or_default() += count;
                *by_severity.entry(kind.severity().as_str()).or_default() += count;
            }
        }
    }
    Ok(Reply::ok(json!({
        "asOf": ports.wall(),
        "from": format!("{first}:00:00Z"),
        "to": format!("{last}:59:59Z"),
        "total": by_type.values().sum::<u64>(),
        "byType": by_type,
        "bySeverity": by_severity,
    })))
}
