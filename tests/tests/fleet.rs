//! What insights a fleet makes: of healthy hosts hardly any, and of every kind of trouble the right one, soon (decision 0033).
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test")]

use capstan_core::iops::{Assessment, InsightType, JOINED_WITHIN, Series, assess};
use local::fleet::{Fleet, Incident, Trouble};
use watch::Watch;

/// 2026-11-21T12:00:00Z: one host's noon is another's morning.
const START: u64 = 1_795_262_400;

/// The insights of one healthy host by type: info, warning, critical; of its samples from one number on to another.
fn insights(host: u32, every: u64, samples: std::ops::Range<u64>) -> [u32; 3] {
    let fleet = Fleet::new(100, 1);
    let mut watch = Watch::default();
    let mut counts = [0; 3];
    // When the insight that is open was last seen, and its type.
    let mut open: Option<(u64, InsightType)> = None;
    let at = |kind: InsightType| InsightType::ALL.iter().position(|one| *one == kind).unwrap();
    for number in 0..samples.end {
        let metric = fleet.metric(host, START + number * every, None).unwrap();
        let found = assess(&metric, &watch.observe(&metric));
        let Some(kind) = InsightType::of(found.score).filter(|_| number >= samples.start) else { continue };
        let joined = open.filter(|(last, _)| metric.at <= last + JOINED_WITHIN).map(|(_, kind)| kind);
        if let Some(before) = joined.filter(|before| *before < kind) {
            counts[at(before)] -= 1;
        }
        if joined.is_none_or(|before| before < kind) {
            counts[at(kind)] += 1;
        }
        open = Some((metric.at, joined.map_or(kind, |before| before.max(kind))));
    }
    counts
}

fn of_all(hosts: u32, every: u64, samples: std::ops::Range<u64>) -> [f64; 3] {
    let all = (0..hosts).map(|host| insights(host, every, samples.clone()));
    let sum = all.fold([0; 3], |sum, one| [0, 1, 2].map(|at| sum[at] + one[at]));
    let length = u32::try_from(samples.end - samples.start).expect("few");
    sum.map(|count| f64::from(count) / f64::from(hosts) / f64::from(length) * 1_440.0)
}

#[test]
fn healthy_hosts_make_hardly_any_insights_and_none_that_wakes_anybody_up() {
    for (every, samples, most) in [
        (60, 0..120, 1.5),
        (60, 120..1_440, 0.05),
        (60, 1_440..5_760, 0.3),
        (10, 0..120, 1.5),
        (10, 120..1_440, 0.15),
    ] {
        let [info, warning, critical] = of_all(40, every, samples.clone());
        println!(
            "every {every} s, samples {samples:?}: a host and 1440 samples: {info:.3} {warning:.3} {critical:.3}"
        );
        assert!(info + warning <= most, "every {every} s, samples {samples:?}: {info} and {warning}");
        assert!(critical <= 0.0, "every {every} s, samples {samples:?}: {critical}");
    }
}

/// After how many minutes of trouble, by host, an insight of at least this type is there; and the worst that was found.
fn found(incident: Incident, history: u64, least: InsightType) -> Vec<(Option<u64>, Assessment)> {
    let fleet = Fleet::new(100, 1);
    let trouble = Some(Trouble { incident, hosts: 100, since: START + history * 60 });
    let of_host = |host| {
        let mut watch = Watch::default();
        let (mut first, mut worst) = (None, Assessment::default());
        for minute in 0..history + 30 {
            let metric = fleet.metric(host, START + minute * 60, trouble).unwrap();
            let found = assess(&metric, &watch.observe(&metric));
            if minute >= history && InsightType::of(found.score) >= Some(least) {
                first = first.or(Some(minute - history));
            }
            if minute >= history && found.score > worst.score {
                worst = found;
            }
        }
        (first, worst)
    };
    (0..20).map(of_host).collect()
}

#[test]
fn every_kind_of_trouble_is_found_soon_and_named_by_its_series() {
    use InsightType::{AnomalyDetected, CriticalPerformanceIssue};
    for (incident, least, minutes, hosts, series) in [
        (Incident::CpuSpike, AnomalyDetected, 3, 20, Series::CpuUsage),
        (Incident::Leak, AnomalyDetected, 29, 16, Series::MemoryUsage),
        (Incident::DiskFull, CriticalPerformanceIssue, 1, 20, Series::ErrorRate),
        (Incident::SlowDisk, CriticalPerformanceIssue, 1, 20, Series::Latency),
        (Incident::NetworkFlood, AnomalyDetected, 3, 20, Series::NetworkIo),
        (Incident::Stall, CriticalPerformanceIssue, 3, 20, Series::Throughput),
    ] {
        for history in [120, 480] {
            let all = found(incident, history, least);
            let soon = all.iter().filter(|(first, _)| first.is_some_and(|first| first <= minutes)).count();
            println!("{incident:?} after {history} min: {soon} of 20 within {minutes} min");
            assert!(soon >= hosts, "{incident:?} after {history} min: {soon} of 20 within {minutes} min");
            let named = |worst: &Assessment| worst.findings.iter().any(|finding| finding.metric == series);
            let named = all.iter().filter(|(first, worst)| first.is_some() && named(worst)).count();
            assert!(named + 2 >= hosts, "{incident:?}: {series:?} is named on {named} hosts");
        }
    }
}
