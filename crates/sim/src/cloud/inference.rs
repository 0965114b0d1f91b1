//! What stands behind an endpoint: the model of its configuration, and how well it is.
//!
//! A model is served from its artifact in the bucket, as a container reads it when it starts; one that nobody has made there is
//! (`models/<name>/model.json`) what the account had from the beginning.

use super::training::BUCKET_URI;
use super::{Answer, Cloud, Refusal};
use crate::chance::draw;
use crate::life::Stage;
use capstan_core::ports::{CloudErrorKind, Variant};
use capstan_core::time::Millis;
use model::{Features, HIGHEST, Model};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

/// How an endpoint answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Behaviour {
    /// As its model says, within some tens of milliseconds.
    #[default]
    Healthy,
    /// As its model says, within some hundreds, and beyond the limit now and then.
    Slow,
    /// The opposite of what its model says.
    Wrong,
    /// Every other time with an error.
    Failing,
    /// With something that is no answer.
    Garbled,
}

impl Behaviour {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Healthy, Self::Slow, Self::Wrong, Self::Failing, Self::Garbled];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Slow => "slow",
            Self::Wrong => "wrong",
            Self::Failing => "failing",
            Self::Garbled => "garbled",
        }
    }

    /// What has this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// Where the artifact of a model lies.
pub(crate) fn artifact(model: &str) -> String {
    format!("models/{model}/model.json")
}

/// A model, with what it was read from.
type Loaded = (Arc<[u8]>, Arc<Model>);
/// Models that were read: a world that is copied shares both.
static READ: Mutex<Vec<Loaded>> = Mutex::new(Vec::new());
/// The most of them: no system serves more at once.
const MOST_READ: usize = 8;

fn read(bytes: &Arc<[u8]>) -> Answer<Arc<Model>> {
    let mut known = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, model)) = known.iter().find(|(from, _)| Arc::ptr_eq(from, bytes)) {
        return Ok(Arc::clone(model));
    }
    let model = std::str::from_utf8(bytes)
        .map_err(|error| error.to_string())
        .and_then(|text| Model::from_json(text).map_err(|error| error.to_string()))
        .map_err(|error| {
            Refusal::new(CloudErrorKind::Unavailable, format!("the model can't be loaded: {error}"))
        })?;
    let model = Arc::new(model);
    if known.len() >= MOST_READ {
        known.remove(0);
    }
    known.push((Arc::clone(bytes), Arc::clone(&model)));
    Ok(model)
}

impl Cloud {
    /// The answer of an endpoint about a row, and how long it takes. `chance`: what differs from call to call.
    pub(crate) fn infer(
        &self,
        (endpoint, variant): (&str, Variant),
        row: &str,
        limit: Millis,
        seed: u64,
        chance: u64,
    ) -> (Answer<String>, Millis) {
        let behaviour = self.sagemaker.behaviours.get(endpoint).copied().unwrap_or_default();
        let drawn = draw(seed, 0x1f, row, chance);
        let length = latency(behaviour, drawn);
        if length > limit {
            let message = format!("no answer within {} ms", limit.0);
            return (Err(Refusal::new(CloudErrorKind::Unknown, message)), limit);
        }
        (self.answer((endpoint, variant), row, behaviour, drawn), length)
    }

    fn answer(
        &self,
        (endpoint, variant): (&str, Variant),
        row: &str,
        behaviour: Behaviour,
        drawn: u64,
    ) -> Answer<String> {
        let found = self.sagemaker.endpoints.get(endpoint).filter(|found| {
            // While a new fleet is made the old one serves.
            matches!(found.life.stage, Stage::Ready | Stage::Changing)
        });
        let found = found.ok_or_else(|| Refusal::not_found(endpoint))?;
        match behaviour {
            Behaviour::Failing if drawn & 1 == 0 => {
                let message = "Received server error (500) from primary: the model's process died";
                return Err(Refusal::new(CloudErrorKind::Unavailable, message));
            }
            Behaviour::Garbled => return Ok("<html>502 Bad Gateway</html>".to_owned()),
            _ => {}
        }
        let config = self.sagemaker.configs.get(&found.current.config);
        let model = config.map(|config| match variant {
            Variant::First => config.config.model.as_str(),
            Variant::Second => config.config.second_model.as_deref().unwrap_or_default(),
        });
        let model = model.unwrap_or_default();
        if model.is_empty() && variant == Variant::Second {
            let name = variant.name();
            return Err(Refusal::invalid(format!("variant {name} not found for the endpoint {endpoint}")));
        }
        let key = self.training.models.get(model).map_or_else(
            || artifact(model),
            |made| made.model.artifact.trim_start_matches(BUCKET_URI).to_owned(),
        );
        let bytes = self.objects.get(&key).ok_or_else(|| {
            let message = format!("the model `{model}` has no artifact at {key}");
            Refusal::new(CloudErrorKind::Unavailable, message)
        })?;
        let numbers: Option<Vec<f64>> = row.split(',').map(|number| number.trim().parse().ok()).collect();
        let features = numbers.and_then(|numbers| Features::from_numbers(&numbers));
        let features = features.ok_or_else(|| Refusal::invalid("the row is not one of 25 finite numbers"))?;
        let score = read(bytes)?.score(&features);
        let score = if behaviour == Behaviour::Wrong { HIGHEST - score } else { score };
        Ok(format!("{{\"predictions\":[{{\"score\":{score}}}]}}"))
    }
}

/// Some tens of milliseconds with a long tail; a slow one ten times as many.
fn latency(behaviour: Behaviour, drawn: u64) -> Millis {
    let part = |from: u32, below: u64| (drawn >> from) % below;
    // One in 50 is a straggler.
    let tail = if part(8, 50) == 0 { part(16, 40) } else { 0 };
    let length = 12 + part(24, 25) + tail;
    Millis(if behaviour == Behaviour::Slow { 150 + 12 * length } else { length })
}
