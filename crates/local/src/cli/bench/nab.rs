//! `capstan bench nab`: what the built-in anomaly detector scores on labelled series.
//!
//! The corpus is the user's: a folder laid out as the Numenta Anomaly Benchmark. Everything is read before anything is
//! computed, and everything is computed before anything is written, so a corpus with a fault leaves no results behind.

mod corpus;
mod scoring;

use super::super::table::Table;
use super::super::{Failure, print};
use crate::clock::Stopwatch;
use corpus::{Corpus, Series};
use detector::Detector;
use scoring::{Labelled, Score};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The corpus: `data/CATEGORY/*.csv` with `timestamp,value`, `labels/combined_windows.json`, `profiles.json`
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where to write `CATEGORY/*.csv` with `timestamp,value,anomaly_score`; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What came out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    /// By the names in `profiles.json`; none if no series has a window.
    #[serde(flatten)]
    scores: BTreeMap<String, Option<f64>>,
    /// The best single threshold by the standard profile.
    threshold: Option<f64>,
    samples_per_second: f64,
    /// The longest state of a series, in bytes.
    bytes_per_series: usize,
    series: usize,
    windows: usize,
    samples: usize,
}

const STANDARD: &str = "standard";

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let corpus = Corpus::read(&args.data)?;
    let (scores, samples_per_second, bytes_per_series) = detect(&corpus)?;
    let outcome = outcome(&corpus, &scores, samples_per_second, bytes_per_series)?;
    write(&args.out, &corpus.series, &scores)?;
    if args.json {
        print(&serde_json::to_string_pretty(&outcome)?);
    } else {
        print(&table(&outcome));
    }
    for missing in &corpus.missing {
        eprintln!("capstan: {missing} has labels and no data; it was left out");
    }
    Ok(())
}

/// The scores of every sample of every series, samples a second, and the longest state.
fn detect(corpus: &Corpus) -> Result<(Vec<Vec<f64>>, f64, usize), Failure> {
    let mut seconds = 0.0;
    let mut bytes = 0;
    let mut samples = 0_u32;
    let mut all = Vec::new();
    for series in &corpus.series {
        let mut detector = Detector::new();
        let mut scores = Vec::with_capacity(series.samples.len());
        let watch = Stopwatch::start();
        for sample in &series.samples {
            // A corpus is refused if a value is not a number.
            let reading = detector.observe(sample.seconds, sample.value);
            scores.push(reading.map_err(|error| Failure::failed(error.to_string()))?.score);
        }
        seconds += watch.elapsed().as_secs_f64();
        samples += detector.samples();
        bytes = bytes.max(detector.to_bytes().len());
        all.push(scores);
    }
    Ok((all, f64::from(samples) / seconds.max(1e-9), bytes))
}

fn outcome(
    corpus: &Corpus,
    scores: &[Vec<f64>],
    samples_per_second: f64,
    bytes_per_series: usize,
) -> Result<Outcome, Failure> {
    let labelled: Vec<_> = corpus
        .series
        .iter()
        .zip(scores)
        .map(|(series, scores)| Labelled { scores, windows: &series.windows })
        .collect();
    let mut by_profile = BTreeMap::new();
    let mut threshold = None;
    for (name, profile) in &corpus.profiles {
        let best = scoring::best(&labelled, profile.costs);
        if name == STANDARD {
            threshold = best.and_then(|best| best.threshold);
        }
        by_profile.insert(name.clone(), best.map(|best: Score| (best.score * 100.0).round() / 100.0));
    }
    if !by_profile.contains_key(STANDARD) {
        return Err(Failure::failed(format!("profiles.json: add the profile `{STANDARD}`")));
    }
    Ok(Outcome {
        scores: by_profile,
        threshold,
        samples_per_second: samples_per_second.round(),
        bytes_per_series,
        series: corpus.series.len(),
        windows: corpus.series.iter().map(|series| series.windows.len()).sum(),
        samples: scores.iter().map(Vec::len).sum(),
    })
}

fn table(outcome: &Outcome) -> String {
    let mut table = Table::new(&["figure", ">measured"]);
    for (name, score) in &outcome.scores {
        let score = score.map_or_else(|| "no window".to_owned(), |score| format!("{score:.2}"));
        table.row([name.clone(), score]);
    }
    let threshold = outcome.threshold.map_or_else(|| "none".to_owned(), |at| format!("{at:.4}"));
    table.row(["threshold".to_owned(), threshold]);
    table.row(["samples a second".to_owned(), format!("{:.0}", outcome.samples_per_second)]);
    table.row(["bytes a series, at most".to_owned(), outcome.bytes_per_series.to_string()]);
    table.row(["series".to_owned(), outcome.series.to_string()]);
    table.row(["windows".to_owned(), outcome.windows.to_string()]);
    table.row(["samples".to_owned(), outcome.samples.to_string()]);
    table.text()
}

/// Writes the results, each file whole or not at all.
fn write(out: &Path, series: &[Series], scores: &[Vec<f64>]) -> Result<(), Failure> {
    for (at, (series, scores)) in series.iter().zip(scores).enumerate() {
        let file = out.join(&series.name);
        write_one(&file, series, scores).map_err(|error| {
            Failure::failed(format!(
                "{} can't be written ({error}); {at} of the result files are there and the rest are not, so \
                 remove {} or run this again",
                file.display(),
                out.display()
            ))
        })?;
    }
    Ok(())
}

fn write_one(file: &Path, series: &Series, scores: &[f64]) -> std::io::Result<()> {
    let mut text = String::from("timestamp,value,anomaly_score\n");
    for (sample, score) in series.samples.iter().zip(scores) {
        text.push_str(&format!("{},{},{score}\n", sample.timestamp, sample.text));
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let part = file.with_extension("csv.part");
    fs::write(&part, text)?;
    fs::rename(&part, file)
}
