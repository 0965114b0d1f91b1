//! `capstan bench nab` from outside: a small corpus, every way in which one can be wrong, and, where the benchmark's data
//! is at hand, the benchmark's own scorer.
#![expect(clippy::expect_used, reason = "a test")]

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of its own for each test, new every time.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _absent = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn put(folder: &Path, file: &str, text: &str) {
    let file = folder.join(file);
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    fs::write(file, text).expect("a file");
}

/// A corpus of one series of 400 samples with one spike in one window.
fn corpus(name: &str) -> PathBuf {
    let corpus = folder(name);
    let mut text = String::from("timestamp,value\n");
    for at in 0..400 {
        let value = if at == 300 { 90 } else { at % 7 };
        text.push_str(&format!("{},{value}\n", time(at)));
    }
    put(&corpus, "data/real/spike.csv", &text);
    let labels =
        json!({ "real/spike.csv": [[format!("{}.000000", time(290)), format!("{}.000000", time(309))]] });
    put(&corpus, "labels/combined_windows.json", &labels.to_string());
    let costs = |alarm: f64, miss: f64| json!({ "CostMatrix": { "tpWeight": 1.0, "fpWeight": alarm, "fnWeight": miss, "tnWeight": 1.0 } });
    let profiles = json!({
        "standard": costs(0.11, 1.0), "reward_low_FP_rate": costs(0.22, 1.0), "reward_low_FN_rate": costs(0.11, 2.0)
    });
    put(&corpus, "profiles.json", &profiles.to_string());
    corpus
}

/// The time of a sample, every five minutes.
fn time(at: usize) -> String {
    let minutes = at * 5;
    format!("2014-04-{:02} {:02}:{:02}:00", 1 + minutes / 1440, minutes / 60 % 24, minutes % 60)
}

fn bench(corpus: &Path, out: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstan"));
    command.args(["bench", "nab", "--data"]).arg(corpus).arg("--out").arg(out).args(more);
    command.output().expect("capstan runs")
}

fn outcome(corpus: &Path, out: &Path) -> Value {
    let output = bench(corpus, out, &["--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_corpus_is_scored_and_its_results_are_written() {
    let (corpus, out) = (corpus("nab-good"), folder("nab-good-out"));
    let outcome = outcome(&corpus, &out);
    // The spike lies at the eleventh of twenty samples, and nothing else is an alarm: 50 + 50 * 0.844…
    assert_eq!(outcome["standard"], json!(92.99), "{outcome}");
    assert_eq!(outcome["reward_low_FP_rate"], json!(92.99));
    assert_eq!(outcome["reward_low_FN_rate"], json!(95.33));
    assert_eq!(
        (&outcome["series"], &outcome["windows"], &outcome["samples"]),
        (&json!(1), &json!(1), &json!(400))
    );
    assert!(
        outcome["bytesPerSeries"].as_u64().is_some_and(|bytes| (500..=4096).contains(&bytes)),
        "{outcome}"
    );
    assert!(outcome["samplesPerSecond"].as_f64().is_some_and(|speed| speed > 1000.0), "{outcome}");
    let threshold = outcome["threshold"].as_f64().expect("a threshold");

    let results = fs::read_to_string(out.join("real/spike.csv")).expect("results");
    let lines: Vec<&str> = results.lines().collect();
    assert_eq!((lines[0], lines.len()), ("timestamp,value,anomaly_score", 401));
    let spike: Vec<&str> = lines[301].split(',').collect();
    assert_eq!((spike[0], spike[1]), (time(300).as_str(), "90"));
    assert!(spike[2].parse::<f64>().is_ok_and(|score| score >= threshold), "{spike:?}");
    assert!(!out.join("real/spike.csv.part").exists());

    let table = bench(&corpus, &out, &[]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    for line in ["standard", "reward_low_FP_rate", "samples a second", "bytes a series"] {
        assert!(table.contains(line), "{table}");
    }
}

#[test]
fn a_corpus_with_a_fault_is_refused_with_what_to_do_and_leaves_nothing() {
    type Harm = fn(&Path);
    let cases: &[(&str, Harm, &[&str])] = &[
        ("none", |corpus| fs::remove_dir_all(corpus).expect("removed"), &["can't be read", "--data takes"]),
        (
            "no-data",
            |corpus| fs::remove_dir_all(corpus.join("data")).expect("removed"),
            &["data", "--data takes"],
        ),
        (
            "no-series",
            |corpus| fs::remove_file(corpus.join("data/real/spike.csv")).expect("removed"),
            &["no series"],
        ),
        (
            "no-profiles",
            |corpus| fs::remove_file(corpus.join("profiles.json")).expect("removed"),
            &["profiles.json"],
        ),
        ("bad-profiles", |corpus| put(corpus, "profiles.json", "{"), &["profiles.json", "not as expected"]),
        ("no-standard", |corpus| put(corpus, "profiles.json", "{}"), &["add the profile `standard`"]),
        (
            "no-label",
            |corpus| put(corpus, "labels/combined_windows.json", "{}"),
            &["real/spike.csv", "add \"real/spike.csv\": []"],
        ),
        (
            "foreign-label",
            |corpus| {
                put(
                    corpus,
                    "labels/combined_windows.json",
                    "{\"real/spike.csv\": [[\"2013-01-01 00:00:00\", \"2013-01-02 00:00:00\"]]}",
                );
            },
            &["2013-01-01", "is not the time"],
        ),
        ("empty", |corpus| put(corpus, "data/real/spike.csv", ""), &["first line must be"]),
        ("no-samples", |corpus| put(corpus, "data/real/spike.csv", "timestamp,value\n"), &["no samples"]),
        (
            "unreadable",
            |corpus| {
                put(
                    corpus,
                    "data/real/spike.csv",
                    "timestamp,value\n2014-04-01 00:00:00,1\n2014-04-01 00:05:00,one\n",
                );
            },
            &["line 3", "`one` is not a number"],
        ),
        (
            "nan",
            |corpus| put(corpus, "data/real/spike.csv", "timestamp,value\n2014-04-01 00:00:00,NaN\n"),
            &["line 2", "leave such samples out"],
        ),
        (
            "no-time",
            |corpus| put(corpus, "data/real/spike.csv", "timestamp,value\nyesterday,1\n"),
            &["line 2", "`yesterday` is not a time"],
        ),
    ];
    for (name, harm, words) in cases {
        let (corpus, out) = (corpus(&format!("nab-{name}")), folder("nab-out").join(name));
        harm(&corpus);
        let output = bench(&corpus, &out, &["--json"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(output.stdout.is_empty(), "{name}");
        for word in *words {
            assert!(said.contains(word), "{name}: {said}");
        }
        assert!(!out.exists(), "{name} left results");
    }
}

#[test]
fn results_that_can_not_be_written_are_said_and_labels_without_data_too() {
    let (corpus, out) = (corpus("nab-unwritable"), folder("nab-unwritable-out"));
    put(&out, "real", "a file where a folder must be");
    let output = bench(&corpus, &out, &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("can't be written") && said.contains("0 of the result files are there"), "{said}");

    put(&corpus, "data/real/quiet.csv", "timestamp,value\n2014-04-01 00:00:00,1\n");
    fs::remove_file(corpus.join("data/real/spike.csv")).expect("removed");
    put(&corpus, "labels/combined_windows.json", "{\"real/quiet.csv\": [], \"real/gone.csv\": []}");
    let output = bench(&corpus, &folder("nab-quiet-out"), &["--json"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("real/gone.csv has labels and no data"));
    let outcome: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&outcome["standard"], &outcome["threshold"]),
        (&Value::Null, &Value::Null),
        "no window, no score"
    );
}

/// `CAPSTAN_NAB_DIR` names a folder with the corpus and the benchmark's `score.py`.
#[test]
fn the_score_is_the_one_of_the_benchmarks_own_scorer() {
    let Some(corpus) = std::env::var_os("CAPSTAN_NAB_DIR").map(PathBuf::from) else {
        eprintln!("left out: CAPSTAN_NAB_DIR names no folder with the corpus and its score.py");
        return;
    };
    let out = folder("nab-real-out");
    let outcome = outcome(&corpus, &out);
    let theirs = Command::new("python3")
        .arg(corpus.join("score.py"))
        .arg(corpus.join("labels/combined_windows.json"))
        .arg(&out)
        .output()
        .expect("python3 runs");
    let theirs: Value = serde_json::from_slice(&theirs.stdout).expect("a line of JSON");
    for (ours, name) in
        [("standard", "standard"), ("reward_low_FP_rate", "low_fp"), ("reward_low_FN_rate", "low_fn")]
    {
        assert_eq!(outcome[ours], theirs[name], "{outcome} and {theirs}");
    }
    assert_eq!((&outcome["series"], &outcome["windows"]), (&theirs["series"], &theirs["windows"]));
    // What the detector is known to reach; a change that costs more than this is no improvement.
    let standard = outcome["standard"].as_f64().expect("a score");
    assert!(outcome["series"] != json!(35) || standard >= 74.0, "{outcome}");
}
