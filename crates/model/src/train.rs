//! Training, and the model that comes of it.

use crate::HIGHEST;
use crate::evaluate::Evaluation;
use crate::features::{FEATURES, Features};
use crate::rows::{Row, Rows};
use serde::{Deserialize, Serialize};
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::xgboost::{XGRegressor, XGRegressorParameters};

/// Trees, each correcting those before it. More of them, or deeper ones, did not measure better on rows of drawn fleets.
const TREES: usize = 60;
const DEPTH: u16 = 4;
const RATE: f64 = 0.2;
/// The share of rows that each tree sees.
const SHARE: f64 = 0.6;
/// Fewer rows than this do not make a leaf.
const LEAF: usize = 5;
/// More rows than this are thinned out evenly: trees of this depth learn no more from them, and training stays within seconds.
const MOST: usize = 20_000;
/// The form of a stored model.
const FORMAT: u32 = 1;

type Trees = XGRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>;

/// Why there is no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrainError {
    /// There is one kind of row only.
    #[error(
        "every row to learn from has the same score, {0}: there is nothing to tell apart. Take a longer time with incidents in it"
    )]
    OneClass(String),
    /// The library refuses.
    #[error("training failed: {0}")]
    Failed(String),
}

/// Why a stored model can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// It is no model, or a damaged one.
    #[error("this is not a stored model: {0}")]
    Damaged(String),
    /// It was written by another version.
    #[error("the model is in format {0}, this version reads format {FORMAT}; train it again")]
    Format(u32),
}

/// A trained model: features in, a score out.
#[derive(Debug)]
pub struct Model(Trees);

#[derive(Serialize, Deserialize)]
struct Stored<T> {
    format: u32,
    trees: T,
}

impl Model {
    /// The score of a host, 0 to 3.
    pub fn score(&self, features: &Features) -> f64 {
        self.scores(std::iter::once(features)).first().copied().unwrap_or(0.0)
    }

    /// The scores of many.
    pub fn scores<'a>(&self, rows: impl IntoIterator<Item = &'a Features>) -> Vec<f64> {
        let rows: Vec<&[f64; FEATURES]> = rows.into_iter().map(Features::numbers).collect();
        let known = matrix(&rows).and_then(|matrix| self.0.predict(&matrix).ok());
        known.unwrap_or_default().into_iter().map(|score| score.clamp(0.0, HIGHEST)).collect()
    }

    /// The stored form: JSON, the same bytes for the same model.
    pub fn to_json(&self) -> Result<String, ModelError> {
        let stored = Stored { format: FORMAT, trees: &self.0 };
        serde_json::to_string(&stored).map_err(|error| ModelError::Damaged(error.to_string()))
    }

    /// From the stored form.
    pub fn from_json(text: &str) -> Result<Self, ModelError> {
        let damaged = |error: serde_json::Error| ModelError::Damaged(error.to_string());
        let form: Stored<serde::de::IgnoredAny> = serde_json::from_str(text).map_err(damaged)?;
        if form.format != FORMAT {
            return Err(ModelError::Format(form.format));
        }
        let stored: Stored<Trees> = serde_json::from_str(text).map_err(damaged)?;
        Ok(Self(stored.trees))
    }
}

/// A model, and how good it is.
#[derive(Debug)]
pub struct Trained {
    /// The model.
    pub model: Model,
    /// How many rows it has learnt from.
    pub learnt_from: usize,
    /// How good it is on the rows that it has not seen.
    pub held_out: Evaluation,
}

impl Trained {
    /// A model of the earlier four fifths of the rows, measured on the last fifth. The same rows and seed give the same one.
    pub fn on(rows: &Rows, seed: u64) -> Result<Self, TrainError> {
        Self::with(rows.to_learn(), rows.held_out(), seed)
    }

    /// A model of some rows, measured on others, which come after them.
    pub fn with(learn: &[Row], held_out: &[Row], seed: u64) -> Result<Self, TrainError> {
        let learn = thinned(learn);
        let scores: Vec<f64> = learn.iter().map(|row| row.score).collect();
        if let Some(first) = scores.first()
            && scores.iter().all(|score| score.total_cmp(first).is_eq())
        {
            return Err(TrainError::OneClass(first.to_string()));
        }
        let features: Vec<&[f64; FEATURES]> = learn.iter().map(|row| row.features.numbers()).collect();
        let failed = |what: String| TrainError::Failed(what);
        let features = matrix(&features).ok_or_else(|| failed("there is no row".to_owned()))?;
        let parameters = XGRegressorParameters::default()
            .with_n_estimators(TREES)
            .with_max_depth(DEPTH)
            .with_learning_rate(RATE)
            .with_subsample(SHARE)
            .with_min_child_weight(LEAF)
            .with_seed(seed);
        let trees = Trees::fit(&features, &scores, parameters).map_err(|error| failed(error.to_string()))?;
        let model = Model(trees);
        let held_out = Evaluation::of(&model, held_out);
        Ok(Self { model, learnt_from: learn.len(), held_out })
    }
}

/// Evenly spread over the time.
fn thinned(rows: &[Row]) -> Vec<&Row> {
    rows.iter().step_by(rows.len().div_ceil(MOST).max(1)).collect()
}

fn matrix(rows: &[&[f64; FEATURES]]) -> Option<DenseMatrix<f64>> {
    let numbers: Vec<f64> = rows.iter().flat_map(|row| row.iter().copied()).collect();
    DenseMatrix::new(rows.len(), FEATURES, numbers, false).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::drawn;

    #[test]
    fn it_learns_what_the_rows_say() {
        let trained = Trained::on(&drawn(2_000, 3), 1).unwrap();
        assert!(trained.held_out.accuracy > 0.95, "{:?}", trained.held_out);
        // And not by saying the most frequent score always.
        assert!(
            trained.held_out.accuracy > trained.held_out.by_always_saying_the_same + 0.2,
            "{:?}",
            trained.held_out
        );
    }

    #[test]
    fn scores_that_follow_from_nothing_are_not_learnt() {
        let rows = drawn(1_000, 3);
        let mut scores: Vec<f64> = rows.all().iter().map(|row| row.score).collect();
        // Far enough that no feature tells of it.
        scores.rotate_right(137);
        let shuffled = rows.all().iter().zip(scores).map(|(row, score)| Row { score, ..row.clone() });
        let trained = Trained::on(&Rows::new(shuffled.collect()).unwrap(), 1).unwrap();
        assert!(trained.held_out.accuracy < 0.6, "{:?}", trained.held_out);
    }

    #[test]
    fn the_same_rows_and_seed_give_the_same_bytes_and_it_scores_alike_when_read_again() {
        let rows = drawn(600, 3);
        let [one, two] = [1, 1].map(|seed| Trained::on(&rows, seed).unwrap().model);
        let json = one.to_json().unwrap();
        assert_eq!(json, two.to_json().unwrap());
        let read = Model::from_json(&json).unwrap();
        for row in rows.all() {
            assert_eq!(one.score(&row.features).to_bits(), read.score(&row.features).to_bits());
        }
    }

    #[test]
    fn a_stored_model_of_another_form_is_refused() {
        assert!(matches!(Model::from_json("{"), Err(ModelError::Damaged(_))));
        assert!(matches!(Model::from_json(r#"{"format":1,"trees":{}}"#), Err(ModelError::Damaged(_))));
        assert_eq!(Model::from_json(r#"{"format":2,"trees":{}}"#).unwrap_err(), ModelError::Format(2));
    }

    #[test]
    fn rows_of_one_score_teach_nothing() {
        let rows = drawn(300, 3).all().iter().map(|row| Row { score: 0.0, ..row.clone() }).collect();
        let error = Trained::on(&Rows::new(rows).unwrap(), 1).unwrap_err();
        assert_eq!(error, TrainError::OneClass("0".to_owned()));
    }
}
