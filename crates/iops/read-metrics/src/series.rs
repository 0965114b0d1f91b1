//! One series of a host with the band that was expected, and what was odd.
//!
//! The detectors keep no band, so it is made again: a new detector runs over the samples before the range, and then over
//! the range. It knows no more of the past than these, while the one of the analysis has run since the host's first
//! sample; so the two can differ, the more the fewer samples came before. What a detector says before it has seen
//! [`LEARNT`] samples means little, and is not told.

use crate::range::Range;
use api::{Problem, Reply, Request};
use capstan_core::iops::{Hostname, Metric, Seen, Series};
use capstan_core::ports::{Clock, Store};
use capstan_core::time::Timestamp;
use serde::Serialize;
use serde_json::json;
use watch::Watch;

/// What the range is when it isn't given, in seconds.
const DEFAULT_RANGE: u64 = 6 * 3_600;
/// How long before the range the detector begins, in seconds: it learns the time of day in one.
const WARM_UP: u64 = 86_400;
/// Samples that a detector must have seen before its word counts (`crates/detector/README.md`).
const LEARNT: usize = 200;
/// Samples read for one answer, those of the warm-up too: a day and six hours, one every ten seconds.
const MOST_READ: usize = 10_800;
/// Samples read at once.
const PAGE: usize = 1_000;
/// Points of an answer.
const MOST_POINTS: usize = 1_500;
/// Of a part of the range that is shown as a whole, so many points are kept: the least, the greatest, one that was odd.
const KEPT: usize = 3;

/// A sample of the series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Point {
    /// When it was measured.
    at: Timestamp,
    /// What was measured.
    value: f64,
    /// What was expected at least, before it was seen.
    expected_low: Option<f64>,
    /// And at most.
    expected_high: Option<f64>,
    /// Whether the analysis takes it for part of an anomaly.
    anomalous: bool,
}

pub(crate) async fn series(ports: &(impl Store + Clock), request: &Request) -> Result<Reply, Problem> {
    request.only_query(&["hostname", "metric", "since", "until"])?;
    let host = crate::host(request)?;
    let series = request.query.get("metric").and_then(|name| Series::of(name)).ok_or_else(|| {
        let known = Series::ALL.map(Series::name).join(", ");
        Problem::invalid_field("metric", format!("is not one of {known}"))
    })?;
    let range = Range::read(ports, request, DEFAULT_RANGE)?;
    let (metrics, whole) = read(ports, &host, range).await?;
    let (warm_up, points) = observed(&host, series, &metrics, range.since);
    let samples = points.len();
    let shown = thinned(points, range);
    Ok(Reply::ok(json!({
        "hostname": host,
        "metric": series.name(),
        "unit": series.unit(),
        "asOf": ports.wall(),
        "since": Timestamp::from_millis(range.since * 1_000),
        "until": Timestamp::from_millis(range.until * 1_000),
        "samples": samples,
        "warmUpSamples": warm_up,
        // Only what is within the range is missed; a shorter warm-up is told by its samples.
        "complete": whole || warm_up > 0,
        "thinned": shown.len() < samples,
        "points": shown,
    })))
}

/// The host's samples in the range and before it, the oldest first, and whether these are all: the latest are read first.
async fn read(store: &impl Store, host: &Hostname, range: Range) -> Result<(Vec<Metric>, bool), Problem> {
    let from = range.since.saturating_sub(WARM_UP);
    let mut metrics: Vec<Metric> = Vec::new();
    // The end of the range counts.
    let mut before = range.until + 1;
    let whole = loop {
        let page = iops_records::metrics_of(store, host.as_str(), Some(before), true, PAGE).await?;
        metrics.extend(page.0);
        if metrics.last().is_some_and(|last| last.at < from) {
            break true;
        }
        match page.1 {
            Some(next) if metrics.len() < MOST_READ => before = next,
            Some(_) => break false,
            None => break true,
        }
    };
    metrics.retain(|metric| metric.at >= from);
    metrics.reverse();
    Ok((metrics, whole))
}

/// How many samples came before the range, and the points in it.
fn observed(host: &Hostname, series: Series, metrics: &[Metric], since: u64) -> (usize, Vec<Point>) {
    let mut watch = Watch::default();
    let (mut seen, mut warm_up, mut points) = (0, 0, Vec::new());
    for metric in metrics {
        let Some(value) = metric.get(series) else { continue };
        let reading = watch.observe(&Metric::new(host.clone(), metric.at, [(series, value)]));
        let learnt = seen >= LEARNT;
        seen += 1;
        if metric.at < since {
            warm_up += 1;
            continue;
        }
        let told: Option<&Seen> = reading.first().filter(|_| learnt);
        points.push(Point {
            at: Timestamp::from_millis(metric.at * 1_000),
            value,
            expected_low: told.map(|seen| seen.expected.0),
            expected_high: told.map(|seen| seen.expected.1),
            anomalous: told.is_some_and(|seen| seen.lasting > 0),
        });
    }
    (warm_up, points)
}

/// No more points than an answer has. Where there are more, the range is divided into equal parts, and of each its least and
/// its greatest value are kept, and the first that was odd if neither of them was: a spike never goes.
fn thinned(points: Vec<Point>, range: Range) -> Vec<Point> {
    if points.len() <= MOST_POINTS {
        return points;
    }
    let parts = (MOST_POINTS / KEPT) as u64;
    let length = ((range.until - range.since) * 1_000 + 1_000).div_ceil(parts).max(1);
    let part = |point: &Point| (point.at.as_millis() - range.since * 1_000) / length;
    points.chunk_by(|one, other| part(one) == part(other)).flat_map(kept).collect()
}

fn kept(points: &[Point]) -> Vec<Point> {
    let places = || points.iter().enumerate();
    let least = places().min_by(|(_, one), (_, other)| one.value.total_cmp(&other.value));
    let greatest = places().max_by(|(_, one), (_, other)| one.value.total_cmp(&other.value));
    let mut kept: Vec<(usize, &Point)> = least.into_iter().chain(greatest).collect();
    if !kept.iter().any(|(_, point)| point.anomalous) {
        kept.extend(places().find(|(_, point)| point.anomalous));
    }
    kept.sort_by_key(|(place, _)| *place);
    kept.dedup_by_key(|(place, _)| *place);
    kept.into_iter().map(|(_, point)| *point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 20_000 * 86_400;

    fn host() -> Hostname {
        Hostname::parse("web-1").unwrap()
    }

    /// A load that swings through the day, every minute of two days, with one hour in which it is ten times as high.
    fn two_days(odd: std::ops::Range<u64>) -> Vec<Metric> {
        let load = |minute: u64| {
            #[expect(clippy::cast_precision_loss, reason = "a minute of two days")]
            let swing = (minute as f64 / 1_440.0 * std::f64::consts::TAU).sin();
            if odd.contains(&minute) { 900.0 } else { 100.0 + 50.0 * swing }
        };
        let metric = |minute| Metric::new(host(), DAY + minute * 60, [(Series::Iops, load(minute))]);
        (0..2_880).map(metric).collect()
    }

    #[test]
    fn the_band_holds_what_is_usual_and_marks_what_is_not() {
        let since = DAY + 86_400;
        let (warm_up, points) = observed(&host(), Series::Iops, &two_days(2_000..2_005), since);
        assert_eq!((warm_up, points.len()), (1_440, 1_440));
        let odd: Vec<u64> = points
            .iter()
            .filter(|point| point.anomalous)
            .map(|point| (point.at.as_millis() / 1_000 - DAY) / 60)
            .collect();
        assert_eq!(odd, [2_000, 2_001, 2_002, 2_003, 2_004]);
        let usual = points.iter().filter(|point| !point.anomalous);
        let inside = |point: &&Point| {
            point.expected_low.unwrap() <= point.value && point.value <= point.expected_high.unwrap()
        };
        let (all, within) = (usual.clone().count(), usual.filter(inside).count());
        assert!(within * 100 >= all * 97, "{within} of {all}");
        assert!(
            points.iter().all(|point| point.expected_high.unwrap() < 900.0
                || point.at.as_millis() / 1_000 > DAY + 2_000 * 60)
        );
    }

    #[test]
    fn without_a_past_nothing_is_expected() {
        let metrics = two_days(100..105);
        let (warm_up, points) = observed(&host(), Series::Iops, &metrics[..300], DAY);
        assert_eq!((warm_up, points.len()), (0, 300));
        assert!(points[..LEARNT].iter().all(|point| point.expected_low.is_none() && !point.anomalous));
        assert!(points[LEARNT..].iter().all(|point| point.expected_low.is_some()));
        assert_eq!(observed(&host(), Series::Latency, &metrics, DAY), (0, Vec::new()));
    }

    #[test]
    fn what_is_thinned_keeps_the_extremes_and_what_was_odd() {
        let range = Range { since: DAY, until: DAY + 2 * 86_400 };
        let (_, points) = observed(&host(), Series::Iops, &two_days(2_000..2_005), DAY);
        let shown = thinned(points.clone(), range);
        assert!((MOST_POINTS / 3..=MOST_POINTS).contains(&shown.len()), "{}", shown.len());
        assert!(shown.is_sorted_by_key(|point| point.at));
        assert!(shown.iter().all(|point| points.contains(point)));
        let extreme = |points: &[Point]| {
            points
                .iter()
                .map(|point| point.value)
                .fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)))
        };
        assert_eq!(extreme(&shown), extreme(&points));
        assert!(shown.iter().any(|point| point.anomalous));
        assert_eq!(thinned(points[..1_000].to_vec(), range).len(), 1_000);
    }
}
