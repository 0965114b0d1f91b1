//! Training rows: what a host looked like, and how bad it was.

use crate::HIGHEST;
use crate::features::{FEATURES, Features, NAMES};
use std::fmt::Write as _;

/// A host at a moment, and its score.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// When, in seconds since 1970.
    pub at: u64,
    /// Which host.
    pub host: String,
    /// What it looked like.
    pub features: Features,
    /// How bad that was, 0 to 3.
    pub score: f64,
}

/// Why rows can't be trained on. Each says where and what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RowError {
    /// The first line is another one.
    #[error("line 1 is not the header of training rows; it is `at,host,{},score`", NAMES.join(","))]
    Header,
    /// A line has other columns than the header.
    #[error("line {line} has {found} columns, {} are wanted", FEATURES + 3)]
    Columns {
        /// Which line, the header being 1.
        line: usize,
        /// How many it has.
        found: usize,
    },
    /// A column does not hold what belongs there.
    #[error("line {line}: {column} is `{text}`, which is not {wanted}")]
    Value {
        /// Which line, the header being 1.
        line: usize,
        /// The column's name.
        column: &'static str,
        /// What is there, cut to 40 characters.
        text: String,
        /// What belongs there.
        wanted: &'static str,
    },
    /// There is not enough to learn from and to measure on.
    #[error(
        "{found} rows are too few: at least {wanted} are needed, so that a fifth of them can be kept for measuring"
    )]
    TooFew {
        /// How many there are.
        found: usize,
        /// How many there must be.
        wanted: usize,
    },
}

/// The fewest rows: a fifth of them, on which a model is measured, is 40.
const FEWEST: usize = 200;

/// Rows in the order of time, enough of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows(Vec<Row>);

impl Rows {
    /// Puts rows in the order of time.
    pub fn new(mut rows: Vec<Row>) -> Result<Self, RowError> {
        if rows.len() < FEWEST {
            return Err(RowError::TooFew { found: rows.len(), wanted: FEWEST });
        }
        rows.sort_by(|a, b| (a.at, &a.host).cmp(&(b.at, &b.host)));
        Ok(Self(rows))
    }

    /// Reads CSV with the header `at,host,<the 25 features>,score`.
    pub fn parse(text: &str) -> Result<Self, RowError> {
        Self::new(read_rows(text)?)
    }

    /// As [`Rows::parse`] reads them.
    pub fn to_csv(&self) -> String {
        write_rows(&self.0)
    }

    /// All of them.
    pub fn all(&self) -> &[Row] {
        &self.0
    }

    /// The earlier four fifths, to learn from.
    pub fn to_learn(&self) -> &[Row] {
        &self.0[..self.boundary()]
    }

    /// The last fifth, which no model of these rows has seen.
    pub fn held_out(&self) -> &[Row] {
        &self.0[self.boundary()..]
    }

    /// Rows of one moment are not divided: those of one incident on many hosts look alike.
    fn boundary(&self) -> usize {
        let near = self.0.len() * 4 / 5;
        let at = self.0[near].at;
        let first = self.0.partition_point(|row| row.at < at);
        // All of one moment: then there is nothing to go by but the order.
        if first == 0 { near } else { first }
    }
}

/// Reads CSV as [`Rows::parse`] does, in the order of the lines and however few they are.
pub fn read_rows(text: &str) -> Result<Vec<Row>, RowError> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    if lines.next().is_none_or(|(_, line)| line.trim() != header()) {
        return Err(RowError::Header);
    }
    lines.map(|(index, line)| row(index + 1, line)).collect()
}

/// As [`read_rows`] reads them.
pub fn write_rows(rows: &[Row]) -> String {
    let mut text = header() + "\n";
    for Row { at, host, features, score } in rows {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{at},{host},{},{score}", features.to_csv());
    }
    text
}

fn header() -> String {
    format!("at,host,{},score", NAMES.join(","))
}

fn row(line: usize, text: &str) -> Result<Row, RowError> {
    let columns: Vec<&str> = text.split(',').map(str::trim).collect();
    if columns.len() != FEATURES + 3 {
        return Err(RowError::Columns { line, found: columns.len() });
    }
    let wrong = |column, text: &str, wanted| RowError::Value {
        line,
        column,
        text: text.chars().take(40).collect(),
        wanted,
    };
    let number = |column, text: &str| {
        let number: Option<f64> = text.parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| wrong(column, text, "a finite number"))
    };
    let at = columns[0].parse().map_err(|_| wrong("at", columns[0], "a time in seconds since 1970"))?;
    if columns[1].is_empty() {
        return Err(wrong("host", columns[1], "a host's name"));
    }
    let mut features = [0.0; FEATURES];
    for ((feature, name), text) in features.iter_mut().zip(NAMES).zip(&columns[2..]) {
        *feature = number(name, text)?;
    }
    let last = columns[FEATURES + 2];
    let score = number("score", last)?;
    if !(0.0..=HIGHEST).contains(&score) {
        return Err(wrong("score", last, "a score from 0 to 3"));
    }
    let features = Features::from_numbers(&features).ok_or_else(|| wrong("score", last, "a row"))?;
    Ok(Row { at, host: columns[1].to_owned(), features, score })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Rows of hosts of which some are overloaded now and then: the score follows from the features.
    pub(crate) fn drawn(count: u64, salt: u64) -> Rows {
        let rows = (0..count).map(|n| {
            let chance = |what: u64| {
                let mut x = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt.wrapping_mul(what * 2 + 1);
                for _ in 0..3 {
                    x ^= x >> 29;
                    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
                }
                f64::from(u32::try_from(x >> 32).unwrap()) / f64::from(u32::MAX)
            };
            let mut features = [0.0; FEATURES];
            for (at, feature) in (0..).zip(&mut features) {
                *feature = chance(at);
            }
            let [latency, errors] = [20.0 * chance(100), 5.0 * chance(101)];
            (features[4], features[10]) = (latency, errors);
            let score = f64::from(u8::from(latency > 10.0)) + 2.0 * f64::from(u8::from(errors > 4.0));
            let features = Features::from_numbers(&features).unwrap();
            Row { at: 1_767_225_600 + n * 60, host: format!("host-{}", n % 7), features, score }
        });
        Rows::new(rows.collect()).unwrap()
    }

    #[test]
    fn they_are_read_as_they_are_written() {
        let rows = drawn(300, 1);
        assert_eq!(Rows::parse(&rows.to_csv()), Ok(rows));
    }

    #[test]
    fn what_is_held_out_comes_after_what_is_learnt_from() {
        let rows = drawn(1_000, 1);
        assert_eq!((rows.to_learn().len(), rows.held_out().len()), (800, 200));
        assert!(
            rows.to_learn().iter().map(|row| row.at).max() < rows.held_out().iter().map(|row| row.at).min()
        );
        let at_once = Rows::new(rows.all().iter().map(|row| Row { at: 1, ..row.clone() }).collect()).unwrap();
        assert_eq!((at_once.to_learn().len(), at_once.held_out().len()), (800, 200));
    }

    #[test]
    fn an_error_names_the_line_and_what_belongs_there() {
        let text = drawn(300, 1).to_csv();
        let spoiled =
            |from: &str, to: &str| Rows::parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(spoiled("at,host", "at,hostname").starts_with("line 1 is not the header"));
        assert_eq!(spoiled(",host-1,", ","), "line 3 has 27 columns, 28 are wanted");
        assert_eq!(spoiled(",host-1,", ",,"), "line 3: host is ``, which is not a host's name");
        assert_eq!(
            spoiled("1767225660,host-1,", "1767225660,host-1,NaN"),
            format!("line 3: read_iops is `{}`, which is not a finite number", column(&text, 2, "NaN"))
        );
        let eleven = Rows::parse(&text.lines().take(12).collect::<Vec<_>>().join("\n")).unwrap_err();
        assert_eq!(eleven, RowError::TooFew { found: 11, wanted: 200 });
    }

    fn column(text: &str, index: usize, before: &str) -> String {
        let old = text.lines().nth(2).unwrap().split(',').nth(index).unwrap();
        format!("{before}{old}").chars().take(40).collect()
    }

    #[test]
    fn a_score_beyond_the_range_is_refused() {
        let mut lines: Vec<String> = drawn(300, 1).to_csv().lines().map(str::to_owned).collect();
        let (head, _) = lines[5].rsplit_once(',').unwrap();
        lines[5] = format!("{head},3.5");
        let error = Rows::parse(&lines.join("\n")).unwrap_err().to_string();
        assert_eq!(error, "line 6: score is `3.5`, which is not a score from 0 to 3");
    }
}
