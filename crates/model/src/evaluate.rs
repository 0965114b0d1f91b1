//! How good a model is on rows that it has not seen, and whether it may take another's place.

use crate::rows::Row;
use crate::train::Model;
use crate::{HIGHEST, class};
use serde::{Deserialize, Serialize};

/// The classes: low, medium, high, critical.
const CLASSES: usize = 4;

/// What was measured of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// On how many rows.
    pub rows: usize,
    /// The share whose class it says, 0 to 1.
    pub accuracy: f64,
    /// The accuracy of whoever says the most frequent class always: what has to be beaten.
    pub by_always_saying_the_same: f64,
    /// How far it is off on average, 0 to 3.
    pub mean_error: f64,
    /// Rows by the class that they are of, and within by the class that was said: low, medium, high, critical.
    pub confusion: [[usize; CLASSES]; CLASSES],
}

impl Evaluation {
    /// Of a model on these rows. On none it is as bad as can be.
    pub fn of(model: &Model, rows: &[Row]) -> Self {
        Self::of_scores(rows, &model.scores(rows.iter().map(|row| &row.features)))
    }

    /// Of whatever has said these scores of these rows, one each.
    pub fn of_scores(rows: &[Row], said: &[f64]) -> Self {
        let mut confusion = [[0; CLASSES]; CLASSES];
        let mut off = 0.0;
        for (row, said) in rows.iter().zip(said) {
            confusion[class(row.score)][class(*said)] += 1;
            off += (row.score - said).abs();
        }
        let share = |count: usize| ratio(count, rows.len());
        let right = (0..CLASSES).map(|class| confusion[class][class]).sum();
        let most = confusion.iter().map(|row| row.iter().sum()).max().unwrap_or(0);
        Self {
            rows: rows.len(),
            accuracy: share(right),
            by_always_saying_the_same: share(most),
            mean_error: if rows.is_empty() { HIGHEST } else { off * ratio(1, rows.len()) },
            confusion,
        }
    }

    /// The share of rows of this class or a worse one that it says are of this class or a worse one; `None` if there are none.
    pub fn caught(&self, least: usize) -> Option<f64> {
        let rows = self.confusion.iter().skip(least);
        let all: usize = rows.clone().flatten().sum();
        let caught: usize = rows.map(|row| row.iter().skip(least).sum::<usize>()).sum();
        (all > 0).then(|| ratio(caught, all))
    }
}

fn ratio(count: usize, of: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "rows are far fewer than 2^52")]
    let ratio = count as f64 / (of as f64).max(1.0);
    ratio
}

/// Why a model may not take the place of the one that serves.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refused {
    /// It is no better than saying the same always.
    #[error(
        "it says the right class for {:.1} % of {} rows that it has not seen; whoever says the most frequent one always has {:.1} %",
        .0.accuracy * 100.0, .0.rows, .0.by_always_saying_the_same * 100.0
    )]
    LearntNothing(Box<Evaluation>),
    /// The one that serves is better.
    #[error(
        "it is off by {:.3} on average on {} rows, the model that serves by {:.3}",
        new.mean_error, new.rows, serving.mean_error
    )]
    Worse {
        /// The new one.
        new: Box<Evaluation>,
        /// The one that serves.
        serving: Box<Evaluation>,
    },
    /// The one that serves misses fewer of what matters.
    #[error(
        "of the rows that are high or critical it finds {:.1} %, the model that serves {:.1} %",
        new.caught(2).unwrap_or(0.0) * 100.0, serving.caught(2).unwrap_or(0.0) * 100.0
    )]
    MissesMore {
        /// The new one.
        new: Box<Evaluation>,
        /// The one that serves.
        serving: Box<Evaluation>,
    },
}

/// Whether a new model may take the place of the serving one: on the same rows, which it must not have seen, it has learnt
/// something, is not further off on average, and misses no more of what is high or critical. Gives what was measured of it.
pub fn gate(new: &Model, serving: Option<&Model>, unseen: &[Row]) -> Result<Evaluation, Refused> {
    let measured = Evaluation::of(new, unseen);
    if measured.accuracy <= measured.by_always_saying_the_same && measured.accuracy < 1.0 {
        return Err(Refused::LearntNothing(measured.into()));
    }
    let Some(serving) = serving else { return Ok(measured) };
    let serving = Evaluation::of(serving, unseen);
    if measured.mean_error > serving.mean_error {
        return Err(Refused::Worse { new: measured.into(), serving: serving.into() });
    }
    if measured.caught(2) < serving.caught(2) {
        return Err(Refused::MissesMore { new: measured.into(), serving: serving.into() });
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Rows;
    use crate::rows::tests::drawn;
    use crate::train::Trained;

    fn trained(rows: &Rows) -> Model {
        Trained::on(rows, 1).unwrap().model
    }

    /// The same rows with the scores of some told wrong.
    fn mistold(rows: &Rows, wrong: impl Fn(&Row) -> bool, score: f64) -> Rows {
        let told = |row: &Row| Row { score: if wrong(row) { score } else { row.score }, ..row.clone() };
        Rows::new(rows.all().iter().map(told).collect()).unwrap()
    }

    #[test]
    fn a_model_that_is_worse_than_the_serving_one_is_refused_and_the_other_way_round_it_is_not() {
        let rows = drawn(1_500, 5);
        let good = trained(&rows);
        let bad = trained(&mistold(&rows, |row| row.at.is_multiple_of(600), 3.0));
        assert!(matches!(gate(&bad, Some(&good), rows.held_out()), Err(Refused::Worse { .. })));
        assert!(gate(&good, Some(&bad), rows.held_out()).is_ok());
        assert!(gate(&good, Some(&good), rows.held_out()).is_ok());
        assert!(gate(&good, None, rows.held_out()).is_ok());
    }

    #[test]
    fn a_model_that_says_the_same_always_has_learnt_nothing() {
        let rows = drawn(1_000, 5);
        let learnt = |row: &Row| row.at > rows.all()[0].at;
        let dull = trained(&mistold(&rows, learnt, 1.0));
        let refused = gate(&dull, None, rows.held_out()).unwrap_err();
        assert!(matches!(refused, Refused::LearntNothing(_)), "{refused}");
        assert!(refused.to_string().contains("200 rows"), "{refused}");
    }

    #[test]
    fn a_model_that_misses_more_of_what_matters_is_refused_though_it_is_nearer_on_average() {
        let rows = drawn(1_500, 5);
        let few = |from: f64, below: f64, count: usize| {
            let rows = rows.held_out().iter().filter(move |row| (from..below).contains(&row.score));
            rows.take(count).cloned().collect::<Vec<_>>()
        };
        let unseen = [few(2.0, 4.0, 3), few(1.0, 2.0, 40), few(0.0, 1.0, 60)].concat();
        // One cries wolf, the other sleeps.
        let alarmed = trained(&mistold(&rows, |row| row.score < 0.5 && row.at.is_multiple_of(120), 2.0));
        let asleep = trained(&mistold(&rows, |row| row.score >= 2.0, 0.0));
        let refused = gate(&asleep, Some(&alarmed), &unseen).unwrap_err();
        assert!(matches!(refused, Refused::MissesMore { .. }), "{refused}");
    }

    #[test]
    fn what_is_measured_adds_up() {
        let rows = drawn(1_000, 5);
        let evaluation = Evaluation::of(&trained(&rows), rows.held_out());
        assert_eq!(evaluation.confusion.iter().flatten().sum::<usize>(), evaluation.rows);
        assert_eq!(evaluation.rows, 200);
        assert_eq!(evaluation.caught(0), Some(1.0));
        let none = Evaluation::of(&trained(&rows), &[]);
        assert_eq!((none.rows, none.accuracy, none.mean_error, none.caught(2)), (0, 0.0, HIGHEST, None));
    }
}
