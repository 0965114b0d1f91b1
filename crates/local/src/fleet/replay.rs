//! Metrics from a file of comma-separated values.
//!
//! The first line names the columns. `timestamp` must be there; beside it either the fields of a metric, or one column `value`,
//! which is then one series of one host, as the files of the Numenta Anomaly Benchmark have it. Times are moved so that the last
//! is now: what is older than two weeks would not be taken.

use capstan_core::iops::{Hostname, Metric, Series};
use capstan_core::time::Timestamp;

/// Why a file can't be replayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ReplayError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

fn wrong(line: usize, message: impl Into<String>) -> ReplayError {
    ReplayError { line, message: message.into() }
}

/// A column.
enum Column {
    Timestamp,
    Host,
    Series(Series),
    Other,
}

/// Reads the file's text; the last metric is of `now`. `host` and `series` are those of a file with a `value` alone.
pub fn replay(text: &str, host: &str, series: Series, now: Timestamp) -> Result<Vec<Metric>, ReplayError> {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim_end_matches('\r')));
    let (_, head) = lines.next().ok_or_else(|| wrong(1, "the file is empty"))?;
    let columns: Vec<Column> = head.split(',').map(|name| column(name.trim(), series)).collect();
    if !columns.iter().any(|column| matches!(column, Column::Timestamp)) {
        return Err(wrong(1, "there is no column `timestamp`"));
    }
    let mut metrics = Vec::new();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        metrics.push(row(&columns, line, host).map_err(|message| wrong(number, message))?);
    }
    let last = metrics.iter().map(|metric| metric.at).max().ok_or_else(|| wrong(2, "there is no row"))?;
    let now = now.as_millis() / 1_000;
    for metric in &mut metrics {
        metric.at = (metric.at + now).saturating_sub(last);
    }
    metrics.sort_by_key(|metric| metric.at);
    Ok(metrics)
}

fn column(name: &str, series: Series) -> Column {
    match (name, Series::of(name)) {
        ("timestamp", _) => Column::Timestamp,
        ("hostname", _) => Column::Host,
        ("value", _) => Column::Series(series),
        (_, Some(series)) => Column::Series(series),
        _ => Column::Other,
    }
}

fn row(columns: &[Column], line: &str, host: &str) -> Result<Metric, String> {
    let (mut at, mut name) = (None, host);
    // What a metric must have and the file lacks.
    let mut readings: Vec<(Series, f64)> =
        Series::ALL.into_iter().filter(|series| series.is_required()).map(|series| (series, 0.0)).collect();
    for (column, cell) in columns.iter().zip(line.split(',')) {
        let cell = cell.trim();
        match column {
            Column::Timestamp => at = Some(time(cell).ok_or_else(|| format!("`{cell}` is not a time"))?),
            Column::Host => name = cell,
            Column::Series(_) if cell.is_empty() => {}
            Column::Series(series) => {
                let value: f64 = cell.parse().map_err(|_| format!("`{cell}` is not a number"))?;
                readings.push((*series, value));
            }
            Column::Other => {}
        }
    }
    let at = at.ok_or("it has no timestamp")?;
    Ok(Metric::new(Hostname::parse(name)?, at.as_millis() / 1_000, readings))
}

/// By RFC 3339, or as `2014-02-14 14:30:00`, which is then UTC.
fn time(cell: &str) -> Option<Timestamp> {
    Timestamp::parse(cell).or_else(|| Timestamp::parse(&format!("{}Z", cell.replace(' ', "T"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn read(text: &str) -> Result<Vec<Metric>, ReplayError> {
        replay(text, "replayed", Series::CpuUsage, NOW)
    }

    #[test]
    fn a_file_of_the_benchmark_is_one_series_of_one_host_and_ends_now() {
        let metrics =
            read("timestamp,value\n2014-02-14 14:30:00,41.5\r\n2014-02-14 14:35:00,99\n\n").unwrap();
        assert_eq!(
            metrics.iter().map(|metric| metric.at).collect::<Vec<_>>(),
            [1_799_999_700, 1_800_000_000]
        );
        assert_eq!(metrics[0].get(Series::CpuUsage), Some(41.5));
        assert_eq!((metrics[0].hostname.as_str(), metrics[0].get(Series::DiskIo)), ("replayed", Some(0.0)));
    }

    #[test]
    fn a_file_of_metrics_names_its_hosts_and_fields() {
        let text = "hostname,timestamp,memoryUsage,latency,note\nDB-1,2026-01-01T00:00:01Z,50,,x\nweb-1,2026-01-01T00:00:00Z,40,3,y\n";
        let metrics = read(text).unwrap();
        assert_eq!((metrics[0].hostname.as_str(), metrics[0].get(Series::Latency)), ("web-1", Some(3.0)));
        assert_eq!((metrics[1].hostname.as_str(), metrics[1].get(Series::Latency)), ("db-1", None));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("time,value\n", 1),
            ("timestamp,value\n", 2),
            ("timestamp,value\n2014-02-14 14:30:00,1\nyesterday,1\n", 3),
            ("timestamp,value\n2014-02-14 14:30:00,much\n", 2),
            ("timestamp,hostname,value\n2014-02-14 14:30:00,a b,1\n", 2),
            ("value,timestamp\n1\n", 2),
        ] {
            assert_eq!(read(text).map_err(|error| error.line), Err(line), "{text}");
        }
    }
}
