//! Values over time, drawn on the server: a pure function from points to SVG.
//!
//! A picture is as wide in points as it is in pixels, however much was measured: each column keeps its lowest and its highest
//! value, so that no spike is lost. A line is never drawn over a time in which nothing was reported. Rejected: drawing in the
//! browser (nothing would be seen without JavaScript).

use capstan_core::time::Timestamp;
use maud::{Markup, html};

/// The size of a picture, in its own units.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 150.0;
/// Where the values are drawn in it.
const LEFT: f64 = 46.0;
const RIGHT: f64 = 474.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 130.0;
/// Columns of a line: each has up to two points.
const COLUMNS: f64 = 140.0;
/// What is so many times as far away as it mostly is has a gap before it.
const GAP: u64 = 4;

/// A value, and between what it is expected to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// Seconds since 1970.
    pub(crate) at: u64,
    /// What was measured; what is not finite is a gap.
    pub(crate) value: f64,
    /// From … to …; what is not finite has no bound on that side.
    pub(crate) band: Option<(f64, f64)>,
}

/// One line with its band.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line<'a> {
    /// What tells it from the others by its looks: a class.
    pub(crate) class: &'a str,
    /// In the order of time.
    pub(crate) points: Vec<Point>,
}

/// Something worth pointing at.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// Seconds since 1970.
    pub(crate) at: u64,
    pub(crate) value: f64,
    /// What is told when one points at it.
    pub(crate) words: String,
}

/// What is drawn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picture<'a> {
    /// What it shows, for those who can't see it.
    pub(crate) label: &'a str,
    /// From when to when, in seconds since 1970.
    pub(crate) from: u64,
    pub(crate) until: u64,
    pub(crate) lines: Vec<Line<'a>>,
    pub(crate) marks: Vec<Mark>,
    /// Times from which something else was so, and what.
    pub(crate) turns: Vec<(u64, String)>,
}

/// Draws it. What lies outside the time is left out, what lies outside the values is drawn at their edge.
pub(crate) fn svg(picture: &Picture<'_>) -> Markup {
    let frame = Frame::around(picture);
    html! {
        svg .series viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(picture.label) {
            (frame.axes())
            @for (at, words) in picture.turns.iter().filter(|(at, _)| frame.has(*at)) {
                @let x = frame.x(*at);
                line .axis.turn x1=(short(x)) x2=(short(x)) y1=(TOP) y2=(BOTTOM) {}
                text x=(short(x + 3.0)) y=(TOP + 8.0) { (words) }
            }
            @for line in &picture.lines { g class=(line.class) { (frame.band(line)) (frame.line(line)) } }
            @for mark in picture.marks.iter().filter(|mark| frame.has(mark.at) && mark.value.is_finite()) {
                circle .mark cx=(short(frame.x(mark.at))) cy=(short(frame.y(mark.value))) r="4" { title { (mark.words) } }
            }
        }
    }
}

/// Which time and which values a picture spans.
#[derive(Debug, Clone, Copy)]
struct Frame {
    from: u64,
    until: u64,
    low: f64,
    high: f64,
}

impl Frame {
    fn around(picture: &Picture<'_>) -> Self {
        let (from, until) = (picture.from, picture.until.max(picture.from.saturating_add(1)));
        let inside = |at: u64| (from..=until).contains(&at);
        let points = || picture.lines.iter().flat_map(|line| &line.points).filter(|point| inside(point.at));
        let marks = picture.marks.iter().filter(|mark| inside(mark.at)).map(|mark| mark.value);
        let values = points().map(|point| point.value).chain(marks).filter(|value| value.is_finite());
        let Some((low, high)) = span(values) else { return Self { from, until, low: 0.0, high: 1.0 } };
        // The band is shown as far as the values leave it legible.
        let reach = (high - low).max(high.abs() * 0.1);
        let bounds = points().filter_map(|point| point.band).flat_map(|(low, high)| [low, high]);
        let bounds =
            bounds.filter(|bound| bound.is_finite()).map(|bound| bound.clamp(low - reach, high + reach));
        let (least, most) = span(bounds.chain([low, high])).unwrap_or((low, high));
        let margin = if most > least { (most - least) * 0.06 } else { (most.abs() * 0.1).max(0.5) };
        // What is never negative is not drawn below zero.
        let bottom = if low >= 0.0 { (least - margin).max(0.0) } else { least - margin };
        let (low, high) = (bottom, most + margin);
        if (high - low).is_finite() && high > low {
            Self { from, until, low, high }
        } else {
            Self { from, until, low: 0.0, high: 1.0 }
        }
    }

    fn has(&self, at: u64) -> bool {
        (self.from..=self.until).contains(&at)
    }

    fn x(&self, at: u64) -> f64 {
        let share = number(at.saturating_sub(self.from)) / number(self.until - self.from);
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        BOTTOM - share.clamp(0.0, 1.0) * (BOTTOM - TOP)
    }

    fn axes(&self) -> Markup {
        html! {
            @for tick in ticks(self.low, self.high) {
                @let y = short(self.y(tick));
                line .axis x1=(LEFT) x2=(RIGHT) y1=(y) y2=(y) {}
                text x=(LEFT - 5.0) y=(short(self.y(tick) + 4.0)) text-anchor="end" { (amount(tick)) }
            }
            @for at in self.times() {
                @let x = short(self.x(at));
                line .axis x1=(x) x2=(x) y1=(BOTTOM) y2=(BOTTOM + 4.0) {}
                text x=(x) y=(HEIGHT - 4.0) text-anchor="middle" { (clock(at, self.until - self.from)) }
            }
        }
    }

    /// Round times, some four of them.
    fn times(&self) -> Vec<u64> {
        const STEPS: [u64; 15] =
            [1, 5, 10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200];
        let length = self.until - self.from;
        let step =
            STEPS.into_iter().find(|step| length / step <= 5).unwrap_or(86_400 * (length / 432_000).max(1));
        let first = self.from.div_ceil(step).saturating_mul(step);
        let edge = length / 24;
        (0..=6)
            .map(|number| first.saturating_add(number * step))
            .filter(|at| *at >= self.from + edge && *at <= self.until - edge)
            .collect()
    }

    /// Points of this time, of each column the lowest and the highest; and where nothing was reported, nothing.
    fn runs(&self, points: &[Point]) -> Vec<Vec<Point>> {
        let inside: Vec<Point> = points.iter().copied().filter(|point| self.has(point.at)).collect();
        let mut steps: Vec<u64> =
            inside.windows(2).map(|pair| pair[1].at.saturating_sub(pair[0].at)).collect();
        steps.sort_unstable();
        let usual = steps.get(steps.len() / 2).copied().unwrap_or(0);
        let mut runs: Vec<Vec<Point>> = vec![Vec::new()];
        let mut last = None;
        for point in inside {
            let far = last.is_some_and(|last| point.at.saturating_sub(last) > usual.saturating_mul(GAP));
            if far || !point.value.is_finite() {
                runs.push(Vec::new());
            }
            if point.value.is_finite() {
                last = Some(point.at);
                if let Some(run) = runs.last_mut() {
                    run.push(point);
                }
            }
        }
        runs.into_iter().filter(|run| !run.is_empty()).map(|run| self.thinned(run)).collect()
    }

    fn thinned(&self, run: Vec<Point>) -> Vec<Point> {
        if number(run.len() as u64) <= 2.0 * COLUMNS {
            return run;
        }
        let column = |point: &Point| ((self.x(point.at) - LEFT) / (RIGHT - LEFT) * COLUMNS).floor();
        let mut kept = Vec::new();
        for column in run.chunk_by(|one, next| column(one) == column(next)) {
            let by_value = |one: &&Point, other: &&Point| one.value.total_cmp(&other.value);
            let (least, most) = (column.iter().min_by(by_value), column.iter().max_by(by_value));
            let mut pair: Vec<Point> = least.into_iter().chain(most).copied().collect();
            pair.sort_by_key(|point| point.at);
            pair.dedup();
            kept.append(&mut pair);
        }
        kept
    }

    fn line(&self, line: &Line<'_>) -> Markup {
        let mut path = String::new();
        for run in self.runs(&line.points) {
            for (number, point) in run.iter().enumerate() {
                path.push(if number == 0 { 'M' } else { 'L' });
                path.push_str(&format!("{} {}", short(self.x(point.at)), short(self.y(point.value))));
            }
            if run.len() == 1 {
                // A line of no length with round ends is a dot.
                path.push_str("h0");
            }
        }
        html! { @if !path.is_empty() { path .line d=(path) {} } }
    }

    fn band(&self, line: &Line<'_>) -> Markup {
        let mut path = String::new();
        for run in self.runs(&line.points) {
            for part in run.chunk_by(|one, next| one.band.is_some() == next.band.is_some()) {
                let edge = |point: &Point, bound: f64| {
                    format!("{} {}", short(self.x(point.at)), short(self.y(bound)))
                };
                let upper = part.iter().filter_map(|point| {
                    point.band.map(|(_, high)| edge(point, if high.is_finite() { high } else { self.high }))
                });
                let lower = part.iter().rev().filter_map(|point| {
                    point.band.map(|(low, _)| edge(point, if low.is_finite() { low } else { self.low }))
                });
                let corners: Vec<String> = upper.chain(lower).collect();
                if corners.len() > 2 {
                    path.push_str(&format!("M{}Z", corners.join("L")));
                }
            }
        }
        html! { @if !path.is_empty() { path .band d=(path) {} } }
    }
}

fn span(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |span: Option<(f64, f64)>, value| {
        let (low, high) = span.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// Round values, some three or four of them.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 3.0;
    let unit = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|factor| factor * unit).find(|step| *step >= rough);
    let Some(step) = step.filter(|step| step.is_normal()) else { return Vec::new() };
    let first = (low / step).ceil();
    (0..6).map(|number| (first + f64::from(number)) * step).filter(|tick| *tick <= high).collect()
}

/// A value in few characters: `1.5k`.
pub(crate) fn amount(value: f64) -> String {
    const LARGE: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let size = value.abs();
    if size >= 1e15 {
        return format!("{value:.0e}");
    }
    let (unit, letter) = LARGE.into_iter().find(|(unit, _)| size >= *unit * 10.0).unwrap_or((1.0, ""));
    let scaled = value / unit;
    let digits = if scaled.abs() >= 100.0 {
        0
    } else if scaled.abs() >= 1.0 || scaled == 0.0 {
        2
    } else {
        4
    };
    let text = format!("{scaled:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let text = if text == "-0" { "0" } else { text };
    if text == "0" && size > 0.0 { format!("{value:.0e}") } else { format!("{text}{letter}") }
}

/// A time of day; with the day where it is about days, with seconds where it is about minutes.
fn clock(at: u64, length: u64) -> String {
    let text = Timestamp::from_millis(at.saturating_mul(1_000)).to_string();
    let part = match length {
        0..=300 => text.get(11..19),
        301..=172_800 => text.get(11..16),
        _ => text.get(5..10),
    };
    part.unwrap_or_default().to_owned()
}

/// A place, to a tenth.
fn short(place: f64) -> String {
    let text = format!("{place:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 and counts are far below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
