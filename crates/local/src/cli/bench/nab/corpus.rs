//! Labelled series from a folder. What is wrong with it is said with the file, the line and what to do.

use super::super::super::Failure;
use super::scoring::Costs;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// The corpus.
#[derive(Debug)]
pub(super) struct Corpus {
    pub(super) series: Vec<Series>,
    pub(super) profiles: BTreeMap<String, Profile>,
    /// Series that have labels and no file.
    pub(super) missing: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Profile {
    #[serde(rename = "CostMatrix")]
    pub(super) costs: Costs,
}

/// One series.
#[derive(Debug)]
pub(super) struct Series {
    /// `CATEGORY/FILE.csv`
    pub(super) name: String,
    pub(super) samples: Vec<Sample>,
    /// The first and the last sample of each window, in order.
    pub(super) windows: Vec<(usize, usize)>,
}

#[derive(Debug)]
pub(super) struct Sample {
    /// As the file has it.
    pub(super) timestamp: String,
    pub(super) seconds: i64,
    pub(super) value: f64,
    /// The value as the file has it.
    pub(super) text: String,
}

type Labels = BTreeMap<String, Vec<(String, String)>>;

impl Corpus {
    /// Reads all of it.
    pub(super) fn read(folder: &Path) -> Result<Self, Failure> {
        let labels_file = folder.join("labels").join("combined_windows.json");
        let labels: Labels = json(&labels_file)?;
        let profiles_file = ["profiles.json", "config/profiles.json"].map(|name| folder.join(name));
        let [first, second] = &profiles_file;
        let profiles = json(if second.is_file() && !first.is_file() { second } else { first })?;
        let mut series = Vec::new();
        let mut found = BTreeSet::new();
        for (name, file) in files(&folder.join("data"))? {
            let windows = labels.get(&name).ok_or_else(|| {
                Failure::failed(format!(
                    "{name} has no labels: add \"{name}\": [] to {} if nothing is wrong in it, or its windows",
                    labels_file.display()
                ))
            })?;
            series.push(Series::read(&name, &file, windows)?);
            found.insert(name);
        }
        if series.is_empty() {
            return Err(Failure::failed(format!(
                "{} holds no series: put them there as CATEGORY/NAME.csv",
                folder.join("data").display()
            )));
        }
        let missing = labels.into_keys().filter(|name| !found.contains(name)).collect();
        Ok(Self { series, profiles, missing })
    }
}

/// All `CATEGORY/NAME.csv` in order of name.
fn files(data: &Path) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let mut files = BTreeMap::new();
    for category in entries(data)? {
        if !category.is_dir() {
            continue;
        }
        for file in entries(&category)? {
            if file.extension().is_some_and(|extension| extension == "csv")
                && let (Some(folder), Some(name)) = (category.file_name(), file.file_name())
            {
                files.insert(format!("{}/{}", folder.to_string_lossy(), name.to_string_lossy()), file);
            }
        }
    }
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error| {
        Failure::failed(format!(
            "{} can't be read ({error}): --data takes a folder with data/CATEGORY/*.csv, \
             labels/combined_windows.json and profiles.json",
            folder.display()
        ))
    };
    let read = fs::read_dir(folder).map_err(unreadable)?;
    read.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(unreadable)
}

fn json<T: DeserializeOwned>(file: &Path) -> Result<T, Failure> {
    let text = fs::read_to_string(file).map_err(|error| {
        Failure::failed(format!(
            "{} can't be read ({error}): --data takes a folder with data/CATEGORY/*.csv, \
             labels/combined_windows.json and profiles.json",
            file.display()
        ))
    })?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::failed(format!("{} is not as expected: {error}", file.display())))
}

impl Series {
    fn read(name: &str, file: &Path, windows: &[(String, String)]) -> Result<Self, Failure> {
        let text = fs::read_to_string(file)
            .map_err(|error| Failure::failed(format!("{} can't be read: {error}", file.display())))?;
        let mut lines = text.lines().enumerate();
        if lines.next().is_none_or(|(_, head)| head.trim() != "timestamp,value") {
            return Err(Failure::failed(format!(
                "{}: the first line must be `timestamp,value`",
                file.display()
            )));
        }
        let mut samples = Vec::new();
        for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            samples.push(Sample::read(line.trim()).map_err(|reason| {
                Failure::failed(format!("{}, line {}: {reason}", file.display(), at + 1))
            })?);
        }
        if samples.is_empty() {
            return Err(Failure::failed(format!("{} has no samples: remove it", file.display())));
        }
        let windows = places(name, &samples, windows)?;
        Ok(Self { name: name.to_owned(), samples, windows })
    }
}

/// The windows as numbers of samples. A time that occurs twice means the later sample, as the benchmark has it.
fn places(
    name: &str,
    samples: &[Sample],
    windows: &[(String, String)],
) -> Result<Vec<(usize, usize)>, Failure> {
    let times: HashMap<String, usize> =
        samples.iter().enumerate().map(|(at, sample)| (plain(&sample.timestamp), at)).collect();
    let place = |time: &String| {
        times.get(&plain(time)).copied().ok_or_else(|| {
            Failure::failed(format!("{name}: its label {time} is not the time of any of its samples"))
        })
    };
    let mut places = Vec::new();
    for (start, end) in windows {
        let window = (place(start)?, place(end)?);
        let after = places.last().is_none_or(|before: &(usize, usize)| before.1 < window.0);
        if window.0 > window.1 || !after {
            return Err(Failure::failed(format!("{name}: its labels must be in order and apart: {start}")));
        }
        places.push(window);
    }
    Ok(places)
}

/// A time without its fraction, with a space between date and time.
fn plain(time: &str) -> String {
    time.split('.').next().unwrap_or_default().replace('T', " ")
}

impl Sample {
    fn read(line: &str) -> Result<Self, String> {
        let (timestamp, text) =
            line.split_once(',').ok_or_else(|| format!("`{line}` is not `timestamp,value`"))?;
        let time: DateTime = timestamp
            .parse()
            .map_err(|_| format!("`{timestamp}` is not a time such as 2014-02-14 14:30:00"))?;
        let time = time.to_zoned(TimeZone::UTC).map_err(|error| error.to_string())?;
        let value: f64 = text.trim().parse().map_err(|_| format!("`{text}` is not a number"))?;
        if !value.is_finite() {
            return Err(format!("`{text}` is not a finite number; leave such samples out"));
        }
        Ok(Self {
            timestamp: timestamp.to_owned(),
            seconds: time.timestamp().as_second(),
            value,
            text: text.trim().to_owned(),
        })
    }
}
