//! Hosts report while the system is killed again and again, by `kill -9`: what was answered as stored is there, and every host's
//! samples are analysed in the end, each once. And `capstan feed`, as a person uses it.
#![expect(clippy::expect_used, reason = "a test")]

use serde_json::{Value, json};
use sim::{SharedWorld, WorldConfig, disk};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const TENANT: &str = "8d3c7a52-5b1e-4f6a-9a2e-0c1d2e3f4a5b";
const HOSTS: u64 = 8;
const ROUNDS: u64 = 6;
/// How often the system is given time to see to what was left, two seconds each.
const MOST_ROUNDS: u64 = 30;

fn capstan() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstan"));
    for variable in ["CAPSTAN_URL", "CAPSTAN_TOKEN", "CAPSTAN_DATA_DIR"] {
        command.env_remove(variable);
    }
    command
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _absent = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A system in a process of its own. Dropping it is `kill -9`.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut child = capstan()
            .args(["up", "--port", "0", "--requests-per-minute", "0", "--data-dir"])
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("capstan starts");
        let output = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let url =
            lines.find_map(|line| line.strip_prefix("ready ").map(str::to_owned)).expect("it gets ready");
        thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }

    fn get(&self, folder: &Path, path: &str) -> Value {
        let printed = capstan()
            .args(["token", "--role", "viewer", "--tenant", TENANT, "--data-dir"])
            .arg(folder)
            .output();
        let token = String::from_utf8(printed.expect("a token").stdout).expect("text");
        let answer = agent()
            .get(format!("{}{path}", self.url))
            .header("Authorization", format!("Bearer {}", token.trim()));
        let text = answer.call().expect("an answer").body_mut().read_to_string().expect("a body");
        serde_json::from_str(&text).expect("JSON")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(Duration::from_secs(20))).build().into()
}

/// The ids that a report was answered by as stored; none where nothing was answered.
fn report(url: &str, metrics: &[Value]) -> Vec<String> {
    let Ok(mut answer) = agent().post(format!("{url}/metrics")).send_json(json!(metrics)) else {
        return Vec::new();
    };
    let text = answer.body_mut().read_to_string().unwrap_or_default();
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let results = body["results"].as_array().into_iter().flatten();
    results
        .filter(|one| one["status"] == "stored")
        .filter_map(|one| Some(one["metricId"].as_str()?.to_owned()))
        .collect()
}

fn metric(host: u64, at: u64) -> Value {
    let at = capstan_core::time::Timestamp::from_millis(at * 1_000);
    json!({"timestamp": at, "hostname": format!("host-{host}"), "cpuUsage": 20, "memoryUsage": 50, "diskIO": 1, "networkIO": 1})
}

#[test]
fn what_is_acknowledged_survives_kill_9_and_is_analysed_once() {
    let folder = folder("reports");
    let start = local::clock::wall().as_millis() / 1_000 - 50_000;
    let second = AtomicU64::new(0);
    let mut acknowledged: BTreeSet<String> = BTreeSet::new();
    for round in 0..ROUNDS {
        let server = Server::start(&folder);
        let url = server.url.clone();
        let reporters: Vec<_> = thread::scope(|scope| {
            let all: Vec<_> = (0..HOSTS)
                .map(|host| {
                    let (url, second) = (&url, &second);
                    scope.spawn(move || {
                        let mut stored = Vec::new();
                        loop {
                            // One host, one reporter: its seconds grow.
                            let from = second.fetch_add(5, Ordering::Relaxed);
                            let metrics: Vec<Value> =
                                (0..5).map(|step| metric(host, start + from + step)).collect();
                            let ids = report(url, &metrics);
                            if ids.is_empty() {
                                return stored;
                            }
                            stored.extend(ids);
                        }
                    })
                })
                .collect();
            thread::sleep(Duration::from_millis(250 + round * 70));
            drop(server);
            all.into_iter().map(|one| one.join().expect("a reporter ends")).collect()
        });
        acknowledged.extend(reporters.into_iter().flatten());
    }
    assert!(
        acknowledged.len() > 200,
        "{} reports in {ROUNDS} rounds are too few to show anything",
        acknowledged.len()
    );
    // What was in hand is gone on with, until it stands still.
    let mut rounds = 0;
    let world = loop {
        let server = Server::start(&folder);
        thread::sleep(Duration::from_secs(2));
        drop(server);
        let world = disk::open(&folder.join("store.redb"), WorldConfig::default()).expect("the store opens");
        rounds += 1;
        if rounds == MOST_ROUNDS || world.stream_after(0, 10).expect("the stream").is_empty() {
            break world;
        }
    };
    let stored: BTreeSet<String> = rows(&world, capstan_core::ports::Table::IopsMetrics)
        .iter()
        .map(|row| format!("{}:{}", row["hostname"].as_str().unwrap_or_default(), row["timestamp"]))
        .collect();
    let lost: Vec<&String> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert_eq!(world.stream_after(0, 10).expect("the stream").len(), 0, "all of it is seen to");
    let mut of_host: BTreeMap<String, u64> = BTreeMap::new();
    for id in &stored {
        *of_host.entry(id.split(':').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    for head in
        rows(&world, capstan_core::ports::Table::IopsAnalysis).iter().filter(|row| row["entry"] == "head")
    {
        let host = head["subject"].as_str().unwrap_or_default().trim_start_matches("host#");
        assert_eq!(head["samples"].as_u64(), of_host.remove(host), "{host}: every sample counts, and once");
    }
    assert!(of_host.is_empty(), "never analysed: {of_host:?}");
}

fn rows(world: &SharedWorld, table: capstan_core::ports::Table) -> Vec<Value> {
    world.rows_of(table).expect("rows").into_iter().map(|(_, item)| Value::Object(item)).collect()
}

fn has_model(folder: &Path) -> bool {
    let world = disk::open(&folder.join("store.redb"), WorldConfig::default()).expect("the store opens");
    world.with(|world| world.has_endpoint("iops-model"))
}

#[test]
fn a_first_start_killed_before_its_model_is_trained_is_gone_on_with_by_the_next() {
    // A machine that stands still just then trains it first; not five times.
    let folder = (0..5).map(|round| folder(&format!("untrained-{round}"))).find(|folder| {
        drop(Server::start(folder));
        !has_model(folder)
    });
    let folder = folder.expect("a start that was killed before its model was trained");
    let server = Server::start(&folder);
    // Who asks at once waits for it, and is not told that there is none.
    let told = agent()
        .post(format!("{}/_sim/endpoints/iops-model/slow", server.url))
        .header("X-Capstan-Sim", "1")
        .send_empty()
        .expect("an answer");
    assert_eq!(told.status(), 200);
    drop(server);
    assert!(has_model(&folder));
}

#[test]
fn a_fleet_reports_and_its_trouble_is_found_within_a_second() {
    let folder = folder("feed");
    let server = Server::start(&folder);
    let told = capstan()
        .args([
            "feed",
            "--url",
            &server.url,
            "--hosts",
            "4",
            "--rate",
            "4",
            "--history",
            "60",
            "--seconds",
            "5",
        ])
        .args(["--incident", "disk-full", "--incident-after", "2", "--json"])
        .output()
        .expect("it runs");
    let said: Value = serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"));
    assert_eq!((told.status.code(), &said["refused"]), (Some(0), &json!(0)), "{said}");
    assert!(said["stored"].as_u64().is_some_and(|stored| (250..=262).contains(&stored)), "{said}");
    thread::sleep(Duration::from_secs(1));
    let found = server.get(&folder, "/insights?hostname=host-00000");
    let worst = found["insights"]
        .as_array()
        .expect("a page")
        .iter()
        .map(|insight| insight["riskScore"].as_u64())
        .max();
    assert!(worst.flatten().is_some_and(|score| score >= 70), "the thresholds alone come to 70: {found}");
    let page = server.get(&folder, "/metrics?hostname=host-00003&limit=1000");
    assert!(page["metrics"].as_array().is_some_and(|metrics| metrics.len() > 60), "{page}");
    let file = folder.join("series.csv");
    std::fs::write(&file, "timestamp,value\n2014-02-14 14:30:00,41.5\n2014-02-14 14:35:00,120\n")
        .expect("a file");
    let told =
        capstan().args(["feed", "--url", &server.url, "--replay"]).arg(&file).output().expect("it runs");
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert_eq!(told.status.code(), Some(1), "{said}");
    assert!(said.contains("1 metrics are stored, 1 were refused") && said.contains("120"), "{said}");
}
