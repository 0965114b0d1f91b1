//! What a metric takes, counted by running the system, and the month's bill that comes of it: docs/cost.md holds these very
//! tables. And no key is hot: how often each partition is written to does not grow with the number of hosts.
#![expect(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a test; counts here are small")]

use capstan_core::iops::bill::{self, Assumed, Fixed, PerMetric};
use capstan_core::money::Usd;
use capstan_core::ports::Table;
use capstan_core::time::{Millis, Timestamp};
use capstan_tests::lab::Lab;
use capstan_tests::workspace;
use local::engine::Options;
use local::functions::{Handler, registry};
use serde_json::{Value, json};
use sim::Operation;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Hosts and minutes of a counted run: hosts in steps of one minute, as agents report.
const HOSTS: usize = 20;
const MINUTES: usize = 180;
/// Minutes in which the detectors settle before it is counted.
const SETTLE: usize = 70;

/// How reports come in.
#[derive(Clone, Copy)]
enum Way {
    /// Each host sends each metric by itself.
    Alone,
    /// A collector sends those of so many hosts together.
    Together(usize),
}

fn metric(host: usize, minute: usize) -> Value {
    // Three in the morning of the labs' day; hosts report in their own second. Calm, and never twice the same.
    let at = Timestamp::from_millis((1_795_222_800 + minute as u64 * 60 + host as u64 % 60) * 1_000);
    let sway = ((host * 31 + minute * 17) % 97) as f64 / 97.0;
    json!({"timestamp": at, "hostname": format!("host-{host:05}.example.com"), "cpuUsage": 30.0 + 5.0 * sway,
        "memoryUsage": 50.0 + 2.0 * sway, "diskIO": 100.0 + 20.0 * sway, "networkIO": 80.0 + 10.0 * sway,
        "iops": 900.0 + 100.0 * sway, "latency": 2.0 + sway, "errorRate": 0.0, "throughput": 200.0 + sway,
        "queueDepth": 3.0 + sway})
}

fn rest(lab: &mut Lab, length: Millis) {
    let until = lab.engine().now() + length;
    lab.engine().run_until(until, |_| false);
}

/// What is reported in a minute; how many requests it took.
fn report(lab: &mut Lab, minute: usize, way: Way) -> u64 {
    let metrics: Vec<Value> = (0..HOSTS).map(|host| metric(host, minute)).collect();
    let size = match way {
        Way::Alone => 1,
        Way::Together(hosts) => hosts,
    };
    let mut requests = 0;
    for chunk in metrics.chunks(size) {
        assert_eq!(lab.call("POST", "/metrics", &json!(chunk)).0, 200);
        requests += 1;
        rest(lab, Millis::seconds(60 * size as u64 / HOSTS as u64));
    }
    requests
}

/// What was written and read, by the tables and partitions.
#[derive(Default)]
struct Counted {
    metric_writes: f64,
    analysis_writes: f64,
    reads: f64,
    analyses: f64,
    /// Write units by table and partition key.
    partitions: BTreeMap<String, f64>,
}

/// A row's size in units of so many bytes.
fn units(bytes: usize, unit: usize) -> f64 {
    bytes.div_ceil(unit).max(1) as f64
}

fn sizes(lab: &Lab) -> BTreeMap<String, usize> {
    let mut sizes = BTreeMap::new();
    for table in [Table::IopsMetrics, Table::IopsInsights, Table::IopsAnalysis, Table::IopsControl] {
        for (key, row) in lab.world().rows_of(table).unwrap() {
            let place = format!("{}/{}/{}", table.name(), key.partition, key.sort);
            sizes.insert(place, Value::Object(row).to_string().len());
        }
    }
    sizes
}

fn count(lab: &Lab) -> Counted {
    let sizes = sizes(lab);
    let size = |place: &str| sizes.get(place).copied().unwrap_or(1);
    let mut counted = Counted::default();
    lab.world().with(|world| {
        for call in world.calls() {
            let places = call.resource.split(' ').filter(|place| place.starts_with("iops-"));
            match call.operation {
                Operation::BatchWriteItem | Operation::PutItem | Operation::TransactWriteItems => {
                    let twice = if call.operation == Operation::TransactWriteItems { 2.0 } else { 1.0 };
                    for place in places {
                        let taken = twice * units(size(place), 1_024);
                        let metrics = place.starts_with("iops-metrics/");
                        let sum =
                            if metrics { &mut counted.metric_writes } else { &mut counted.analysis_writes };
                        *sum += taken;
                        let partition = place.rsplit_once('/').map_or(place, |(partition, _)| partition);
                        *counted.partitions.entry(partition.to_owned()).or_default() += taken;
                    }
                }
                Operation::GetItem => {
                    counted.reads += places.map(|place| units(size(place), 4_096)).sum::<f64>();
                }
                // What a query gives is not recorded: as if it gave an hour of a host, which is what analysis replays.
                Operation::Query => counted.reads += places.map(|_| units(60 * 300, 4_096)).sum::<f64>(),
                _ => {}
            }
        }
    });
    counted
}

/// A lab that counts the runs of the analysis.
fn lab() -> (Lab, Arc<AtomicU64>) {
    let runs = Arc::new(AtomicU64::new(0));
    let mut functions = registry();
    let analyze = functions.iter_mut().find(|function| function.name == "analyze-metrics").unwrap();
    let (build, counter) = (Arc::clone(&analyze.build), Arc::clone(&runs));
    analyze.build = Arc::new(move |env| {
        let (inner, counter) = (build(env)?, Arc::clone(&counter));
        let handler: Handler = Box::new(move |ports, event| {
            counter.fetch_add(1, Ordering::Relaxed);
            inner(ports, event)
        });
        Ok(handler)
    });
    let world = Lab::new(31).world().clone();
    (Lab::on(world, &functions, Options::default()), runs)
}

/// A run in which hosts report, counted after they have settled; per metric.
fn run(way: Way) -> (PerMetric, BTreeMap<String, f64>) {
    let (mut lab, runs) = lab();
    for minute in 0..SETTLE {
        report(&mut lab, minute, way);
    }
    lab.world().with(sim::World::clear_records);
    let before = runs.load(Ordering::Relaxed);
    let mut requests = 0;
    for minute in SETTLE..SETTLE + MINUTES {
        requests += report(&mut lab, minute, way);
    }
    rest(&mut lab, Millis::minutes(5));
    let mut counted = count(&lab);
    counted.analyses = (runs.load(Ordering::Relaxed) - before) as f64;
    assert!(
        counted.analyses > 0.0 && counted.analysis_writes > 0.0 && counted.reads > 0.0,
        "the analysis ran"
    );
    let metrics = (HOSTS * MINUTES) as f64;
    let stored: usize = sizes(&lab).values().sum();
    let all = (HOSTS * (SETTLE + MINUTES)) as f64;
    let per = |count: f64| count / metrics;
    let each = PerMetric {
        requests: per(requests as f64),
        analyses: per(counted.analyses),
        metric_writes: per(counted.metric_writes),
        analysis_writes: per(counted.analysis_writes),
        reads: per(counted.reads),
        // A row's overhead in DynamoDB is 100 bytes.
        bytes: stored as f64 / all + 100.0,
    };
    (each, counted.partitions)
}

/// What the template has of what costs by itself.
fn fixed() -> Fixed {
    let template: serde_norway::Value = serde_norway::from_str(&workspace::text("template.yaml")).unwrap();
    let resources = template["Resources"].as_mapping().unwrap();
    let of = |kind: &str| {
        let all = resources.iter().filter(|(_, node)| node["Type"].as_str() == Some(kind));
        all.map(|(_, node)| node["Properties"].clone()).collect::<Vec<_>>()
    };
    let text = |node: &serde_norway::Value| serde_norway::to_string(node).unwrap_or_default().to_lowercase();
    let about = |node: &serde_norway::Value| text(&node["AlarmName"]).contains("iops-");
    let metrics = |node: &serde_norway::Value| {
        let queries = node.get("Metrics").and_then(serde_norway::Value::as_sequence);
        queries.map_or(1, |queries| queries.iter().filter(|query| query.get("MetricStat").is_some()).count())
    };
    Fixed {
        alarm_metrics: of("AWS::CloudWatch::Alarm").iter().filter(|node| about(node)).map(metrics).sum(),
        composites: of("AWS::CloudWatch::CompositeAlarm").iter().filter(|node| about(node)).count(),
        dashboards: of("AWS::CloudWatch::Dashboard").len(),
    }
}

fn counts_table(alone: &PerMetric, together: &PerMetric) -> String {
    let mut page = "| per metric | each host alone | by collectors of 20 hosts |\n|---|---|---|\n".to_owned();
    for (what, one, other) in [
        ("requests (each runs the authorizer and `ingest-metrics` once)", alone.requests, together.requests),
        ("runs of `analyze-metrics`", alone.analyses, together.analyses),
        ("write units of the metrics", alone.metric_writes, together.metric_writes),
        ("write units of the analysis, insights included", alone.analysis_writes, together.analysis_writes),
        ("read units", alone.reads, together.reads),
        ("bytes stored", alone.bytes, together.bytes),
    ] {
        let _ = writeln!(page, "| {what} | {one:.3} | {other:.3} |");
    }
    page
}

fn bill_table(ways: &[(&str, f64, PerMetric)]) -> String {
    let bills: Vec<Vec<bill::Line>> = ways
        .iter()
        .map(|(_, hosts, each)| bill::month(*hosts, each, &Assumed::default(), &fixed()))
        .collect();
    let mut page = "| a month |".to_owned();
    page.extend(ways.iter().map(|(name, ..)| format!(" {name} |")));
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(ways.len()));
    for row in 0..bills[0].len() {
        let _ = write!(page, "\n| {} |", bills[0][row].what);
        page.extend(bills.iter().map(|bill| format!(" {} |", bill[row].cost)));
    }
    page.push_str("\n| **sum** |");
    page.extend(bills.iter().map(|bill| format!(" **{}** |", bill::sum(bill))));
    page.push('\n');
    page
}

fn between<'a>(page: &'a str, mark: &str) -> &'a str {
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- end of {mark} -->"));
    let rest = page.split_once(&begin).unwrap().1;
    rest.split_once(&end).unwrap().0
}

#[test]
fn the_bill_is_counted_and_stands_in_the_documentation() {
    let ((alone, _), (together, _)) = (run(Way::Alone), run(Way::Together(20)));
    let page = workspace::text("docs/cost.md");
    let counts = counts_table(&alone, &together);
    let ways = [
        ("200 hosts, collectors", 200.0, together),
        ("200 hosts, each alone", 200.0, alone),
        ("10 000, collectors", 1e4, together),
        ("1 000 000, collectors", 1e6, together),
    ];
    let bills = bill_table(&ways);
    assert_eq!(between(&page, "counts"), counts, "docs/cost.md: put this there:\n{counts}\n{bills}");
    assert_eq!(between(&page, "bills"), bills, "docs/cost.md: put this there:\n{bills}");
    let bill = bill::month(200.0, &together, &Assumed::default(), &fixed());
    assert!(bill::sum(&bill) < Usd::dollars(50), "200 hosts by collectors: {}", bill::sum(&bill));
    let (source, date) = bill::provenance();
    assert!(
        page.contains(source) && page.contains(date),
        "docs/cost.md: say where prices come from: {source} {date}"
    );
}

/// Every partition is one host's: what is written to the busiest in a second does not depend on how many there are. What all hosts
/// share are the counts of insights by hour and shard, which healthy hosts do not touch.
#[test]
fn no_key_is_hot_however_many_hosts_there_are() {
    let (_, partitions) = run(Way::Together(20));
    let busiest = partitions.values().fold(0.0_f64, |most, one| most.max(*one)) / (MINUTES as f64 * 60.0);
    // DynamoDB takes 1 000 write units a second of a partition.
    assert!(busiest < 1.0, "{busiest} write units a second");
    let hosts: BTreeSet<&str> = partitions
        .keys()
        .filter(|place| place.starts_with("iops-metrics/") || place.starts_with("iops-analysis/host#"))
        .map(|place| place.rsplit(['/', '#']).next().unwrap())
        .collect();
    assert_eq!(hosts.len(), HOSTS);
    let analysed = partitions.keys().filter(|place| place.starts_with("iops-analysis/host#")).count();
    assert_eq!(analysed, HOSTS, "the analysis was counted too");
    let shared: f64 =
        partitions.iter().filter(|(place, _)| !place.contains("host-")).map(|(_, units)| units).sum();
    let all: f64 = partitions.values().sum();
    assert!(shared / all < 0.01, "{shared} of {all} write units go to partitions that hosts share");
}
