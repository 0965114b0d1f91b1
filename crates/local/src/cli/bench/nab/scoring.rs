//! The benchmark's own scoring: early detection of a window earns most, a false alarm costs, and one threshold holds for
//! all series.
//!
//! Every sample has a worth, whether or not it is an alarm: inside of a window it falls from 1 at the window's start to
//! nearly 0 at its end, and only the best alarm in a window counts; outside it is a cost that is smaller shortly after a
//! window. The first 15 % of a series, and at most 750 samples, are not scored. The score is 0 for a detector that never
//! alarms and 100 for one that alarms at the start of every window and nowhere else.

use serde::Deserialize;

/// What alarms are worth in a profile.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Costs {
    #[serde(rename = "tpWeight")]
    pub(super) hit: f64,
    #[serde(rename = "fpWeight")]
    pub(super) false_alarm: f64,
    #[serde(rename = "fnWeight")]
    pub(super) miss: f64,
}

/// A series with its scores; the first and the last sample of each window, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Labelled<'a> {
    pub(super) scores: &'a [f64],
    pub(super) windows: &'a [(usize, usize)],
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Score {
    pub(super) score: f64,
    /// None if it is best never to alarm.
    pub(super) threshold: Option<f64>,
}

/// A sample that counts: what an alarm at it is worth, and the window it lies in.
struct Point {
    score: f64,
    worth: f64,
    window: Option<usize>,
}

/// The score at the best single threshold over all series; none if there is no window at all.
pub(super) fn best(series: &[Labelled<'_>], costs: Costs) -> Option<Score> {
    let mut points = Vec::new();
    let mut windows = 0;
    for one in series {
        add(&mut points, *one, windows, costs);
        windows += one.windows.len();
    }
    // A window that lies in what is not scored can neither be hit nor missed.
    let mut worths = vec![None; windows];
    for window in points.iter().filter_map(|point| point.window) {
        worths[window] = Some(-costs.miss);
    }
    let never: f64 = worths.iter().flatten().sum();
    points.sort_by(|one, other| other.score.total_cmp(&one.score));
    let (mut hits, mut alarms) = (never, 0.0);
    let mut best = (never, None);
    for group in points.chunk_by(|one, other| one.score.total_cmp(&other.score).is_eq()) {
        for point in group {
            match point.window.and_then(|window| worths[window].as_mut()) {
                None => alarms += point.worth,
                Some(worth) if point.worth > *worth => {
                    hits += point.worth - *worth;
                    *worth = point.worth;
                }
                Some(_) => {}
            }
        }
        if hits + alarms > best.0 {
            best = (hits + alarms, group.first().map(|point| point.score));
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "few windows")]
    let perfect = windows as f64 * costs.hit;
    (windows > 0).then(|| Score { score: 100.0 * (best.0 - never) / (perfect - never), threshold: best.1 })
}

/// Adds a series' points; its windows are numbered from `first`.
#[expect(clippy::cast_precision_loss, reason = "a series has far fewer than 2^52 samples")]
fn add(points: &mut Vec<Point>, series: Labelled<'_>, first: usize, costs: Costs) {
    let unscored = (series.scores.len() * 15 / 100).min(750);
    let mut next = 0;
    for (at, score) in series.scores.iter().enumerate() {
        while series.windows.get(next).is_some_and(|window| at > window.1) {
            next += 1;
        }
        let (worth, window) = match series.windows.get(next) {
            Some((start, end)) if *start <= at => {
                let place = -((end - at + 1) as f64) / ((end - start + 1) as f64);
                (costs.hit * sigmoid(place) / sigmoid(-1.0), Some(first + next))
            }
            _ => {
                let before = next.checked_sub(1).and_then(|before| series.windows.get(before));
                let fall = before
                    .map_or(-1.0, |(start, end)| sigmoid((at - end) as f64 / (end - start).max(1) as f64));
                (costs.false_alarm * fall, None)
            }
        };
        if at >= unscored {
            points.push(Point { score: *score, worth, window });
        }
    }
}

/// From 1 far inside of a window to -1 far behind it.
fn sigmoid(place: f64) -> f64 {
    if place > 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * place).exp()) - 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDARD: Costs = Costs { hit: 1.0, false_alarm: 0.11, miss: 1.0 };

    /// A hundred samples, of which these have these scores and the rest 0; one window from 50 to 59.
    fn score(alarms: &[(usize, f64)], costs: Costs) -> Score {
        let mut scores = [0.0; 100];
        for (at, score) in alarms {
            scores[*at] = *score;
        }
        best(&[Labelled { scores: &scores, windows: &[(50, 59)] }], costs).unwrap()
    }

    fn close(is: Score, score: f64, threshold: Option<f64>) {
        assert!((is.score - score).abs() < 0.005 && is.threshold == threshold, "{is:?} is not {score}");
    }

    #[test]
    fn an_alarm_at_the_start_of_the_window_is_all_there_is_to_win() {
        close(score(&[(50, 1.0)], STANDARD), 100.0, Some(1.0));
        // More alarms in the window change nothing.
        close(score(&[(50, 1.0), (53, 1.0), (59, 1.0)], STANDARD), 100.0, Some(1.0));
    }

    #[test]
    fn never_to_alarm_scores_nothing() {
        close(score(&[], STANDARD), 0.0, None);
        // To alarm where nothing is costs, so it is best not to.
        close(score(&[(20, 1.0), (30, 1.0)], STANDARD), 0.0, None);
    }

    #[test]
    fn a_late_alarm_earns_less() {
        // 2 / (1 + e^-0.5) - 1 = 0.2449 of 0.9866 at the last sample: (1 + 0.2482) / 2.
        close(score(&[(59, 1.0)], STANDARD), 62.41, Some(1.0));
        // The earlier of two counts, whatever their order of score.
        close(score(&[(59, 1.0), (50, 0.5)], STANDARD), 100.0, Some(0.5));
    }

    #[test]
    fn a_false_alarm_costs_what_the_profile_says() {
        let alarms = [(20, 0.9), (50, 0.8)];
        close(score(&alarms, STANDARD), 100.0 * (2.0 - 0.11) / 2.0, Some(0.8));
        close(score(&alarms, Costs { false_alarm: 0.22, ..STANDARD }), 100.0 * (2.0 - 0.22) / 2.0, Some(0.8));
        close(score(&alarms, Costs { miss: 2.0, ..STANDARD }), 100.0 * (3.0 - 0.11) / 3.0, Some(0.8));
        // Shortly after a window it costs less: 2 / (1 + e^(5/9)) - 1 = -0.2709 of 0.11.
        close(score(&[(50, 0.8), (60, 0.9)], STANDARD), 100.0 * (2.0 - 0.029_79) / 2.0, Some(0.8));
        // Below the threshold it costs nothing.
        close(score(&[(20, 0.7), (50, 0.8)], STANDARD), 100.0, Some(0.8));
    }

    #[test]
    fn the_beginning_is_not_scored() {
        // 15 of 100 samples: an alarm in them is free, and a window in them can't be won.
        close(score(&[(14, 1.0), (50, 1.0)], STANDARD), 100.0, Some(1.0));
        let mut scores = [0.0; 100];
        scores[5] = 1.0;
        scores[50] = 1.0;
        let two = Labelled { scores: &scores, windows: &[(2, 9), (50, 59)] };
        close(best(&[two], STANDARD).unwrap(), 100.0 * 2.0 / 3.0, Some(1.0));
    }

    #[test]
    fn one_threshold_holds_for_all_series() {
        let (mut one, mut other) = ([0.0; 100], [0.0; 100]);
        one[50] = 0.9;
        other[50] = 0.3;
        for score in &mut other[16..40] {
            *score = 0.5;
        }
        let windows = &[(50, 59)][..];
        let series = [one, other];
        let series: Vec<_> = series.iter().map(|scores| Labelled { scores, windows }).collect();
        // The second window would cost 24 false alarms, 2.64, and win 2.
        close(best(&series, STANDARD).unwrap(), 50.0, Some(0.9));
    }

    #[test]
    fn without_windows_there_is_no_score() {
        assert_eq!(best(&[Labelled { scores: &[0.5; 20], windows: &[] }], STANDARD), None);
        assert_eq!(best(&[], STANDARD), None);
    }
}
