//! Gathering rows: insights first, then the metrics around them.

use capstan_core::iops::models::{label, spread};
use capstan_core::iops::{Insight, Metric, day_of};
use capstan_core::ports::Store;
use iops_records::{RecordError, busy_hours, insights_of, metrics_of};
use model::Row;
use std::collections::BTreeMap;
use watch::{WINDOW, Watch, Window};

/// The most insights that are read, the latest first.
const MOST_INSIGHTS: usize = 20_000;
/// The most hosts.
const MOST_HOSTS: usize = 500;
/// The most metrics that are read: four hours of a host that reports each minute are 240.
const MOST_METRICS: usize = 200_000;
/// How long before an insight rows begin, and after it they end: all was well then.
const AROUND: u64 = 2 * 3_600;
/// How many metrics are read at once.
const PAGE: usize = 1_000;

/// Rows, and where they come from.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) rows: Vec<Row>,
    pub(crate) hosts: u64,
    pub(crate) days: u64,
    pub(crate) sampled: bool,
}

/// A stretch of time on a host from which rows are made, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    from: u64,
    until: u64,
}

/// The rows of so many days before an instant, in seconds since 1970.
pub(crate) async fn gather(store: &impl Store, until: u64, days: u64) -> Result<Gathered, RecordError> {
    let (insights, mut sampled) = insights(store, until, days).await?;
    let mut by_host: BTreeMap<String, Vec<Insight>> = BTreeMap::new();
    for insight in insights {
        by_host.entry(insight.hostname.to_string()).or_default().push(insight);
    }
    let mut hosts: Vec<(String, Vec<Insight>)> = by_host.into_iter().collect();
    hosts.sort_by_key(|(host, _)| spread(host));
    sampled |= hosts.len() > MOST_HOSTS;
    hosts.truncate(MOST_HOSTS);
    let mut gathered = Gathered { rows: Vec::new(), hosts: 0, days, sampled };
    let mut left = MOST_METRICS;
    for (host, mut insights) in hosts {
        insights.sort_by_key(|insight| insight.timestamp);
        let before = gathered.rows.len();
        for stretch in stretches(&insights, until) {
            if left == 0 {
                gathered.sampled = true;
                break;
            }
            let metrics = metrics(store, &host, stretch, left).await?;
            left -= metrics.len();
            rows(&host, &metrics, stretch, &insights, &mut gathered.rows);
        }
        gathered.hosts += u64::from(gathered.rows.len() > before);
    }
    Ok(gathered)
}

/// The insights of so many days, the latest first; and whether there are more than are taken.
async fn insights(store: &impl Store, until: u64, days: u64) -> Result<(Vec<Insight>, bool), RecordError> {
    let mut found: Vec<Insight> = Vec::new();
    let since = until.saturating_sub(days * 86_400);
    for back in 0..=days {
        let day = day_of(until.saturating_sub(back * 86_400));
        for hour in busy_hours(store, &day, None).await? {
            for shard in &hour.shards {
                let mut before = None;
                loop {
                    let page = insights_of(store, &hour.hour, shard.shard, before, 100).await?;
                    before = page.last().map(|insight| insight.entry.clone());
                    let more = page.len() == 100;
                    found.extend(
                        page.into_iter().filter(|insight| (since..=until).contains(&insight.timestamp)),
                    );
                    if found.len() >= MOST_INSIGHTS {
                        found.truncate(MOST_INSIGHTS);
                        return Ok((found, true));
                    }
                    if !more {
                        break;
                    }
                }
            }
        }
    }
    Ok((found, false))
}

/// Where rows are made of: each insight with the time around it; those that meet are one. In the order of time.
fn stretches(insights: &[Insight], until: u64) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    for insight in insights {
        let from = insight.timestamp.saturating_sub(AROUND);
        let end = (insight.last_seen + AROUND).min(until);
        match all.last_mut() {
            Some(last) if from <= last.until => last.until = last.until.max(end),
            _ => all.push(Stretch { from, until: end }),
        }
    }
    all
}

/// The metrics of a stretch and of the hour before it, in the order of time.
async fn metrics(
    store: &impl Store,
    host: &str,
    stretch: Stretch,
    most: usize,
) -> Result<Vec<Metric>, RecordError> {
    let mut found = Vec::new();
    let mut after = Some(stretch.from.saturating_sub(WINDOW + 1));
    loop {
        let (page, next) = metrics_of(store, host, after, false, PAGE).await?;
        let whole = page.last().is_none_or(|last| last.at <= stretch.until);
        found.extend(page.into_iter().take_while(|metric| metric.at <= stretch.until));
        if found.len() >= most {
            found.truncate(most);
            return Ok(found);
        }
        after = next;
        if after.is_none() || !whole {
            return Ok(found);
        }
    }
}

/// A row for each minute of a stretch: of a host that reports more often its first metric in it, so that how bad things were
/// counts by how long they were so, and not by who reports most. The detectors begin anew with each: how odd a sample is is told by the hour before it
/// and what came since, and never by what its insight says, which is what is to be learnt.
fn rows(host: &str, metrics: &[Metric], stretch: Stretch, insights: &[Insight], into: &mut Vec<Row>) {
    let (mut watch, mut window) = (Watch::default(), Window::default());
    let mut last_minute = None;
    for metric in metrics {
        let seen = watch.observe(metric);
        window.push(metric);
        if metric.at < stretch.from || last_minute == Some(metric.at / 60) {
            continue;
        }
        last_minute = Some(metric.at / 60);
        let alerts = insights.iter().map(|insight| insight.timestamp).filter(|begun| *begun < metric.at);
        let Ok(features) = window.features(&seen, alerts.max()) else { continue };
        into.push(Row { at: metric.at, host: host.to_owned(), features, score: label(metric.at, insights) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use capstan_core::iops::{Assessment, Hostname, Series};

    fn insight(from: u64, until: u64, score: u8) -> Insight {
        let found = Assessment { score, confidence: 1.0, findings: Vec::new() };
        let mut insight = Insight::begun(&Hostname::parse("db-1").unwrap(), from, &found).unwrap();
        insight.last_seen = until;
        insight
    }

    #[test]
    fn incidents_that_are_near_each_other_are_one_stretch() {
        let day = 86_400;
        let insights = [
            insight(day, day + 600, 90),
            insight(day + 7_200, day + 7_260, 60),
            insight(3 * day, 3 * day, 50),
        ];
        assert_eq!(
            stretches(&insights, 3 * day + 60),
            [
                Stretch { from: day - AROUND, until: day + 7_260 + AROUND },
                Stretch { from: 3 * day - AROUND, until: 3 * day + 60 },
            ]
        );
    }

    #[test]
    fn who_reports_every_second_has_a_row_a_minute_as_all_others() {
        let of =
            |second: u64| Metric::new(Hostname::parse("db-1").unwrap(), second, [(Series::CpuUsage, 20.0)]);
        let metrics: Vec<Metric> = (6_000..6_600).map(of).collect();
        let mut made = Vec::new();
        rows(
            "db-1",
            &metrics,
            Stretch { from: 6_000, until: 6_599 },
            &[insight(6_030, 6_090, 90)],
            &mut made,
        );
        let at: Vec<u64> = made.iter().map(|row| row.at).collect();
        assert_eq!(at, (0..10).map(|minute| 6_000 + minute * 60).collect::<Vec<_>>());
        assert_eq!(made.iter().filter(|row| row.score > 2.0).count(), 1);
    }

    #[test]
    fn a_row_has_its_hour_before_it_and_the_worst_of_its_time() {
        let metrics: Vec<Metric> = (0..240_u64)
            .map(|minute| {
                let busy = (180..190).contains(&minute);
                let readings = [(Series::CpuUsage, if busy { 99.0 } else { 20.0 }), (Series::Iops, 100.0)];
                Metric::new(Hostname::parse("db-1").unwrap(), 1_000_000 + minute * 60, readings)
            })
            .collect();
        let (begun, over) = (1_000_000 + 180 * 60, 1_000_000 + 189 * 60);
        let stretch = Stretch { from: 1_000_000 + WINDOW, until: 2_000_000 };
        let mut made = Vec::new();
        rows("db-1", &metrics, stretch, &[insight(begun, over, 90)], &mut made);
        assert_eq!(made.len(), 180);
        assert!(made.iter().all(|row| (row.score > 2.0) == (begun..=over).contains(&row.at)));
        let of = |at: u64| made.iter().find(|row| row.at == at).unwrap().features.numbers().to_owned();
        // cpu leaves 1 % of capacity; nobody had an alert before, and one ten minutes ago afterwards.
        assert!((of(begun)[23] - 1.0).abs() < 1e-9);
        assert!((of(over + 60)[14] - 600.0).abs() < 1e-9, "{:?}", of(over + 60)[14]);
        assert!(of(begun)[14] >= 3_600.0);
    }
}
